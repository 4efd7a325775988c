//! Vectors of f32: what a kernel needs of an instruction set.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

/// A vector register of f32.
///
/// Its functions compile to single instructions once inlined into a function that enables the instruction set.
///
/// # Safety
/// Every function needs a CPU that has the instruction set; pointers must be valid for what is read or written. Nothing
/// is assumed about alignment.
pub(super) trait Vector: Copy {
    /// Elements.
    const LANES: usize;
    /// Names the first few lanes.
    type Mask: Copy;

    /// The mask of the first `count` lanes, `0 < count <= LANES`.
    unsafe fn mask(count: usize) -> Self::Mask;
    /// `value` in every lane.
    unsafe fn splat(value: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    /// The masked lanes; the others are 0 and their memory is not touched.
    unsafe fn load_masked(from: *const f32, mask: Self::Mask) -> Self;
    unsafe fn store(self, to: *mut f32);
    /// The masked lanes; the memory of the others is not touched.
    unsafe fn store_masked(self, to: *mut f32, mask: Self::Mask);
    /// Asks for a line of memory ahead of its use. Any address is allowed, even an invalid one.
    #[inline(always)]
    unsafe fn prefetch(_from: *const f32) {}
    /// `self * by + add`, rounded once.
    unsafe fn mul_add(self, by: Self, add: Self) -> Self;
    /// 0 where `0 > self`, else `self`: NaN stays.
    unsafe fn relu(self) -> Self;
}

/// Eight lanes in portable code.
#[derive(Clone, Copy)]
pub(super) struct Portable([f32; 8]);

impl Vector for Portable {
    const LANES: usize = 8;
    type Mask = usize;

    #[inline(always)]
    unsafe fn mask(count: usize) -> usize {
        count
    }

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self([value; 8])
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller's promise; an array of f32 has their alignment.
        Self(unsafe { from.cast::<[f32; 8]>().read() })
    }

    #[inline(always)]
    unsafe fn load_masked(from: *const f32, mask: usize) -> Self {
        let mut lanes = [0.0; 8];
        for (lane, value) in lanes.iter_mut().enumerate().take(mask) {
            // SAFETY: a masked lane, which the caller promises can be read.
            *value = unsafe { from.add(lane).read() };
        }
        Self(lanes)
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { to.cast::<[f32; 8]>().write(self.0) };
    }

    #[inline(always)]
    unsafe fn store_masked(self, to: *mut f32, mask: usize) {
        for (lane, value) in self.0.iter().enumerate().take(mask) {
            // SAFETY: a masked lane, which the caller promises can be written.
            unsafe { to.add(lane).write(*value) };
        }
    }

    #[inline(always)]
    unsafe fn mul_add(self, by: Self, add: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane].mul_add(by.0[lane], add.0[lane])))
    }

    #[inline(always)]
    unsafe fn relu(self) -> Self {
        Self(self.0.map(|value| if 0.0 > value { 0.0 } else { value }))
    }
}

/// AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
impl Vector for __m256 {
    const LANES: usize = 8;
    type Mask = __m256i;

    #[inline(always)]
    unsafe fn mask(count: usize) -> __m256i {
        // SAFETY: the caller's promise of the instruction set.
        unsafe { _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)) }
    }

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: as in `mask`.
        unsafe { _mm256_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller's promises.
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn load_masked(from: *const f32, mask: __m256i) -> Self {
        // SAFETY: the caller's promises; lanes outside the mask are not read.
        unsafe { _mm256_maskload_ps(from, mask) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller's promises.
        unsafe { _mm256_storeu_ps(to, self) }
    }

    #[inline(always)]
    unsafe fn store_masked(self, to: *mut f32, mask: __m256i) {
        // SAFETY: the caller's promises; lanes outside the mask are not written.
        unsafe { _mm256_maskstore_ps(to, mask, self) }
    }

    #[inline(always)]
    unsafe fn prefetch(from: *const f32) {
        // SAFETY: a prefetch reads nothing, and faults nowhere.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(from.cast()) };
    }

    #[inline(always)]
    unsafe fn mul_add(self, by: Self, add: Self) -> Self {
        // SAFETY: as in `mask`.
        unsafe { _mm256_fmadd_ps(self, by, add) }
    }

    #[inline(always)]
    unsafe fn relu(self) -> Self {
        // MAXPS gives its second operand where the first is not greater, NaN included.
        // SAFETY: as in `mask`.
        unsafe { _mm256_max_ps(_mm256_setzero_ps(), self) }
    }
}

/// AVX-512F.
#[cfg(target_arch = "x86_64")]
impl Vector for __m512 {
    const LANES: usize = 16;
    type Mask = __mmask16;

    #[inline(always)]
    unsafe fn mask(count: usize) -> __mmask16 {
        (u32::MAX >> (32 - count)) as __mmask16
    }

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: the caller's promise of the instruction set.
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller's promises.
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn load_masked(from: *const f32, mask: __mmask16) -> Self {
        // SAFETY: the caller's promises; lanes outside the mask are not read.
        unsafe { _mm512_maskz_loadu_ps(mask, from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller's promises.
        unsafe { _mm512_storeu_ps(to, self) }
    }

    #[inline(always)]
    unsafe fn store_masked(self, to: *mut f32, mask: __mmask16) {
        // SAFETY: the caller's promises; lanes outside the mask are not written.
        unsafe { _mm512_mask_storeu_ps(to, mask, self) }
    }

    #[inline(always)]
    unsafe fn prefetch(from: *const f32) {
        // SAFETY: a prefetch reads nothing, and faults nowhere.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(from.cast()) };
    }

    #[inline(always)]
    unsafe fn mul_add(self, by: Self, add: Self) -> Self {
        // SAFETY: as in `splat`.
        unsafe { _mm512_fmadd_ps(self, by, add) }
    }

    #[inline(always)]
    unsafe fn relu(self) -> Self {
        // SAFETY: as in `splat`; for NaN see the AVX2 version.
        unsafe { _mm512_max_ps(_mm512_setzero_ps(), self) }
    }
}
