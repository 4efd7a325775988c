//! Gaps class by class, since a mean can hide classes that are harmed.

use crate::crossed::{CrossedEstimate, crossed};
use crate::differences::{Differences, DifferencesError};

/// The gap on the test examples of one class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassGap {
    /// The class.
    pub class: usize,
    /// Crossed random effects on the examples of this class alone.
    pub gap: CrossedEstimate,
}

/// Gap of every class, in the order given.
///
/// # Shape
/// `members`: each class with the indices of its examples; an example may be a member of several.
/// # Errors
/// [`DifferencesError::Example`] where there is no such example; [`DifferencesError::Empty`] for a class without any.
pub fn class_gaps(
    differences: &Differences,
    members: impl IntoIterator<Item = (usize, Vec<usize>)>,
) -> Result<Vec<ClassGap>, DifferencesError> {
    members
        .into_iter()
        .map(|(class, examples)| Ok(ClassGap { class, gap: crossed(&differences.select_examples(&examples)?) }))
        .collect()
}
