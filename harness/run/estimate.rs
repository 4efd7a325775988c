//! How long a plan may take on this machine, from a few training steps of its network.

use super::OpenStudy;
use crate::data::{Codes, Inputs};
use crate::model::{Init, initialise};
use crate::train::{AtChance, Cpu, ForTuning, Setup, Span, TrainError, bytes_of_training, train};
use nt_kernels::philox::Stream;
use nt_scenario::Labels;
use nt_scenario::{Recipe, Standardisation};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// How long the measurement lasts, after one step to warm up. The last step may end later.
const MEASURE_FOR: Duration = Duration::from_millis(300);
/// Most images a step. With more, a step of the full network would take half a minute, and its rate would hardly rise.
const MOST_IMAGES: usize = 32;
/// Most bytes that the measurement takes. A network that would take more is measured at a smaller width: a thread's rate hardly
/// depends on it.
const MOST_BYTES: f64 = 1e9;
/// Most steps between two readings of the clock.
const MOST_STEPS: u64 = 8;

/// Multiply–accumulates a second at which one thread trains the network of a study's first target. Measured now, on
/// random images, and over whole steps.
///
/// # Errors
/// [`TrainError`] where the network cannot be trained at all.
pub fn measured_rate(study: &OpenStudy) -> Result<f64, TrainError> {
    let num_classes = study.num_classes(0).max(2);
    let mut settings = study.scenario.training.settings.clone();
    settings.batch = settings.batch.min(MOST_IMAGES);
    let mut model = study.scenario.model;
    while bytes_of_training(&model.shape(num_classes), settings.batch) > MOST_BYTES {
        model.width /= 2.0;
    }
    let shape = model.shape(num_classes);
    let (batch, features) = (settings.batch, 3 * shape.input * shape.input);
    let mut cursor = Stream::named(0, "estimate", "", 0).cursor();
    let values = (0..batch * features).map(|_| cursor.uniform_f32() - 0.5).collect();
    let labels = (0..batch).map(|index| (index % num_classes) as u32).collect();
    let images = Codes::from_parts(features, values, Labels::OneClass(labels), (0..batch as u32).collect());
    let init = Init { seed: 0, scope: "estimate", replicate: 0, standardisation: Standardisation::IMAGENET };
    let start = initialise(&shape, study.scenario.model.initialiser, init);
    let recipe = Recipe { settings, dropout: study.scenario.model.dropout, steps: 2 };
    let setup = Setup {
        shape: &shape,
        span: Span::whole(&shape),
        recipe: &recipe,
        learning_rate: 1e-6,
        seed: 0,
        scope: "estimate",
        replicate: 0,
        at_chance: AtChance::GoesOn,
        interrupt: &AtomicBool::new(false),
    };
    let step = |steps: u64| -> Result<(), TrainError> {
        let setup = Setup { recipe: &Recipe { steps, ..recipe.clone() }, ..setup };
        train::<ForTuning>(&Cpu, &setup, start.clone(), Inputs::Codes(&images)).map(drop)
    };
    step(1)?;
    let (began, mut steps, mut next) = (Instant::now(), 0, 1);
    while began.elapsed() < MEASURE_FOR {
        step(next)?;
        steps += next;
        next = (2 * next).min(MOST_STEPS);
    }
    let work = shape.training_multiply_accumulates(0, false) as f64 * (steps * batch as u64) as f64;
    Ok(work / began.elapsed().as_secs_f64())
}
