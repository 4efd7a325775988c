//! What can be wrong with the tensors given to an operation.

use candle_core::{DType, Shape};

/// A tensor that an operation cannot take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OperandError {
    /// It lies on a device that these kernels do not exist for.
    #[error("{operation}: {operand} must be on the CPU{}; move it with to_device", if cfg!(feature = "cuda") { " or a CUDA device" } else { "" })]
    Device {
        /// The operation.
        operation: &'static str,
        /// Which of its operands.
        operand: &'static str,
    },
    /// The operands lie on different devices.
    #[error("{operation}: the operands lie on different devices; move them to one with to_device")]
    OnAnotherDevice {
        /// The operation.
        operation: &'static str,
    },
    /// The kernels of a GPU lack something that was asked for.
    #[error("{operation}: {lacking}; move the input with to_device(&Device::Cpu)")]
    NotOnGpu {
        /// The operation.
        operation: &'static str,
        /// What they do not have.
        lacking: &'static str,
    },
    /// Its elements have another type.
    #[error("{operation}: {operand} must be {expected:?}, not {got:?}; convert with to_dtype(DType::{expected:?})")]
    DType {
        /// The operation.
        operation: &'static str,
        /// Which of its operands.
        operand: &'static str,
        /// The type that the operation takes.
        expected: DType,
        /// The type of what was given.
        got: DType,
    },
    /// It is not laid out in row-major order.
    #[error("{operation}: an operand is not contiguous; call contiguous() on it first")]
    NotContiguous {
        /// The operation.
        operation: &'static str,
    },
    /// Its shape does not suit the operation.
    #[error("{operation}: {operand} has shape {got:?}; reshape it to {expected}")]
    Shape {
        /// The operation.
        operation: &'static str,
        /// Which of its operands.
        operand: &'static str,
        /// The shape that the operation takes.
        expected: String,
        /// The shape of what was given.
        got: Shape,
    },
    /// It has no elements.
    #[error("{operation}: no elements in {operand}; give a batch of at least one image")]
    Empty {
        /// The operation.
        operation: &'static str,
        /// Which of its operands.
        operand: &'static str,
    },
}
