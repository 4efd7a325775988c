//! The transforms of Winograd's F(2 × 2, 3 × 3), a vector of images at a time.
//!
//! Sums of four numbers in a fixed order: no instruction set, and no number of images beside, changes a bit.

use super::Simd;
use super::vector::{Portable, Vector};

/// Elements of a transformed patch, 4 × 4.
pub(crate) const POINTS: usize = 16;

/// One channel's patch of the input, and where its transform goes.
#[derive(Clone, Copy)]
pub(crate) struct Patch<'a> {
    /// The channel, `[position][batch]`.
    pub(crate) from: *const f32,
    /// Elements from the channel's first to each of the 4 × 4 positions; none where that is padding.
    pub(crate) at: &'a [Option<usize>; POINTS],
    /// Where the first point's images go, and from one point to the next.
    pub(crate) to: *mut f32,
    pub(crate) to_point: usize,
    pub(crate) batch: usize,
}

/// One output channel's transformed patch, and the 2 × 2 outputs it gives.
#[derive(Clone, Copy)]
pub(crate) struct Outputs {
    /// The images of the first point, and from one point to the next.
    pub(crate) from: *const f32,
    pub(crate) from_point: usize,
    /// Output channel, `[position][batch]`.
    pub(crate) to: *mut f32,
    /// Elements from its first to each of the 2 × 2 positions; none where that lies outside.
    pub(crate) at: [Option<usize>; 4],
    pub(crate) bias: f32,
    pub(crate) relu: bool,
    pub(crate) batch: usize,
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
    pub(crate) unsafe fn transform_outputs(self, outputs: &Outputs) {
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
    let mut image = 0;
    while image < patch.batch {
        let lanes = (patch.batch - image).min(V::LANES);
        // SAFETY: positions and points are the caller's, and no more lanes are touched than there are images.
        unsafe {
            let mask = V::mask(lanes);
            let mut d = [V::splat(0.0); POINTS];
            for (value, at) in d.iter_mut().zip(patch.at) {
                if let Some(at) = at {
                    let from = patch.from.add(at + image);
                    *value = if lanes == V::LANES { V::load(from) } else { V::load_masked(from, mask) };
                }
            }
            let mut t = d;
            for column in 0..4 {
                let [a, b, c, e] = [d[column], d[4 + column], d[8 + column], d[12 + column]];
                t[column] = minus(a, c);
                t[4 + column] = plus(b, c);
                t[8 + column] = minus(c, b);
                t[12 + column] = minus(b, e);
            }
            for row in 0..4 {
                let [a, b, c, e] = [t[4 * row], t[4 * row + 1], t[4 * row + 2], t[4 * row + 3]];
                for (column, value) in [minus(a, c), plus(b, c), minus(c, b), minus(b, e)].into_iter().enumerate() {
                    let to = patch.to.add((4 * row + column) * patch.to_point + image);
                    if lanes == V::LANES { value.store(to) } else { value.store_masked(to, mask) }
                }
            }
        }
        image += lanes;
    }
}

#[inline(always)]
unsafe fn output<V: Vector>(outputs: &Outputs) {
    let mut image = 0;
    while image < outputs.batch {
        let lanes = (outputs.batch - image).min(V::LANES);
        // SAFETY: as for the input.
        unsafe {
            let mask = V::mask(lanes);
            let mut m = [V::splat(0.0); POINTS];
            for (point, value) in m.iter_mut().enumerate() {
                let from = outputs.from.add(point * outputs.from_point + image);
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
    pub(super) unsafe fn output_avx2(outputs: &Outputs) {
        // SAFETY: the caller's promises.
        unsafe { output::<__m256>(outputs) }
    }

    #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
    pub(super) unsafe fn output_avx512(outputs: &Outputs) {
        // SAFETY: the caller's promises.
        unsafe { output::<__m512>(outputs) }
    }
}
