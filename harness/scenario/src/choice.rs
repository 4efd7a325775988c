//! Words: enumerations that a scenario chooses from by one word each.

/// An enumeration whose values a scenario names by one word each.
pub trait Choice: Copy + PartialEq + 'static {
    /// Every value, in the order in which messages name them.
    const ALL: &'static [Self];

    /// The word for this value.
    fn word(self) -> &'static str;

    /// The value of this word.
    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|value| value.word() == word)
    }

    /// Every word, in the same order.
    fn words() -> Vec<&'static str> {
        Self::ALL.iter().map(|value| value.word()).collect()
    }
}

/// Declares a [`Choice`]: each word stands once, beside its value, and serves scenario, records and messages alike.
macro_rules! choice {
    ($(#[$meta:meta])* $visibility:vis enum $name:ident { $($(#[$doc:meta])* $value:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        $visibility enum $name {
            $($(#[$doc])* #[serde(rename = $word)] $value,)+
        }

        impl $name {
            /// Every value, in the order in which messages name them.
            pub const ALL: &'static [Self] = &[$(Self::$value),+];

            /// The scenario's word for this value.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$value => $word,)+
                }
            }
        }

        impl $crate::choice::Choice for $name {
            const ALL: &'static [Self] = Self::ALL;

            fn word(self) -> &'static str {
                self.word()
            }
        }
    };
}

pub(crate) use choice;

choice! {
    /// How fresh weights are drawn.
    pub enum Initialiser {
        /// Normal with variance 2 / fan-in, biases zero.
        ///
        /// He, Zhang, Ren and Sun, ICCV 2015, equation 10; fan-in also for the last layer, which has no ReLU.
        HeNormal = "he-normal",
        /// Uniform in ± 1 / √fan-in, weights and biases: the default of PyTorch's `Conv2d` and `Linear`.
        PyTorch = "pytorch",
        /// Normal with standard deviation 0.01; biases one where the architecture says so
        /// ([`LearnedLayer::bias_2012`](crate::network::LearnedLayer::bias_2012)), zero elsewhere.
        ///
        /// Krizhevsky, Sutskever and Hinton, NIPS 2012, section 5.
        Krizhevsky2012 = "krizhevsky-2012",
    }
}

choice! {
    /// Whom a search for settings serves.
    pub enum SearchOf {
        /// The replicate that makes it: every replicate searches for itself, on its own validation images, and the luck of its
        /// search is part of what differs between replicates.
        EachReplicate = "each-replicate",
        /// All replicates: one search on draws of its own. What is found then holds at the settings that it gave.
        Once = "once",
    }
}

choice! {
    /// How often a treatment is chosen on validation images.
    pub enum ChoiceOf {
        /// Once a quadrant, by the mean over all replicates of runs that are judged by nothing else.
        Once = "once",
        /// In every replicate, by the run that is judged.
        EachReplicate = "each-replicate",
    }
}

choice! {
    /// Precision that networks are computed in. Parameters, velocities and losses are kept in single precision in every
    /// case.
    #[derive(Default)]
    pub enum Precision {
        /// Single precision throughout: the only precision that a CPU offers.
        #[default]
        Fp32 = "fp32",
        /// Single precision in memory; a GPU's tensor cores round operands of products to 10 bits of mantissa.
        Tf32 = "tf32",
        /// Activations and operands of products in bfloat16, sums in single precision, on a GPU's tensor cores.
        Bf16 = "bf16",
    }
}
