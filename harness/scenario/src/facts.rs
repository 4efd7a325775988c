//! What is known of a scenario's files after a look at them.

use std::collections::BTreeMap;

use crate::data::DataFacts;
use crate::source::WeightsFacts;

/// What is known of every file of a scenario; a reason where one cannot be used.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Datasets by their names.
    pub data: BTreeMap<String, Result<DataFacts, String>>,
    /// Files of weights by the names of their sources.
    pub weights: BTreeMap<String, Result<WeightsFacts, String>>,
}

impl Facts {
    /// Facts about datasets, of a scenario that reads no weights.
    pub fn of_data(data: impl IntoIterator<Item = (String, Result<DataFacts, String>)>) -> Self {
        Self { data: data.into_iter().collect(), weights: BTreeMap::new() }
    }
}
