//! The networks that layers are copied from: how their learning rate was searched for, and what they reach on their own task.

use std::collections::{BTreeMap, BTreeSet};

use nt_scenario::Role;

use crate::study::Study;
use nt_records::measure::Measure;
use nt_records::record::{RunRecord, Status};

/// The networks of one source; of a selffer, those of one target and size.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SourceNetworks {
    /// The source's name; after a selffer's, its target and size: `self/shapes/small`.
    pub name: String,
    /// Networks that were trained, one a replicate, those that tuning copied from among them.
    pub num_networks: usize,
    /// Of them, diverged or failed.
    pub num_untrained: usize,
    /// Rates tried by each search; 0 if there was none.
    pub num_rates: usize,
    /// Runs that tried them.
    pub num_runs: usize,
    /// Rates that the networks were trained with, ascending.
    pub learning_rates: Vec<f64>,
    /// Whether one of these is the smallest or the largest that was tried.
    pub is_on_edge: bool,
    /// The deciding metric on the source's own test images: least and greatest over the networks. None if it was not measured.
    pub own_task: Option<(f64, f64)>,
}

/// The networks of every source that trains any, by name.
pub(super) fn source_networks(study: &Study, records: &[&RunRecord]) -> Vec<SourceNetworks> {
    let mut networks: BTreeMap<String, SourceNetworks> = BTreeMap::new();
    let mut tried: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    let of_sources = records.iter().filter(|record| record.target.is_none() && record.status != Status::Unneeded);
    for record in of_sources {
        let Some(name) = name_of(record) else { continue };
        let of_source = networks.entry(name.to_owned()).or_default();
        let rate = record.learning_rate;
        if record.role == Role::Tuning {
            of_source.num_runs += 1;
            tried.entry(name.to_owned()).or_default().extend(rate.map(f64::to_bits));
            continue;
        }
        of_source.num_networks += 1;
        of_source.num_untrained += usize::from(record.status != Status::Done);
        of_source.learning_rates.extend(rate);
        of_source.is_on_edge |= record.setting_on_edge;
        if let Some(value) = record.value(Measure::Test(study.metric)) {
            let (least, greatest) = of_source.own_task.unwrap_or((value, value));
            of_source.own_task = Some((least.min(value), greatest.max(value)));
        }
    }
    let finished = networks.into_iter().map(|(name, mut of_source)| {
        of_source.learning_rates.sort_by(f64::total_cmp);
        of_source.learning_rates.dedup();
        of_source.num_rates = tried.get(&name).map_or(0, BTreeSet::len);
        SourceNetworks { name, ..of_source }
    });
    finished.filter(|of_source| !of_source.learning_rates.is_empty() || of_source.num_untrained > 0).collect()
}

/// The part of `source/NAME/REPLICATE`, or of `source/NAME/REPLICATE/RATE`, that names the source.
fn name_of(record: &RunRecord) -> Option<&str> {
    let (mut name, _) = record.name.strip_prefix("source/")?.rsplit_once('/')?;
    if record.role == Role::Tuning {
        (name, _) = name.rsplit_once('/')?;
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock::Mock;
    use nt_records::measure::Measured;
    use nt_records::mock;
    use nt_scenario::Metric;

    fn network(name: &str, role: Role, rate: f64, score: f64) -> RunRecord {
        RunRecord {
            name: name.to_owned(),
            role,
            target: None,
            learning_rate: Some(rate),
            metrics: vec![Measured::new(Measure::Test(Metric::Top1), score, 100)],
            ..mock::record(1)
        }
    }

    #[test]
    fn trials_are_told_from_networks_and_selffers_from_one_another() {
        let mut on_edge = network("source/near/r1", Role::Source, 0.1, 0.5);
        on_edge.setting_on_edge = true;
        let records = [
            network("source/near/t0/lr0.01", Role::Tuning, 0.01, 0.0),
            network("source/near/t0/lr0.1", Role::Tuning, 0.1, 0.0),
            network("source/near/r0", Role::Source, 0.1, 0.4),
            on_edge,
            network("source/self/shapes/small/r0", Role::Source, 0.01, 0.9),
        ];
        let study = Mock::four_quadrants(|_| 0.5).study;
        let [near, selffer] = &source_networks(&study, &records.each_ref())[..] else {
            panic!("two kinds of networks")
        };
        assert_eq!((near.name.as_str(), near.num_networks, near.num_rates, near.num_runs), ("near", 2, 2, 2));
        assert_eq!((near.learning_rates.as_slice(), near.is_on_edge), ([0.1].as_slice(), true));
        assert_eq!(near.own_task, Some((0.4, 0.5)), "trials have no say");
        assert_eq!((selffer.name.as_str(), selffer.num_rates, selffer.is_on_edge), ("self/shapes/small", 0, false));
    }
}
