//! A built-in domain as a scenario names it.

use super::{Synthetic, SyntheticSpec};
use crate::data::{DataPlace, DescribedData, OpenError, Opened, Surveyed};
use nt_scenario::{SyntheticData, vocabulary};

impl DescribedData for SyntheticData {
    fn open(&self, place: DataPlace<'_>) -> Result<Opened, OpenError> {
        Ok(Opened::whole(domain(self, place)?))
    }

    fn survey(&self, place: DataPlace<'_>) -> Result<Surveyed, OpenError> {
        Ok(Surveyed::whole(crate::data::facts_of(&domain(self, place)?)))
    }
}

fn domain(data: &SyntheticData, place: DataPlace<'_>) -> Result<Synthetic, OpenError> {
    let spec = SyntheticSpec {
        look_distance: data.look_distance,
        label: data.label,
        classes: vocabulary::levels(data.label).iter().map(|&name| name.to_owned()).collect(),
        seed: data.seed,
        side: place.side,
        train_per_class: data.train_per_class,
        test_per_class: data.test_per_class,
    };
    Synthetic::new(spec).map_err(OpenError::of_kind)
}
