//! A small straight-line network for tests: two convolutions and two fully connected layers.
//!
//! It proves that nothing outside an architecture's file counts its layers. No published network looks like this one.

use super::design::{Convolution, Design, Linear, Out};

pub(super) const DESIGN: Design = Design {
    name: "the four-layer test network",
    word: "four-layer",
    convolutions: &[
        Convolution::new("conv1", 32, 5, 2).stride(2).pool(),
        Convolution::new("conv2", 64, 3, 1).pool().bias_2012(),
    ],
    torchvision_names: &[],
    average_pool: None,
    linear: &[
        Linear { name: "fc3", out: Out::Features(256), dropout_before: true },
        Linear { name: "fc4", out: Out::Classes, dropout_before: false },
    ],
};
