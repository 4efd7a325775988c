//! The search for fingerprints that two sets share.

use crate::data::{Fingerprint, Identified};
use nt_records::audit::MatchKind;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};

/// A test image, and the training image most like it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub test_id: u32,
    pub train_id: u32,
    pub kind: MatchKind,
    /// Signs in which the perceptual hashes differ.
    pub distance: u32,
}

/// For every test image that is in a training set, the training image most like it. The same pixels come first, then
/// the nearest perceptual hash within `threshold`; of several the first is taken. Every pair is compared.
pub(super) fn find(test: &[Identified], train: &[Identified], threshold: u32) -> Vec<Found> {
    let mut by_pixels: HashMap<[u8; 16], u32> = HashMap::with_capacity(train.len());
    for image in train.iter().rev() {
        by_pixels.insert(image.fingerprint.exact, image.id);
    }
    test.par_iter()
        .filter_map(|image| {
            if let Some(&train_id) = by_pixels.get(&image.fingerprint.exact) {
                return Some(Found { test_id: image.id, train_id, kind: MatchKind::Exact, distance: 0 });
            }
            nearest(image, train, threshold)
        })
        .collect()
}

/// Groups of images that look alike: each is within `threshold` of another one of its group, mirrored or not. In the order of their
/// first images; of images that are like no other there is none. Every pair is compared.
pub(super) fn groups(images: &[Identified], threshold: u32) -> Vec<Vec<u32>> {
    let is_alike = |one: &Identified, other: &Identified| {
        let other = other.fingerprint.perceptual;
        let [plain, mirrored] = [one.fingerprint.perceptual, one.fingerprint.mirrored];
        plain.distance_within(other, threshold).or_else(|| mirrored.distance_within(other, threshold)).is_some()
    };
    let pairs: Vec<(usize, usize)> = (0..images.len())
        .into_par_iter()
        .flat_map_iter(|at| (at + 1..images.len()).map(move |later| (at, later)))
        .filter(|&(at, later)| is_alike(&images[at], &images[later]))
        .collect();
    // The first image of its group, as far as pairs were seen.
    let mut first: Vec<usize> = (0..images.len()).collect();
    let find = |first: &[usize], mut at: usize| {
        while first[at] != at {
            at = first[at];
        }
        at
    };
    for (at, later) in pairs {
        let [at, later] = [at, later].map(|at| find(&first, at));
        first[at.max(later)] = at.min(later);
    }
    let mut groups: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    for (at, image) in images.iter().enumerate() {
        groups.entry(find(&first, at)).or_default().push(image.id);
    }
    groups.into_values().filter(|group| group.len() > 1).collect()
}

fn nearest(image: &Identified, train: &[Identified], threshold: u32) -> Option<Found> {
    let Fingerprint { perceptual, mirrored, .. } = image.fingerprint;
    let mut best: Option<Found> = None;
    let mut most = threshold;
    for other in train {
        let theirs = other.fingerprint.perceptual;
        for (own, kind) in [(perceptual, MatchKind::Perceptual), (mirrored, MatchKind::Mirrored)] {
            let found =
                own.distance_within(theirs, most).filter(|&distance| best.is_none_or(|best| distance < best.distance));
            if let Some(distance) = found {
                most = distance;
                best = Some(Found { test_id: image.id, train_id: other.id, kind, distance });
            }
        }
    }
    best
}
