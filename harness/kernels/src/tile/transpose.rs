//! Transposition: the one rearrangement that products need, where an operand's columns are not contiguous.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

use super::{Output, PANEL, Simd, split};

/// Side of the blocks that go through registers.
const SIDE: usize = 8;

/// Least depth of a panel that one task packs.
const PART: usize = 1024;

/// Packs a matrix for use as a product's columns: panel p holds columns `32 p ..` as `[depth][width of the panel]`, and
/// begins at element `32 p depth`.
///
/// # Shape
/// `from`: `[columns][depth]` → `to`: `[panels][depth][32]`, the last panel as narrow as what is left.
pub(crate) fn pack_panels(simd: Simd, from: &[f32], columns: usize, depth: usize, to: &mut [f32]) {
    assert_eq!(from.len(), columns * depth, "pack_panels: columns × depth");
    assert_eq!(to.len(), columns * depth, "pack_panels: columns × depth");
    let to = Output::new(to);
    let parts = depth.div_ceil(PART);
    // Moving an element costs about as much as sixteen multiply-accumulates, since it comes from memory.
    split(columns.div_ceil(PANEL) * parts, 16 * columns * depth, |items| {
        for item in items {
            let (panel, start) = (item / parts, item % parts * PART);
            let (width, rows) = (PANEL.min(columns - panel * PANEL), PART.min(depth - start));
            let first = panel * PANEL * depth;
            // SAFETY: parts of panels do not overlap, and each is filled by one task.
            let to = unsafe { to.slice(first + start * width, rows * width) };
            transpose_strided(simd, &from[first + start..first + width * depth], depth, width, rows, to);
        }
    });
}

/// `to[column][row] = from[row][column]`
///
/// # Shape
/// `from`: `[rows][columns]` → `to`: `[columns][rows]`.
pub(crate) fn transpose(simd: Simd, from: &[f32], rows: usize, columns: usize, to: &mut [f32]) {
    assert_eq!(from.len(), rows * columns, "transpose: rows × columns");
    transpose_strided(simd, from, columns, rows, columns, to);
}

/// As [`transpose`], of rows `stride` apart.
pub(crate) fn transpose_strided(simd: Simd, from: &[f32], stride: usize, rows: usize, columns: usize, to: &mut [f32]) {
    assert!(rows == 0 || from.len() >= (rows - 1) * stride + columns, "transpose: rows × columns");
    assert_eq!(to.len(), rows * columns, "transpose: rows × columns");
    let (whole_rows, whole_columns) =
        if simd == Simd::Scalar { (0, 0) } else { (rows - rows % SIDE, columns - columns % SIDE) };
    #[cfg(target_arch = "x86_64")]
    for column in (0..whole_columns).step_by(SIDE) {
        for row in (0..whole_rows).step_by(SIDE) {
            let (from, to) = (&from[row * stride + column..], &mut to[column * rows + row..]);
            assert!(from.len() >= (SIDE - 1) * stride + SIDE && to.len() >= (SIDE - 1) * rows + SIDE);
            // SAFETY: the CPU has AVX2, since `simd` is not `Scalar`; the block lies in both matrices, as just asserted.
            unsafe { transpose_block(from.as_ptr(), stride, to.as_mut_ptr(), rows) };
        }
    }
    let mut edge = |rows_of: std::ops::Range<usize>, columns_of: std::ops::Range<usize>| {
        for column in columns_of {
            for row in rows_of.clone() {
                to[column * rows + row] = from[row * stride + column];
            }
        }
    };
    edge(whole_rows..rows, 0..whole_columns);
    edge(0..rows, whole_columns..columns);
}

/// Transposes 8 × 8 elements.
///
/// # Safety
/// The CPU has AVX2, and both blocks are valid: 8 rows of 8 elements, a stride apart.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn transpose_block(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
    let mut rows = [_mm256_setzero_ps(); SIDE];
    for (index, row) in rows.iter_mut().enumerate() {
        // Halves of rows i and i + 4 side by side: what is left is to transpose 4 × 4 in each half.
        let (index, half) = (index % 4, index / 4 * 4);
        // SAFETY: both lie in the block.
        let (low, high) = unsafe {
            (
                _mm_loadu_ps(from.add(index * from_stride + half)),
                _mm_loadu_ps(from.add((index + 4) * from_stride + half)),
            )
        };
        *row = _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(low), high);
    }
    for half in [0, 4] {
        let [a, b, c, d] = [rows[half], rows[half + 1], rows[half + 2], rows[half + 3]];
        let (ab_low, ab_high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
        let (cd_low, cd_high) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
        let transposed = [
            _mm256_shuffle_ps::<0b01_00_01_00>(ab_low, cd_low),
            _mm256_shuffle_ps::<0b11_10_11_10>(ab_low, cd_low),
            _mm256_shuffle_ps::<0b01_00_01_00>(ab_high, cd_high),
            _mm256_shuffle_ps::<0b11_10_11_10>(ab_high, cd_high),
        ];
        for (column, values) in transposed.into_iter().enumerate() {
            // SAFETY: the row lies in the block.
            unsafe { _mm256_storeu_ps(to.add((half + column) * to_stride), values) };
        }
    }
}
