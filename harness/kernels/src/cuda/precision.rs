//! In what precision a GPU computes.

use super::MemoryFormat;

/// Precision of activations and products. Parameters, their velocities and losses are kept in single precision whatever it
/// is.
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
    /// As it stands in a record's numerics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fp32 => "f32",
            Self::Tf32 => "tf32",
            Self::Bf16 => "bf16",
        }
    }

    /// The format for it. Tensor cores take runs of channels, and what has channels first is transposed for them at each pass
    /// (NVIDIA, *Convolutional Layers User's Guide*, "Tensor Layouts"); strict single precision does without them.
    pub fn memory_format(self) -> MemoryFormat {
        match self {
            Self::Fp32 => MemoryFormat::ChannelsFirst,
            Self::Tf32 | Self::Bf16 => MemoryFormat::ChannelsLast,
        }
    }
}
