//! A folder of pictures as a scenario names it.

use super::ImageFolder;
use super::listing::{Listing, Wanted};
use crate::data::decode::Megapixels;
use crate::data::{BrokenImage, DataError, DataPlace, DescribedData, OpenError, Opened, Split, Surveyed};
use nt_scenario::{DataFacts, ImageFolderData, LabelKind, Standardisation};

impl DescribedData for ImageFolderData {
    fn open(&self, place: DataPlace<'_>) -> Result<Opened, OpenError> {
        let listing = listing(self, place)?;
        let warnings = listing.warnings();
        let dataset =
            Box::new(ImageFolder::open_with(listing, place.side, self.resizing, most(self), place.cache_dir)?);
        Ok(Opened { dataset, warnings })
    }

    fn survey(&self, place: DataPlace<'_>) -> Result<Surveyed, OpenError> {
        let listing = listing(self, place)?;
        let count = |split| (0..listing.classes().len()).map(|class| listing.num_images(split, class)).collect();
        let facts = DataFacts {
            labels: LabelKind::OneClass,
            classes: listing.classes().to_vec(),
            train_per_class: count(Split::Train),
            test_per_class: count(Split::Test),
            standardisation: Standardisation::IMAGENET,
            digest: [0; 32],
        };
        Ok(Surveyed { facts, warnings: listing.warnings() })
    }

    fn broken(&self, place: DataPlace<'_>, announce: &dyn Fn(usize)) -> Result<Vec<BrokenImage>, OpenError> {
        let listing = listing(self, place)?;
        let count = |split| (0..listing.classes().len()).map(|class| listing.num_images(split, class)).sum::<usize>();
        announce(count(Split::Train) + count(Split::Test));
        Ok(ImageFolder::broken(&listing, most(self)))
    }
}

fn most(data: &ImageFolderData) -> Megapixels {
    data.max_megapixels.map_or_else(Megapixels::default, Megapixels)
}

fn listing(data: &ImageFolderData, place: DataPlace<'_>) -> Result<Listing, DataError> {
    let ImageFolderData { path, test_fraction, classes, max_megapixels: _, resizing: _, cluster } = data;
    let wanted = Wanted { classes: classes.as_deref(), test_fraction: *test_fraction, cluster: cluster.as_ref() };
    ImageFolder::scan(&place.base.join(path), wanted)
}
