//! Groups of test examples that are not independent of one another: photographs of one bird, slices of one scan.

use std::collections::BTreeMap;

/// Which cluster each test example belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clusters {
    /// Cluster of every example, counted in the order of first appearance.
    of_example: Vec<usize>,
    /// Examples of every cluster.
    sizes: Vec<usize>,
}

impl Clusters {
    /// Examples with equal labels form a cluster.
    ///
    /// # Shape
    /// One label an example.
    pub fn by_label<L: Ord>(labels: &[L]) -> Self {
        let mut known: BTreeMap<&L, usize> = BTreeMap::new();
        let mut sizes = Vec::new();
        let mut of_example = Vec::with_capacity(labels.len());
        for label in labels {
            let cluster = *known.entry(label).or_insert_with(|| {
                sizes.push(0);
                sizes.len() - 1
            });
            sizes[cluster] += 1;
            of_example.push(cluster);
        }
        Self { of_example, sizes }
    }

    /// Examples.
    pub fn num_examples(&self) -> usize {
        self.of_example.len()
    }

    /// Clusters.
    pub fn num_clusters(&self) -> usize {
        self.sizes.len()
    }

    /// The cluster of every example.
    pub fn of_examples(&self) -> &[usize] {
        &self.of_example
    }

    /// Share of the examples in every cluster, `w_c`.
    pub fn shares(&self) -> Vec<f64> {
        self.sizes.iter().map(|&size| size as f64 / self.num_examples() as f64).collect()
    }

    /// `1 / Σ w_c²`: how many clusters of equal size tell as much. The number of clusters where all have the same size.
    pub fn effective_number(&self) -> f64 {
        let squares: f64 = self.sizes.iter().map(|&size| (size as f64) * (size as f64)).sum();
        let examples = self.num_examples() as f64;
        examples * examples / squares
    }

    /// Whether every example is a cluster of its own, which is no cluster at all.
    pub fn is_trivial(&self) -> bool {
        self.num_clusters() == self.num_examples()
    }

    /// The clusters of some of the examples, which must exist.
    pub fn of(&self, examples: &[usize]) -> Self {
        let labels: Vec<usize> = examples.iter().map(|&example| self.of_example[example]).collect();
        Self::by_label(&labels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_labels_form_a_cluster_and_unequal_sizes_tell_less() {
        let clusters = Clusters::by_label(&["b", "a", "b", "c", "b"]);
        assert_eq!((clusters.num_examples(), clusters.num_clusters()), (5, 3));
        assert_eq!(clusters.of_examples(), [0, 1, 0, 2, 0]);
        assert_eq!(clusters.shares(), [0.6, 0.2, 0.2]);
        assert!((clusters.effective_number() - 25.0 / 11.0).abs() < 1e-15);
        assert_eq!(Clusters::by_label(&[1, 1, 2, 2]).effective_number(), 2.0);
        assert!(Clusters::by_label(&[3, 1, 2]).is_trivial() && !clusters.is_trivial());
        assert_eq!(clusters.of(&[1, 0, 2]).of_examples(), [0, 1, 1]);
    }
}
