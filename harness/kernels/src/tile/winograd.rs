//! The transforms of Winograd's F(2 × 2, 3 × 3), a vector of images at a time.
//!
//! Sums of four numbers in a fixed order: no instruction set, and no number of images beside, changes a bit. A filter of two
//! taps along an axis is one of three whose last is 0: its fourth point is 0 whatever the input, and is left out.

use super::Simd;
use super::vector::{Portable, Vector};

/// Elements of a transformed patch, 4 × 4.
pub(crate) const POINTS: usize = 16;

/// One channel's patch of the input, and where its transform goes.
#[derive(Clone, Copy)]
pub(crate) struct Patch<'a> {
    /// Whether the filter has three taps along rows and along columns, or two.
    pub(crate) is_whole: (bool, bool),
    /// The channel, `[position][batch]`.
    pub(crate) from: *const f32,
    /// Elements from the channel's first to the first image's at each of the 4 × 4 positions.
    pub(crate) at: &'a [usize; POINTS],
    /// Whether a position is one of the plane, not of the padding, which is 0.
    pub(crate) is_inside: &'a [bool; POINTS],
    /// Where the images of each point go, in elements from here.
    pub(crate) to: *mut f32,
    pub(crate) to_at: &'a [usize; POINTS],
    /// From an element to one that is read soon after it, to be fetched into the cache.
    pub(crate) ahead: usize,
    pub(crate) images: usize,
}

/// One output channel's transformed patch, and the 2 × 2 outputs it gives.
#[derive(Clone, Copy)]
pub(crate) struct Outputs<'a> {
    /// The images of each point, in elements from here.
    pub(crate) from: *const f32,
    pub(crate) from_at: &'a [usize; POINTS],
    /// Output channel, `[position][batch]`.
    pub(crate) to: *mut f32,
    /// Elements from its first to the first image's at each of the 2 × 2 positions; none where that lies outside.
    pub(crate) at: [Option<usize>; 4],
    /// From an element to one that is written soon after it, to be fetched into the cache.
    pub(crate) ahead: usize,
    pub(crate) bias: f32,
    pub(crate) relu: bool,
    pub(crate) images: usize,
}

impl Simd {
    /// `V = Bᵀ d B`
    ///
    /// # Safety
    /// All that the patch names can be read or written, by this thread alone.
    pub(crate) unsafe fn transform_patch(self, patch: &Patch<'_>) {
        // SAFETY: `self` is one that the CPU has; the caller vouches for the memory.
        unsafe {
            match self {
                Self::Scalar => input::<Portable>(patch),
                #[cfg(target_arch = "x86_64")]
                Self::Avx2 => x86::input_avx2(patch),
                #[cfg(target_arch = "x86_64")]
                Self::Avx512 => x86::input_avx512(patch),
                #[cfg(not(target_arch = "x86_64"))]
                Self::Avx2 | Self::Avx512 => input::<Portable>(patch),
            }
        }
    }

    /// `Y = Aᵀ M A + bias`, then perhaps ReLU.
    ///
    /// # Safety
    /// As [`Simd::transform_patch`].
    pub(crate) unsafe fn transform_outputs(self, outputs: &Outputs<'_>) {
        // SAFETY: as above.
        unsafe {
            match self {
                Self::Scalar => output::<Portable>(outputs),
                #[cfg(target_arch = "x86_64")]
                Self::Avx2 => x86::output_avx2(outputs),
                #[cfg(target_arch = "x86_64")]
                Self::Avx512 => x86::output_avx512(outputs),
                #[cfg(not(target_arch = "x86_64"))]
                Self::Avx2 | Self::Avx512 => output::<Portable>(outputs),
            }
        }
    }
}

/// `U = G g Gᵀ` of a 3 × 3 filter, row by row.
///
/// # Source
/// Lavin and Gray, *Fast Algorithms for Convolutional Neural Networks*, CVPR 2016, section 4.1.
pub(crate) fn transform_filter(filter: &[f32; 9]) -> [f32; POINTS] {
    let points = |a: f32, b: f32, c: f32| {
        let ends = a + c;
        [a, (ends + b) * 0.5, (ends - b) * 0.5, c]
    };
    let g = filter;
    let columns = [points(g[0], g[3], g[6]), points(g[1], g[4], g[7]), points(g[2], g[5], g[8])];
    let mut transformed = [0.0; POINTS];
    for row in 0..4 {
        transformed[4 * row..4 * row + 4].copy_from_slice(&points(columns[0][row], columns[1][row], columns[2][row]));
    }
    transformed
}

/// Sums and differences as a vector has them: a product with ±1 is exact, so each rounds once.
#[inline(always)]
unsafe fn plus<V: Vector>(first: V, second: V) -> V {
    // SAFETY: the caller's CPU has V's instructions.
    unsafe { first.mul_add(V::splat(1.0), second) }
}

#[inline(always)]
unsafe fn minus<V: Vector>(first: V, second: V) -> V {
    // SAFETY: as above.
    unsafe { second.mul_add(V::splat(-1.0), first) }
}

#[inline(always)]
unsafe fn input<V: Vector>(patch: &Patch<'_>) {
    // SAFETY: the caller's promises.
    unsafe {
        match (patch.is_whole, patch.is_inside == &[true; POINTS]) {
            ((true, true), true) => input_of::<V, 4, 4, true>(patch),
            ((true, false), true) => input_of::<V, 4, 3, true>(patch),
            ((false, true), true) => input_of::<V, 3, 4, true>(patch),
            ((false, false), true) => input_of::<V, 3, 3, true>(patch),
            ((true, true), false) => input_of::<V, 4, 4, false>(patch),
            ((true, false), false) => input_of::<V, 4, 3, false>(patch),
            ((false, true), false) => input_of::<V, 3, 4, false>(patch),
            ((false, false), false) => input_of::<V, 3, 3, false>(patch),
        }
    }
}

/// The transform of the patch's first rows and columns, three or four each; `INSIDE` if no position is padding.
#[inline(always)]
#[allow(clippy::needless_range_loop)] // rows and columns as in the matrices; all these loops unroll
unsafe fn input_of<V: Vector, const ROWS: usize, const COLUMNS: usize, const INSIDE: bool>(patch: &Patch<'_>) {
    let mut image = 0;
    while image < patch.images {
        let lanes = (patch.images - image).min(V::LANES);
        // SAFETY: positions and points are the caller's, and no more lanes are touched than there are images.
        unsafe {
            let mask = V::mask(lanes);
            let zero = V::splat(0.0);
            let mut d = [[zero; COLUMNS]; ROWS];
            for row in 0..ROWS {
                for column in 0..COLUMNS {
                    let position = 4 * row + column;
                    if INSIDE || patch.is_inside[position] {
                        let from = patch.from.add(patch.at[position] + image);
                        V::prefetch(from.wrapping_add(patch.ahead));
                        d[row][column] = if lanes == V::LANES { V::load(from) } else { V::load_masked(from, mask) };
                    }
                }
            }
            for column in 0..COLUMNS {
                let last = if ROWS == 4 { d[3][column] } else { zero };
                let points = along([d[0][column], d[1][column], d[2][column], last]);
                for row in 0..ROWS {
                    d[row][column] = points[row];
                }
            }
            for row in 0..ROWS {
                let last = if COLUMNS == 4 { d[row][3] } else { zero };
                let points = along([d[row][0], d[row][1], d[row][2], last]);
                for column in 0..COLUMNS {
                    let to = patch.to.add(patch.to_at[4 * row + column] + image);
                    let value = points[column];
                    if lanes == V::LANES { value.store(to) } else { value.store_masked(to, mask) }
                }
            }
        }
        image += lanes;
    }
}

/// `Bᵀ d` of one line.
#[inline(always)]
unsafe fn along<V: Vector>([a, b, c, d]: [V; 4]) -> [V; 4] {
    // SAFETY: the caller's CPU has V's instructions.
    unsafe { [minus(a, c), plus(b, c), minus(c, b), minus(b, d)] }
}

#[inline(always)]
unsafe fn output<V: Vector>(outputs: &Outputs<'_>) {
    let mut image = 0;
    while image < outputs.images {
        let lanes = (outputs.images - image).min(V::LANES);
        // SAFETY: as for the input.
        unsafe {
            let mask = V::mask(lanes);
            let mut m = [V::splat(0.0); POINTS];
            for (point, value) in m.iter_mut().enumerate() {
                let from = outputs.from.add(outputs.from_at[point] + image);
                *value = if lanes == V::LANES { V::load(from) } else { V::load_masked(from, mask) };
            }
            let mut s = [V::splat(0.0); 8];
            for column in 0..4 {
                let [a, b, c, e] = [m[column], m[4 + column], m[8 + column], m[12 + column]];
                s[column] = plus(plus(a, b), c);
                s[4 + column] = minus(minus(b, c), e);
            }
            let bias = V::splat(outputs.bias);
            for row in 0..2 {
                let [a, b, c, e] = [s[4 * row], s[4 * row + 1], s[4 * row + 2], s[4 * row + 3]];
                for (column, sum) in [plus(plus(a, b), c), minus(minus(b, c), e)].into_iter().enumerate() {
                    if let Some(at) = outputs.at[2 * row + column] {
                        let sum = plus(sum, bias);
                        let value = if outputs.relu { sum.relu() } else { sum };
                        let to = outputs.to.add(at + image);
                        V::prefetch(to.wrapping_add(outputs.ahead));
                        if lanes == V::LANES { value.store(to) } else { value.store_masked(to, mask) }
                    }
                }
            }
        }
        image += lanes;
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{__m256, __m512};

    use super::{Outputs, Patch, input, output};

    #[target_feature(enable = "avx2,fma")]
    pub(super) unsafe fn input_avx2(patch: &Patch<'_>) {
        // SAFETY: the caller's promises.
        unsafe { input::<__m256>(patch) }
    }

    #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
    pub(super) unsafe fn input_avx512(patch: &Patch<'_>) {
        // SAFETY: the caller's promises.
        unsafe { input::<__m512>(patch) }
    }

    #[target_feature(enable = "avx2,fma")]
    pub(super) unsafe fn output_avx2(outputs: &Outputs<'_>) {
        // SAFETY: the caller's promises.
        unsafe { output::<__m256>(outputs) }
    }

    #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
    pub(super) unsafe fn output_avx512(outputs: &Outputs<'_>) {
        // SAFETY: the caller's promises.
        unsafe { output::<__m512>(outputs) }
    }
}
