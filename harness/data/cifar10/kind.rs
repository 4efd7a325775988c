//! CIFAR-10 as a scenario names it.

use super::Cifar10;
use crate::data::{DataPlace, DescribedData, OpenError, Opened, Surveyed};
use nt_scenario::{Cifar10BinaryData, DataFacts, LabelKind};

impl DescribedData for Cifar10BinaryData {
    fn open(&self, place: DataPlace<'_>) -> Result<Opened, OpenError> {
        let dataset = Cifar10::open(&place.base.join(&self.path), place.side, place.cache_dir)?;
        Ok(Opened::whole(dataset))
    }

    fn survey(&self, place: DataPlace<'_>) -> Result<Surveyed, OpenError> {
        let classes = Cifar10::check(&place.base.join(&self.path))?;
        let (train, test) = Cifar10::PER_CLASS;
        let (train_per_class, test_per_class) = (vec![train; classes.len()], vec![test; classes.len()]);
        let labels = LabelKind::OneClass;
        Ok(Surveyed::whole(DataFacts { labels, classes, train_per_class, test_per_class, digest: [0; 32] }))
    }
}
