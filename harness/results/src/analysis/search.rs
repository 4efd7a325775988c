//! How each arm's learning rate was searched for: what makes a comparison fair.

use std::collections::{BTreeMap, BTreeSet};

use nt_scenario::Role;

use crate::record::{RunRecord, Status};
use crate::study::CellKey;

/// The search of one arm.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// Learning rates tried.
    pub num_rates: usize,
    /// Runs that tried them.
    pub num_runs: usize,
    /// Of them, diverged or failed.
    pub num_untrained: usize,
    /// How often these runs opened test labels: never, or a gate is broken.
    pub test_openings: u32,
}

/// The searches of all arms, from the records of tuning.
pub(super) fn searches(records: &[RunRecord]) -> BTreeMap<CellKey, Search> {
    let mut rates: BTreeMap<CellKey, BTreeSet<u64>> = BTreeMap::new();
    let mut searches: BTreeMap<CellKey, Search> = BTreeMap::new();
    for record in records.iter().filter(|record| record.role == Role::Tuning) {
        let (Some(target), Some(size)) = (&record.target, &record.size) else { continue };
        let key = CellKey {
            target: target.clone(),
            size: size.clone(),
            source: record.source.clone(),
            copied: record.copied,
            frozen: record.frozen,
        };
        let search = searches.entry(key.clone()).or_default();
        search.num_runs += 1;
        search.num_untrained += usize::from(record.status != Status::Done);
        search.test_openings += record.test_openings;
        rates.entry(key).or_default().insert(record.learning_rate.to_bits());
    }
    for (key, search) in &mut searches {
        search.num_rates = rates.get(key).map_or(0, BTreeSet::len);
    }
    searches
}
