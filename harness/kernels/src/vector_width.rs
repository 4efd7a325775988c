//! One loop, compiled for several vector widths; the widest that the CPU has is picked at run time.
//!
//! Rust never contracts `a * b + c` and never reorders floating-point sums, so an element's bits are the same in every
//! version: the width decides only how many elements go side by side.

/// The vector widths that loops are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VectorWidth {
    /// What every x86-64 has (SSE2), or whatever another architecture offers.
    Baseline,
    /// 256 bits.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// 512 bits.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl VectorWidth {
    /// The widest that this CPU has.
    pub(crate) fn widest() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if std::is_x86_feature_detected!("avx512f") {
                return Self::Avx512;
            }
            if std::is_x86_feature_detected!("avx2") {
                return Self::Avx2;
            }
        }
        Self::Baseline
    }

    /// All that this CPU has, narrowest first.
    #[cfg(test)]
    pub(crate) fn available() -> Vec<Self> {
        let all = [
            Self::Baseline,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2,
            #[cfg(target_arch = "x86_64")]
            Self::Avx512,
        ];
        let widest = Self::widest();
        let last = all.iter().position(|width| *width == widest).unwrap_or(0);
        all[..=last].to_vec()
    }
}

/// Defines a function whose loops are compiled for every [`VectorWidth`]; its first argument is the width to use.
macro_rules! for_every_width {
    ($(#[$attribute:meta])* $visibility:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) $body:block) => {
        $(#[$attribute])*
        $visibility fn $name(width: $crate::vector_width::VectorWidth, $($argument: $type),*) {
            #[inline(always)]
            #[allow(clippy::too_many_arguments)]
            fn baseline($($argument: $type),*) $body

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2")]
            #[allow(clippy::too_many_arguments)]
            fn avx2($($argument: $type),*) {
                baseline($($argument),*)
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f")]
            #[allow(clippy::too_many_arguments)]
            fn avx512($($argument: $type),*) {
                baseline($($argument),*)
            }

            match width {
                $crate::vector_width::VectorWidth::Baseline => baseline($($argument),*),
                // SAFETY: `VectorWidth::widest` and `available` name a width only where the CPU has it.
                #[cfg(target_arch = "x86_64")]
                $crate::vector_width::VectorWidth::Avx2 => unsafe { avx2($($argument),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                $crate::vector_width::VectorWidth::Avx512 => unsafe { avx512($($argument),*) },
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
