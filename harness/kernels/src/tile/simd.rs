//! Which vector instructions a product uses.

use std::cell::Cell;
use std::sync::OnceLock;

use super::kernels::{self, Kernel};

/// The environment variable that overrides the choice.
const VARIABLE: &str = "NT_SIMD";

/// The vector instructions that products use. They decide how fast a result is computed, and never change a bit of it.
///
/// The best that the CPU has is taken, unless the environment variable `NT_SIMD` (`scalar`, `avx2` or `avx512`) says
/// otherwise or [`Simd::run`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Simd {
    /// Portable code, with hardware fused multiply-add where there is one.
    Scalar,
    /// 256 bits, 6 × 16 tiles.
    Avx2,
    /// 512 bits, 14 × 32 tiles.
    Avx512,
}

/// A value of `NT_SIMD` that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SimdError {
    /// The value names no instructions that are known.
    #[error("NT_SIMD is \"{value}\"; set it to scalar, avx2 or avx512, or unset it")]
    Unknown {
        /// What it says.
        value: String,
    },
    /// This CPU does not have them.
    #[error("NT_SIMD is \"{value}\", which this CPU lacks; set it to {best} or unset it")]
    Unsupported {
        /// What it says.
        value: String,
        /// The best that the CPU has.
        best: &'static str,
    },
}

thread_local! {
    static FORCED: Cell<Option<Simd>> = const { Cell::new(None) };
}

impl Simd {
    /// All, narrowest first.
    pub const ALL: [Self; 3] = [Self::Scalar, Self::Avx2, Self::Avx512];

    /// As `NT_SIMD` spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }

    /// Whether this CPU has these instructions.
    pub fn is_available(self) -> bool {
        match self {
            Self::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                Self::Avx2.is_available()
                    && std::is_x86_feature_detected!("avx512f")
                    && std::is_x86_feature_detected!("avx512vl")
            }
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx512 => false,
        }
    }

    /// The widest that this CPU has.
    pub fn best() -> Self {
        Self::ALL.into_iter().rev().find(|simd| simd.is_available()).unwrap_or(Self::Scalar)
    }

    /// What `NT_SIMD` asks for: `None` if it is unset or empty. A program checks this once, at its start; products use
    /// [`Simd::best`] where its value is wrong.
    ///
    /// # Errors
    /// [`SimdError::Unknown`] for another word; [`SimdError::Unsupported`] if this CPU lacks the instructions.
    pub fn from_environment() -> Result<Option<Self>, SimdError> {
        let value = std::env::var_os(VARIABLE).unwrap_or_default().to_string_lossy().into_owned();
        if value.is_empty() {
            return Ok(None);
        }
        match Self::ALL.into_iter().find(|simd| simd.name() == value) {
            None => Err(SimdError::Unknown { value }),
            Some(simd) if !simd.is_available() => Err(SimdError::Unsupported { value, best: Self::best().name() }),
            simd => Ok(simd),
        }
    }

    /// What products called from this thread use.
    pub fn current() -> Self {
        static DEFAULT: OnceLock<Simd> = OnceLock::new();
        FORCED.get().unwrap_or_else(|| {
            *DEFAULT.get_or_init(|| Self::from_environment().ok().flatten().unwrap_or_else(Self::best))
        })
    }

    /// Calls `work` with these instructions for every product that it calls from this thread; `None`, without calling
    /// it, if the CPU lacks them.
    pub fn run<R>(self, work: impl FnOnce() -> R) -> Option<R> {
        /// Puts the old choice back, also when `work` panics.
        struct Restore(Option<Simd>);
        impl Drop for Restore {
            fn drop(&mut self) {
                FORCED.set(self.0);
            }
        }
        if !self.is_available() {
            return None;
        }
        let _restore = Restore(FORCED.replace(Some(self)));
        Some(work())
    }

    /// Rows of the tallest tile.
    pub(crate) fn max_rows(self) -> usize {
        match self {
            Self::Scalar => kernels::SCALAR_ROWS,
            Self::Avx2 => kernels::AVX2_ROWS,
            Self::Avx512 => kernels::AVX512_ROWS,
        }
    }

    /// The kernel for a tile of `rows` and the first of `columns` columns, and how many of these it takes.
    pub(super) fn kernel(self, rows: usize, columns: usize) -> (Kernel, usize) {
        match self {
            Self::Scalar => kernels::scalar(rows, columns),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => kernels::avx2(rows, columns),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => kernels::avx512(rows, columns),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx512 => kernels::scalar(rows, columns),
        }
    }
}
