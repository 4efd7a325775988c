//! Rectified linear unit.

mod cpu;
#[cfg(test)]
mod tests;

use crate::parallel;

/// `max(y, 0)`, element by element.
///
/// # Shape
/// Any; in place.
/// # Source
/// Krizhevsky et al. 2012, section 3.1. NaN stays NaN, as in PyTorch.
pub fn forward_in_place(y: &mut [f32]) {
    parallel::for_chunks(y, cpu::forward_in_place);
}

/// The gradient of the argument from that of the result: kept where the result `y` is above 0, else 0.
///
/// # Shape
/// `y`, `dy`: the same, any; `dy` in place.
/// # Panics
/// If a slice has another length.
/// # Source
/// As in PyTorch, except for a NaN result. Its gradient is 0, as wherever `y > 0` does not hold.
pub fn gradient_in_place(y: &[f32], dy: &mut [f32]) {
    assert_eq!(y.len(), dy.len(), "relu: a result and its gradient have the same length");
    parallel::for_chunk_pairs(dy, y, |dy, y| cpu::gradient_in_place(y, dy));
}
