//! Draws, the sealed test side, and the gathering of batches.

use super::{Counts, DataError, Dataset, EndOfTraining, Inputs, Split, part};
use nt_scenario::{PerClass, Standardisation};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Images whose every byte is the class and the index, so that a mix-up shows.
struct Numbered {
    classes: Vec<String>,
}

const SIDE: usize = 2;

impl Dataset for Numbered {
    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn side(&self) -> usize {
        SIDE
    }

    fn num_images(&self, split: Split, _class: usize) -> usize {
        if split == Split::Train { 50 } else { 7 }
    }

    fn read(&self, split: Split, class: usize, index: usize, pixels: &mut [u8]) -> Result<(), DataError> {
        pixels.fill((100 * usize::from(split == Split::Test) + 51 * class + index) as u8);
        Ok(())
    }

    fn digest(&self) -> [u8; 32] {
        [0; 32]
    }

    fn standardisation(&self) -> Standardisation {
        Standardisation { mean: [0.0; 3], std: [1.0 / 255.0; 3] }
    }
}

#[derive(Default)]
struct Finished {
    openings: Cell<u32>,
}

impl EndOfTraining for Finished {
    fn count_opening(&self) {
        self.openings.set(self.openings.get() + 1);
    }
}

fn numbered() -> Arc<dyn Dataset> {
    Arc::new(Numbered { classes: ["a", "b", "c"].map(str::to_owned).into() })
}

fn ids(inputs: Inputs<'_>) -> BTreeSet<u32> {
    inputs.ids().iter().copied().collect()
}

#[test]
fn a_smaller_draw_is_nested_in_a_larger_one_and_validation_counts() {
    let (pool, _) = part(numbered(), &[], None).unwrap();
    let small = pool.draw(1, "target", 0, Counts::first(&PerClass::Equal(10), &PerClass::Equal(2))).unwrap();
    let large = pool.draw(1, "target", 0, Counts::first(&PerClass::Equal(30), &PerClass::Equal(6))).unwrap();
    assert_eq!(Inputs::Images(&small.train).len(), 3 * 8);
    assert_eq!(Inputs::Images(&small.validation).len(), 3 * 2);
    let all = |draw: &super::SubsetDraw| &ids(Inputs::Images(&draw.train)) | &ids(Inputs::Images(&draw.validation));
    assert_eq!(all(&small).len(), 30, "no image is drawn twice");
    assert!(all(&small).is_subset(&all(&large)));
}

#[test]
fn a_draw_that_passes_over_images_shares_none_with_them() {
    let (pool, _) = part(numbered(), &[], None).unwrap();
    let drawn = |counts: Counts<'_>| {
        let draw = pool.draw(1, "target", 0, counts).unwrap();
        &ids(Inputs::Images(&draw.train)) | &ids(Inputs::Images(&draw.validation))
    };
    let [ten, five, one] = [10, 5, 1].map(PerClass::Equal);
    let own = drawn(Counts::first(&ten, &one));
    let beyond = drawn(Counts { after: Some(&ten), drawn: &five, held_out: &one });
    assert!(own.is_disjoint(&beyond));
    let longer = PerClass::Equal(15);
    assert_eq!(&own | &beyond, drawn(Counts::first(&longer, &one)), "they come next in the same order");
}

#[test]
fn replicates_and_scopes_draw_anew_and_the_same_ones_again() {
    let (pool, _) = part(numbered(), &[], None).unwrap();
    let draw = |scope, replicate| {
        ids(Inputs::Images(
            &pool.draw(1, scope, replicate, Counts::first(&PerClass::Equal(10), &PerClass::Equal(0))).unwrap().train,
        ))
    };
    assert_eq!(draw("target", 0), draw("target", 0));
    assert_ne!(draw("target", 0), draw("target", 1));
    assert_ne!(draw("target", 0), draw("source", 0));
}

#[test]
fn a_choice_of_classes_gives_labels_in_its_order_and_keeps_identities() {
    let classes = ["c", "a"].map(str::to_owned);
    let (_, test) = part(numbered(), &classes, Some(5)).unwrap();
    let images = test.open(&Finished::default()).unwrap();
    let inputs = Inputs::Images(&images);
    assert_eq!(inputs.one_class().unwrap(), [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
    assert_eq!(inputs.ids(), [14, 15, 16, 17, 18, 0, 1, 2, 3, 4]);
    assert_eq!(images.pixels(0)[0], 202);
    let unknown = part(numbered(), &["d".to_owned()], None).err();
    assert!(matches!(unknown, Some(DataError::UnknownClass { .. })));
}

#[test]
fn openings_of_the_test_side_are_counted_and_too_many_images_are_an_error() {
    let (pool, test) = part(numbered(), &[], None).unwrap();
    let finished = Finished::default();
    test.open(&finished).unwrap();
    test.open(&finished).unwrap();
    assert_eq!(finished.openings.get(), 2);
    assert!(matches!(
        pool.draw(1, "target", 0, Counts::first(&PerClass::Equal(51), &PerClass::Equal(0))),
        Err(DataError::TooFewImages { available: 50, wanted: 51, .. })
    ));
    let (_, too_few) = part(numbered(), &[], Some(8)).unwrap();
    assert!(matches!(too_few.open(&Finished::default()), Err(DataError::TooFewImages { available: 7, wanted: 8, .. })));
}

#[test]
fn a_batch_has_the_images_innermost_and_standardised() {
    let (pool, _) = part(numbered(), &[], None).unwrap();
    let images = pool.draw(1, "target", 0, Counts::first(&PerClass::Equal(3), &PerClass::Equal(0))).unwrap().train;
    let chosen = [4, 0, 7, 2];
    let mut batch = vec![0.0; 3 * SIDE * SIDE * chosen.len()];
    let tables = numbered().standardisation().tables();
    Inputs::Images(&images).gather(&chosen, None, &tables, &mut batch);
    for (feature, values) in batch.chunks_exact(chosen.len()).enumerate() {
        for (value, &index) in values.iter().zip(&chosen) {
            let byte = f32::from(images.pixels(index as usize)[0]);
            assert!((value - byte).abs() < 1e-3, "feature {feature}: {value} for byte {byte}");
        }
    }
}

#[test]
fn a_contact_sheet_has_a_row_a_class_and_small_images() {
    let (pool, _) = part(numbered(), &[], None).unwrap();
    let classes = pool.classes().count();
    let sheet = pool.contact_sheet(5, 2, SIDE);
    let sheet = sheet.unwrap();
    let rows = classes.min(2) as u32;
    assert_eq!(sheet.dimensions(), (5 * SIDE as u32 + 4 * 2, rows * SIDE as u32 + (rows - 1) * 2));
    let images = pool.draw(1, "target", 0, Counts::first(&PerClass::Equal(1), &PerClass::Equal(0))).unwrap().train;
    assert_eq!(sheet.get_pixel(SIDE as u32, 0).0, [255; 3], "a gap between images");
    assert_eq!(images.small(0, SIDE), images.pixels(0), "what is small enough stays as it is");
    assert_eq!(images.small(0, 2).len(), 3 * 2 * 2);
    assert_eq!(pool.contact_sheet(5, 24, 2).unwrap().dimensions(), (5 * 2 + 4 * 2, classes as u32 * 4 - 2));
}
