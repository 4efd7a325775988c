//! A study of a network with four learned layers, from its scenario to its report: nothing outside an architecture's file
//! counts layers.

mod support;

use support::{Workplace, assert_exit};

/// Every depth that a network of four learned layers has: copied, frozen, probed; with a control and a selffer.
const SCENARIO: &str = r#"
version = 1

[study]
name = "four-layers"
question = "Does a network of four layers pass through everything?"
seed = 3
replicates = 2

[model]
architecture = "four-layer"
width = 0.1
input = 32
initialiser = "he-normal"
dropout = 0.2

[data.shapes]
kind = "synthetic"
look_distance = 0.0
label = "shape"
train_per_class = 20
test_per_class = 10

[[source]]
name = "near"
data = "shapes"
classes = ["star", "ring"]
similarity = "similar"
train_per_class = 10
steps = 8
learning_rate = 0.01

[[source]]
name = "untrained"
kind = "untrained"

[[source]]
name = "self"
kind = "selffer"
steps = 8
learning_rate = 0.01

[[target]]
name = "shapes"
data = "shapes"
classes = ["star", "ring"]
validation_fraction = 0.2

[[target.size]]
name = "small"
train_per_class = 5
steps = 8

[[target.size]]
name = "large"
train_per_class = 10
steps = 8

[[treatment]]
name = "frozen"
copied = "1..=3"
frozen = "copied"

[[treatment]]
name = "fine-tuned"
copied = 3
frozen = "0..=copied"
sources = ["near"]

[[treatment]]
name = "as-it-is"
copied = 4
frozen = 4
sources = ["near"]

[[treatment]]
name = "probe"
kind = "probe"
layers = "1..=3"
sources = ["near"]
l2 = [0.1]

[training]
batch = 5
momentum = 0.9
weight_decay = 0.0005
schedule = "cosine"
learning_rate = 0.01
"#;

#[test]
fn a_network_of_four_layers_passes_from_its_scenario_to_its_report() {
    let workplace = Workplace::with(SCENARIO);
    assert_exit(&workplace.run("one", &["--jobs", "2"]), 0);
    let read = |name: &str| std::fs::read_to_string(workplace.path("one").join(name)).unwrap();
    let verdicts = read("verdicts.csv");
    assert!(verdicts.contains(",as-it-is,4,4,") && verdicts.contains(",fine-tuned,3,0,"), "{verdicts}");
    let figure = read("figures/accuracy_by_depth.json");
    assert!(figure.contains("3\\nfc3") && !figure.contains("fc7") && !figure.contains("conv5"), "{figure}");
    let page = read("index.html");
    assert!(page.contains("the source network as it is") && page.contains("3 copied and frozen"));
    // What a rule of thumb lacks is asked for in depths that this network has.
    let advice = read("rules.json") + &read("report.md");
    assert!(!advice.contains("copied = 7") && !advice.contains("layers = [7]"), "{advice}");
}

#[test]
fn a_depth_that_the_network_lacks_is_refused_with_its_own_layers() {
    let workplace = Workplace::with(&SCENARIO.replace("copied = 3\n", "copied = 7\n"));
    let told = workplace.nt(&["check", "study.toml"]).output().unwrap();
    assert_exit(&told, 2);
    let told = String::from_utf8_lossy(&told.stderr).into_owned() + &String::from_utf8_lossy(&told.stdout);
    assert!(told.contains("4 learned layers"), "{told}");
}

#[test]
fn no_message_names_the_network_of_tests() {
    let workplace = Workplace::with(&SCENARIO.replace("\"four-layer\"", "\"alexnett\""));
    let told = workplace.nt(&["check", "study.toml"]).output().unwrap();
    let told = String::from_utf8_lossy(&told.stderr).into_owned() + &String::from_utf8_lossy(&told.stdout);
    assert!(told.contains("alexnet-2012") && !told.contains("four-layer"), "{told}");
}
