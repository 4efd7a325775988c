//! What people read of a study, in words and numbers, wherever they read it.

pub(crate) mod answer;
pub(crate) mod classes;
pub(crate) mod group;
pub(crate) mod number;
