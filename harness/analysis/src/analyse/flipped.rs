//! The test images that a treatment most often loses and wins against scratch.

use std::cmp::Reverse;

use super::join::Joined;
use super::scores::Scores;
use crate::study::CellKey;

/// Images kept of each kind.
const MOST_KEPT: usize = 6;

/// A test image that scratch gets right and the treatment gets wrong, or the reverse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlippedImage {
    /// Its identity.
    pub example_id: u32,
    /// Its classes: exactly one, if each image has one class.
    pub classes: Vec<usize>,
    /// Replicates in which only scratch gets it right.
    pub num_lost: u32,
    /// Replicates in which only the treatment gets it right.
    pub num_won: u32,
}

/// The images that change most, over the replicates that have both runs. An image that changes as often one way as the
/// other is in neither list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FlippedImages {
    /// Lost, most often first.
    pub lost: Vec<FlippedImage>,
    /// Won, most often first.
    pub won: Vec<FlippedImage>,
    /// Replicates compared.
    pub num_replicates: u32,
}

pub(super) fn flipped(joined: &Joined, key: &CellKey) -> FlippedImages {
    let scratch = key.scratch();
    let pairs = joined.common_replicates(key, &scratch).into_iter().filter_map(|replicate| {
        let hits = |key: &CellKey| joined.run(key, replicate)?.scores.as_ref().map(Scores::hits);
        hits(key).zip(hits(&scratch))
    });
    let (examples, labels) = (joined.examples(&key.target), joined.labels(&key.target));
    let mut counts = vec![(0u32, 0u32); examples.len()];
    let mut num_replicates = 0;
    for (treated, reference) in pairs {
        num_replicates += 1;
        for ((lost, won), (&treated, &reference)) in counts.iter_mut().zip(treated.iter().zip(reference)) {
            *lost += u32::from(reference && !treated);
            *won += u32::from(treated && !reference);
        }
    }
    let changed = counts.into_iter().enumerate().filter(|(_, (num_lost, num_won))| num_lost != num_won);
    let image = |(place, (num_lost, num_won)): (usize, (u32, u32))| FlippedImage {
        example_id: examples[place],
        classes: labels.classes_of(place),
        num_lost,
        num_won,
    };
    let images: Vec<FlippedImage> = changed.map(image).collect();
    let net_lost = |image: &FlippedImage| i64::from(image.num_lost) - i64::from(image.num_won);
    FlippedImages {
        lost: most(images.iter().filter(|image| net_lost(image) > 0), net_lost),
        won: most(images.iter().filter(|image| net_lost(image) < 0), |image| -net_lost(image)),
        num_replicates,
    }
}

/// The images that change most. Ties go to the first.
fn most<'a>(images: impl Iterator<Item = &'a FlippedImage>, net: impl Fn(&FlippedImage) -> i64) -> Vec<FlippedImage> {
    let mut images: Vec<FlippedImage> = images.cloned().collect();
    let rank = |image: &FlippedImage| (Reverse(net(image)), image.example_id);
    if images.len() > MOST_KEPT {
        images.select_nth_unstable_by_key(MOST_KEPT, rank);
        images.truncate(MOST_KEPT);
    }
    images.sort_by_key(rank);
    images
}
