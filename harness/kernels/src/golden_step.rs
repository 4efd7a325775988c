//! The bits of everything in a training step but its products (`golden` has those). They must not change without
//! [`NUMERICS_VERSION`](crate::NUMERICS_VERSION).

use crate::dropout::{self, Dropout};
use crate::fixture::normal;
use crate::local_response_norm::LocalResponseNorm;
use crate::max_pool2d::MaxPool2d;
use crate::philox::Stream;
use crate::sgd::{Sgd, WeightDecay};
use crate::tile::Simd;
use crate::{NUMERICS_VERSION, cross_entropy, relu};

const BATCH: usize = 19;

fn add(hasher: &mut blake3::Hasher, tensor: &[f32]) {
    for value in tensor {
        hasher.update(&value.to_bits().to_le_bytes());
    }
}

/// A hash over what an activation becomes, and its gradient on the way back.
fn activations(hasher: &mut blake3::Hasher) {
    let pool = MaxPool2d::new(12, 9, 8, 3, 2).unwrap();
    let mut x = normal("x", pool.in_features() * BATCH);
    relu::forward_in_place(&mut x);
    for norm in [LocalResponseNorm::KRIZHEVSKY_2012, LocalResponseNorm { size: 4, alpha: 0.1, beta: 0.6, k: 1.0 }] {
        let (mut normed, mut pooled) = (vec![0.0; x.len()], vec![0.0; pool.out_features() * BATCH]);
        norm.forward(&x, &mut normed, pool.channels, pool.height * pool.width, BATCH);
        pool.forward(&normed, &mut pooled, BATCH);
        let mut mask = vec![0.0; pooled.len()];
        let stream = Stream::named(1, "dropout", "golden", 0);
        Dropout::new(0.3).unwrap().mask(&stream, 5, pool.out_features(), BATCH, &mut mask);
        let mut dropped = pooled.clone();
        dropout::forward_in_place(&mask, &mut dropped);

        let mut dpooled = normal("dy", pooled.len());
        dropout::gradient_in_place(&mask, &mut dpooled);
        let (mut dnormed, mut dx) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        pool.input_gradient(&normed, &pooled, &dpooled, &mut dnormed, BATCH);
        norm.input_gradient(&x, &normed, &dnormed, &mut dx, pool.channels, pool.height * pool.width, BATCH);
        relu::gradient_in_place(&x, &mut dx);
        [&normed, &pooled, &dropped, &dnormed, &dx].into_iter().for_each(|tensor| add(hasher, tensor));
    }
}

/// A hash over a loss and its gradient, and over steps along it.
fn steps(hasher: &mut blake3::Hasher) {
    let classes = 13;
    let labels: Vec<u32> = (0..BATCH as u32).map(|n| n % classes as u32).collect();
    for (weight_decay, nesterov) in
        [(WeightDecay::Coupled(5e-4), false), (WeightDecay::Coupled(5e-4), true), (WeightDecay::Decoupled(5e-4), false)]
    {
        let sgd = Sgd { momentum: 0.9, weight_decay, nesterov };
        let mut logits = normal("logits", classes * BATCH);
        let (mut gradient, mut velocity) = (vec![0.0; logits.len()], vec![0.0; logits.len()]);
        let mut log_loss = vec![0.0; BATCH];
        for step in 0..3 {
            let mean = cross_entropy::log_loss_and_gradient(&logits, &labels, &mut log_loss, &mut gradient).unwrap();
            for loss in log_loss.iter().chain([&mean]) {
                hasher.update(&loss.to_bits().to_le_bytes());
            }
            sgd.step(0.5, &mut logits, &gradient, &mut velocity, step == 0);
        }
        [&logits, &gradient, &velocity].into_iter().for_each(|tensor| add(hasher, tensor));
    }
}

#[test]
fn the_bits_of_a_step_change_only_with_the_numerics_version() {
    let golden = (1, "ceb749857fb0980e29dd80d28920820c");
    for simd in Simd::ALL {
        let hash = simd.run(|| {
            let mut hasher = blake3::Hasher::new();
            activations(&mut hasher);
            steps(&mut hasher);
            hasher.finalize().to_hex()[..32].to_owned()
        });
        let Some(hash) = hash else { continue };
        assert_eq!(
            (NUMERICS_VERSION, hash.as_str()),
            golden,
            "{}: results have changed. If that is meant, raise NUMERICS_VERSION, write both here, and say so in the \
             changelog under \"Changes results\"",
            simd.name()
        );
    }
}
