//! AlexNet: its parameters, how they are drawn, copied and stored, and the network as a candle module.

mod alexnet;
mod initialise;
mod parameters;
mod store;
#[cfg(test)]
mod tests;
pub mod weights;

pub use alexnet::AlexNet;
pub use initialise::{Init, initialise, transfer};
pub use parameters::{LayerParameters, Parameters};
pub use store::{StoreError, from_bytes, to_bytes};
