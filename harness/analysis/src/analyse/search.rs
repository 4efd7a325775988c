//! How each arm's learning rate was searched for. A comparison is fair if all arms were searched alike.

use std::collections::{BTreeMap, BTreeSet};

use nt_scenario::Role;

use super::join::cell_of;
use crate::study::{CellKey, Study};
use nt_records::record::{RunRecord, Status};

/// The search of one arm.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// Learning rates tried; of a probe, strengths of regularisation.
    pub num_rates: usize,
    /// Runs that tried them.
    pub num_runs: usize,
    /// Of them, diverged or failed.
    pub num_untrained: usize,
    /// How often these runs opened test labels. It must be 0, or a gate is broken.
    pub test_openings: u32,
}

/// The searches of all arms, from the records of tuning. Where settings are fixed, such runs choose between treatments, and search
/// for nothing.
pub(super) fn searches(study: &Study, records: &[&RunRecord]) -> BTreeMap<CellKey, Search> {
    let mut settings: BTreeMap<CellKey, BTreeSet<u64>> = BTreeMap::new();
    let mut searches: BTreeMap<CellKey, Search> = BTreeMap::new();
    // Scratch trained longer is tuned on its own, and is not an arm of the comparison.
    let of_an_arm = |record: &&&RunRecord| record.role == Role::Tuning && record.budget == 1.0;
    for record in records.iter().filter(of_an_arm).filter(|record| record.status != Status::Unneeded) {
        let Some(key) = cell_of(record) else { continue };
        let search = searches.entry(key.clone()).or_default();
        search.num_runs += usize::from(study.search_of.is_some());
        search.num_untrained += usize::from(record.status != Status::Done);
        search.test_openings += record.test_openings;
        if study.search_of.is_some() {
            settings.entry(key).or_default().extend(record.setting().map(|setting| setting.value().to_bits()));
        }
    }
    for (key, search) in &mut searches {
        search.num_rates = settings.get(key).map_or(0, BTreeSet::len);
    }
    searches
}
