//! Random numbers of simulated studies.

use nt_stats::distribution::normal_quantile;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;

pub fn uniform(random: &mut ChaCha8Rng) -> f64 {
    (f64::from(random.next_u32()) + 0.5) / 4_294_967_296.0
}

pub fn normal(random: &mut ChaCha8Rng) -> f64 {
    normal_quantile(uniform(random))
}

/// Nearly normal and very cheap, for noise that is thresholded or averaged: the spread of 64 coin tosses.
pub fn tosses(random: &mut ChaCha8Rng) -> f64 {
    (f64::from(random.next_u64().count_ones()) - 32.0) / 4.0
}

/// The random numbers of one study.
pub fn stream(seed: u64, study: u64) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(study);
    random
}

/// Share of `studies` for which `holds`, in parallel.
pub fn share(studies: u64, holds: impl Fn(u64) -> bool + Sync) -> f64 {
    (0..studies).into_par_iter().filter(|study| holds(*study)).count() as f64 / studies as f64
}
