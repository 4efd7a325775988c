//! Wilcoxon's signed-rank test, exact with ties.

/// The result of a signed-rank test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignedRank {
    /// Sum of the ranks of positive differences.
    pub positive_ranks: f64,
    /// Sum of the ranks of negative differences.
    pub negative_ranks: f64,
    /// Exact two-sided p.
    pub p_value: f64,
    /// Differences that are not zero.
    pub num_nonzero: usize,
}

/// Exact signed-rank test that differences are symmetric about zero.
///
/// Zeros are dropped. Ties share their mean rank, and the distribution is that of the actual ranks, so the test stays
/// exact with ties. Without any nonzero difference p is 1.
///
/// # Source
/// Wilcoxon 1945; SciPy's `wilcoxon(zero_method="wilcox", method="exact")` without ties, and its `PermutationMethod`
/// over all sign patterns with them.
pub fn wilcoxon(differences: &[f64]) -> SignedRank {
    let mut nonzero: Vec<f64> = differences.iter().copied().filter(|value| *value != 0.0).collect();
    nonzero.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let doubled = doubled_ranks(&nonzero);
    let positive: usize = nonzero.iter().zip(&doubled).filter(|(value, _)| **value > 0.0).map(|(_, rank)| rank).sum();
    let total: usize = doubled.iter().sum();
    let smaller = positive.min(total - positive);
    let chances = sum_distribution(&doubled, smaller);
    SignedRank {
        positive_ranks: positive as f64 / 2.0,
        negative_ranks: (total - positive) as f64 / 2.0,
        p_value: (2.0 * chances.iter().sum::<f64>()).min(1.0),
        num_nonzero: nonzero.len(),
    }
}

/// Twice the mid-ranks of values sorted by size: whole numbers whatever the ties.
fn doubled_ranks(sorted: &[f64]) -> Vec<usize> {
    let mut ranks = Vec::with_capacity(sorted.len());
    while let Some(first) = sorted.get(ranks.len()) {
        let start = ranks.len();
        let ties = sorted[start..].iter().take_while(|value| value.abs() == first.abs()).count();
        // Ranks start + 1 … start + ties, their mean doubled.
        ranks.resize(start + ties, 2 * start + ties + 1);
    }
    ranks
}

/// P(sum of the ranks with positive sign = s) for s = 0 … `largest`, signs being fair coins.
fn sum_distribution(ranks: &[usize], largest: usize) -> Vec<f64> {
    let mut chances = vec![0.0; largest + 1];
    chances[0] = 1.0;
    for rank in ranks {
        for sum in (0..=largest).rev() {
            let with = if sum >= *rank { chances[sum - rank] } else { 0.0 };
            chances[sum] = (chances[sum] + with) / 2.0;
        }
    }
    chances
}
