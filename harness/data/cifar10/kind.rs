//! CIFAR-10 as a scenario names it.

use super::Cifar10;
use crate::data::{DataPlace, DescribedData, OpenError, Opened, Surveyed};
use nt_scenario::{Cifar10BinaryData, DataFacts, LabelKind, Standardisation};

impl DescribedData for Cifar10BinaryData {
    fn open(&self, place: DataPlace<'_>) -> Result<Opened, OpenError> {
        let dataset = Cifar10::open(&place.base.join(&self.path), place.side, place.cache_dir)?;
        Ok(Opened::whole(dataset))
    }

    fn survey(&self, place: DataPlace<'_>) -> Result<Surveyed, OpenError> {
        let (classes, [train_per_class, test_per_class]) = Cifar10::survey(&place.base.join(&self.path))?;
        let (labels, standardisation) = (LabelKind::OneClass, Standardisation::IMAGENET);
        let facts = DataFacts { labels, classes, train_per_class, test_per_class, standardisation, digest: [0; 32] };
        Ok(Surveyed::whole(facts))
    }
}
