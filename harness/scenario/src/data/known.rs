//! What is known of a dataset's classes and images, and what a scenario may ask of them.

use std::collections::BTreeMap;

use crate::diagnostic::Code;
use crate::labels::LabelKind;
use crate::place::{Located, Span};
use crate::reader::Report;
use crate::suggest;
use crate::train_images::{TrainImages, validation_images};

use super::classes::WrittenClasses;
use super::facts::DataFacts;

/// What is known of a dataset: what the scenario declares, or what was found in files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Its classes, in order; `None` where only files can tell.
    pub classes: Option<Vec<String>>,
    /// Whether an image has one of them, or several; `None` where only files can tell.
    pub labels: Option<LabelKind>,
    /// Training images of each class.
    pub train: Option<Vec<usize>>,
    /// Test images of each class.
    pub test: Option<Vec<usize>>,
}

/// What is known of datasets, by their names.
pub(crate) type KnownByName<'a> = BTreeMap<&'a str, Known>;

/// Classes of a task at most: a guess is kept in two bytes, and one value means none.
pub(crate) const MOST_CLASSES: usize = u16::MAX as usize;

impl Known {
    /// These classes, with as many images of each.
    pub(super) fn balanced(classes: &[&str], train_per_class: usize, test_per_class: usize) -> Self {
        Self {
            classes: Some(classes.iter().map(|&name| name.to_owned()).collect()),
            labels: Some(LabelKind::OneClass),
            train: Some(vec![train_per_class; classes.len()]),
            test: Some(vec![test_per_class; classes.len()]),
        }
    }

    /// Training images of each of these classes, or of all where none are named; none where only files can tell.
    ///
    /// # Shape
    /// One number a class, in label order.
    pub fn train_images_of(&self, classes: Option<&[String]>) -> Option<Vec<usize>> {
        let (all, counts) = (self.classes.as_ref()?, self.train.as_ref()?);
        let Some(classes) = classes else { return Some(counts.clone()) };
        let count = |name: &String| counts.get(all.iter().position(|own| own == name)?).copied();
        classes.iter().map(count).collect()
    }

    /// What was found.
    pub fn of_facts(facts: &DataFacts) -> Self {
        Self {
            classes: Some(facts.classes.clone()),
            labels: Some(facts.labels),
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

    /// Reports more classes than a network's guesses can name.
    pub(crate) fn check_num_classes(&self, used: Option<&WrittenClasses>, data: &Located<String>, report: &mut Report) {
        let count = match (used, &self.classes) {
            (Some(used), _) => used.list.len(),
            (None, Some(classes)) => classes.len(),
            (None, None) => return,
        };
        if count > MOST_CLASSES {
            let span = used.and_then(|used| used.list.first()).map_or(&data.span, |class| &class.span);
            let message = format!("{count} classes of dataset {:?} are too many", data.value);
            let help = format!("name at most {MOST_CLASSES} in `classes`");
            report.fault(Code::ClassList, span, message, format!("at most {MOST_CLASSES}"), Some(help));
        }
    }

    /// Reports more test images a class than the dataset `data` has of one of the classes used.
    pub(crate) fn check_test_images(
        &self,
        asked: Option<&Located<u64>>,
        used: Option<&WrittenClasses>,
        data: &str,
        report: &mut Report,
    ) {
        if let (Some(asked), Some(counts)) = (asked, self.counts(&self.test, used)) {
            check_per_class("test", asked.value, &asked.span, &counts, data, report);
        }
    }

    /// Reports more training images than the dataset `data` has of the classes used, or too few for one of each.
    pub(crate) fn check_train_images(
        &self,
        asked: Option<&Located<TrainImages>>,
        used: Option<&WrittenClasses>,
        data: &str,
        report: &mut Report,
    ) {
        let (Some(asked), Some(counts)) = (asked, self.counts(&self.train, used)) else { return };
        match asked.value {
            TrainImages::PerClass(count) => {
                check_per_class("training", count as u64, &asked.span, &counts, data, report);
            }
            TrainImages::InAll(count) => check_in_all(Some(count), &asked.span, &counts, data, report),
            TrainImages::All => check_in_all(None, &asked.span, &counts, data, report),
        }
    }

    /// Reports a class of which every training image drawn is a validation image.
    pub(crate) fn check_validation(
        &self,
        asked: Option<&Located<TrainImages>>,
        used: Option<&WrittenClasses>,
        fraction: f64,
        report: &mut Report,
    ) {
        let (Some(asked), Some(counts)) = (asked, self.counts(&self.train, used)) else { return };
        if let TrainImages::PerClass(_) = asked.value {
            // Checked whatever the data are.
            return;
        }
        let available: Vec<usize> = counts.iter().map(|&(_, available)| available).collect();
        let drawn = asked.value.of_classes(&available);
        if let TrainImages::InAll(count) = asked.value
            && drawn.total(counts.len()) != count
        {
            // That the data do not have so many, or every class needs more, was reported.
            return;
        }
        let is_lost = |&label: &usize| {
            let count = drawn.of(label);
            count > 0 && validation_images(fraction, count) >= count
        };
        if let Some(label) = (0..counts.len()).find(is_lost) {
            let message = format!("all images drawn of class {:?} are validation images", counts[label].0);
            let accepted = match drawn.of(label) {
                1 => enough(asked.value, &available, counts[label].0),
                _ => format!("take a validation_fraction below {fraction}"),
            };
            report.fault(Code::Validation, &asked.span, message, accepted, None);
        }
    }

    /// The classes used with their images, in label order.
    fn counts<'a>(
        &'a self,
        counts: &Option<Vec<usize>>,
        used: Option<&'a WrittenClasses>,
    ) -> Option<Vec<(&'a str, usize)>> {
        let known: BTreeMap<&str, usize> =
            self.classes.as_ref()?.iter().map(String::as_str).zip(counts.as_ref()?.iter().copied()).collect();
        let names: Vec<&str> = match used {
            Some(used) => used.list.iter().map(|class| class.value.as_str()).collect(),
            None => self.classes.as_ref()?.iter().map(String::as_str).collect(),
        };
        // A class that does not exist was reported.
        Some(names.into_iter().filter_map(|name| Some((name, *known.get(name)?))).collect())
    }
}

fn check_per_class(split: &str, asked: u64, span: &Span, counts: &[(&str, usize)], data: &str, report: &mut Report) {
    let Some(&(class, available)) = counts.iter().min_by_key(|(_, available)| *available) else { return };
    if asked > available as u64 {
        let message = format!("{asked} {split} images a class are more than dataset {data:?} has");
        let label = format!("class {class:?} has {available}");
        let help = match available {
            0 => format!("name other `classes`, or add images of {class:?}"),
            _ => format!("did you mean {available}?"),
        };
        report.fault(Code::SplitTooLarge, span, message, label, Some(help));
    }
}

/// Checks images of all classes together, or all that there are where no number is asked for.
fn check_in_all(asked: Option<usize>, span: &Span, counts: &[(&str, usize)], data: &str, report: &mut Report) {
    let available: usize = counts.iter().map(|(_, available)| available).sum();
    if let Some((class, _)) = counts.iter().find(|(_, available)| *available == 0) {
        let message = format!("dataset {data:?} has no training image of class {class:?}");
        report.fault(Code::SplitTooLarge, span, message, "name other `classes`, or add images of this one", None);
        return;
    }
    let Some(asked) = asked else { return };
    if asked > available {
        let message = format!("{asked} training images are more than dataset {data:?} has");
        let label = format!("the classes used have {available} in all");
        let help = format!("write train_images = {available}, or train_images = \"all\"");
        report.fault(Code::SplitTooLarge, span, message, label, Some(help));
    } else if asked < counts.len() {
        let images = if asked == 1 { "1 training image is" } else { &format!("{asked} training images are") };
        let message = format!("{images} too few for {} classes", counts.len());
        let label = format!("every class needs one: at least {}", counts.len());
        report.fault(Code::TrainImages, span, message, label, None);
    }
}

/// What gives every class two images, one of them for validation.
fn enough(asked: TrainImages, available: &[usize], class: &str) -> String {
    let gives_two = |count: usize| {
        let drawn = TrainImages::InAll(count).of_classes(available);
        (0..available.len()).all(|label| drawn.of(label) > 1)
    };
    let least = match asked {
        // Whoever draws more in all draws no fewer of any class, but for rounding: where that hides an answer, none is given.
        TrainImages::InAll(count) => {
            let (mut few, mut enough) = (count, available.iter().sum());
            while few < enough {
                let middle = few.midpoint(enough);
                if gives_two(middle) { enough = middle } else { few = middle + 1 }
            }
            Some(enough).filter(|&count| gives_two(count))
        }
        TrainImages::PerClass(_) | TrainImages::All => None,
    };
    match least {
        Some(least) => format!("class {class:?} draws 1 image, and 2 are needed: train_images = {least} gives them"),
        None => format!("class {class:?} has 1 image, and 2 are needed: add images, or leave the class out"),
    }
}
