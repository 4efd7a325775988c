//! Hashes of a picture's pixels, for finding overlap. They identify a picture without showing it.
//!
//! Before a training has ended, only [`Fingerprint`]s may leave a sealed test side. Neither pixels nor labels can be
//! recovered from one, so no network can be trained, tuned or chosen on it.

/// A side of the grid that brightness is compared on.
const GRID: usize = 8;

/// Hashes of one picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// BLAKE3 of the pixels as the network sees them, before standardisation, cut to 128 bits.
    pub exact: [u8; 16],
    /// Differences of brightness of the picture as it is.
    pub perceptual: Perceptual,
    /// The same for the picture mirrored left to right.
    pub mirrored: Perceptual,
}

/// 128 signs of differences of brightness: 64 from left to right, 64 from top to bottom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Perceptual([u64; 2]);

impl Perceptual {
    /// Signs in which two pictures differ, 0 … 128.
    pub fn distance(self, other: Self) -> u32 {
        (self.0[0] ^ other.0[0]).count_ones() + (self.0[1] ^ other.0[1]).count_ones()
    }

    /// The distance, if it is at most `most`. Most pairs are ruled out after half of the signs.
    pub fn distance_within(self, other: Self, most: u32) -> Option<u32> {
        let first = (self.0[0] ^ other.0[0]).count_ones();
        if first > most {
            return None;
        }
        let distance = first + (self.0[1] ^ other.0[1]).count_ones();
        (distance <= most).then_some(distance)
    }
}

impl Fingerprint {
    /// The fingerprint of a square RGB picture, `(side, side, 3)` bytes.
    ///
    /// # Source
    /// The perceptual hash is the difference hash (Krawetz, *Kind of like that*, 2013) in both directions: the picture is
    /// averaged down to 9 × 8 and 8 × 9 boxes of luma (ITU-R BT.601), and each box compared with the one before it.
    /// Sums are of whole numbers, so that every machine gives the same bits.
    pub fn of(pixels: &[u8]) -> Self {
        let side = (pixels.len() / 3).isqrt();
        let luma: Vec<u32> = pixels
            .chunks_exact(3)
            .map(|rgb| 299 * u32::from(rgb[0]) + 587 * u32::from(rgb[1]) + 114 * u32::from(rgb[2]))
            .collect();
        let mut exact = [0; 16];
        exact.copy_from_slice(&blake3::hash(pixels).as_bytes()[..16]);
        Self { exact, perceptual: perceptual(&luma, side, false), mirrored: perceptual(&luma, side, true) }
    }
}

fn perceptual(luma: &[u32], side: usize, is_mirrored: bool) -> Perceptual {
    let wide = boxes(luma, side, (GRID, GRID + 1), is_mirrored);
    let tall = boxes(luma, side, (GRID + 1, GRID), is_mirrored);
    let mut bits = [0; 2];
    for y in 0..GRID {
        for x in 0..GRID {
            let at = y * GRID + x;
            bits[0] |= u64::from(wide[y * (GRID + 1) + x + 1] > wide[y * (GRID + 1) + x]) << at;
            bits[1] |= u64::from(tall[(y + 1) * GRID + x] > tall[y * GRID + x]) << at;
        }
    }
    Perceptual(bits)
}

/// Sums of luma over `rows × columns` boxes of equal size; a pixel that lies in several boxes counts in each by its
/// share.
fn boxes(luma: &[u32], side: usize, (rows, columns): (usize, usize), is_mirrored: bool) -> Vec<u64> {
    // Lengths in units of 1 / (rows · columns) of a pixel are whole numbers.
    let across = overlaps(side, columns);
    let mut strips = vec![0u64; side * columns];
    for y in 0..side {
        for &(x, column, share) in &across {
            let from = if is_mirrored { side - 1 - x } else { x };
            strips[y * columns + column] += share * u64::from(luma[y * side + from]);
        }
    }
    let mut sums = vec![0u64; rows * columns];
    for (y, row, share) in overlaps(side, rows) {
        for column in 0..columns {
            sums[row * columns + column] += share * strips[y * columns + column];
        }
    }
    sums
}

/// (pixel, box, overlap) along an axis of `side` pixels in `count` boxes, the overlap in units of 1/`count` of a pixel.
fn overlaps(side: usize, count: usize) -> Vec<(usize, usize, u64)> {
    let mut overlaps = Vec::new();
    for pixel in 0..side {
        // The pixel covers pixel·count … (pixel + 1)·count, box b covers b·side … (b + 1)·side.
        let (start, end) = (pixel * count, (pixel + 1) * count);
        for place in start / side..=((end - 1) / side).min(count - 1) {
            let length = end.min((place + 1) * side) - start.max(place * side);
            overlaps.push((pixel, place, length as u64));
        }
    }
    overlaps
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of soft blobs, as different from one with another seed as photographs are.
    fn picture(seed: u32, side: usize) -> Vec<u8> {
        let mut pixels = Vec::new();
        for y in 0..side {
            for x in 0..side {
                let (u, v) = (x as f64 / side as f64, y as f64 / side as f64);
                let wave = |k: u32| {
                    let phase = f64::from((seed * 7919 + k * 104_729) % 1000) / 160.0;
                    libm::sin(f64::from(k + 1) * 2.1 * u + phase) * libm::cos(f64::from(k + 2) * 1.7 * v + 2.0 * phase)
                };
                let value = 128.0 + 40.0 * (0..3).map(wave).sum::<f64>();
                pixels.extend([0, 1, 2].map(|channel| (value + 9.0 * f64::from(channel)).clamp(0.0, 255.0) as u8));
            }
        }
        pixels
    }

    fn mirrored(pixels: &[u8], side: usize) -> Vec<u8> {
        pixels
            .chunks_exact(3 * side)
            .flat_map(|row| row.chunks_exact(3).rev().flatten().copied().collect::<Vec<_>>())
            .collect()
    }

    #[test]
    fn a_pixel_changes_the_exact_hash_and_hardly_the_other() {
        let mut pixels = picture(1, 40);
        let before = Fingerprint::of(&pixels);
        pixels[3 * 777] ^= 1;
        let after = Fingerprint::of(&pixels);
        assert_ne!(before.exact, after.exact);
        assert!(before.perceptual.distance(after.perceptual) <= 2);
    }

    #[test]
    fn a_mirrored_picture_has_the_mirrored_hash_exactly() {
        for side in [32, 47, 224] {
            let pixels = picture(2, side);
            let (plain, turned) = (Fingerprint::of(&pixels), Fingerprint::of(&mirrored(&pixels, side)));
            assert_eq!((plain.mirrored, plain.perceptual), (turned.perceptual, turned.mirrored), "side {side}");
            assert!(plain.perceptual.distance(plain.mirrored) > 20);
        }
    }

    #[test]
    fn different_pictures_lie_far_apart_and_brightness_does_not_matter() {
        let one = picture(3, 48);
        let darker: Vec<u8> = one.iter().map(|value| value / 2).collect();
        let [one, darker, other] = [one, darker, picture(4, 48)].map(|pixels| Fingerprint::of(&pixels).perceptual);
        assert!(one.distance(darker) <= 6, "{}", one.distance(darker));
        assert!(one.distance(other) > 30, "{}", one.distance(other));
    }

    #[test]
    fn boxes_share_out_every_pixel() {
        for (side, count) in [(32, 9), (47, 8), (9, 9), (8, 9)] {
            let overlaps = overlaps(side, count);
            assert!(
                (0..side)
                    .all(|pixel| overlaps.iter().filter(|o| o.0 == pixel).map(|o| o.2).sum::<u64>() == count as u64)
            );
            assert!(
                (0..count)
                    .all(|place| overlaps.iter().filter(|o| o.1 == place).map(|o| o.2).sum::<u64>() == side as u64)
            );
        }
    }
}
