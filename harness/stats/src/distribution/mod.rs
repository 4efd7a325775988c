//! Distribution functions, accurate in the tails that tests use.
//!
//! Tails of the normal distribution come from libm's `erfc`, whose bits are the same on every machine; its quantiles
//! are statrs's. Student's *t* is written here on an incomplete beta function that takes both `x` and `1 − x`. statrs's
//! takes `x` alone, which loses a small *t* at many degrees of freedom, and stops after 140 terms.

pub mod beta;
mod noncentral_t;
mod normal;
mod student_t;

pub use noncentral_t::noncentral_t_cdf;
pub use normal::{normal_cdf, normal_density, normal_quantile, normal_survival};
pub(crate) use student_t::upper_quantile as upper_tail_quantile;
pub use student_t::{student_t_cdf, student_t_quantile, student_t_survival};
