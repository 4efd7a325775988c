//! Architectures: straight lines of learned layers, one file each.

mod alexnet;
mod alexnet_2012;
mod alexnet_torchvision;
pub(crate) mod design;
#[cfg(feature = "test-network")]
mod four_layer;

use crate::choice::Choice;

use design::Design;

/// Declares the networks, each with the file that holds its design, and one for tests alone. A new network is a new file
/// and a new line here.
macro_rules! architectures {
    (
        $(#[$meta:meta])* pub enum $name:ident {
            $($(#[$doc:meta])* $network:ident: $file:ident,)+
        }
        for tests { $(#[$test_doc:meta])* $test:ident: $test_file:ident }
    ) => {
        $(#[$meta])*
        pub enum $name {
            $($(#[$doc])* $network,)+
            $(#[$test_doc])*
            #[cfg(feature = "test-network")]
            $test,
        }

        impl $name {
            /// Every architecture that messages offer, in their order.
            pub const ALL: &'static [Self] = &[$(Self::$network),+];

            /// Architectures that no message offers; a scenario may ask for one where the build has it.
            const FOR_TESTS: &'static [Self] = &[
                #[cfg(feature = "test-network")]
                Self::$test,
            ];

            /// What its file says.
            pub(crate) fn design(self) -> &'static Design {
                match self {
                    $(Self::$network => &$file::DESIGN,)+
                    #[cfg(feature = "test-network")]
                    Self::$test => &$test_file::DESIGN,
                }
            }
        }
    };
}

architectures! {
    /// Which network.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum Architecture {
        /// The single tower of torchvision (Krizhevsky, *One weird trick*, 2014): 61,100,840 parameters at 1000 classes.
        /// Departure: the adaptive average pool before fc6 is left out; at 224 px it is the identity.
        AlexNet: alexnet,
        /// The same with that pool, for inputs of other sizes.
        AlexNetTorchvision: alexnet_torchvision,
        /// Krizhevsky, Sutskever and Hinton, NIPS 2012: two groups in conv2, conv4 and conv5, local response
        /// normalisation after conv1 and conv2: 60,965,224 parameters at 1000 classes. Departure: one padded input of
        /// 224 px (padding 2) in place of 227 px without padding, which gives the same 55 × 55 positions.
        AlexNet2012: alexnet_2012,
    }
    for tests {
        /// Two convolutions and two fully connected layers: for tests only, and known only to builds with the feature
        /// `test-network`.
        FourLayer: four_layer
    }
}

impl Architecture {
    /// The scenario's word for it.
    pub fn word(self) -> &'static str {
        self.design().word
    }

    /// What a person calls it: `AlexNet`.
    pub fn name(self) -> &'static str {
        self.design().name
    }

    /// Number of learned layers.
    pub fn num_layers(self) -> usize {
        self.design().num_layers()
    }

    /// Names of the learned layers, in order: layer `n` of the text is `layer_names()[n - 1]`.
    pub fn layer_names(self) -> Vec<&'static str> {
        self.design().layer_names().collect()
    }

    /// What torchvision calls the learned layers, in order; nothing where it has no such network.
    pub fn torchvision_names(self) -> &'static [&'static str] {
        self.design().torchvision_names
    }

    /// Name of the last learned layer, which tells the classes apart.
    pub fn last_layer(self) -> &'static str {
        self.design().layer_names().last().unwrap_or_default()
    }
}

impl Choice for Architecture {
    const ALL: &'static [Self] = Self::ALL;

    fn word(self) -> &'static str {
        self.word()
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().chain(Self::FOR_TESTS).copied().find(|architecture| architecture.word() == word)
    }
}
