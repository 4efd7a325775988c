//! The bits of a whole training, and what scratch and treatments share.

use super::cpu::CPU_NUMERICS as NUMERICS;
use super::{AtChance, Backend, Cpu, ForTest, Outcome, Setup, Span, Trained, train};
use crate::data::{Codes, Inputs};
use crate::model::{Init, Parameters, initialise};
use nt_kernels::philox::Stream;
use nt_kernels::tile::Simd;
use nt_scenario::Labels;
use nt_scenario::network::{Architecture, NetworkShape};
use nt_scenario::{Initialiser, Recipe, Schedule, Settings, Standardisation};
use std::sync::atomic::AtomicBool;

const CLASSES: usize = 3;
const EXAMPLES: usize = 21;

fn recipe(steps: u64, dropout: f64) -> Recipe {
    Recipe { settings: Settings::sgd(8, 0.9, 5e-4, Schedule::Cosine), dropout, steps }
}

fn images(shape: &NetworkShape) -> Codes {
    let features = 3 * shape.input * shape.input;
    let mut cursor = Stream::named(1, "images", "", 0).cursor();
    let values = (0..EXAMPLES * features).map(|_| cursor.normal() as f32).collect();
    let labels = (0..EXAMPLES as u32).map(|index| index % CLASSES as u32).collect();
    Codes::from_parts(features, values, Labels::OneClass(labels), (0..EXAMPLES as u32).collect())
}

fn run(
    shape: &NetworkShape,
    recipe: &Recipe,
    learning_rate: f64,
    interrupt: bool,
) -> Result<Trained<ForTest>, super::TrainError> {
    let start = initialise(
        shape,
        Initialiser::HeNormal,
        Init { seed: 1, scope: "target", replicate: 0, standardisation: Standardisation::IMAGENET },
    );
    let setup = Setup {
        shape,
        span: Span::whole(shape),
        recipe,
        learning_rate,
        seed: 1,
        scope: "target",
        replicate: 0,
        at_chance: AtChance::Ends,
        interrupt: &AtomicBool::new(interrupt),
    };
    train(&Cpu, &setup, start, Inputs::Codes(&images(shape)))
}

fn hash(parameters: &Parameters) -> String {
    let mut hasher = blake3::Hasher::new();
    for layer in &parameters.layers {
        for value in layer.weight.iter().chain(&layer.bias) {
            hasher.update(&value.to_bits().to_le_bytes());
        }
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

/// If this fails and the change is meant, raise [`CPU_NUMERICS`](super::cpu), write the new bits here, and say so in
/// the changelog under "Changes results".
#[test]
fn the_bits_of_a_training_change_only_with_the_numerics_version() {
    let golden = [("cpu-f32-1", "20dc00a83972f59ab6417694596bd7b9"), ("cpu-f32-1", "224d6c217e51a94eb4ff78d955a16e5c")];
    let architectures = [(Architecture::AlexNet, 0.0), (Architecture::AlexNet2012, 0.5)];
    for ((architecture, dropout), golden) in architectures.into_iter().zip(golden) {
        let shape = NetworkShape::new(architecture, 0.05, 67, CLASSES);
        for simd in Simd::ALL {
            let trained = simd.run(|| run(&shape, &recipe(12, dropout), 0.01, false).unwrap());
            let Some(trained) = trained else { continue };
            assert_eq!(trained.outcome, Outcome::Finished);
            let found = hash(&trained.parameters);
            assert_eq!((NUMERICS, found.as_str()), golden, "{architecture:?} on {}", simd.name());
        }
    }
}

#[test]
fn the_version_of_the_kernels_is_part_of_the_numerics() {
    assert_eq!(NUMERICS, format!("cpu-f32-{}", nt_kernels::NUMERICS_VERSION));
    let of = |width, input| Cpu.numerics(&NetworkShape::new(Architecture::AlexNet, width, input, CLASSES));
    assert_eq!([of(0.125, 48), of(0.25, 64), of(0.1, 224)], ["cpu-f32-1"; 3], "too small, or too few channels");
    let by_winograd = format!("cpu-f32-1-winograd-{}", nt_kernels::conv2d::WINOGRAD_VERSION);
    assert_eq!([of(1.0, 224), of(1.0, 64), of(0.25, 128)].map(|numerics| numerics == by_winograd), [true; 3]);
}

#[test]
fn a_loss_that_is_not_a_number_ends_the_training_and_is_told() {
    let shape = NetworkShape::new(Architecture::AlexNet, 0.05, 40, CLASSES);
    let trained = run(&shape, &recipe(50, 0.0), 1e6, false).unwrap();
    assert!(matches!(trained.outcome, Outcome::Diverged { .. }), "{:?}", trained.outcome);
}

#[test]
fn an_interrupt_is_seen_before_the_next_step() {
    let shape = NetworkShape::new(Architecture::AlexNet, 0.05, 40, CLASSES);
    assert!(matches!(run(&shape, &recipe(50, 0.0), 0.01, true), Err(super::TrainError::Interrupted)));
}

#[test]
fn a_training_learns() {
    let shape = NetworkShape::new(Architecture::AlexNet, 0.1, 40, CLASSES);
    let trained = run(&shape, &recipe(120, 0.0), 0.01, false).unwrap();
    let score = trained.score(&Cpu, &shape, Span::whole(&shape), Inputs::Codes(&images(&shape))).unwrap();
    assert_eq!(score.top1, 1.0, "21 random images are learned by heart");
    let (first, last) = (trained.curve[0].train_loss, trained.curve[trained.curve.len() - 1].train_loss);
    assert!(last < 0.2 * first, "the loss went from {first} to {last}");
}

#[test]
fn a_training_that_learns_nothing_ends_after_a_tenth_of_its_steps_unless_it_is_to_go_on() {
    let shape = NetworkShape::new(Architecture::AlexNet, 0.02, 40, CLASSES);
    let Err(super::TrainError::AtChance { step, loss, chance }) = run(&shape, &recipe(102, 0.0), 1e-30, false) else {
        panic!("it went on")
    };
    assert_eq!(step, 100);
    assert!((chance - libm::log(3.0)).abs() < 1e-12 && loss >= 0.99 * chance);
    assert!(run(&shape, &recipe(99, 0.0), 1e-30, false).is_ok(), "so few steps may learn nothing yet");
}
