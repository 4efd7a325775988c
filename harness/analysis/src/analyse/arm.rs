//! The runs of an arm of a comparison.

use std::collections::BTreeMap;

use super::run::JoinedRun;
use super::scores::{Runs, Scored};

/// The runs of an arm by replicate, with their weights: one of a treatment, several of scratch.
#[derive(Default)]
pub(super) struct Arm<'a>(BTreeMap<u32, Vec<(&'a JoinedRun<'a>, f64)>>);

impl<'a> FromIterator<(u32, &'a JoinedRun<'a>)> for Arm<'a> {
    fn from_iter<I: IntoIterator<Item = (u32, &'a JoinedRun<'a>)>>(runs: I) -> Self {
        let mut arm = Self::default();
        for (replicate, run) in runs {
            arm.push(replicate, run);
        }
        arm
    }
}

impl<'a> Arm<'a> {
    /// Adds a run to a replicate, which counts as much as any other.
    pub fn push(&mut self, replicate: u32, run: &'a JoinedRun<'a>) {
        self.push_weighted(replicate, run, 1.0);
    }

    /// Adds a run to a replicate with a weight among its runs, above zero.
    pub fn push_weighted(&mut self, replicate: u32, run: &'a JoinedRun<'a>, weight: f64) {
        self.0.entry(replicate).or_default().push((run, weight));
    }

    /// Whether it has no run.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All runs.
    pub fn runs(&self) -> impl Iterator<Item = &'a JoinedRun<'a>> {
        self.0.values().flatten().map(|(run, _)| *run)
    }

    /// The runs of a replicate.
    pub fn of(&self, replicate: u32) -> impl Iterator<Item = &'a JoinedRun<'a>> {
        self.0.get(&replicate).into_iter().flatten().map(|(run, _)| *run)
    }

    /// Its replicates, ascending.
    pub fn replicates(&self) -> impl Iterator<Item = u32> {
        self.0.keys().copied()
    }

    /// The scores of a replicate's runs; of those only that trained, if asked.
    pub fn scored(&self, replicate: u32, chance: f64, trained_only: bool) -> Runs<'a> {
        let runs = self.0.get(&replicate).into_iter().flatten();
        let counted = runs.filter(|(run, _)| !(trained_only && run.has_collapsed));
        let scored = |&(run, weight): &(&'a JoinedRun<'a>, f64)| match &run.scores {
            Some(scores) => Some((Scored::Run(scores), weight)),
            None => run.has_collapsed.then_some((Scored::Guess(chance), weight)),
        };
        counted.filter_map(scored).collect()
    }

    /// The mean of the deciding metric in a replicate, in its unit: of the runs that trained, if any did.
    pub fn value(&self, replicate: u32) -> Option<f64> {
        let of = |trained_only: bool| -> Vec<f64> {
            let counted = self.of(replicate).filter(|run| !(trained_only && run.has_collapsed));
            counted.filter_map(|run| run.value).collect()
        };
        let (trained, all) = (of(true), of(false));
        let values = if trained.is_empty() { all } else { trained };
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    }
}
