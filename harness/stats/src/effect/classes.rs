//! Gaps class by class, since a mean can hide classes that are harmed.

use crate::crossed::{CrossedEstimate, crossed};
use crate::differences::{Differences, DifferencesError};
use std::collections::BTreeMap;

/// The gap on the test examples of one class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassGap {
    /// The class.
    pub class: usize,
    /// Crossed random effects on the examples of this class alone.
    pub gap: CrossedEstimate,
}

/// Gap of every class, in ascending order of class.
///
/// # Shape
/// `classes`: one class index an example.
/// # Errors
/// [`DifferencesError::Shape`] if `classes` has another length.
pub fn class_gaps(differences: &Differences, classes: &[usize]) -> Result<Vec<ClassGap>, DifferencesError> {
    if classes.len() != differences.num_examples() {
        let num_examples = differences.num_examples();
        return Err(DifferencesError::Shape { num_replicates: 1, num_examples, got: classes.len() });
    }
    let mut members = BTreeMap::<usize, Vec<usize>>::new();
    for (example, class) in classes.iter().enumerate() {
        members.entry(*class).or_default().push(example);
    }
    members
        .into_iter()
        .map(|(class, examples)| Ok(ClassGap { class, gap: crossed(&differences.select_examples(&examples)?) }))
        .collect()
}
