//! The kernels: one generic loop, compiled for every instruction set and tile size.

use super::vector::{Portable, Vector};
use super::{Activation, Start, Tile};

/// Rows of the tallest scalar tile.
pub(super) const SCALAR_ROWS: usize = 4;
/// Rows of the tallest AVX2 tile: 12 accumulators, 2 columns and 1 broadcast in 16 registers.
pub(super) const AVX2_ROWS: usize = 6;
/// Rows of the tallest AVX-512 tile: 28 accumulators, 2 columns and 1 broadcast in 32 registers.
pub(super) const AVX512_ROWS: usize = 14;

/// A kernel's arguments: the tile, and which of its columns.
pub(super) struct Call<'a> {
    pub(super) tile: &'a Tile<'a>,
    /// B at the first of these columns.
    pub(super) b: *const f32,
    /// C at the first of these columns.
    pub(super) c: *mut f32,
    pub(super) columns: usize,
}

/// A compiled kernel.
///
/// # Safety
/// The CPU has its instructions, the tile has its number of rows, it covers `columns`, and what [`Tile::run`] asks for.
pub(super) type Kernel = unsafe fn(&Call<'_>);

/// The same pointer, hidden from the compiler. No load moves past this point.
///
/// Without it, the compiler keeps a running pointer for each of up to 14 rows, or reads the elements of all rows before
/// it uses the first. Neither fits into the registers, and saving and restoring what does not fit costs a tall tile a
/// third of its speed.
#[inline(always)]
fn opaque(pointer: *const f32) -> *const f32 {
    #[cfg(target_arch = "x86_64")]
    {
        let mut pointer = pointer;
        // SAFETY: there is no instruction in it.
        unsafe { std::arch::asm!("/* {0} */", inout(reg) pointer, options(nostack, preserves_flags)) };
        pointer
    }
    #[cfg(not(target_arch = "x86_64"))]
    pointer
}

/// The sums of a tile, in registers.
type Sums<V, const ROWS: usize, const VECTORS: usize> = [[V; VECTORS]; ROWS];

/// A vector of a row, of which the last is masked unless `FULL`.
///
/// # Safety
/// As for [`Kernel`].
#[inline(always)]
unsafe fn load<V: Vector, const VECTORS: usize, const FULL: bool>(row: *const f32, vector: usize, mask: V::Mask) -> V {
    let from = row.wrapping_add(vector * V::LANES);
    // SAFETY: the caller's promises.
    unsafe { if FULL || vector + 1 < VECTORS { V::load(from) } else { V::load_masked(from, mask) } }
}

/// What the tile's chains begin with.
///
/// # Safety
/// As for [`Kernel`].
#[inline(always)]
#[allow(clippy::needless_range_loop, reason = "m as in the formula; all these loops unroll")]
unsafe fn begin<V: Vector, const ROWS: usize, const VECTORS: usize, const FULL: bool>(
    call: &Call<'_>,
    mask: V::Mask,
) -> Sums<V, ROWS, VECTORS> {
    // SAFETY: the caller's promises.
    unsafe {
        let mut sums = [[V::splat(0.0); VECTORS]; ROWS];
        match call.tile.start {
            Start::Zero | Start::Added => {}
            Start::Bias(bias) => {
                for m in 0..ROWS {
                    sums[m] = [V::splat(*bias.as_ptr().add(m)); VECTORS];
                }
            }
            Start::Held => {
                for m in 0..ROWS {
                    for vector in 0..VECTORS {
                        sums[m][vector] = load::<V, VECTORS, FULL>(call.c.add(m * call.tile.c_row), vector, mask);
                    }
                }
            }
        }
        sums
    }
}

/// Stores the tile's sums, with what is done to them before.
///
/// # Safety
/// As for [`Kernel`].
#[inline(always)]
#[allow(clippy::needless_range_loop, reason = "m as in the formula; all these loops unroll")]
unsafe fn end<V: Vector, const ROWS: usize, const VECTORS: usize, const FULL: bool>(
    call: &Call<'_>,
    mask: V::Mask,
    mut sums: Sums<V, ROWS, VECTORS>,
) {
    // SAFETY: the caller's promises.
    unsafe {
        let c_row = call.tile.c_row;
        if matches!(call.tile.start, Start::Added) {
            for m in 0..ROWS {
                for vector in 0..VECTORS {
                    let held = load::<V, VECTORS, FULL>(call.c.add(m * c_row), vector, mask);
                    sums[m][vector] = sums[m][vector].mul_add(V::splat(1.0), held);
                }
            }
        }
        let relu = call.tile.activation == Activation::Relu;
        for m in 0..ROWS {
            for vector in 0..VECTORS {
                let value = if relu { sums[m][vector].relu() } else { sums[m][vector] };
                let to = call.c.add(m * c_row).wrapping_add(vector * V::LANES);
                if FULL || vector + 1 < VECTORS { value.store(to) } else { value.store_masked(to, mask) }
            }
        }
    }
}

/// `C[m][j] = start + Σ_k A[k][m] B[k][j]` for `ROWS` rows and `VECTORS` vectors of columns, the last of which is masked
/// unless `FULL`.
///
/// # Safety
/// As for [`Kernel`].
#[inline(always)]
#[allow(clippy::needless_range_loop, reason = "m as in the formula; all these loops unroll")]
unsafe fn run<V: Vector, const ROWS: usize, const VECTORS: usize, const FULL: bool>(call: &Call<'_>) {
    // SAFETY: the caller promises the instruction set, and that all offsets lie in their slices. Pointers are advanced
    // with `wrapping_add`, since after the last step they may point past the end.
    unsafe {
        let Tile { a, a_row, walk, .. } = *call.tile;
        let mask = V::mask(call.columns - (VECTORS - 1) * V::LANES);
        let mut sums = begin::<V, ROWS, VECTORS, FULL>(call, mask);
        let (mut a_outer, mut b_outer) = (a.as_ptr(), call.b);
        for _ in 0..walk.outer.count {
            for tap in walk.taps {
                let mut a_k = a_outer.wrapping_add(tap.a as usize * walk.tap_a);
                let mut b_k = b_outer.wrapping_offset(tap.b as isize * walk.tap_b);
                for _ in 0..walk.inner.count {
                    let mut columns = [V::splat(0.0); VECTORS];
                    for vector in 0..VECTORS {
                        columns[vector] = load::<V, VECTORS, FULL>(b_k, vector, mask);
                    }
                    let ahead = b_k.wrapping_offset(walk.ahead);
                    for vector in 0..VECTORS {
                        V::prefetch(ahead.wrapping_add(vector * V::LANES));
                    }
                    let mut a_m = a_k;
                    for m in 0..ROWS {
                        let row = V::splat(*a_m);
                        a_m = opaque(a_m.wrapping_add(a_row));
                        for vector in 0..VECTORS {
                            sums[m][vector] = row.mul_add(columns[vector], sums[m][vector]);
                        }
                    }
                    a_k = a_k.wrapping_add(walk.inner.a);
                    b_k = b_k.wrapping_offset(walk.inner.b);
                }
            }
            a_outer = a_outer.wrapping_add(walk.outer.a);
            b_outer = b_outer.wrapping_offset(walk.outer.b);
        }
        end::<V, ROWS, VECTORS, FULL>(call, mask, sums);
    }
}

/// Kernels by rows, from 1 on, and by whether the last vector is full.
type ByRows<const MAX: usize> = [[Kernel; 2]; MAX];

/// The kernels of a generic function with a number of vectors, for the listed rows.
macro_rules! by_rows {
    ($kernel:ident, $vectors:literal, [$($rows:literal)*]) => {
        [$([$kernel::<$rows, $vectors, false> as Kernel, $kernel::<$rows, $vectors, true>]),*]
    };
}

/// `mul_add` through the C library, which rounds once like the hardware.
unsafe fn portable<const ROWS: usize, const VECTORS: usize, const FULL: bool>(call: &Call<'_>) {
    // SAFETY: the caller's promises.
    unsafe { run::<Portable, ROWS, VECTORS, FULL>(call) }
}

/// The same code with hardware fused multiply-add, ten times as fast.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "fma")]
unsafe fn portable_fma<const ROWS: usize, const VECTORS: usize, const FULL: bool>(call: &Call<'_>) {
    // SAFETY: the caller's promises.
    unsafe { run::<Portable, ROWS, VECTORS, FULL>(call) }
}

static PORTABLE: ByRows<SCALAR_ROWS> = by_rows!(portable, 1, [1 2 3 4]);
#[cfg(target_arch = "x86_64")]
static PORTABLE_FMA: ByRows<SCALAR_ROWS> = by_rows!(portable_fma, 1, [1 2 3 4]);

/// The kernel for `rows` and the first of `columns` columns, and how many it takes.
pub(super) fn scalar(rows: usize, columns: usize) -> (Kernel, usize) {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("fma") {
        let taken = columns.min(8);
        return (PORTABLE_FMA[rows - 1][usize::from(taken == 8)], taken);
    }
    without_fma(rows, columns)
}

/// As [`scalar`], on a CPU without fused multiply-add.
pub(super) fn without_fma(rows: usize, columns: usize) -> (Kernel, usize) {
    let taken = columns.min(8);
    (PORTABLE[rows - 1][usize::from(taken == 8)], taken)
}

#[cfg(target_arch = "x86_64")]
pub(super) use x86::{avx2, avx512};

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{__m256, __m512};

    use super::{AVX2_ROWS, AVX512_ROWS, ByRows, Call, Kernel, run};

    #[target_feature(enable = "avx2,fma")]
    unsafe fn with_avx2<const ROWS: usize, const VECTORS: usize, const FULL: bool>(call: &Call<'_>) {
        // SAFETY: the caller's promises.
        unsafe { run::<__m256, ROWS, VECTORS, FULL>(call) }
    }

    #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
    unsafe fn with_avx512<const ROWS: usize, const VECTORS: usize, const FULL: bool>(call: &Call<'_>) {
        // SAFETY: the caller's promises.
        unsafe { run::<__m512, ROWS, VECTORS, FULL>(call) }
    }

    /// Half vectors, for the last few columns, with all 32 registers.
    #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
    unsafe fn with_half<const ROWS: usize, const VECTORS: usize, const FULL: bool>(call: &Call<'_>) {
        // SAFETY: the caller's promises.
        unsafe { run::<__m256, ROWS, VECTORS, FULL>(call) }
    }

    static AVX2: [ByRows<AVX2_ROWS>; 2] =
        [by_rows!(with_avx2, 1, [1 2 3 4 5 6]), by_rows!(with_avx2, 2, [1 2 3 4 5 6])];
    static AVX512: [ByRows<AVX512_ROWS>; 2] = [
        by_rows!(with_avx512, 1, [1 2 3 4 5 6 7 8 9 10 11 12 13 14]),
        by_rows!(with_avx512, 2, [1 2 3 4 5 6 7 8 9 10 11 12 13 14]),
    ];
    static HALF: ByRows<AVX512_ROWS> = by_rows!(with_half, 1, [1 2 3 4 5 6 7 8 9 10 11 12 13 14]);

    /// The kernel for `rows` and the first of `columns` columns, and how many it takes.
    pub(in super::super) fn avx2(rows: usize, columns: usize) -> (Kernel, usize) {
        let taken = columns.min(16);
        let vectors = taken.div_ceil(8);
        (AVX2[vectors - 1][rows - 1][usize::from(taken == vectors * 8)], taken)
    }

    /// As [`avx2`]; a tail of at most half a vector costs half as much.
    pub(in super::super) fn avx512(rows: usize, columns: usize) -> (Kernel, usize) {
        let taken = match columns {
            17..=24 => 16,
            _ => columns.min(32),
        };
        if taken <= 8 {
            return (HALF[rows - 1][usize::from(taken == 8)], taken);
        }
        let vectors = taken.div_ceil(16);
        (AVX512[vectors - 1][rows - 1][usize::from(taken == vectors * 16)], taken)
    }
}
