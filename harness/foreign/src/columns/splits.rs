//! Replicates that are splits of one data set: folds, and other resampled splits.

use super::Columns;
use super::finder::Finder;
use crate::fault::Fault;
use crate::words::words_of;

/// Columns that number the repetitions of a cross-validation.
const REPEAT: [&str; 5] = ["repeat", "repetition", "rep", "cv_repeat", "repeat_id"];

/// Words in the names of columns of folds, and of other splits of one data set.
const FOLD: [&str; 5] = ["fold", "folds", "kfold", "kfolds", "cv"];

const RESAMPLED: [&str; 7] = ["resample", "resamples", "resampling", "bootstrap", "bootstraps", "holdout", "shuffle"];

/// Replicates that are splits of one data set, whose training examples overlap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Splits {
    /// Test examples over training examples; `None` for k folds, whose number tells.
    pub(crate) test_per_train: Option<f64>,
    /// Whether the units are the splits, in each of which several runs were trained.
    pub(crate) by_unit: bool,
}

/// What is known of replicates that are splits of one data set; `None` where they are independent draws.
pub(super) fn splits(
    finder: &mut Finder<'_>,
    columns: &Columns,
    replicate: usize,
    unit: Option<usize>,
) -> Option<Splits> {
    let by_unit = unit.is_some_and(|unit| finder.is_of_folds(unit) || finder.is_resampled(unit));
    let column = if by_unit { unit? } else { replicate };
    let test_per_train = match columns.test_per_train {
        Some(ratio) => return (ratio > 0.0).then_some(Splits { test_per_train: Some(ratio), by_unit }),
        None if finder.is_of_folds(column) => None,
        None if finder.is_resampled(column) => {
            let column = finder.table.header()[column].clone();
            finder.fault(Fault::NoRatio { column });
            None
        }
        None => return None,
    };
    // Several runs of a fold are repetitions of the whole cross-validation, or trainings on one split: the test differs.
    if !by_unit && unit.is_none() && finder.repeat().is_none() {
        finder.no_seeds_within(column);
    }
    Some(Splits { test_per_train, by_unit })
}

impl Finder<'_> {
    /// Whether a column names folds, by a word of its name: `fold`, `outer_fold`, `Fold ID`, `cv_split`.
    fn is_of_folds(&self, column: usize) -> bool {
        self.has_word(column, &FOLD)
    }

    /// Whether a column names other splits of one data set.
    fn is_resampled(&self, column: usize) -> bool {
        self.has_word(column, &RESAMPLED)
    }

    /// Whether a column's name has one of these words, and none that makes it a number or a measure of them: `n_folds`, `cv_acc`.
    fn has_word(&self, column: usize, known: &[&str]) -> bool {
        const OF_THEM: [&str; 16] = [
            "n", "num", "number", "count", "total", "k", "acc", "accuracy", "score", "loss", "error", "mean", "std",
            "f1", "auc", "top",
        ];
        let words = words_of(&self.table.header()[column]);
        let has = |known: &[&str]| {
            words.iter().any(|word| known.contains(&word.trim_end_matches(|letter: char| letter.is_ascii_digit())))
        };
        has(known) && !has(&OF_THEM)
    }

    /// The column of folds, where there are several.
    pub(super) fn folds(&self) -> Option<usize> {
        let is_of_several = |column: &usize| self.is_of_folds(*column) && self.table.at(*column).texts().len() > 1;
        (0..self.table.header().len()).find(is_of_several)
    }

    /// The column that tells repetitions of the folds apart.
    pub(super) fn repeat(&self) -> Option<usize> {
        self.present(&REPEAT).into_iter().find(|column| self.table.at(*column).texts().len() > 1)
    }

    /// Reports several seeds within folds, of which nobody knows whether each splits anew.
    fn no_seeds_within(&mut self, folds: usize) {
        let Some(seed) =
            self.present(&["seed", "trial_seed", "trial", "replicate", "run"]).into_iter().find(|at| *at != folds)
        else {
            return;
        };
        if !self.table.has_one_each(folds, seed) {
            let [folds, seed] = [folds, seed].map(|at| self.table.header()[at].clone());
            self.fault(Fault::SeedsOfFolds { folds, seed });
        }
    }
}
