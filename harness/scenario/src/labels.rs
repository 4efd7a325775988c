//! Labels: what is known of every image of a set.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Whether an image has one class, or any number of a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabelKind {
    /// Every image has exactly one class: a guess is right or wrong.
    #[default]
    OneClass,
    /// An image shows several things, or none (multi-label): every class is a question of its own.
    SeveralClasses,
}

impl LabelKind {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::OneClass => "one class an image",
            Self::SeveralClasses => "several classes an image",
        }
    }
}

/// Labels of a set of examples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Labels {
    /// The class of each example.
    OneClass(Vec<u32>),
    /// The classes of each example.
    SeveralClasses(ClassSets),
}

/// For each example, which classes it has.
///
/// # Shape
/// `(N, C)`, one row an example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassSets {
    num_classes: usize,
    has: Vec<bool>,
}

/// Rows that do not have one value a class.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{values} values cannot be split into rows of {num_classes} classes: pass one value a class for every example")]
pub struct ClassSetsError {
    /// Values given.
    pub values: usize,
    /// Classes declared.
    pub num_classes: usize,
}

impl ClassSets {
    /// Sets from their rows.
    ///
    /// # Shape
    /// `has`: `(N, num_classes)`, row by row.
    /// # Errors
    /// [`ClassSetsError`] where a row is cut off, or there is no class.
    pub fn new(num_classes: usize, has: Vec<bool>) -> Result<Self, ClassSetsError> {
        if num_classes == 0 || !has.len().is_multiple_of(num_classes) {
            return Err(ClassSetsError { values: has.len(), num_classes });
        }
        Ok(Self { num_classes, has })
    }

    /// Number of classes.
    pub fn num_classes(&self) -> usize {
        self.num_classes
    }

    /// Which classes an example has, one value a class.
    pub fn row(&self, example: usize) -> &[bool] {
        &self.has[example * self.num_classes..(example + 1) * self.num_classes]
    }

    /// The values of all examples, row by row.
    pub fn values(&self) -> &[bool] {
        &self.has
    }
}

impl Labels {
    /// Which kind they are of.
    pub fn kind(&self) -> LabelKind {
        match self {
            Self::OneClass(_) => LabelKind::OneClass,
            Self::SeveralClasses(_) => LabelKind::SeveralClasses,
        }
    }

    /// Number of examples.
    pub fn len(&self) -> usize {
        match self {
            Self::OneClass(classes) => classes.len(),
            Self::SeveralClasses(sets) => sets.has.len() / sets.num_classes,
        }
    }

    /// Whether there is no example.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The class of each example, where each has one.
    pub fn one_class(&self) -> Option<&[u32]> {
        match self {
            Self::OneClass(classes) => Some(classes),
            Self::SeveralClasses(_) => None,
        }
    }

    /// Whether an example has a class.
    pub fn has(&self, example: usize, class: usize) -> bool {
        match self {
            Self::OneClass(classes) => classes[example] as usize == class,
            Self::SeveralClasses(sets) => class < sets.num_classes && sets.row(example)[class],
        }
    }

    /// The classes of an example, ascending.
    pub fn classes_of(&self, example: usize) -> Vec<usize> {
        match self {
            Self::OneClass(classes) => vec![classes[example] as usize],
            Self::SeveralClasses(sets) => {
                sets.row(example).iter().enumerate().filter(|(_, has)| **has).map(|(class, _)| class).collect()
            }
        }
    }

    /// Number of classes: those that the sets were made for, or the largest class and all below it.
    pub fn num_classes(&self) -> usize {
        match self {
            Self::OneClass(classes) => classes.iter().max().map_or(0, |&most| most as usize + 1),
            Self::SeveralClasses(sets) => sets.num_classes,
        }
    }

    /// The share of the examples that has each class.
    ///
    /// # Shape
    /// One fraction a class of [`Self::num_classes`].
    pub fn shares(&self) -> Vec<f64> {
        let mut counts = vec![0u64; self.num_classes()];
        for example in 0..self.len() {
            match self {
                Self::OneClass(classes) => counts[classes[example] as usize] += 1,
                Self::SeveralClasses(sets) => {
                    counts.iter_mut().zip(sets.row(example)).for_each(|(count, &has)| *count += u64::from(has));
                }
            }
        }
        counts.into_iter().map(|count| count as f64 / self.len().max(1) as f64).collect()
    }

    /// The examples of every class that has one, by class.
    pub fn members(&self) -> BTreeMap<usize, Vec<usize>> {
        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for example in 0..self.len() {
            for class in self.classes_of(example) {
                members.entry(class).or_default().push(example);
            }
        }
        members
    }

    /// The labels of some of the examples, in the order given.
    pub fn select(&self, examples: &[usize]) -> Self {
        match self {
            Self::OneClass(classes) => Self::OneClass(examples.iter().map(|&example| classes[example]).collect()),
            Self::SeveralClasses(sets) => Self::SeveralClasses(ClassSets {
                num_classes: sets.num_classes,
                has: examples.iter().flat_map(|&example| sets.row(example)).copied().collect(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sets() -> Labels {
        Labels::SeveralClasses(ClassSets::new(3, vec![true, true, false, false, false, false]).unwrap())
    }

    #[test]
    fn both_kinds_answer_the_same_questions() {
        let one = Labels::OneClass(vec![2, 0]);
        assert_eq!((one.len(), one.num_classes(), one.shares()), (2, 3, vec![0.5, 0.0, 0.5]));
        assert_eq!((one.classes_of(0), one.has(1, 0), one.has(1, 2)), (vec![2], true, false));
        assert_eq!((sets().len(), sets().num_classes(), sets().shares()), (2, 3, vec![0.5, 0.5, 0.0]));
        assert_eq!((sets().classes_of(0), sets().classes_of(1), sets().has(0, 2)), (vec![0, 1], Vec::new(), false));
        assert_eq!((one.one_class(), sets().one_class()), (Some(&[2, 0][..]), None));
        assert_eq!((one.select(&[1]), sets().select(&[1, 0]).classes_of(1)), (Labels::OneClass(vec![0]), vec![0, 1]));
    }

    #[test]
    fn rows_that_are_cut_off_are_refused() {
        assert!(ClassSets::new(3, vec![true; 4]).is_err());
        assert!(ClassSets::new(0, Vec::new()).is_err());
    }
}
