//! From records to cells, contrasts, verdicts and power.
//!
//! A [`Study`] is the scenario without what only training needs. [`analyse`] joins its records on their keys, pairs them,
//! and decides every cell. Nothing here draws, writes a table, or knows how a network is trained.

mod analyse;
pub mod audit;
mod cell_key;
#[cfg(any(test, feature = "mock"))]
pub mod mock;
pub mod power;
pub mod registration;
pub mod study;
mod wording;

pub use analyse::*;
pub use registration::preregistration;
pub use study::Study;
pub use wording::Wording;
