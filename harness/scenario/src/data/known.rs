//! What is known of a dataset's classes and images, and what a scenario may ask of them.

use std::collections::BTreeMap;

use crate::diagnostic::Code;
use crate::place::Located;
use crate::reader::Report;
use crate::suggest;

use super::classes::WrittenClasses;
use super::facts::DataFacts;

/// What is known of a dataset: what the scenario declares, or what was found in files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Its classes, in order; `None` where only files can tell.
    pub classes: Option<Vec<String>>,
    /// Training images of each class.
    pub train: Option<Vec<usize>>,
    /// Test images of each class.
    pub test: Option<Vec<usize>>,
}

/// What is known of datasets, by their names.
pub(crate) type KnownByName<'a> = BTreeMap<&'a str, Known>;

/// A part of a dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Split {
    /// What networks learn from.
    Training,
    /// What they are judged on.
    Test,
}

impl Split {
    fn word(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Test => "test",
        }
    }
}

impl Known {
    /// These classes, with as many images of each.
    pub(super) fn balanced(classes: &[&str], train_per_class: usize, test_per_class: usize) -> Self {
        Self {
            classes: Some(classes.iter().map(|&name| name.to_owned()).collect()),
            train: Some(vec![train_per_class; classes.len()]),
            test: Some(vec![test_per_class; classes.len()]),
        }
    }

    /// What was found.
    pub(crate) fn of_facts(facts: &DataFacts) -> Self {
        Self {
            classes: Some(facts.classes.clone()),
            train: Some(facts.train_per_class.clone()),
            test: Some(facts.test_per_class.clone()),
        }
    }

    /// Reports every class used that the dataset `data` does not have.
    pub(crate) fn check_classes(&self, used: Option<&WrittenClasses>, data: &str, report: &mut Report) {
        let (Some(used), Some(classes)) = (used, &self.classes) else { return };
        let words: Vec<&str> = classes.iter().map(String::as_str).collect();
        for class in used.list.iter().filter(|class| !words.contains(&class.value.as_str())) {
            // A thousand classes would bury the message.
            let shown = &words[..words.len().min(20)];
            let more = if shown.len() < words.len() { format!(" … ({} in all)", words.len()) } else { String::new() };
            let label = format!("it has {}{more}", suggest::all_of(shown));
            let help = suggest::did_you_mean(&class.value, words.iter().copied());
            let message = format!("dataset {data:?} has no class {:?}", class.value);
            report.fault(Code::UnknownClass, &class.span, message, label, help);
        }
    }

    /// Reports more images a class than the dataset `data` has of one of the classes used.
    pub(crate) fn check_per_class(
        &self,
        split: Split,
        asked: Option<&Located<u64>>,
        used: Option<&WrittenClasses>,
        data: &str,
        report: &mut Report,
    ) {
        let (Some(asked), Some((class, available))) = (asked, self.fewest(split, used)) else { return };
        if asked.value > available as u64 {
            let message = format!("{} {} images a class are more than dataset {data:?} has", asked.value, split.word());
            let label = format!("class {class:?} has {available}");
            report.fault(Code::SplitTooLarge, &asked.span, message, label, Some(format!("did you mean {available}?")));
        }
    }

    /// The class with the fewest images among those used, and how many it has.
    fn fewest(&self, split: Split, used: Option<&WrittenClasses>) -> Option<(&str, usize)> {
        let counts = match split {
            Split::Training => self.train.as_ref()?,
            Split::Test => self.test.as_ref()?,
        };
        let pairs = self.classes.as_ref()?.iter().zip(counts);
        let used = pairs.filter(|(class, _)| used.is_none_or(|used| used.has(class)));
        used.map(|(class, &count)| (class.as_str(), count)).min_by_key(|&(_, count)| count)
    }
}
