//! A built-in domain as a data set.

use super::Synthetic;
use crate::data::{DataError, Dataset, Split};
use nt_scenario::{Standardisation, SyntheticData};

impl Dataset for Synthetic {
    fn classes(&self) -> &[String] {
        &self.spec.classes
    }

    fn side(&self) -> usize {
        self.spec.side
    }

    fn num_images(&self, split: Split, _class: usize) -> usize {
        self.per_class(split)
    }

    fn read(&self, split: Split, class: usize, index: usize, pixels: &mut [u8]) -> Result<(), DataError> {
        self.render(split, class, index, pixels);
        Ok(())
    }

    fn digest(&self) -> [u8; 32] {
        Synthetic::digest(self)
    }

    fn standardisation(&self) -> Standardisation {
        SyntheticData::STANDARDISATION
    }
}
