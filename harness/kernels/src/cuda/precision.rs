//! The precision that a GPU computes in.

use super::MemoryFormat;

/// Precision of activations and products. Parameters, their velocities and losses are always in single precision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// Single precision throughout, by fused multiply-add: no tensor core rounds an operand.
    #[default]
    Fp32,
    /// Single precision in memory; products round their operands to 10 bits of mantissa, in tensor cores.
    Tf32,
    /// Activations and products' operands in bfloat16, 7 bits of mantissa; sums in single precision.
    Bf16,
}

impl Precision {
    /// Its name in a record's numerics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fp32 => "f32",
            Self::Tf32 => "tf32",
            Self::Bf16 => "bf16",
        }
    }

    /// The memory format that suits it. Tensor cores read runs of channels, and cuDNN transposes tensors with channels
    /// first for them at each pass (NVIDIA, *Convolutional Layers User's Guide*, "Tensor Layouts"). Strict single
    /// precision uses no tensor cores.
    pub fn memory_format(self) -> MemoryFormat {
        match self {
            Self::Fp32 => MemoryFormat::ChannelsFirst,
            Self::Tf32 | Self::Bf16 => MemoryFormat::ChannelsLast,
        }
    }
}
