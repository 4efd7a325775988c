//! Sums over rows: the gradients of biases.

use super::{Output, split};

/// Running sums of a row: part of the definition, not of the machine.
const LANES: usize = 16;

/// `sums[row] = Σ from[row][..]`: sixteen running sums, element i to sum i mod 16, then added from first to last.
///
/// # Shape
/// `from`: `[rows][..]`; `sums`: `[rows]`, overwritten.
pub(crate) fn sum_rows(from: &[f32], sums: &mut [f32]) {
    let row_length = from.len() / sums.len().max(1);
    let sums = Output::new(sums);
    split(sums.len(), from.len(), |rows| {
        // SAFETY: every row belongs to one task.
        let sums = unsafe { sums.slice(rows.start, rows.len()) };
        for (row, sum) in rows.zip(sums) {
            *sum = sum_row(&from[row * row_length..(row + 1) * row_length]);
        }
    });
}

fn sum_row(row: &[f32]) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value;
        }
    }
    for (lane, value) in lanes.iter_mut().zip(rest) {
        *lane += value;
    }
    lanes.into_iter().fold(0.0, |sum, lane| sum + lane)
}
