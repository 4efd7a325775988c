//! The transforms of Winograd's F(2 × 2, 3 × 3), a vector of images at a time.
//!
//! Each is a sum of four numbers in a fixed order, so neither the instruction set nor the other images of the batch
//! change a bit. A filter of two taps along an axis is one of three whose last is 0. Its fourth point is then 0 for any
//! input, and is left out.

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

/// One tile's gradient of the outputs, of some output channels of some images side by side.
#[derive(Clone, Copy)]
pub(crate) struct Gradients<'a> {
    pub(crate) from: *const f32,
    /// Elements to each of the 2 × 2 outputs; none where there is none, and the gradient is 0.
    pub(crate) at: [Option<usize>; 4],
    /// Where the elements of each point go, in elements from here.
    pub(crate) to: *mut f32,
    pub(crate) to_at: &'a [usize; POINTS],
    pub(crate) elements: usize,
}

/// The sums of a slice's points, of some output channels side by side, and the gradients of its taps.
#[derive(Clone, Copy)]
pub(crate) struct Sums {
    pub(crate) from: *const f32,
    /// Elements to each point; none if the slice does not have it.
    pub(crate) from_at: [Option<usize>; POINTS],
    pub(crate) to: *mut f32,
    /// Elements to each of the 3 × 3 taps; none if the slice does not have it.
    pub(crate) to_at: [Option<usize>; 9],
    pub(crate) elements: usize,
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

    /// `A dY Aᵀ`
    ///
    /// # Safety
    /// As [`Simd::transform_patch`].
    pub(crate) unsafe fn transform_gradients(self, gradients: &Gradients<'_>) {
        // SAFETY: as above.
        unsafe {
            match self {
                Self::Scalar => gradient::<Portable>(gradients),
                #[cfg(target_arch = "x86_64")]
                Self::Avx2 => x86::gradient_avx2(gradients),
                #[cfg(target_arch = "x86_64")]
                Self::Avx512 => x86::gradient_avx512(gradients),
                #[cfg(not(target_arch = "x86_64"))]
                Self::Avx2 | Self::Avx512 => gradient::<Portable>(gradients),
            }
        }
    }

    /// `dg = Gᵀ S G`
    ///
    /// # Safety
    /// As [`Simd::transform_patch`].
    pub(crate) unsafe fn transform_sums(self, sums: &Sums) {
        // SAFETY: as above.
        unsafe {
            match self {
                Self::Scalar => filter::<Portable>(sums),
                #[cfg(target_arch = "x86_64")]
                Self::Avx2 => x86::filter_avx2(sums),
                #[cfg(target_arch = "x86_64")]
                Self::Avx512 => x86::filter_avx512(sums),
                #[cfg(not(target_arch = "x86_64"))]
                Self::Avx2 | Self::Avx512 => filter::<Portable>(sums),
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
#[allow(clippy::needless_range_loop, reason = "rows and columns as in the matrices; all these loops unroll")]
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

/// `A dy` of one line.
#[inline(always)]
unsafe fn spread<V: Vector>(a: V, b: V) -> [V; 4] {
    // SAFETY: the caller's CPU has V's instructions.
    unsafe { [a, plus(a, b), minus(a, b), minus(V::splat(0.0), b)] }
}

/// `Gᵀ s` of one line. A product with a half is exact, but for the smallest numbers, and there the same on every machine.
#[inline(always)]
unsafe fn gathered<V: Vector>([a, b, c, d]: [V; 4]) -> [V; 3] {
    // SAFETY: as above.
    unsafe {
        let (zero, half) = (V::splat(0.0), V::splat(0.5));
        let (even, odd) = (plus(b, c).mul_add(half, zero), minus(b, c).mul_add(half, zero));
        [plus(a, even), odd, plus(even, d)]
    }
}

#[inline(always)]
#[allow(clippy::needless_range_loop, reason = "rows and columns as in the matrices; all these loops unroll")]
unsafe fn gradient<V: Vector>(gradients: &Gradients<'_>) {
    let mut element = 0;
    while element < gradients.elements {
        let lanes = (gradients.elements - element).min(V::LANES);
        // SAFETY: outputs and points are the caller's, and no more lanes are touched than there are elements.
        unsafe {
            let mask = V::mask(lanes);
            let zero = V::splat(0.0);
            let mut dy = [zero; 4];
            for output in 0..4 {
                if let Some(at) = gradients.at[output] {
                    let from = gradients.from.add(at + element);
                    dy[output] = if lanes == V::LANES { V::load(from) } else { V::load_masked(from, mask) };
                }
            }
            let (left, right) = (spread(dy[0], dy[2]), spread(dy[1], dy[3]));
            for row in 0..4 {
                let points = spread(left[row], right[row]);
                for column in 0..4 {
                    let to = gradients.to.add(gradients.to_at[4 * row + column] + element);
                    if lanes == V::LANES { points[column].store(to) } else { points[column].store_masked(to, mask) }
                }
            }
        }
        element += lanes;
    }
}

#[inline(always)]
#[allow(clippy::needless_range_loop, reason = "rows and columns as in the matrices; all these loops unroll")]
unsafe fn filter<V: Vector>(sums: &Sums) {
    let mut element = 0;
    while element < sums.elements {
        let lanes = (sums.elements - element).min(V::LANES);
        // SAFETY: points and taps are the caller's, and no more lanes are touched than there are elements.
        unsafe {
            let mask = V::mask(lanes);
            let mut s = [[V::splat(0.0); 4]; 4];
            for point in 0..POINTS {
                if let Some(at) = sums.from_at[point] {
                    let from = sums.from.add(at + element);
                    s[point / 4][point % 4] =
                        if lanes == V::LANES { V::load(from) } else { V::load_masked(from, mask) };
                }
            }
            let mut columns = [[V::splat(0.0); 3]; 4];
            for column in 0..4 {
                columns[column] = gathered([s[0][column], s[1][column], s[2][column], s[3][column]]);
            }
            for row in 0..3 {
                let taps = gathered([columns[0][row], columns[1][row], columns[2][row], columns[3][row]]);
                for column in 0..3 {
                    if let Some(at) = sums.to_at[3 * row + column] {
                        let to = sums.to.add(at + element);
                        if lanes == V::LANES { taps[column].store(to) } else { taps[column].store_masked(to, mask) }
                    }
                }
            }
        }
        element += lanes;
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{__m256, __m512};

    use super::{Gradients, Outputs, Patch, Sums, filter, gradient, input, output};

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

    #[target_feature(enable = "avx2,fma")]
    pub(super) unsafe fn gradient_avx2(gradients: &Gradients<'_>) {
        // SAFETY: the caller's promises.
        unsafe { gradient::<__m256>(gradients) }
    }

    #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
    pub(super) unsafe fn gradient_avx512(gradients: &Gradients<'_>) {
        // SAFETY: the caller's promises.
        unsafe { gradient::<__m512>(gradients) }
    }

    #[target_feature(enable = "avx2,fma")]
    pub(super) unsafe fn filter_avx2(sums: &Sums) {
        // SAFETY: the caller's promises.
        unsafe { filter::<__m256>(sums) }
    }

    #[target_feature(enable = "avx512f,avx512vl,avx2,fma")]
    pub(super) unsafe fn filter_avx512(sums: &Sums) {
        // SAFETY: the caller's promises.
        unsafe { filter::<__m512>(sums) }
    }
}
