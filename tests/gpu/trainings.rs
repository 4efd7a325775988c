//! Trainings on a GPU against the CPU's, step by step.

use super::{gpu, gpu_in};
use negative_transfer::data::synthetic::{Synthetic, SyntheticSpec};
use negative_transfer::data::{Codes, Counts, Inputs, SubsetDraw, part};
use negative_transfer::model::{Init, Parameters, initialise};
use negative_transfer::train::cuda::CudaBackend;
use negative_transfer::train::{
    AtChance, Backend, Cpu, ForTest, Outcome, Setup, Span, TrainError, Trained, classify, train,
};
use nt_kernels::cuda::MemoryFormat;
use nt_scenario::network::{Architecture, NetworkShape};
use nt_scenario::vocabulary::Label;
use nt_scenario::{
    Augmentation, Initialiser, Labels, PerClass, Precision, Recipe, Schedule, Settings, Standardisation, Warmup,
};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// So that conv5 has 2 × 2 positions, which fc6 must find where they lie.
const SIDE: usize = 48;
const SEED: u64 = 3;
const CLASSES: usize = 3;

fn shape(architecture: Architecture) -> NetworkShape {
    NetworkShape::new(architecture, 0.05, SIDE, CLASSES)
}

/// 30 images for training: with batches of 8 the last of an epoch is smaller.
fn draw() -> SubsetDraw {
    let spec = SyntheticSpec {
        look_distance: 0.0,
        label: Label::Shape,
        classes: ["star", "ring", "cross"].map(str::to_owned).into(),
        seed: SEED,
        side: SIDE,
        train_per_class: 12,
        test_per_class: 1,
    };
    let (pool, _) = part(Arc::new(Synthetic::new(spec).unwrap()), &[], None).unwrap();
    pool.draw(SEED, "target", 0, Counts::first(&PerClass::Equal(12), &PerClass::Equal(2))).unwrap()
}

struct Case {
    architecture: Architecture,
    span: Span,
    dropout: f64,
    settings: Settings,
    learning_rate: f64,
    steps: u64,
}

/// Everything that a recipe may ask for beside the plain steps.
fn with_every_option() -> Settings {
    Settings {
        nesterov: true,
        decoupled_weight_decay: true,
        clip_norm: Some(0.5),
        warmup: Warmup::Steps(10),
        ..Settings::sgd(8, 0.9, 5e-4, Schedule::Cosine)
    }
}

impl Case {
    fn new(architecture: Architecture, frozen: usize) -> Self {
        let span = Span { first: 0, last: 8, frozen };
        let settings = Settings::sgd(8, 0.9, 5e-4, Schedule::Cosine);
        Self { architecture, span, dropout: 0.5, settings, learning_rate: 0.01, steps: 50 }
    }

    fn start(&self) -> Parameters {
        let init = Init { seed: SEED, scope: "target", replicate: 0, standardisation: Standardisation::IMAGENET };
        initialise(&shape(self.architecture), Initialiser::HeNormal, init)
    }

    fn train(&self, backend: &dyn Backend, examples: Inputs<'_>) -> Result<Trained<ForTest>, TrainError> {
        let settings = self.settings.clone();
        let setup = Setup {
            shape: &shape(self.architecture),
            span: self.span,
            recipe: &Recipe { settings, dropout: self.dropout, steps: self.steps },
            learning_rate: self.learning_rate,
            seed: SEED,
            scope: "target",
            replicate: 0,
            at_chance: AtChance::GoesOn,
            interrupt: &AtomicBool::new(false),
        };
        train(backend, &setup, self.start(), examples)
    }
}

/// Norm-wise relative difference of all parameters.
fn distance(a: &Parameters, b: &Parameters) -> f64 {
    let values = |p: &Parameters| -> Vec<f64> {
        p.layers.iter().flat_map(|l| l.weight.iter().chain(&l.bias).map(|&v| f64::from(v))).collect()
    };
    let (a, b) = (values(a), values(b));
    let norm = b.iter().map(|x| x * x).sum::<f64>().sqrt();
    a.iter().zip(&b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt() / norm
}

const FORMATS: [MemoryFormat; 2] = [MemoryFormat::ChannelsFirst, MemoryFormat::ChannelsLast];
const ARCHITECTURES: [Architecture; 2] = [Architecture::AlexNet, Architecture::AlexNet2012];

/// A rounding can decide on which side of a ReLU's corner a value falls, or which of two maxima is the first; what the
/// two trainings do from that step on differs by far more than roundings, and neither is wrong. It happens in about one
/// training of ten of this size, so two of three must agree.
#[test]
fn a_training_of_50_steps_is_the_cpus_to_1e_4_whatever_is_frozen() {
    for (architecture, frozen) in ARCHITECTURES.map(|a| [0, 1, 3, 5, 7].map(|frozen| (a, frozen))).concat() {
        agrees_with_the_cpu(architecture, frozen, Case::new(architecture, frozen).settings);
    }
    for (architecture, frozen) in ARCHITECTURES.map(|a| [0, 5].map(|frozen| (a, frozen))).concat() {
        agrees_with_the_cpu(architecture, frozen, with_every_option());
    }
}

fn agrees_with_the_cpu(architecture: Architecture, frozen: usize, settings: Settings) {
    let draw = draw();
    let mut distances = FORMATS.map(|_| Vec::new());
    for learning_rate in [0.01, 0.0097, 0.0094] {
        let case = Case { learning_rate, settings: settings.clone(), ..Case::new(architecture, frozen) };
        let on_cpu = case.train(&Cpu, Inputs::Images(&draw.train)).unwrap();
        for (format, distances) in FORMATS.into_iter().zip(&mut distances) {
            let Some(gpu) = gpu_in(Some(format), Precision::Fp32, 1) else { return };
            let on_gpu = case.train(&gpu, Inputs::Images(&draw.train)).unwrap();
            assert_eq!(on_gpu.parameters.layers[..frozen], case.start().layers[..frozen], "frozen layers stay");
            assert_eq!(on_gpu.curve.len(), on_cpu.curve.len());
            let mut curves_off = 0.0f64;
            for (gpu, cpu) in on_gpu.curve.iter().zip(&on_cpu.curve) {
                assert_eq!((gpu.step, gpu.learning_rate), (cpu.step, cpu.learning_rate));
                curves_off = curves_off.max((gpu.train_loss - cpu.train_loss).abs() / cpu.train_loss.max(1e-2));
            }
            distances.push(distance(&on_gpu.parameters, &on_cpu.parameters).max(curves_off));
        }
    }
    for (format, mut distances) in FORMATS.into_iter().zip(distances) {
        distances.sort_by(f64::total_cmp);
        let name = format!("{architecture:?} frozen {frozen}, {format:?}, {settings:?}");
        assert!(distances[1] < 1e-4, "{name}: parameters or losses are off by {distances:?}");
        assert!(distances[2] < 1e-2, "{name}: parameters or losses are off by {distances:?}");
    }
}

#[test]
fn augmented_batches_are_the_cpus() {
    let Some(gpu) = gpu(Precision::Fp32, 1) else { return };
    let draw = draw();
    let crop = Augmentation::RandomCrop { padding_px: 4 };
    let flip = Augmentation::HorizontalFlip { probability: 0.5 };
    let jitter = Augmentation::ColourJitter { brightness: 0.4, contrast: 0.4, saturation: 0.4 };
    for augmentation in [vec![crop], vec![flip], vec![jitter], vec![flip, jitter, crop]] {
        // At rate 0 the loss of a step is a fingerprint of its batch.
        let settings = Settings { augmentation, ..Case::new(Architecture::AlexNet, 0).settings };
        let case = Case { settings, learning_rate: 0.0, steps: 30, ..Case::new(Architecture::AlexNet, 0) };
        let on_gpu = case.train(&gpu, Inputs::Images(&draw.train)).unwrap();
        let on_cpu = case.train(&Cpu, Inputs::Images(&draw.train)).unwrap();
        assert_eq!(on_gpu.curve.len(), 30);
        for (gpu, cpu) in on_gpu.curve.iter().zip(&on_cpu.curve) {
            assert!((gpu.train_loss - cpu.train_loss).abs() <= 1e-5 * cpu.train_loss, "{gpu:?} {cpu:?}");
            assert_eq!(gpu.train_top1, cpu.train_top1);
        }
    }
}

#[test]
fn codes_of_frozen_layers_train_as_the_images_do() {
    let draw = draw();
    let images = Inputs::Images(&draw.train);
    for (architecture, format) in ARCHITECTURES.map(|a| FORMATS.map(|format| (a, format))).concat() {
        let Some(gpu) = gpu_in(Some(format), Precision::Fp32, 1) else { return };
        let case = Case::new(architecture, 3);
        let shape = shape(architecture);
        let below = Span { first: 0, last: 3, frozen: 3 };
        let values = gpu.outputs(&shape, below, &case.start(), images).unwrap();
        let on_cpu = Cpu.outputs(&shape, below, &case.start(), images).unwrap();
        let off = values.iter().zip(&on_cpu).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        let largest = on_cpu.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
        assert!(off <= 1e-4 * largest, "codes are off by {off} of {largest}");
        let codes = Codes::new(shape.layers[2].num_activations(), values, &images);
        let from_codes = Case { span: Span { first: 3, last: 8, frozen: 3 }, ..Case::new(architecture, 3) };
        let from_codes = from_codes.train(&gpu, Inputs::Codes(&codes)).unwrap();
        let through = case.train(&gpu, images).unwrap();
        let off = distance(&from_codes.parameters, &through.parameters);
        assert!(off < 1e-4, "{architecture:?}, {format:?}: parameters are off by {off:e}");
    }
}

#[test]
fn predictions_are_the_cpus() {
    let draw = draw();
    let case = Case::new(Architecture::AlexNet2012, 0);
    let shape = shape(case.architecture);
    let predict = |backend: &dyn Backend| {
        classify(backend, &shape, Span::whole(&shape), &case.start(), Inputs::Images(&draw.train)).unwrap()
    };
    for format in FORMATS {
        let Some(gpu) = gpu_in(Some(format), Precision::Fp32, 1) else { return };
        for (gpu, cpu) in predict(&gpu).iter().zip(&predict(&Cpu)) {
            assert_eq!((gpu.example_id, gpu.label, gpu.top5), (cpu.example_id, cpu.label, cpu.top5), "{format:?}");
            assert!((gpu.log_loss - cpu.log_loss).abs() <= 1e-4 * cpu.log_loss.max(1e-2), "{format:?}");
        }
    }
}

#[test]
fn two_trainings_give_the_same_bits() {
    let draw = draw();
    for precision in [Precision::Fp32, Precision::Tf32, Precision::Bf16] {
        let Some(gpu) = gpu(precision, 2) else { return };
        let run = || {
            let mut case = Case::new(Architecture::AlexNet2012, 0);
            case.settings = with_every_option();
            case.settings.augmentation = vec![Augmentation::RandomCrop { padding_px: 4 }];
            case.train(&gpu, Inputs::Images(&draw.train)).unwrap().parameters
        };
        let first = run();
        assert_eq!(run(), first, "{precision:?}, one after another");
        std::thread::scope(|scope| {
            for side_by_side in [scope.spawn(run), scope.spawn(run)] {
                assert_eq!(side_by_side.join().unwrap(), first, "{precision:?}, side by side");
            }
        });
    }
}

#[test]
fn lower_precisions_train_to_about_the_same_network() {
    let draw = draw();
    let case = Case::new(Architecture::AlexNet, 0);
    let on_cpu = case.train(&Cpu, Inputs::Images(&draw.train)).unwrap();
    for precision in [Precision::Tf32, Precision::Bf16] {
        let Some(gpu) = gpu(precision, 1) else { return };
        let on_gpu = case.train(&gpu, Inputs::Images(&draw.train)).unwrap();
        let off = distance(&on_gpu.parameters, &on_cpu.parameters);
        assert!(off < 0.1, "{precision:?}: parameters are off by {off}");
        assert_eq!(on_gpu.outcome, Outcome::Finished);
    }
}

#[test]
fn a_loss_that_is_not_a_number_ends_the_training_at_its_step() {
    let Some(gpu) = gpu(Precision::Fp32, 1) else { return };
    let draw = draw();
    let case = Case { learning_rate: 1e6, steps: 200, ..Case::new(Architecture::AlexNet, 0) };
    let on_gpu = case.train(&gpu, Inputs::Images(&draw.train)).unwrap();
    let on_cpu = case.train(&Cpu, Inputs::Images(&draw.train)).unwrap();
    assert!(matches!(on_cpu.outcome, Outcome::Diverged { .. }));
    assert_eq!(on_gpu.outcome, on_cpu.outcome);
    assert_eq!(on_gpu.curve.len(), on_cpu.curve.len());
}

#[test]
fn an_interrupt_is_seen_and_a_label_without_a_class_refused() {
    let Some(gpu) = gpu(Precision::Fp32, 1) else { return };
    let draw = draw();
    let case = Case::new(Architecture::AlexNet, 0);
    let shape = shape(case.architecture);
    let settings = Settings::sgd(8, 0.9, 0.0, Schedule::Constant);
    let setup = Setup {
        shape: &shape,
        span: Span::whole(&shape),
        recipe: &Recipe { settings, dropout: 0.0, steps: 10 },
        learning_rate: 0.01,
        seed: SEED,
        scope: "target",
        replicate: 0,
        at_chance: AtChance::GoesOn,
        interrupt: &AtomicBool::new(true),
    };
    let stopped = gpu.train(&setup, case.start(), Inputs::Images(&draw.train));
    assert!(matches!(stopped, Err(TrainError::Interrupted)));
    let wrong = draw.train.with_labels(Labels::OneClass(vec![CLASSES as u32; 30]));
    assert!(matches!(gpu.train(&setup, case.start(), Inputs::Images(&wrong)), Err(TrainError::Outputs(_))));
}

#[test]
fn a_gpu_that_does_not_exist_is_named_with_those_that_do() {
    if gpu(Precision::Fp32, 1).is_some() {
        let refused = CudaBackend::open(&[99], 1, Precision::Fp32).err().unwrap().to_string();
        assert!(refused.contains("device 99") && refused.contains("cuda:0"), "{refused}");
    }
}
