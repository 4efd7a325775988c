//! What treatments share: the images, their order, their augmentation and their dropout never see the treatment.
//!
//! At a rate too small to move a weight the loss of a step is a fingerprint of its batch: it depends on nothing but the
//! parameters, which stay, and the pixels, labels and dropped units of that step.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod support;

use negative_transfer::data::synthetic::{Synthetic, SyntheticSpec};
use negative_transfer::data::{Counts, Inputs, SubsetDraw, part};
use negative_transfer::model::{Init, Parameters, initialise};
use negative_transfer::train::{AtChance, Cpu, ForTest, Setup, Span, Trained, train};
use nt_scenario::network::{Architecture, NetworkShape};
use nt_scenario::vocabulary::Label;
use nt_scenario::{Augmentation, Initialiser, PerClass, Recipe, Schedule, Settings, Standardisation};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use support::{Workplace, assert_exit, records, tiny_at_fixed_rate};

const SIDE: usize = 40;
const SEED: u64 = 3;
const STEPS: u64 = 12;

fn shape() -> NetworkShape {
    NetworkShape::new(Architecture::AlexNet, 0.04, SIDE, 2)
}

fn draw() -> SubsetDraw {
    let spec = SyntheticSpec {
        look_distance: 0.0,
        label: Label::Shape,
        classes: ["star", "ring"].map(str::to_owned).into(),
        seed: SEED,
        side: SIDE,
        train_per_class: 12,
        test_per_class: 1,
    };
    let (pool, _) = part(Arc::new(Synthetic::new(spec).unwrap()), &[], None).unwrap();
    pool.draw(SEED, "target", 0, Counts::first(&PerClass::Equal(12), &PerClass::Equal(2))).unwrap()
}

/// The loss of every step of a training of the layers above `frozen` at rate 0, as bits.
fn fingerprints(frozen: usize, dropout: f64, augmentation: Vec<Augmentation>, scope: &str) -> Vec<u64> {
    let init = Init { seed: SEED, scope: "target", replicate: 0, standardisation: Standardisation::IMAGENET };
    let start: Parameters = initialise(&shape(), Initialiser::HeNormal, init);
    let settings = Settings { augmentation, ..Settings::sgd(8, 0.9, 5e-4, Schedule::Constant) };
    let setup = Setup {
        shape: &shape(),
        span: Span { first: 0, last: 8, frozen },
        recipe: &Recipe { settings, dropout, steps: STEPS },
        learning_rate: 0.0,
        seed: SEED,
        scope,
        replicate: 0,
        at_chance: AtChance::GoesOn,
        interrupt: &AtomicBool::new(false),
    };
    let trained: Trained<ForTest> = train(&Cpu, &setup, start, Inputs::Images(&draw().train)).unwrap();
    trained.curve.iter().map(|point| point.train_loss.to_bits()).collect()
}

fn every_augmentation() -> Vec<Augmentation> {
    vec![
        Augmentation::RandomCrop { padding_px: 4 },
        Augmentation::HorizontalFlip { probability: 0.5 },
        Augmentation::ColourJitter { brightness: 0.4, contrast: 0.4, saturation: 0.4 },
    ]
}

#[test]
fn scratch_and_every_frozen_depth_see_the_same_images_in_the_same_order_augmented_alike() {
    for augmentation in [Vec::new(), every_augmentation()] {
        let scratch = fingerprints(0, 0.0, augmentation.clone(), "target/small");
        assert_eq!(scratch.len() as u64, STEPS, "every step leaves its fingerprint");
        assert_eq!(scratch.iter().collect::<BTreeSet<_>>().len() as u64, STEPS, "no two batches are alike");
        for frozen in 1..=7 {
            assert_eq!(fingerprints(frozen, 0.0, augmentation.clone(), "target/small"), scratch, "frozen {frozen}");
        }
        assert_ne!(fingerprints(0, 0.0, augmentation, "target/large"), scratch, "another size has its own order");
    }
}

#[test]
fn the_units_dropped_are_the_same_wherever_dropout_acts() {
    let scratch = fingerprints(0, 0.5, Vec::new(), "target/small");
    assert_ne!(scratch, fingerprints(0, 0.0, Vec::new(), "target/small"), "dropout acts");
    // Below fc6 nothing is dropped, so freezing up to there takes no dropout away.
    for frozen in 1..=5 {
        assert_eq!(fingerprints(frozen, 0.5, Vec::new(), "target/small"), scratch, "frozen {frozen}");
    }
}

#[test]
fn a_study_gives_treatments_that_start_alike_the_same_batches() {
    let plain = tiny_at_fixed_rate("1e-30")
        .replace("dropout = 0.2", "dropout = 0.0")
        .replace("frozen = [0, 3]", "frozen = [0, 1, 3, 6]");
    let augmented = "[training]\naugmentation = [\"random-crop\", \"horizontal-flip\", \"colour-jitter\"]";
    // With augmentation every arm reads images; without, frozen arms read activations computed once.
    for scenario in [plain.clone(), plain.replace("[training]", augmented)] {
        let workplace = Workplace::with(&scenario);
        assert_exit(&workplace.run("out", &[]), 0);
        let mut curves: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for record in records(&workplace.path("out")) {
            let is_trained = record["role"] == "final" && record["method"] == "training";
            if is_trained && record["source"] != "redrawn" && record["copied"] == 7 {
                let cell = format!("{} {} {}", record["source"], record["size"], record["replicate"]);
                let path = format!("out/curves/{}.csv", record["job"].as_str().unwrap());
                curves.entry(cell).or_default().push(std::fs::read_to_string(workplace.path(&path)).unwrap());
            }
        }
        assert!(curves.values().any(|curves| curves.len() > 4), "there are treatments to compare");
        for (cell, curves) in curves {
            assert!(curves.windows(2).all(|pair| pair[0] == pair[1]), "{cell}: treatments saw different batches");
        }
    }
}
