//! Every kind of source, augmentation and architecture, end to end.

// What a test calls may panic, as a test may; clippy knows that only of the tests themselves.
#![allow(clippy::unwrap_used)]

mod support;

use support::{Workplace, assert_exit};

const SCENARIO: &str = r#"
version = 2

[study]
name = "recipes"
question = "Does every recipe run?"
seed = 11
replicates = 2

[model]
architecture = "alexnet-2012"
width = 0.04
input = 40
initialiser = "he-normal"
dropout = 0.5

[data.photographs]
kind = "synthetic"
look_distance = 0.0
label = "shape"
train_per_class = 20
test_per_class = 10

[data.micrographs]
kind = "synthetic"
look_distance = 1.0
label = "shape"
train_per_class = 20
test_per_class = 10

[[source]]
name = "same-classes"
data = "micrographs"
classes = ["star", "ring"]
similarity = "other-look"
train_per_class = 10
examples = 160
learning_rate = 0.01

[[source]]
name = "by-heart"
kind = "shuffled-labels"
data = "photographs"
classes = ["arrow", "heart"]
similarity = "none"
train_per_class = 10
epochs = 4
learning_rate = 0.01

[[target]]
name = "shapes"
data = "photographs"
classes = ["star", "ring"]
validation_fraction = 0.2

[[target.size]]
name = "only"
train_per_class = 10
steps = 12

[[treatment]]
name = "as-it-is"
copied = 8
frozen = 8
sources = ["same-classes"]

[[treatment]]
name = "triangle"
copied = [1, 3]
frozen = "0..=copied"

[training]
batch = 6
momentum = 0.9
weight_decay = 0.0005
schedule = { kind = "step", every_fraction = 0.5, factor = 0.1 }
augmentation = ["random-crop", "horizontal-flip", "colour-jitter"]
learning_rate = 0.01
"#;

#[test]
fn every_kind_of_source_augmentation_and_treatment_runs_and_comes_out_again() {
    let workplace = Workplace::with(SCENARIO);
    assert_exit(&workplace.run("one", &["--jobs", "1"]), 0);
    assert_exit(&workplace.run("two", &["--jobs", "1", "--threads", "2"]), 0);
    assert_eq!(workplace.digest("one"), workplace.digest("two"));
    let runs = std::fs::read_to_string(workplace.path("one/runs.csv")).unwrap();
    let domain_shift = runs.lines().find(|line| line.contains(",8,8,") && line.contains(",top1,")).unwrap();
    assert!(domain_shift.contains("same-classes"), "{domain_shift}");
}
