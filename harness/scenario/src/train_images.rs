//! How many training images are drawn, and how they are spread over the classes.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use toml_edit::{Table, value};

use crate::diagnostic::Code;
use crate::identity::Meaning;
use crate::place::Located;
use crate::reader::{Key, Report, TableReader, from_value, optional, wrong_type};
use crate::writer::insert_count;

/// How many training images are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainImages {
    /// So many of every class.
    PerClass(usize),
    /// So many in all, spread over the classes as the data are.
    InAll(usize),
    /// All that there are.
    All,
}

/// Most images, of a class and in all.
const MAX_IMAGES: u64 = 100_000_000;

/// What stands for all images.
const ALL: &str = "all";

impl TrainImages {
    /// The keys, of which a table has exactly one.
    pub(crate) const KEYS: &'static [Key] = &[optional("train_per_class"), optional("train_images")];

    /// Reads the one key that is given; `example` is shown where there is none.
    pub(crate) fn read(reader: &TableReader<'_, '_>, example: usize, report: &mut Report) -> Option<Located<Self>> {
        match (reader.has("train_per_class"), reader.key_span("train_images")) {
            (true, None) => {
                let count = reader.count("train_per_class", 1..=MAX_IMAGES, report)?;
                Some(count.map(|count| Self::PerClass(count as usize)))
            }
            (false, Some(_)) => Self::read_in_all(reader, report),
            (true, Some(second)) => {
                let message = format!("{} gives the number of training images twice", reader.what);
                let label = "keep exactly one of `train_per_class` and `train_images`";
                report.fault(Code::TrainImages, &second, message, label, None);
                None
            }
            (false, None) => {
                let message = format!("{} has no \"train_per_class\"", reader.what);
                let label = format!("add `train_per_class = {example}`, or `train_images` for images of all classes");
                report.fault(Code::MissingKey, &reader.header, message, label, None);
                None
            }
        }
    }

    /// Reads the key `train_images`: a number, or `"all"`.
    fn read_in_all(reader: &TableReader<'_, '_>, report: &mut Report) -> Option<Located<Self>> {
        let (_, value) = reader.entry("train_images")?;
        if value.get_ref().as_integer().is_some() {
            let count = reader.count("train_images", 1..=MAX_IMAGES, report)?;
            return Some(count.map(|count| Self::InAll(count as usize)));
        }
        if value.get_ref().as_str() != Some(ALL) {
            wrong_type(value, "train_images", "a whole number or \"all\"", report);
            return None;
        }
        from_value::<String>(value, "train_images", report).map(|word| word.map(|_| Self::All))
    }

    /// Writes its key.
    pub(crate) fn insert_into(self, table: &mut Table) {
        match self {
            Self::PerClass(count) => insert_count(table, "train_per_class", count as u64),
            Self::InAll(count) => insert_count(table, "train_images", count as u64),
            Self::All => {
                table.insert("train_images", value(ALL));
            }
        }
    }

    /// Images of each class, where `available[c]` can be had of class c.
    ///
    /// A number in all is spread in the data's own proportions: every class gets one image, and the rest go one by one
    /// to the class that is furthest behind its share. So a smaller number gives no class more than a larger one does,
    /// and smaller draws are part of larger ones.
    ///
    /// # Shape
    /// One number a class of `available`.
    /// # Source
    /// Webster's and Sainte-Laguë's apportionment with at least one seat. The method of largest remainders comes nearer
    /// to the exact shares, but it may take an image from a class when the number in all grows (Balinski and Young,
    /// *Fair Representation*, 1982).
    pub fn of_classes(self, available: &[usize]) -> PerClass {
        match self {
            Self::PerClass(count) => PerClass::Equal(count),
            Self::InAll(count) => PerClass::new(spread(count, available)),
            Self::All => PerClass::new(available.to_vec()),
        }
    }
}

/// Validation images of a class of which `train` images are drawn: this fraction of them, rounded to the nearest, at least
/// one where the fraction is not zero.
pub(crate) fn validation_images(fraction: f64, train: usize) -> usize {
    if fraction == 0.0 {
        return 0;
    }
    ((fraction * train as f64 + 0.5).floor() as usize).max(1)
}

/// Reads the key `validation_fraction`.
pub(crate) fn validation_fraction(reader: &TableReader<'_, '_>, report: &mut Report) -> Option<Located<f64>> {
    let (accepted, holds) = ("0 or more, below 1", |fraction: f64| (0.0..1.0).contains(&fraction));
    reader.real("validation_fraction", accepted, holds, report)
}

/// Reports a fraction that makes every image of a class a validation image.
pub(crate) fn check_images_left(fraction: f64, images: &Located<TrainImages>, report: &mut Report) {
    // Where classes differ, only the data can tell.
    let TrainImages::PerClass(count) = images.value else { return };
    if validation_images(fraction, count) >= count {
        let message = match count {
            1 => "the one image of a class is a validation image".to_owned(),
            _ => format!("all {count} images a class are validation images"),
        };
        let label = match count {
            1 => "take at least 2, since one is for validation".to_owned(),
            _ => format!("take more images, or a validation_fraction below {fraction}"),
        };
        report.fault(Code::Validation, &images.span, message, label, None);
    }
}

/// A class that may get an image more.
#[derive(PartialEq, Eq)]
struct Waiting {
    class: usize,
    given: usize,
    available: usize,
}

impl Waiting {
    /// Twice the place of its next image among its images, counted from the middle of each. It is the turn of the class
    /// whose place is the smallest share of its images.
    fn place(&self) -> u128 {
        2 * self.given as u128 + 1
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> Ordering {
        let (own, its) = (self.place() * other.available as u128, other.place() * self.available as u128);
        own.cmp(&its).then(self.class.cmp(&other.class))
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn spread(count: usize, available: &[usize]) -> Vec<usize> {
    let mut given: Vec<usize> = available.iter().map(|&available| available.min(1)).collect();
    let waiting = |class: usize, given: usize| Waiting { class, given, available: available[class] };
    let mut queue: BinaryHeap<Reverse<Waiting>> =
        (0..available.len()).filter(|&class| available[class] > 1).map(|class| Reverse(waiting(class, 1))).collect();
    for _ in given.iter().sum::<usize>()..count {
        let Some(Reverse(next)) = queue.pop() else { break };
        given[next.class] += 1;
        if given[next.class] < next.available {
            queue.push(Reverse(waiting(next.class, given[next.class])));
        }
    }
    given
}

/// Numbers of images, one a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PerClass {
    /// The same of every class.
    Equal(usize),
    /// One number a class, in label order; not all are equal.
    Each(Arc<[usize]>),
}

impl PerClass {
    /// These numbers, in label order.
    pub fn new(counts: Vec<usize>) -> Self {
        match counts.split_first() {
            Some((first, rest)) if rest.iter().any(|count| count != first) => Self::Each(counts.into()),
            Some((first, _)) => Self::Equal(*first),
            None => Self::Equal(0),
        }
    }

    /// Images of a class, by its label.
    pub fn of(&self, label: usize) -> usize {
        match self {
            Self::Equal(count) => *count,
            Self::Each(counts) => counts.get(label).copied().unwrap_or(0),
        }
    }

    /// Images of `num_classes` classes.
    pub fn total(&self, num_classes: usize) -> usize {
        (0..num_classes).map(|label| self.of(label)).sum()
    }

    /// The fewest and the most images that a class has.
    pub fn range(&self) -> (usize, usize) {
        match self {
            Self::Equal(count) => (*count, *count),
            Self::Each(counts) => {
                (counts.iter().min().copied().unwrap_or(0), counts.iter().max().copied().unwrap_or(0))
            }
        }
    }

    /// What becomes of each number.
    pub fn map(&self, change: impl Fn(usize) -> usize) -> Self {
        match self {
            Self::Equal(count) => Self::Equal(change(*count)),
            Self::Each(counts) => Self::new(counts.iter().map(|&count| change(count)).collect()),
        }
    }

    /// In words: `20 images a class`, `300 images, 12 to 45 a class`.
    pub fn words(&self, num_classes: usize) -> String {
        match (self, self.range()) {
            (Self::Equal(1), _) => "1 image a class".to_owned(),
            (Self::Equal(count), _) => format!("{count} images a class"),
            (Self::Each(_), (fewest, most)) => {
                format!("{} images, {fewest} to {most} a class", self.total(num_classes))
            }
        }
    }

    /// Adds the numbers to a meaning. Equal numbers mean the same however the scenario asks for them.
    pub(crate) fn meaning(&self, meaning: Meaning, key: &str) -> Meaning {
        match self {
            Self::Equal(count) => meaning.count(key, *count as u64),
            Self::Each(counts) => {
                let meaning = meaning.text("numbers", key).count("classes", counts.len() as u64);
                counts.iter().fold(meaning, |meaning, &count| meaning.count(key, count as u64))
            }
        }
    }
}

impl Serialize for PerClass {
    /// A number, or a list of them.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Equal(count) => count.serialize(serializer),
            Self::Each(counts) => counts.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equal_numbers_are_told_as_one() {
        assert_eq!(TrainImages::InAll(12).of_classes(&[40, 40, 40]), PerClass::Equal(4));
        assert_eq!(TrainImages::All.of_classes(&[7, 7]), PerClass::Equal(7));
        assert_eq!(TrainImages::PerClass(3).of_classes(&[9, 5]), PerClass::Equal(3));
    }

    #[test]
    fn images_are_spread_as_the_data_are() {
        let of = |count| TrainImages::InAll(count).of_classes(&[100, 50, 10, 1]);
        assert_eq!(of(161), PerClass::new(vec![100, 50, 10, 1]));
        assert_eq!(of(16), PerClass::new(vec![9, 5, 1, 1]));
        assert_eq!(of(4), PerClass::Equal(1));
        assert_eq!(of(16).words(4), "16 images, 1 to 9 a class");
        assert_eq!(of(4).words(4), "1 image a class");
    }

    proptest! {
        #[test]
        fn a_smaller_draw_is_part_of_a_larger_one(
            available in prop::collection::vec(1usize..60, 2..9), first in 0usize..500, second in 0usize..500,
        ) {
            let all: usize = available.iter().sum();
            let (few, many) = (first.min(second).clamp(available.len(), all), first.max(second).clamp(available.len(), all));
            let [few, many] = [few, many].map(|count| (count, TrainImages::InAll(count).of_classes(&available)));
            for (label, &there) in available.iter().enumerate() {
                prop_assert!(few.1.of(label) >= 1 && few.1.of(label) <= many.1.of(label) && many.1.of(label) <= there);
            }
            prop_assert_eq!(few.1.total(available.len()), few.0);
            prop_assert_eq!(many.1.total(available.len()), many.0);
        }

        #[test]
        fn no_class_is_far_from_its_share(available in prop::collection::vec(20usize..60, 2..9), share in 0.2f64..1.0) {
            let all: usize = available.iter().sum();
            let count = (all as f64 * share) as usize;
            let given = TrainImages::InAll(count).of_classes(&available);
            for (label, &there) in available.iter().enumerate() {
                let exact = there as f64 * count as f64 / all as f64;
                prop_assert!((given.of(label) as f64 - exact).abs() < 1.5, "{} of {exact}", given.of(label));
            }
        }
    }
}
