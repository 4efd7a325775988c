//! One loop, compiled for each of [`Simd`](crate::tile::Simd)'s vector widths.
//!
//! Rust never contracts `a * b + c` and never reorders floating-point sums, so an element's bits are the same in every
//! version. The width only decides how many elements are computed side by side.

/// Defines a function whose loops are compiled for every vector width; its first argument says which version to take.
macro_rules! for_every_width {
    ($(#[$attribute:meta])* $visibility:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) $body:block) => {
        $(#[$attribute])*
        #[allow(clippy::too_many_arguments, reason = "the width comes on top of the operation's operands")]
        $visibility fn $name(simd: $crate::tile::Simd, $($argument: $type),*) {
            #[inline(always)]
            fn scalar($($argument: $type),*) $body

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2")]
            fn avx2($($argument: $type),*) {
                scalar($($argument),*)
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512vl")]
            fn avx512($($argument: $type),*) {
                scalar($($argument),*)
            }

            match simd {
                $crate::tile::Simd::Scalar => scalar($($argument),*),
                // SAFETY: `Simd::current` gives a width only where the CPU has it, and tests ask `is_available`.
                #[cfg(target_arch = "x86_64")]
                $crate::tile::Simd::Avx2 => unsafe { avx2($($argument),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                $crate::tile::Simd::Avx512 => unsafe { avx512($($argument),*) },
                #[cfg(not(target_arch = "x86_64"))]
                $crate::tile::Simd::Avx2 | $crate::tile::Simd::Avx512 => scalar($($argument),*),
            }
        }
    };
}
pub(crate) use for_every_width;

/// `L` neighbours of `x` from `at` on, as one vector.
#[inline(always)]
pub(crate) fn lanes<const L: usize>(x: &[f32], at: usize) -> [f32; L] {
    let mut lanes = [0.0; L];
    lanes.copy_from_slice(&x[at..at + L]);
    lanes
}
