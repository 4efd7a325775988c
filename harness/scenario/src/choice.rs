//! Words: enumerations that a scenario chooses from by name.

use serde::{Deserialize, Serialize};

use crate::network::Architecture;
use crate::vocabulary::Label;

/// An enumeration whose values a scenario names by one word each.
pub trait Choice: Copy + PartialEq + 'static {
    /// Every word and what it means.
    const CHOICES: &'static [(&'static str, Self)];

    /// The word for this value.
    fn word(self) -> &'static str {
        Self::CHOICES.iter().find(|(_, value)| *value == self).map_or("", |(word, _)| word)
    }
}

/// How fresh weights are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Initialiser {
    /// Normal with variance 2 / fan-in, biases zero.
    ///
    /// He, Zhang, Ren and Sun, ICCV 2015, equation 10; fan-in also for fc8, which has no ReLU.
    #[serde(rename = "he-normal")]
    HeNormal,
    /// Uniform in ± 1 / √fan-in, weights and biases: the default of PyTorch's `Conv2d` and `Linear`.
    #[serde(rename = "pytorch")]
    PyTorch,
    /// Normal with standard deviation 0.01; biases of conv2, conv4, conv5, fc6 and fc7 one, the others zero.
    ///
    /// Krizhevsky, Sutskever and Hinton, NIPS 2012, section 5.
    #[serde(rename = "krizhevsky-2012")]
    Krizhevsky2012,
}

/// Precision that networks are computed in. Parameters, velocities and losses are kept in single precision whatever it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Single precision, strictly: the only one there is on a CPU.
    #[default]
    Fp32,
    /// Single precision in memory, operands of products rounded to 10 bits of mantissa: a GPU's tensor cores.
    Tf32,
    /// Activations and operands of products in bfloat16, sums in single precision: a GPU's tensor cores.
    Bf16,
}

impl Choice for Architecture {
    const CHOICES: &'static [(&'static str, Self)] = &[("alexnet", Self::AlexNet), ("alexnet-2012", Self::AlexNet2012)];
}

impl Choice for Initialiser {
    const CHOICES: &'static [(&'static str, Self)] =
        &[("he-normal", Self::HeNormal), ("pytorch", Self::PyTorch), ("krizhevsky-2012", Self::Krizhevsky2012)];
}

impl Choice for Precision {
    const CHOICES: &'static [(&'static str, Self)] =
        &[("fp32", Self::Fp32), ("tf32", Self::Tf32), ("bf16", Self::Bf16)];
}

impl Choice for Label {
    const CHOICES: &'static [(&'static str, Self)] =
        &[("shape", Self::Shape), ("texture", Self::Texture), ("colour", Self::Colour)];
}
