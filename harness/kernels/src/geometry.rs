//! Shapes that an operation cannot work on.

/// What is wrong with a shape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GeometryError {
    /// A dimension is 0.
    #[error("{operation}: {dimension} is 0; give at least 1")]
    Zero {
        /// The operation.
        operation: &'static str,
        /// Which of its dimensions.
        dimension: &'static str,
    },
    /// The kernel is larger than the input.
    #[error(
        "{operation}: a {kernel}×{kernel} kernel does not fit an input of {height}×{width} with padding {padding}; \
         take a smaller kernel or a larger input"
    )]
    KernelTooLarge {
        /// The operation.
        operation: &'static str,
        /// Side of the square kernel.
        kernel: usize,
        /// Rows of the input.
        height: usize,
        /// Columns of the input.
        width: usize,
        /// Zeros added at each side.
        padding: usize,
    },
    /// The channels do not fall into equal groups.
    #[error(
        "{operation}: {groups} groups do not divide {in_channels} input and {out_channels} output channels; \
         take a number of groups that divides both"
    )]
    UnevenGroups {
        /// The operation.
        operation: &'static str,
        /// Number of groups.
        groups: usize,
        /// Input channels.
        in_channels: usize,
        /// Output channels.
        out_channels: usize,
    },
    /// A tensor has too many elements to be addressed.
    #[error("{operation}: {tensor} would have 2^32 elements or more; take fewer channels or a smaller input")]
    TooLarge {
        /// The operation.
        operation: &'static str,
        /// Which tensor.
        tensor: &'static str,
    },
}

/// [`GeometryError::Zero`] for the first dimension that is 0.
pub(crate) fn check_positive(
    operation: &'static str,
    dimensions: &[(&'static str, usize)],
) -> Result<(), GeometryError> {
    match dimensions.iter().find(|(_, value)| *value == 0) {
        Some(&(dimension, _)) => Err(GeometryError::Zero { operation, dimension }),
        None => Ok(()),
    }
}
