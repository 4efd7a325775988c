//! Test images among training images.

use super::search::{self, Found};
use super::{AuditedSource, Pool};
use crate::data::{DataError, Identified};
use nt_records::audit::{Match, Overlap};
use nt_scenario::{Scenario, Target};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Perceptual hashes have 128 signs. Those of one picture may differ in this many.
pub const PERCEPTUAL_THRESHOLD: u32 = 12;

/// A data set and its classes, by which fingerprints are kept, so that no image is read twice.
type Key = (String, Vec<String>);

/// A search for overlap, with the fingerprints of the training sets already read.
#[derive(Default)]
pub(super) struct Search {
    train: BTreeMap<Key, Arc<Vec<Identified>>>,
}

impl Search {
    /// The overlaps of a target's test images with the target's own training images and with each source's.
    pub fn overlaps(
        &mut self,
        scenario: &Scenario,
        target: &Target,
        pool: &Pool,
        sources: &[AuditedSource<'_>],
        test: &[Identified],
    ) -> Result<Vec<Overlap>, DataError> {
        let mut overlaps = vec![self.overlap(None, &target.data, pool, pool, test)?];
        for source in sources {
            if let (Some(train), Some(data)) =
                (&source.pool, source.data.filter(|data| scenario.data.contains_key(*data)))
            {
                overlaps.push(self.overlap(Some(source.name), data, train, pool, test)?);
            }
        }
        Ok(overlaps)
    }

    fn overlap(
        &mut self,
        source: Option<&str>,
        data: &str,
        train: &Pool,
        target: &Pool,
        test: &[Identified],
    ) -> Result<Overlap, DataError> {
        let key = (data.to_owned(), train.0.classes().map(str::to_owned).collect());
        let images = match self.train.get(&key) {
            Some(images) => Arc::clone(images),
            None => {
                let images = Arc::new(train.0.fingerprints()?);
                self.train.insert(key, Arc::clone(&images));
                images
            }
        };
        let named = |found: Found| Match {
            kind: found.kind,
            distance: found.distance,
            test_id: found.test_id,
            test: target.1.name_of(found.test_id),
            train: train.0.name_of(found.train_id),
        };
        let mut matches: Vec<Match> =
            search::find(test, &images, PERCEPTUAL_THRESHOLD).into_iter().map(named).collect();
        matches.sort_by_key(|found| found.test_id);
        Ok(Overlap { source: source.map(str::to_owned), num_train_images: images.len(), matches })
    }
}
