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

pub(super) fn flipped(joined: &Joined<'_>, key: &CellKey) -> FlippedImages {
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
        for ((lost, won), (treated, reference)) in counts.iter_mut().zip(treated.iter().zip(reference.iter())) {
            *lost += u32::from(reference && !treated);
            *won += u32::from(treated && !reference);
        }
    }
    let image = |&(place, _): &(usize, i64)| FlippedImage {
        example_id: examples[place],
        classes: labels.classes_of(place),
        num_lost: counts[place].0,
        num_won: counts[place].1,
    };
    let net = |sign: i64| {
        let nets = counts.iter().map(move |(lost, won)| sign * (i64::from(*lost) - i64::from(*won)));
        most(nets.enumerate().filter(|(_, net)| *net > 0), examples).iter().map(image).collect()
    };
    FlippedImages { lost: net(1), won: net(-1), num_replicates }
}

/// The places of the images that change most, with how much. Ties go to the first.
fn most(changed: impl Iterator<Item = (usize, i64)>, examples: &[u32]) -> Vec<(usize, i64)> {
    let mut changed: Vec<(usize, i64)> = changed.collect();
    let rank = |&(place, net): &(usize, i64)| (Reverse(net), examples[place]);
    if changed.len() > MOST_KEPT {
        changed.select_nth_unstable_by_key(MOST_KEPT, rank);
        changed.truncate(MOST_KEPT);
    }
    changed.sort_by_key(rank);
    changed
}
