//! The single tower of torchvision (Krizhevsky, *One weird trick*, 2014): 61,100,840 parameters at 1000 classes.
//!
//! Departure: the adaptive average pool before fc6 is left out; at 224 px it is the identity. `alexnet_torchvision` has it.

use super::design::{Convolution, Design, Linear, Out};

pub(super) const DESIGN: Design = Design {
    name: "AlexNet",
    word: "alexnet",
    convolutions: &[
        Convolution::new("conv1", 64, 11, 2).stride(4).pool(),
        Convolution::new("conv2", 192, 5, 2).pool().bias_2012(),
        Convolution::new("conv3", 384, 3, 1),
        Convolution::new("conv4", 256, 3, 1).bias_2012(),
        Convolution::new("conv5", 256, 3, 1).pool().bias_2012(),
    ],
    torchvision_names: &[
        "features.0",
        "features.3",
        "features.6",
        "features.8",
        "features.10",
        "classifier.1",
        "classifier.4",
        "classifier.6",
    ],
    average_pool: None,
    // torchvision drops the inputs of fc6 and fc7.
    linear: &[
        Linear { name: "fc6", out: Out::Features(4096), dropout_before: true },
        Linear { name: "fc7", out: Out::Features(4096), dropout_before: true },
        Linear { name: "fc8", out: Out::Classes, dropout_before: false },
    ],
};
