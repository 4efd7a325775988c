//! Words and numbers that pages, tables and the terminal share.

pub(crate) mod answer;
pub(crate) mod classes;
pub(crate) mod families;
pub(crate) mod group;
pub(crate) mod number;
