//! Krizhevsky, Sutskever and Hinton, NIPS 2012: two groups in conv2, conv4 and conv5, local response normalisation after
//! conv1 and conv2; 60,965,224 parameters at 1000 classes.
//!
//! Departure: one padded input of 224 px (padding 2) in place of 227 px without padding, which gives the same 55 × 55
//! positions.

use super::design::{Convolution, Design, Linear, Out};

pub(super) const DESIGN: Design = Design {
    name: "AlexNet",
    word: "alexnet-2012",
    convolutions: &[
        Convolution::new("conv1", 96, 11, 2).stride(4).response_norm().pool(),
        Convolution::new("conv2", 256, 5, 2).groups(2).response_norm().pool().bias_2012(),
        Convolution::new("conv3", 384, 3, 1),
        Convolution::new("conv4", 384, 3, 1).groups(2).bias_2012(),
        Convolution::new("conv5", 256, 3, 1).groups(2).pool().bias_2012(),
    ],
    torchvision_names: &[],
    average_pool: None,
    // The paper drops the outputs of fc6 and fc7.
    linear: &[
        Linear { name: "fc6", out: Out::Features(4096), dropout_before: false },
        Linear { name: "fc7", out: Out::Features(4096), dropout_before: true },
        Linear { name: "fc8", out: Out::Classes, dropout_before: true },
    ],
};
