//! The matrix of paired differences: treatment minus reference, replicate by test example.

use std::sync::Arc;

use thiserror::Error;

use crate::clusters::Clusters;

/// Why a matrix of differences was refused.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum DifferencesError {
    /// No replicates or no examples.
    #[error("{num_replicates} replicates × {num_examples} examples are an empty matrix; pass at least one of each")]
    Empty {
        /// Rows given.
        num_replicates: usize,
        /// Columns given.
        num_examples: usize,
    },
    /// The values do not fill the matrix.
    #[error(
        "{got} values do not fill {num_replicates} replicates × {num_examples} examples; pass them row by row, one row a \
         replicate"
    )]
    Shape {
        /// Rows declared.
        num_replicates: usize,
        /// Columns declared.
        num_examples: usize,
        /// Values given.
        got: usize,
    },
    /// The two arms have different shapes.
    #[error(
        "replicate {replicate}: the treatment has {treatment} examples and the reference {reference}; join the arms on \
         example_id first"
    )]
    Unpaired {
        /// The row.
        replicate: usize,
        /// Examples of the treatment.
        treatment: usize,
        /// Examples of the reference.
        reference: usize,
    },
    /// An example that does not exist.
    #[error("there is no example {example} among {num_examples}; count examples from 0")]
    Example {
        /// The index asked for.
        example: usize,
        /// Columns there are.
        num_examples: usize,
    },
    /// A difference of correctness other than −1, 0 or 1, or a value that is not a finite number.
    #[error(
        "replicate {replicate}, example {example}: {value} is not a difference of scores; correct it, or drop the \
         example in all replicates"
    )]
    Value {
        /// The row.
        replicate: usize,
        /// The column.
        example: usize,
        /// The value found.
        value: f64,
    },
}

/// Paired differences d[r, i], treatment minus reference, of replicate r on test example i.
///
/// # Shape
/// `num_replicates × num_examples`, row by row: one row a replicate, one column a test example, the same examples in
/// each row.
/// # Units
/// Fractions: −1, 0 or 1 for correctness.
#[derive(Debug, Clone, PartialEq)]
pub struct Differences {
    num_replicates: usize,
    num_examples: usize,
    values: Values,
    /// Groups of examples that are drawn together; `None` where each is drawn for itself.
    clusters: Option<Arc<Clusters>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Values {
    /// Differences of correctness: −1, 0, 1. With a byte for each example, a thousand cells fit in memory, and sums are
    /// exact.
    Correctness(Vec<i8>),
    /// Any other score that is a mean over examples.
    Scores(Vec<f64>),
}

/// Everything that the tests need to know of a matrix, computed in one pass.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    /// Mean of each replicate.
    pub replicate_means: Vec<f64>,
    /// Mean of all differences.
    pub mean: f64,
    /// Sum of squares between replicates, `N Σ_r (d̄[r] − d̄)²`.
    pub replicate_squares: f64,
    /// Sum of squares between examples, `n Σ_i (d̄[i] − d̄)²`.
    pub example_squares: f64,
    /// Sum of squares of all differences about their mean.
    pub total_squares: f64,
}

impl Differences {
    /// Differences of correctness: lost −1, unchanged 0, won 1.
    ///
    /// # Shape
    /// `values`: `num_replicates × num_examples`, row by row.
    /// # Errors
    /// [`DifferencesError`] where the matrix is empty, not filled, or holds another value.
    pub fn from_correctness(
        num_replicates: usize,
        num_examples: usize,
        values: Vec<i8>,
    ) -> Result<Self, DifferencesError> {
        check_shape(num_replicates, num_examples, values.len())?;
        if let Some(at) = values.iter().position(|value| !(-1..=1).contains(value)) {
            return Err(value_error(at, num_examples, f64::from(values[at])));
        }
        Ok(Self { num_replicates, num_examples, values: Values::Correctness(values), clusters: None })
    }

    /// Differences of correctness from each arm's hits, one slice a replicate in the same order.
    ///
    /// # Errors
    /// [`DifferencesError::Unpaired`] where the arms do not match; else as [`Self::from_correctness`].
    pub fn from_hits<R: AsRef<[bool]>>(treatment: &[R], reference: &[R]) -> Result<Self, DifferencesError> {
        let num_examples = reference.first().map_or(0, |row| row.as_ref().len());
        if treatment.len() != reference.len() {
            return Err(DifferencesError::Unpaired {
                replicate: treatment.len().min(reference.len()),
                treatment: treatment.get(reference.len()).map_or(0, |row| row.as_ref().len()),
                reference: reference.get(treatment.len()).map_or(0, |row| row.as_ref().len()),
            });
        }
        let mut values = Vec::with_capacity(treatment.len() * num_examples);
        for (replicate, (ours, theirs)) in treatment.iter().zip(reference).enumerate() {
            let (ours, theirs) = (ours.as_ref(), theirs.as_ref());
            if ours.len() != num_examples || theirs.len() != num_examples {
                return Err(DifferencesError::Unpaired { replicate, treatment: ours.len(), reference: theirs.len() });
            }
            values.extend(ours.iter().zip(theirs).map(|(hit, base)| i8::from(*hit) - i8::from(*base)));
        }
        Self::from_correctness(reference.len(), num_examples, values)
    }

    /// Differences of any score that is a mean over examples.
    ///
    /// # Shape
    /// `values`: `num_replicates × num_examples`, row by row.
    /// # Units
    /// Fractions, so that 0.01 is one point.
    /// # Errors
    /// [`DifferencesError`] where the matrix is empty, not filled, or holds a value that is not finite.
    pub fn from_scores(num_replicates: usize, num_examples: usize, values: Vec<f64>) -> Result<Self, DifferencesError> {
        check_shape(num_replicates, num_examples, values.len())?;
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            return Err(value_error(at, num_examples, values[at]));
        }
        Ok(Self { num_replicates, num_examples, values: Values::Scores(values), clusters: None })
    }

    /// The same differences, on examples that were drawn in clusters. Clusters of one example each change nothing.
    ///
    /// # Errors
    /// [`DifferencesError::Shape`] if there is not one cluster an example.
    pub fn in_clusters(self, clusters: &Arc<Clusters>) -> Result<Self, DifferencesError> {
        if clusters.num_examples() != self.num_examples {
            let (num_examples, got) = (self.num_examples, clusters.num_examples());
            return Err(DifferencesError::Shape { num_replicates: 1, num_examples, got });
        }
        Ok(Self { clusters: (!clusters.is_trivial()).then(|| clusters.clone()), ..self })
    }

    /// Differences of per-run scores, where no per-example values exist: one column, so the fixed test set is the only
    /// scope.
    ///
    /// # Units
    /// Fractions, one a replicate.
    /// # Errors
    /// As [`Self::from_scores`].
    pub fn from_runs(per_replicate: &[f64]) -> Result<Self, DifferencesError> {
        Self::from_scores(per_replicate.len(), 1, per_replicate.to_vec())
    }

    /// Differences of per-run scores as two equal columns. Crossed random effects on them are the paired *t*, which is
    /// what [`crate::verdict::decide_runs`] takes.
    ///
    /// # Units
    /// Fractions, one a replicate.
    /// # Errors
    /// As [`Self::from_scores`].
    pub fn paired_runs(per_replicate: &[f64]) -> Result<Self, DifferencesError> {
        Self::from_scores(per_replicate.len(), 2, per_replicate.iter().flat_map(|gap| [*gap, *gap]).collect())
    }

    /// The same of folds or resampled splits of one data set, whose gaps are not independent because their training sets overlap:
    /// deviations from the mean are stretched, so that SE² = s²·(1/n + ρ) for `test_per_train` ρ, the number of test examples of a
    /// split over its training examples (1/(k − 1) for k folds).
    ///
    /// # Units
    /// Fractions, one a split.
    /// # Errors
    /// As [`Self::from_scores`].
    /// # Source
    /// Nadeau & Bengio 2003, the corrected resampled *t*; for repeated cross-validation Bouckaert & Frank 2004.
    pub fn resampled_runs(per_split: &[f64], test_per_train: f64) -> Result<Self, DifferencesError> {
        let count = per_split.len() as f64;
        let mean = per_split.iter().sum::<f64>() / count.max(1.0);
        let stretch = (1.0 + count * test_per_train).sqrt();
        let stretched: Vec<f64> = per_split.iter().map(|gap| mean + (gap - mean) * stretch).collect();
        Self::paired_runs(&stretched)
    }

    /// The same differences, with examples weighted so that the mean over examples is the mean over classes.
    ///
    /// # Shape
    /// `classes`: one class index an example.
    /// # Errors
    /// [`DifferencesError::Shape`] if `classes` has another length.
    /// # Source
    /// Mean per-class accuracy, Oxford Flowers' convention; class sizes of the test set are taken as fixed.
    pub fn class_balanced(&self, classes: &[usize]) -> Result<Self, DifferencesError> {
        let mut sizes = std::collections::BTreeMap::<usize, usize>::new();
        for class in classes {
            *sizes.entry(*class).or_default() += 1;
        }
        if classes.len() != self.num_examples {
            return Err(DifferencesError::Shape {
                num_replicates: 1,
                num_examples: self.num_examples,
                got: classes.len(),
            });
        }
        let scale = self.num_examples as f64 / sizes.len() as f64;
        let weights: Vec<f64> =
            classes.iter().map(|class| scale / sizes.get(class).map_or(1.0, |size| *size as f64)).collect();
        let weighted = (0..self.num_replicates).flat_map(|replicate| {
            weights.iter().enumerate().map(move |(example, weight)| weight * self.value(replicate, example))
        });
        let balanced = Self::from_scores(self.num_replicates, self.num_examples, weighted.collect())?;
        Ok(Self { clusters: self.clusters.clone(), ..balanced })
    }

    /// Rows.
    pub fn num_replicates(&self) -> usize {
        self.num_replicates
    }

    /// Columns.
    pub fn num_examples(&self) -> usize {
        self.num_examples
    }

    /// The clusters that the examples were drawn in; `None` where each was drawn for itself.
    pub fn clusters(&self) -> Option<&Clusters> {
        self.clusters.as_deref()
    }

    /// d\[replicate, example\]; the indices must exist.
    pub fn value(&self, replicate: usize, example: usize) -> f64 {
        let at = replicate * self.num_examples + example;
        match &self.values {
            Values::Correctness(values) => f64::from(values[at]),
            Values::Scores(values) => values[at],
        }
    }

    /// The bytes of one replicate, if these are differences of correctness.
    pub fn correctness_row(&self, replicate: usize) -> Option<&[i8]> {
        let start = replicate * self.num_examples;
        match &self.values {
            Values::Correctness(values) => values.get(start..start + self.num_examples),
            Values::Scores(_) => None,
        }
    }

    /// The scores of one replicate, if these are not differences of correctness.
    pub fn score_row(&self, replicate: usize) -> Option<&[f64]> {
        let start = replicate * self.num_examples;
        match &self.values {
            Values::Correctness(_) => None,
            Values::Scores(values) => values.get(start..start + self.num_examples),
        }
    }

    /// The matrix without the given replicates; `None` when nothing is left.
    pub fn without_replicates(&self, dropped: &[usize]) -> Option<Self> {
        let kept: Vec<usize> = (0..self.num_replicates).filter(|replicate| !dropped.contains(replicate)).collect();
        let span = |replicate: &usize| replicate * self.num_examples..(replicate + 1) * self.num_examples;
        let values = match &self.values {
            Values::Correctness(values) => {
                Values::Correctness(kept.iter().flat_map(|replicate| values[span(replicate)].iter().copied()).collect())
            }
            Values::Scores(values) => {
                Values::Scores(kept.iter().flat_map(|replicate| values[span(replicate)].iter().copied()).collect())
            }
        };
        if kept.is_empty() {
            None
        } else {
            let (num_examples, clusters) = (self.num_examples, self.clusters.clone());
            Some(Self { num_replicates: kept.len(), num_examples, values, clusters })
        }
    }

    /// The columns given, in that order.
    ///
    /// # Errors
    /// [`DifferencesError::Empty`] without columns; [`DifferencesError::Example`] for a column that does not exist.
    pub fn select_examples(&self, examples: &[usize]) -> Result<Self, DifferencesError> {
        if let Some(example) = examples.iter().copied().find(|example| *example >= self.num_examples) {
            return Err(DifferencesError::Example { example, num_examples: self.num_examples });
        }
        if examples.is_empty() {
            return Err(DifferencesError::Empty { num_replicates: self.num_replicates, num_examples: 0 });
        }
        let rows = 0..self.num_replicates;
        let cells = rows.flat_map(|row| examples.iter().map(move |example| row * self.num_examples + example));
        let values = match &self.values {
            Values::Correctness(values) => Values::Correctness(cells.map(|at| values[at]).collect()),
            Values::Scores(values) => Values::Scores(cells.map(|at| values[at]).collect()),
        };
        let clusters = self.clusters.as_ref().map(|clusters| Arc::new(clusters.of(examples)));
        let clusters = clusters.filter(|clusters| !clusters.is_trivial());
        Ok(Self { num_replicates: self.num_replicates, num_examples: examples.len(), values, clusters })
    }

    /// Reference minus treatment.
    pub fn negated(&self) -> Self {
        let values = match &self.values {
            Values::Correctness(values) => Values::Correctness(values.iter().map(|value| -value).collect()),
            Values::Scores(values) => Values::Scores(values.iter().map(|value| -value).collect()),
        };
        Self { values, clusters: self.clusters.clone(), ..*self }
    }

    /// Mean difference of each replicate.
    pub fn replicate_means(&self) -> Vec<f64> {
        let size = self.num_examples as f64;
        match &self.values {
            Values::Correctness(values) => values
                .chunks_exact(self.num_examples)
                .map(|row| row.iter().map(|value| i64::from(*value)).sum::<i64>() as f64 / size)
                .collect(),
            Values::Scores(values) => {
                values.chunks_exact(self.num_examples).map(|row| row.iter().sum::<f64>() / size).collect()
            }
        }
    }

    /// Means and sums of squares. Exact for correctness: whole numbers until the last division.
    pub fn moments(&self) -> Moments {
        match &self.values {
            Values::Correctness(values) => self.correctness_moments(values),
            Values::Scores(values) => self.score_moments(values),
        }
    }

    fn correctness_moments(&self, values: &[i8]) -> Moments {
        let (n, size) = (self.num_replicates as i128, self.num_examples as i128);
        let mut example_sums = vec![0_i32; self.num_examples];
        let mut replicate_sums = Vec::with_capacity(self.num_replicates);
        let mut squares = 0_i128;
        // sums[i] = Σ_r d[r, i]
        for row in values.chunks_exact(self.num_examples) {
            let (mut row_sum, mut row_squares) = (0_i64, 0_i64);
            for (sum, value) in example_sums.iter_mut().zip(row) {
                *sum += i32::from(*value);
                row_sum += i64::from(*value);
                row_squares += i64::from(value.unsigned_abs());
            }
            replicate_sums.push(row_sum);
            squares += i128::from(row_squares);
        }
        let total: i128 = replicate_sums.iter().map(|sum| i128::from(*sum)).sum();
        let replicate_square_sum: i128 = replicate_sums.iter().map(|sum| i128::from(*sum) * i128::from(*sum)).sum();
        let example_square_sum: i128 = example_sums.iter().map(|sum| i128::from(*sum) * i128::from(*sum)).sum();
        // Each sum of squares is (cells · Σ − total²) / cells, with the numerator exact.
        let cells = (n * size) as f64;
        Moments {
            replicate_means: replicate_sums.iter().map(|sum| *sum as f64 / size as f64).collect(),
            mean: total as f64 / cells,
            replicate_squares: (n * replicate_square_sum - total * total) as f64 / cells,
            example_squares: (size * example_square_sum - total * total) as f64 / cells,
            total_squares: (n * size * squares - total * total) as f64 / cells,
        }
    }

    fn score_moments(&self, values: &[f64]) -> Moments {
        let (n, size) = (self.num_replicates as f64, self.num_examples as f64);
        // Equal values must have no variance at all, whatever the rounding of their mean.
        let mean = if values.iter().all(|value| *value == values[0]) {
            values[0]
        } else {
            values.iter().sum::<f64>() / (n * size)
        };
        let mut example_sums = vec![0.0; self.num_examples];
        let mut replicate_sums = Vec::with_capacity(self.num_replicates);
        let mut total_squares = 0.0;
        // Sums of deviations from the mean, so that a constant added to all values costs no digits.
        for row in values.chunks_exact(self.num_examples) {
            let (mut row_sum, mut row_squares) = (0.0, 0.0);
            for (sum, value) in example_sums.iter_mut().zip(row) {
                let deviation = value - mean;
                *sum += deviation;
                row_sum += deviation;
                row_squares += deviation * deviation;
            }
            replicate_sums.push(row_sum);
            total_squares += row_squares;
        }
        Moments {
            replicate_means: replicate_sums.iter().map(|sum| mean + sum / size).collect(),
            mean,
            replicate_squares: replicate_sums.iter().map(|sum| sum * sum).sum::<f64>() / size,
            example_squares: example_sums.iter().map(|sum| sum * sum).sum::<f64>() / n,
            total_squares,
        }
    }
}

fn check_shape(num_replicates: usize, num_examples: usize, got: usize) -> Result<(), DifferencesError> {
    if num_replicates == 0 || num_examples == 0 {
        return Err(DifferencesError::Empty { num_replicates, num_examples });
    }
    if num_replicates.checked_mul(num_examples) != Some(got) {
        return Err(DifferencesError::Shape { num_replicates, num_examples, got });
    }
    Ok(())
}

fn value_error(at: usize, num_examples: usize, value: f64) -> DifferencesError {
    DifferencesError::Value { replicate: at / num_examples, example: at % num_examples, value }
}
