//! Training on a GPU, to be timed.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use negative_transfer::data::synthetic::{Synthetic, SyntheticSpec};
use negative_transfer::data::{Counts, Images, Inputs, part};
use negative_transfer::model::{Init, initialise};
use negative_transfer::train::cuda::CudaBackend;
use negative_transfer::train::{AtChance, Backend, Setup, Span};
use nt_kernels::cuda::MemoryFormat;
use nt_scenario::PerClass;
use nt_scenario::network::{Architecture, NetworkShape};
use nt_scenario::vocabulary::Label;
use nt_scenario::{Initialiser, Precision, Recipe, Schedule, Settings, Standardisation};

use crate::training::Fault;

const CLASSES: usize = 10;
const SEED: u64 = 0;

/// What is asked for; images, width, batch and frozen layers as torch_step.py has them.
#[derive(Clone, Copy, PartialEq)]
pub struct Case {
    pub res: usize,
    pub width: f64,
    pub batch: usize,
    pub frozen: usize,
    pub precision: Precision,
    /// Whether channels come last; without it, as the precision has them.
    pub channels_last: Option<bool>,
}

/// A GPU with its images at hand.
pub struct Training {
    case: Case,
    backend: CudaBackend,
    images: Images,
}

impl Training {
    pub fn new(case: Case) -> Result<Self, Fault> {
        let spec = SyntheticSpec {
            look_distance: 0.0,
            label: Label::Shape,
            classes: ["star", "ring", "cross"].map(str::to_owned).into(),
            seed: SEED,
            side: case.res,
            train_per_class: case.batch.div_ceil(3),
            test_per_class: 1,
        };
        let (pool, _) = part(Arc::new(Synthetic::new(spec)?), &[], None)?;
        let images = pool
            .draw(SEED, "bench", 0, Counts::first(&PerClass::Equal(case.batch.div_ceil(3)), &PerClass::Equal(0)))?
            .train;
        let format = case.channels_last.map(|last| match last {
            true => MemoryFormat::ChannelsLast,
            false => MemoryFormat::ChannelsFirst,
        });
        Ok(Self { case, backend: CudaBackend::open_in_format(&[0], 1, case.precision, format)?, images })
    }

    pub fn case(&self) -> Case {
        self.case
    }

    /// Images a second of a training of `steps` steps, after `warmup`: what longer trainings take longer. Learning rate and
    /// dropout as on the CPU: 0, so that every step costs the same, and .5.
    pub fn rate(&self, warmup: usize, steps: usize) -> Result<f64, Fault> {
        // The third step is the first that is launched as a graph; a stretch of steps begins with its orders.
        let short = warmup.max(8) as u64;
        self.seconds(short)?;
        let long = self.seconds(short + steps as u64)? - self.seconds(short)?;
        Ok((self.case.batch * steps) as f64 / long)
    }

    fn seconds(&self, steps: u64) -> Result<f64, Fault> {
        let shape = NetworkShape::new(Architecture::AlexNet, self.case.width, self.case.res, CLASSES);
        let settings = Settings::sgd(self.case.batch, 0.9, 5e-4, Schedule::Constant);
        let setup = Setup {
            shape: &shape,
            span: Span { frozen: self.case.frozen, ..Span::whole(&shape) },
            recipe: &Recipe { settings, dropout: 0.5, steps },
            learning_rate: 0.0,
            seed: SEED,
            scope: "bench",
            replicate: 0,
            at_chance: AtChance::GoesOn,
            interrupt: &AtomicBool::new(false),
        };
        let start = initialise(
            &shape,
            Initialiser::HeNormal,
            Init { seed: SEED, scope: "bench", replicate: 0, standardisation: Standardisation::IMAGENET },
        );
        let began = Instant::now();
        self.backend.train(&setup, start, Inputs::Images(&self.images))?;
        Ok(began.elapsed().as_secs_f64())
    }
}
