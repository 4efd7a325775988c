//! A kernel cut into slices of 3 × 3 taps or fewer, each of which Winograd's algorithm can filter.
//!
//! Along an axis, tap `stride q + r` meets every `stride`-th position from the r-th on, so the taps of one remainder r form a
//! kernel of stride 1. Its taps are cut into twos and a last two or three; a cut moves a patch by two positions, which is what
//! the next tile of outputs moves it by. A kernel of 5 taps becomes 2 + 3, one of 11 with stride 4 becomes 3 + 3 + 3 + 2.
//! Products for two outputs: one more than the taps of each part; so 49 in place of 100 for 5 × 5, and 225 in place of 484
//! for 11 × 11.

use crate::tile::winograd::POINTS;

/// Taps along one axis that one patch covers: two or three, a stride apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taps {
    pub(super) first: usize,
    pub(super) count: usize,
}

impl Taps {
    /// Points of the transform that these taps have: 0, 1, -1 and, with a third tap, infinity.
    fn points(self) -> usize {
        self.count + 1
    }
}

/// The parts of a kernel along one axis; `None` if one would have a single tap, which is not worth a transform, or if none
/// has three, which would leave a point without a sum.
pub(super) fn parts(kernel: usize, stride: usize) -> Option<Vec<Taps>> {
    let mut parts = Vec::new();
    for remainder in 0..stride.min(kernel) {
        let taps = (kernel - remainder).div_ceil(stride);
        let mut tap = 0;
        while tap < taps {
            let count = if taps - tap <= 3 { taps - tap } else { 2 };
            if count == 1 {
                return None;
            }
            parts.push(Taps { first: remainder + tap * stride, count });
            tap += count;
        }
    }
    parts.iter().any(|part| part.count == 3).then_some(parts)
}

/// A pair of parts, and its place among the slices that have a point of the transform.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slice {
    pub(super) row: Taps,
    pub(super) column: Taps,
    /// By point: how many slices before this one have it; `None` if this one does not.
    pub(super) place: [Option<usize>; POINTS],
}

/// The slices of a kernel, row by row, and by point how many of them have it.
pub(super) fn slices(parts: &[Taps]) -> (Vec<Slice>, [usize; POINTS]) {
    let mut counts = [0; POINTS];
    let slices = parts.iter().flat_map(|row| parts.iter().map(move |column| (*row, *column)));
    let slices = slices.map(|(row, column)| {
        let place = std::array::from_fn(|point| {
            let has = point / 4 < row.points() && point % 4 < column.points();
            has.then(|| {
                counts[point] += 1;
                counts[point] - 1
            })
        });
        Slice { row, column, place }
    });
    (slices.collect(), counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tap_is_in_one_part() {
        let all = [(3, 1), (5, 1), (11, 4), (7, 1), (7, 2), (7, 3), (5, 2), (6, 2), (9, 1)];
        for (kernel, stride) in all {
            let parts = parts(kernel, stride).unwrap();
            let mut taps: Vec<usize> =
                parts.iter().flat_map(|part| (0..part.count).map(|tap| part.first + tap * stride)).collect();
            taps.sort_unstable();
            assert_eq!(taps, (0..kernel).collect::<Vec<_>>(), "{kernel} by {stride}");
            assert!(parts.iter().all(|part| matches!(part.count, 2 | 3)));
        }
        assert_eq!([parts(1, 1), parts(3, 2), parts(5, 4)], [None, None, None], "a part would have one tap");
        assert_eq!([parts(2, 1), parts(4, 1), parts(8, 4)], [None, None, None], "no part would have three taps");
    }

    #[test]
    fn products_are_one_more_than_the_taps_of_each_part_in_both_directions() {
        for (kernel, stride, products) in [(3, 1, 16), (5, 1, 49), (11, 4, 225)] {
            let (slices, counts) = slices(&parts(kernel, stride).unwrap());
            assert_eq!(counts.iter().sum::<usize>(), products, "{kernel} by {stride}");
            for (point, count) in counts.into_iter().enumerate() {
                let places: Vec<usize> = slices.iter().filter_map(|slice| slice.place[point]).collect();
                assert_eq!(places, (0..count).collect::<Vec<_>>(), "point {point} of {kernel} by {stride}");
            }
        }
    }
}
