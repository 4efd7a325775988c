//! Crossed random effects: replicates and test examples are both drawn, and each example meets each replicate.

use crate::clusters::Clusters;
use crate::differences::{Differences, Moments};
use crate::estimate::{NoSpread, Spread, StudentEstimate};
use crate::tail::Tail;

/// The least effective number of clusters that an interval is made from: below it, less than one degree of freedom is left.
const FEWEST_CLUSTERS: f64 = 2.0;

/// Variance components of `d[r, i] = gap + replicate[r] + example[i] + residual[r, i]`.
///
/// # Units
/// Squared units of the differences (squared fractions). Unbiased, but set to zero where the estimate is below zero. Where
/// examples were drawn in clusters, those of examples and of the residual are an example's share of what clusters differ by: with
/// them a design of so many examples in clusters of the same sizes has the spread that it would have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VarianceComponents {
    /// Between replicates. More replicates average it out.
    pub replicate: f64,
    /// Between examples. Only more test examples average it out.
    pub example: f64,
    /// The residual. More replicates and more test examples both average it out.
    pub residual: f64,
}

/// The mean difference for the population scope, with what it was estimated from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CrossedEstimate {
    /// Mean, standard error and degrees of freedom.
    pub estimate: StudentEstimate,
    /// The variance components; `None` below two replicates or two examples.
    pub components: Option<VarianceComponents>,
    /// Replicates n.
    pub num_replicates: usize,
    /// Test examples N.
    pub num_examples: usize,
}

/// Mean difference over replicates and test examples that are both samples of a population.
///
/// # Shape
/// `differences`: `n × N`.
/// # Units
/// Fractions, as the differences.
/// # Source
/// The study protocol's population scope: SE² = s²(replicate means)/n + s²(example means)/N − MS_residual/(nN), floored
/// at the larger of the first two terms; degrees of freedom after Satterthwaite 1946,
///
/// ```text
/// df = (MS_r + MS_e − MS_res)² / (MS_r²/(n−1) + MS_e²/(N−1) + MS_res²/((n−1)(N−1)))
/// ```
///
/// Where the floor holds, the numerator is the floor squared. At least one degree of freedom is kept.
///
/// The tails are [`Tail::Mixed`], a departure. Satterthwaite's *t* is right at .05 but not in the far tails that Holm
/// looks at: a replicate variance that is small by chance also gives many degrees of freedom. Holm's family-wise error
/// on Gaussian effects, nominal .05, at the worst share of replicates in SE²:
///
/// | | n = 3 | 5 | 6 | 8 | 10 |
/// |---|---|---|---|---|---|
/// | Satterthwaite, 1 contrast | .07 | .06 | .06 | .05 | .05 |
/// | Satterthwaite, 8 contrasts | .19 | .10 | .08 | .07 | .06 |
/// | Satterthwaite, 56 contrasts | .68 | .21 | .16 | .11 | .08 |
/// | mixed, 1 to 56 contrasts | ≤ .05 | ≤ .05 | ≤ .05 | ≤ .05 | ≤ .05 |
///
/// Mixed tails err on the safe side (at worst .01 where .05 is nominal, at n = 2 with little replicate variance).
/// [`CrossedEstimate::with_satterthwaite_tails`] gives the other.
///
/// # Clusters
/// Where examples were drawn in clusters, these take their place. With `w_c` the share of cluster c, `G` clusters and
/// `u[r, c] = G w_c (d̄[r, c] − d̄)`, the replicates' mean square comes from `u`, the clusters' and the residual from
/// `v[r, c] = u[r, c] (1 − 1/G) / (1 − w_c)`: the jackknife's correction of a mean of unequal clusters, which is none where
/// they are equal. Then the same formula and floors with `G` for `N`. The clusters' tail has `1/Σ w_c² − 1` degrees of freedom.
pub fn crossed(differences: &Differences) -> CrossedEstimate {
    let (num_replicates, num_examples) = (differences.num_replicates(), differences.num_examples());
    let moments = differences.moments();
    let (spread, components) = if num_replicates < 2 {
        (Err(NoSpread::OneReplicate), None)
    } else if num_examples < 2 {
        (Err(NoSpread::OneExample), None)
    } else if differences.clusters().is_some_and(|clusters| clusters.effective_number() < FEWEST_CLUSTERS) {
        (Err(NoSpread::OneCluster), None)
    } else {
        let squares = match differences.clusters() {
            None => MeanSquares::new(
                [moments.replicate_squares, moments.example_squares, moments.total_squares],
                num_replicates as f64,
                num_examples as f64,
            ),
            Some(clusters) => MeanSquares::of_clusters(differences, clusters, &moments),
        };
        (squares.spread().ok_or(NoSpread::NoVariance), Some(squares.components(num_examples)))
    };
    CrossedEstimate {
        estimate: StudentEstimate { mean: moments.mean, spread },
        components,
        num_replicates,
        num_examples,
    }
}

impl CrossedEstimate {
    /// The same estimate with Satterthwaite's *t* tails: for one unadjusted interval with five replicates or more.
    pub fn with_satterthwaite_tails(&self) -> StudentEstimate {
        let spread = self.estimate.spread.map(|one| Spread::student(one.standard_error, one.degrees_of_freedom));
        StudentEstimate { spread, ..self.estimate }
    }
}

impl VarianceComponents {
    /// The spread that a design of `num_replicates` × `num_examples` would have if these components were the truth.
    ///
    /// `None` below two of either, or where no component is above zero.
    pub fn spread_of_design(&self, num_replicates: usize, num_examples: usize) -> Option<Spread> {
        if num_replicates < 2 || num_examples < 2 {
            return None;
        }
        let (n, size) = (num_replicates as f64, num_examples as f64);
        let squares = MeanSquares {
            replicate: self.residual + size * self.replicate,
            example: self.residual + n * self.example,
            residual: self.residual,
            n,
            size,
            effective: size,
        };
        squares.spread()
    }
}

/// Mean squares of the two-way layout without repetition.
struct MeanSquares {
    replicate: f64,
    example: f64,
    residual: f64,
    n: f64,
    /// Examples, or clusters of them.
    size: f64,
    /// Examples or clusters of equal weight that would tell as much.
    effective: f64,
}

impl MeanSquares {
    fn new([between_replicates, between_examples, total]: [f64; 3], n: f64, size: f64) -> Self {
        let within = (total - between_replicates - between_examples).max(0.0);
        // Otherwise rounding of a residual that is zero would be taken for noise.
        let residual = if within < total * 1e-14 { 0.0 } else { within / ((n - 1.0) * (size - 1.0)) };
        Self {
            replicate: between_replicates / (n - 1.0),
            example: between_examples / (size - 1.0),
            residual,
            n,
            size,
            effective: size,
        }
    }

    fn of_clusters(differences: &Differences, clusters: &Clusters, moments: &Moments) -> Self {
        let (n, size) = (differences.num_replicates(), clusters.num_clusters());
        let shares = clusters.shares();
        let mut deviations = vec![0.0; n * size];
        for (replicate, row) in deviations.chunks_exact_mut(size).enumerate() {
            for (example, &cluster) in clusters.of_examples().iter().enumerate() {
                row[cluster] += differences.value(replicate, example) - moments.mean;
            }
            // Sums over a cluster's examples: N w_c (d̄[r, c] − d̄). Their G-th part of N is u.
            row.iter_mut().for_each(|sum| *sum *= size as f64 / clusters.num_examples() as f64);
        }
        let corrected: Vec<f64> = deviations
            .iter()
            .enumerate()
            .map(|(at, u)| u * (1.0 - 1.0 / size as f64) / (1.0 - shares[at % size]))
            .collect();
        let (plain, corrected) = (squares_of(&deviations, size), squares_of(&corrected, size));
        let squares = [corrected[0], corrected[1], corrected[2]];
        Self {
            replicate: plain[0] / (n as f64 - 1.0),
            effective: clusters.effective_number(),
            ..Self::new(squares, n as f64, size as f64)
        }
    }

    fn spread(&self) -> Option<Spread> {
        // nN SE² = MS_r + MS_e − MS_res, at least max(MS_r, MS_e)
        let scaled = (self.replicate + self.example - self.residual).max(self.replicate).max(self.example);
        if scaled <= 0.0 {
            return None;
        }
        let share = |mean_square: f64, df: f64| (mean_square / scaled) * (mean_square / scaled) / df;
        let inverse_df = share(self.replicate, self.n - 1.0)
            + share(self.example, self.effective - 1.0)
            + share(self.residual, (self.n - 1.0) * (self.effective - 1.0));
        Some(Spread {
            standard_error: (scaled / (self.n * self.size)).sqrt(),
            degrees_of_freedom: (1.0 / inverse_df).max(1.0),
            tail: Tail::Mixed {
                replicate_share: self.replicate / scaled,
                replicate_df: self.n - 1.0,
                example_df: self.effective - 1.0,
            },
        })
    }

    /// The components of a layout of so many examples.
    fn components(&self, num_examples: usize) -> VarianceComponents {
        let examples_per_unit = num_examples as f64 / self.size;
        VarianceComponents {
            replicate: ((self.replicate - self.residual) / self.size).max(0.0),
            example: examples_per_unit * ((self.example - self.residual) / self.n).max(0.0),
            residual: examples_per_unit * self.residual,
        }
    }
}

/// Sums of squares between rows, between columns and in all, of a matrix with this many columns.
fn squares_of(values: &[f64], num_columns: usize) -> [f64; 3] {
    let num_rows = values.len() / num_columns;
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let mut columns = vec![0.0; num_columns];
    let (mut between_rows, mut total) = (0.0, 0.0);
    for row in values.chunks_exact(num_columns) {
        let mut sum = 0.0;
        for (column, value) in columns.iter_mut().zip(row) {
            let deviation = value - mean;
            *column += deviation;
            sum += deviation;
            total += deviation * deviation;
        }
        between_rows += sum * sum / num_columns as f64;
    }
    let between_columns = columns.iter().map(|sum| sum * sum).sum::<f64>() / num_rows as f64;
    [between_rows, between_columns, total]
}
