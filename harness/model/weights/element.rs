//! How a tensor's values are kept in a file.

use half::{bf16, f16};

/// The type of a tensor's elements, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    F16,
    Bf16,
    F32,
    F64,
}

impl Element {
    /// By the class of the storage in which PyTorch keeps them.
    pub(super) fn of_storage(class: &str) -> Option<Self> {
        match class {
            "HalfStorage" => Some(Self::F16),
            "BFloat16Storage" => Some(Self::Bf16),
            "FloatStorage" => Some(Self::F32),
            "DoubleStorage" => Some(Self::F64),
            _ => None,
        }
    }

    /// By their name in safetensors.
    pub(super) fn of_dtype(dtype: safetensors::Dtype) -> Option<Self> {
        use safetensors::Dtype;
        // The crate may add types.
        if dtype == Dtype::F16 {
            Some(Self::F16)
        } else if dtype == Dtype::BF16 {
            Some(Self::Bf16)
        } else if dtype == Dtype::F32 {
            Some(Self::F32)
        } else {
            (dtype == Dtype::F64).then_some(Self::F64)
        }
    }

    /// Bytes of one.
    pub(super) fn num_bytes(self) -> u64 {
        match self {
            Self::F16 | Self::Bf16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// The values of these bytes. Those in double precision are rounded; all others are exact.
    pub(super) fn values(self, bytes: &[u8]) -> Vec<f32> {
        match self {
            Self::F16 => bytes.as_chunks().0.iter().map(|&pair| f16::from_le_bytes(pair).to_f32()).collect(),
            Self::Bf16 => bytes.as_chunks().0.iter().map(|&pair| bf16::from_le_bytes(pair).to_f32()).collect(),
            Self::F32 => bytes.as_chunks().0.iter().map(|&four| f32::from_le_bytes(four)).collect(),
            Self::F64 => bytes.as_chunks().0.iter().map(|&eight| f64::from_le_bytes(eight) as f32).collect(),
        }
    }
}
