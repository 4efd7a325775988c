//! Names of classes: the meaning of a label's number.

use std::collections::BTreeMap;

use nt_scenario::Scenario;

use nt_records::manifest::Manifest;

/// The data set that names each target's classes.
#[derive(Debug, Default)]
pub(crate) struct Classes(BTreeMap<String, Named>);

#[derive(Debug)]
struct Named {
    data: String,
    /// The classes that the scenario picks, in label order; `None`: all of the dataset's.
    picked: Option<Vec<String>>,
}

impl Classes {
    /// The classes of a scenario's targets.
    pub fn of(scenario: &Scenario) -> Self {
        let named = scenario.targets.iter().map(|target| {
            let named = Named { data: target.data.clone(), picked: target.classes.clone() };
            (target.name.clone(), named)
        });
        Classes(named.collect())
    }

    /// The names by target, in label order, as far as they are known.
    pub fn names(&self, manifest: Option<&Manifest>) -> BTreeMap<String, Vec<String>> {
        let of_data = |data: &str| Some(manifest?.data.get(data)?.classes.clone());
        let names = self.0.iter().filter_map(|(target, named)| {
            Some((target.clone(), named.picked.clone().or_else(|| of_data(&named.data))?))
        });
        names.collect()
    }
}
