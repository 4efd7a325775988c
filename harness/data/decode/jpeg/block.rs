//! A block of coefficients, and whether decoders agree about its samples.

/// Coefficients of a block, in the order that they are coded in.
pub(super) type Block = [i16; 64];

/// Steps of the coefficients, in the same order.
pub(super) type Quantisation = [u16; 64];

/// Row and column, as 8 · row + column, of each coefficient in the order that they are coded in.
const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

/// A sample is a quarter of the sum of the coefficients at most, so that no block below this sum is beyond any bound here.
const HARMLESS: u64 = 2000;

/// Samples that all decoders clip alike, counted from the middle of their range.
const MOST_SAMPLE: f32 = 510.0;

/// Column sums, with the factor of √8 · 4 that decoders keep them with, of which two fit into 16 bits.
const MOST_COLUMN: f32 = 16_000.0;

/// A coefficient. One that does not fit is beyond any bound all the same.
pub(super) fn clamped(value: i32) -> i16 {
    value.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

/// Whether a block is beyond what coefficients of 8-bit samples can be: then a decoder's 16-bit sums overflow, or its samples
/// are beyond the range that it clips, and libjpeg's own code gives other samples with vector instructions than without.
pub(super) fn overflows(block: &Block, steps: &Quantisation) -> bool {
    let sum: u64 =
        block.iter().zip(steps).map(|(value, &step)| u64::from(value.unsigned_abs()) * u64::from(step)).sum();
    sum > HARMLESS && is_beyond(block, steps)
}

/// The same by the inverse transform itself, which few blocks need.
fn is_beyond(block: &Block, steps: &Quantisation) -> bool {
    let mut coefficients = [0.0_f32; 64];
    for ((&value, &step), &at) in block.iter().zip(steps).zip(&ZIGZAG) {
        coefficients[at] = f32::from(value) * f32::from(step);
    }
    let mut columns = [0.0_f32; 64];
    for column in 0..8 {
        for row in 0..8 {
            columns[8 * row + column] = (0..8).map(|k| coefficients[8 * k + column] * COSINES[row][k]).sum();
        }
    }
    let is_wide = |value: &f32| value.abs() * 8.0_f32.sqrt() * 4.0 > MOST_COLUMN;
    let sample = |at: usize| (0..8).map(|k| columns[8 * (at / 8) + k] * COSINES[at % 8][k]).sum::<f32>();
    coefficients.iter().any(|value| value.abs() > f32::from(i16::MAX))
        || columns.iter().any(is_wide)
        || (0..64).any(|at| sample(at).abs() > MOST_SAMPLE)
}

/// `COSINES[x][k]`: value at x of the orthonormal cosine of frequency k, `c(k)/2 · cos((2x + 1) k π / 16)`.
#[rustfmt::skip]
const COSINES: [[f32; 8]; 8] = [
    [0.3535534, 0.4903926, 0.4619398, 0.4157348, 0.3535534, 0.2777851, 0.1913417, 0.09754516],
    [0.3535534, 0.4157348, 0.1913417, -0.09754516, -0.3535534, -0.4903926, -0.4619398, -0.2777851],
    [0.3535534, 0.2777851, -0.1913417, -0.4903926, -0.3535534, 0.09754516, 0.4619398, 0.4157348],
    [0.3535534, 0.09754516, -0.4619398, -0.2777851, 0.3535534, 0.4157348, -0.1913417, -0.4903926],
    [0.3535534, -0.09754516, -0.4619398, 0.2777851, 0.3535534, -0.4157348, -0.1913417, 0.4903926],
    [0.3535534, -0.2777851, -0.1913417, 0.4903926, -0.3535534, -0.09754516, 0.4619398, -0.4157348],
    [0.3535534, -0.4157348, 0.1913417, 0.09754516, -0.3535534, 0.4903926, -0.4619398, 0.2777851],
    [0.3535534, -0.4903926, 0.4619398, -0.4157348, 0.3535534, -0.2777851, 0.1913417, -0.09754516],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_of_black_and_white_is_within_and_one_of_steps_too_large_is_not() {
        let (mut block, mut steps) = ([0; 64], [1; 64]);
        block[0] = -1024;
        assert!(!overflows(&block, &steps), "black");
        // A checkerboard of black and white, as its coefficients are.
        let board = |at: usize| if (at / 8 + at % 8).is_multiple_of(2) { 127.0 } else { -128.0 };
        for (place, &at) in ZIGZAG.iter().enumerate() {
            let (v, u) = (at / 8, at % 8);
            let value: f32 = (0..64).map(|at| board(at) * COSINES[at / 8][v] * COSINES[at % 8][u]).sum();
            block[place] = value.round() as i16;
        }
        assert!(!overflows(&block, &steps));
        steps = [5; 64];
        assert!(overflows(&block, &steps), "samples five times beyond their range");
        let mut lone = [0; 64];
        (lone[0], steps[0]) = (200, 255);
        assert!(overflows(&lone, &steps), "more than 16 bits");
    }
}
