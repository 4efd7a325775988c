//! The shape of a convolution.

use super::reach::Reach;
use crate::geometry::{GeometryError, check_positive};

const OPERATION: &str = "conv2d";

/// The shape of a convolution with a square kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conv2dGeometry {
    /// Channels of the input.
    pub in_channels: usize,
    /// Channels of the output.
    pub out_channels: usize,
    /// Rows of the input.
    pub height: usize,
    /// Columns of the input.
    pub width: usize,
    /// Side of the kernel.
    pub kernel: usize,
    /// Rows and columns from one output to the next.
    pub stride: usize,
    /// Zeros added at each side.
    pub padding: usize,
    /// Groups that channels fall into; outputs see only the inputs of their own group.
    pub groups: usize,
}

impl Conv2dGeometry {
    /// Checks that such a convolution exists.
    ///
    /// # Errors
    /// [`GeometryError::Zero`] if a dimension other than the padding is 0; [`GeometryError::UnevenGroups`] if `groups`
    /// does not divide both channel counts; [`GeometryError::KernelTooLarge`] if the kernel exceeds the padded input;
    /// [`GeometryError::TooLarge`] if an image or the weights have 2³² elements or more.
    pub fn check(&self) -> Result<(), GeometryError> {
        let Self { in_channels, out_channels, height, width, kernel, stride, padding, groups } = *self;
        check_positive(
            OPERATION,
            &[
                ("in_channels", in_channels),
                ("out_channels", out_channels),
                ("height", height),
                ("width", width),
                ("kernel", kernel),
                ("stride", stride),
                ("groups", groups),
            ],
        )?;
        if in_channels % groups != 0 || out_channels % groups != 0 {
            return Err(GeometryError::UnevenGroups { operation: OPERATION, groups, in_channels, out_channels });
        }
        let too_large = |tensor| GeometryError::TooLarge { operation: OPERATION, tensor };
        let padded = |side: usize| padding.checked_mul(2).and_then(|both| both.checked_add(side));
        let (Some(padded_height), Some(padded_width)) = (padded(height), padded(width)) else {
            return Err(too_large("the padded input"));
        };
        if kernel > padded_height || kernel > padded_width {
            return Err(GeometryError::KernelTooLarge { operation: OPERATION, kernel, height, width, padding });
        }
        let fits = |sides: &[usize]| {
            let elements = sides.iter().try_fold(1, |product: usize, side| product.checked_mul(*side));
            elements.is_some_and(|elements| u32::try_from(elements).is_ok())
        };
        for (tensor, sides) in [
            ("the padded input", [in_channels, padded_height, padded_width, 1]),
            ("the output", [out_channels, self.out_height(), self.out_width(), 1]),
            ("the weights", [out_channels, in_channels / groups, kernel, kernel]),
        ] {
            if !fits(&sides) {
                return Err(too_large(tensor));
            }
        }
        Ok(())
    }

    /// Rows of the output, for a geometry that passes [`Conv2dGeometry::check`].
    pub fn out_height(&self) -> usize {
        (self.height + 2 * self.padding - self.kernel) / self.stride + 1
    }

    /// Columns of the output, for a geometry that passes [`Conv2dGeometry::check`].
    pub fn out_width(&self) -> usize {
        (self.width + 2 * self.padding - self.kernel) / self.stride + 1
    }

    /// Elements of one image's input.
    pub fn in_features(&self) -> usize {
        self.in_channels * self.height * self.width
    }

    /// Elements of one image's output.
    pub fn out_features(&self) -> usize {
        self.out_channels * self.out_height() * self.out_width()
    }

    /// Elements of the weights.
    pub fn weights(&self) -> usize {
        self.out_channels * self.group_in_channels() * self.kernel * self.kernel
    }

    /// Multiply-accumulates of one image's forward pass, for a geometry that passes [`Conv2dGeometry::check`]. Taps on
    /// padding are not computed, and so not counted. Each gradient takes as many.
    ///
    /// # Units
    /// Multiply-accumulates; twice as many floating-point operations.
    pub fn multiply_accumulates(&self) -> u64 {
        let (rows, columns) = self.forward_reach();
        (self.out_channels * self.group_in_channels()) as u64 * (rows.valid_taps() * columns.valid_taps()) as u64
    }

    /// Input channels of a group.
    pub(super) fn group_in_channels(&self) -> usize {
        self.in_channels / self.groups
    }

    /// Output channels of a group.
    pub(super) fn group_out_channels(&self) -> usize {
        self.out_channels / self.groups
    }

    /// The taps of the forward pass along rows and columns.
    pub(super) fn forward_reach(&self) -> (Reach, Reach) {
        let reach = |inputs, outputs| Reach::forward(inputs, outputs, self.kernel, self.stride, self.padding);
        (reach(self.height, self.out_height()), reach(self.width, self.out_width()))
    }

    /// Panics unless tensors shaped like input, weights and output have their lengths.
    #[track_caller]
    pub(super) fn check_lengths(
        &self,
        batch: usize,
        inputs: &[(&str, usize)],
        weights: &[(&str, usize)],
        outputs: &[(&str, usize)],
    ) {
        for (tensors, elements) in
            [(inputs, self.in_features() * batch), (weights, self.weights()), (outputs, self.out_features() * batch)]
        {
            for &(tensor, length) in tensors {
                assert_eq!(length, elements, "conv2d: elements of {tensor}");
            }
        }
    }
}
