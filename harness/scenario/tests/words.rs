//! Every word of every kind goes through TOML, the resolved form and back. A word without a sample here fails a test.
#![allow(clippy::panic, reason = "a helper of tests fails as a test does")]

mod common;

use std::fmt::Debug;

use nt_scenario::method::SettingName;
use nt_scenario::vocabulary::Label;
use nt_scenario::{
    Architecture, Augmentation, Choice, Code, Data, Fit, Initialiser, LabelKind, Method, Metric, Precision, Primary,
    Scenario, Schedule, Source,
};
use serde::Serialize;

const STUDY: &str = include_str!("fixtures/study.toml");

/// The study with an edit.
fn edited(from: &str, to: &str) -> String {
    assert!(STUDY.contains(from), "{from}");
    STUDY.replacen(from, to, 1)
}

/// The scenario of a text, after it was written out with every default and read again.
fn there_and_back(text: &str) -> Scenario {
    let scenario = common::parse(text);
    let resolved = Scenario::parse(&scenario.to_toml(), "resolved.toml").unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(scenario, resolved);
    resolved
}

/// Holds that each value of a choice survives, where `place` is a line of the study that its word replaces.
fn choice_survives<T: Choice + Debug>(place: &str, line: impl Fn(&str) -> String, read: impl Fn(&Scenario) -> T) {
    for &value in T::ALL {
        let scenario = there_and_back(&edited(place, &line(value.word())));
        assert_eq!(read(&scenario), value);
        assert_eq!(T::from_word(value.word()), Some(value));
    }
}

/// Holds that samples have every word once and no other.
fn has_samples(samples: &[(&str, &str)], words: &[&str]) {
    assert_eq!(samples.iter().map(|(word, _)| *word).collect::<Vec<_>>(), words);
}

#[test]
fn words_of_the_model() {
    choice_survives(
        "architecture = \"alexnet\"",
        |word| format!("architecture = {word:?}"),
        |scenario| scenario.model.architecture,
    );
    choice_survives(
        "initialiser = \"he-normal\"",
        |word| format!("initialiser = {word:?}"),
        |scenario| scenario.model.initialiser,
    );
    choice_survives("width = 0.125", |word| format!("width = 0.125\nprecision = {word:?}"), |s| s.model.precision);
}

#[test]
fn words_of_the_verdict() {
    for &metric in Metric::ALL {
        let text = edited("margin_pp = 5.0", &format!("margin_pp = 5.0\nmetric = {:?}", metric.word()));
        if metric.fits(LabelKind::OneClass) {
            assert_eq!(there_and_back(&text).verdict.metric, metric);
        } else {
            // The word is read, and no kind of data has such labels.
            let faults = Scenario::parse(&text, "scenario.toml").unwrap_err().0;
            assert!(faults.iter().all(|fault| fault.code == Code::Labels), "{faults:?}");
        }
    }
}

#[test]
fn words_of_searches_and_choices() {
    choice_survives(
        "search = \"once\"\nreplicates = 1",
        |word| format!("search = {word:?}"),
        |s| s.tuning.as_ref().unwrap().search,
    );
    choice_survives("choice = \"each-replicate\"", |word| format!("choice = {word:?}"), |s| s.verdict.choice);
    for (word, primary) in Primary::WORDS {
        let scenario = there_and_back(&edited("primary = []", &format!("primary = [{word:?}, \"frozen\"]")));
        assert_eq!(scenario.verdict.primary, [primary, Primary::Treatment("frozen".to_owned())]);
    }
}

#[test]
fn words_of_data() {
    let samples = [
        ("synthetic", "look_distance = 0.5\nlabel = \"colour\"\ntrain_per_class = 9\ntest_per_class = 8\nseed = 7"),
        (
            "image-folder",
            "path = \"p\"\ntest_fraction = 0.25\nclasses = [\"ant\", \"bee\"]\nmax_megapixels = 20\nfit = \"centre-crop\"\nshorter_side = 80\nresampler = \"pil\"\ncluster = '([0-9]+)_[0-9]+\\.jpg$'",
        ),
        ("cifar10-binary", "path = \"c\""),
    ];
    has_samples(&samples, &Data::words());
    for (word, keys) in samples {
        let text = edited("[[source]]", &format!("[data.more]\nkind = {word:?}\n{keys}\n\n[[source]]"));
        assert_eq!(there_and_back(&text).data["more"].word(), word);
    }
    for &label in Label::ALL {
        let keys = format!("look_distance = 0.5\nlabel = {:?}\ntrain_per_class = 9\ntest_per_class = 8", label.word());
        let text = edited("[[source]]", &format!("[data.more]\nkind = \"synthetic\"\n{keys}\n\n[[source]]"));
        let scenario = there_and_back(&text);
        assert!(matches!(&scenario.data["more"], Data::Synthetic(data) if data.label == label));
    }
}

#[test]
fn a_shorter_side_is_of_crops_and_no_shorter_than_the_input() {
    let folder = |keys: &str| {
        let folder = format!("[data.more]\nkind = \"image-folder\"\npath = \"p\"\n{keys}\n\n[[source]]");
        Scenario::parse(&edited("[[source]]", &folder), "scenario.toml")
    };
    assert!(folder("fit = \"centre-crop\"\nshorter_side = 64").is_ok());
    for (keys, told) in [
        ("shorter_side = 80", "add `fit = \"centre-crop\"`"),
        ("fit = \"centre-crop\"\nshorter_side = 40", "smaller than the network's input"),
        ("fit = \"crop\"", "\"stretch\" or \"centre-crop\""),
        ("resampler = \"lanczos\"", "\"tensor\" or \"pil\""),
    ] {
        let faults = folder(keys).unwrap_err().to_string();
        assert!(faults.contains(told), "{faults}");
    }
}

#[test]
fn words_of_sources() {
    let trained = "data = \"textures\"\nsimilarity = \"far\"\nclasses = [\"bands\", \"hatch\"]\ntrain_per_class = 9\n\
                   epochs = 2\nlearning_rate = 0.5\nbatch = 8\nmomentum = 0.5\nweight_decay = 0.25\n\
                   schedule = \"constant\"\naugmentation = [\"horizontal-flip\"]";
    let samples = [
        ("trained", trained),
        ("shuffled-labels", trained),
        ("untrained", ""),
        ("selffer", "examples = 90\nlearning_rate = 0.5\nmomentum = 0.25"),
        ("twin", "train_per_class = 9\nvalidation_fraction = 0.25\nsteps = 9\nlearning_rate = 0.5\nmomentum = 0.25"),
        ("mean-and-variance", "of = \"near\"\nsimilarity = \"near\""),
        (
            "weights",
            "path = \"alexnet.pth\"\nsimilarity = \"near\"\nmean = [0.485, 0.456, 0.406]\nstd = [0.229, 0.224, 0.225]\n\
             classes = [\"ant\", \"bee\"]",
        ),
    ];
    has_samples(&samples, &Source::words());
    for (word, keys) in samples {
        let source = format!("[[source]]\nname = \"more\"\nkind = {word:?}\n{keys}\n\n[[target]]");
        // The target takes a part of its images, so that some are left for a twin.
        let text = edited("[[target]]", &source)
            .replace("train_per_class = 100\ntest_per_class", "train_per_class = 120\ntest_per_class");
        let scenario = there_and_back(&text);
        let source = scenario.source("more").unwrap();
        assert_eq!(source.word(), word);
        // Jobs carry the same word.
        let kind = serde_json::to_value(source.kind()).unwrap();
        let carried = kind.as_object().and_then(|tagged| tagged.keys().next()).map(String::as_str);
        assert_eq!(carried.or(kind.as_str()), Some(word));
    }
}

#[test]
fn words_of_methods() {
    let samples = [
        ("training", "copied = [1, 5]\nfrozen = \"0..=copied\"\nsources = [\"near\", \"self\"]"),
        ("probe", "layers = [1, 5]\nsources = [\"far\"]\nl2 = [0.5, 2.0]"),
    ];
    has_samples(&samples, &Method::words());
    for (word, keys) in samples {
        let treatment = format!("[[treatment]]\nname = \"more\"\nkind = {word:?}\n{keys}\n\n[training]");
        let scenario = there_and_back(&edited("[training]", &treatment));
        let fit = &scenario.treatments.last().unwrap().fit;
        assert_eq!(fit.method().word(), word);
        assert!(match fit {
            Fit::Training(training) => training.learning_rate.is_none(),
            Fit::Probe(probe) => probe.l2 == [0.5, 2.0],
        });
    }
}

#[test]
fn words_of_schedules() {
    let samples = [
        ("constant", "\"constant\""),
        ("cosine", "\"cosine\""),
        ("step", "{ kind = \"step\", every_steps = 9, factor = 0.5 }"),
    ];
    has_samples(&samples, &Schedule::words());
    for (word, value) in samples {
        let scenario = there_and_back(&edited("schedule = \"cosine\"", &format!("schedule = {value}")));
        assert_eq!(scenario.training.settings.schedule.word(), word);
    }
    let by_fraction = "schedule = { kind = \"step\", every_fraction = 0.25, factor = 0.5 }";
    there_and_back(&edited("schedule = \"cosine\"", by_fraction));
}

#[test]
fn words_of_augmentations() {
    let samples = [
        ("random-crop", "padding_px = 2"),
        ("horizontal-flip", "probability = 0.25"),
        ("colour-jitter", "brightness = 0.1, contrast = 0.3, saturation = 0.4"),
    ];
    has_samples(&samples, &Augmentation::words());
    for (word, parameters) in samples {
        let list = format!("augmentation = [{word:?}, {{ kind = {word:?}, {parameters} }}]");
        let scenario = there_and_back(&edited("schedule = \"cosine\"", &format!("schedule = \"cosine\"\n{list}")));
        let read = &scenario.training.settings.augmentation;
        assert_eq!(read.iter().map(|step| step.kind()).collect::<Vec<_>>(), [word, word]);
        assert_ne!(read[0], read[1], "the second has other parameters");
    }
}

#[test]
fn words_of_lengths() {
    for unit in ["steps", "epochs", "examples"] {
        let scenario = there_and_back(&edited("steps = 20", &format!("{unit} = 20")));
        assert_eq!(scenario.targets[0].sizes[0].length.key_and_count(), (unit, 20));
    }
}

#[test]
fn records_carry_the_scenarios_words() {
    fn same<T: Choice + Serialize>() {
        for &value in T::ALL {
            assert_eq!(serde_json::to_value(value).unwrap(), value.word());
        }
    }
    same::<Initialiser>();
    same::<Precision>();
    same::<Metric>();
    same::<Label>();
    same::<Method>();
    same::<SettingName>();
    assert_eq!(Architecture::words(), ["alexnet", "alexnet-torchvision", "alexnet-2012"]);
}
