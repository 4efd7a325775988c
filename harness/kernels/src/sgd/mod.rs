//! Stochastic gradient descent with momentum and weight decay.

pub(crate) mod cpu;
pub(crate) mod norm;
#[cfg(test)]
mod tests;

pub use norm::{clip_factor, sum_of_squares};

use crate::parallel;
use crate::tile::Simd;
use rayon::prelude::*;

/// How weights shrink.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum WeightDecay {
    /// λ: `λ w` is added to the gradient, so that it goes through the momentum (L2 regularisation, as in
    /// `torch.optim.SGD`).
    Coupled(f32),
    /// λ: the step takes `learning rate · λ w` off the weight, past the momentum (SGDW: Loshchilov and Hutter,
    /// ICLR 2019, without their separate schedule).
    Decoupled(f32),
}

/// Stochastic gradient descent with momentum.
///
/// # Source
/// `torch.optim.SGD` without dampening: `v ← m v + g` (`v ← g` on the first step), `w ← w − η v`, or with Nesterov's
/// momentum `w ← w − η (g + m v)`. Krizhevsky et al. 2012, section 5, instead keep the learning rate inside the
/// velocity (`v ← m v − η (λ w + g)`, `w ← w + v`): the same for a constant η, another path when η changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// m; 0 is plain gradient descent.
    pub momentum: f32,
    /// How weights shrink.
    pub weight_decay: WeightDecay,
    /// Whether the step looks ahead along the velocity.
    pub nesterov: bool,
}

/// What one step does to every element, worked out once.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    learning_rate: f32,
    momentum: f32,
    /// λ if coupled, else 0.
    coupled: f32,
    /// `1 − η λ` if decoupled, else 1.
    shrink: f32,
    nesterov: bool,
    first: bool,
    /// What the gradient is multiplied by: 1 where it is not clipped.
    scale: f32,
}

impl Sgd {
    /// The step at this learning rate; on the `first_step` the velocity is written, not read.
    pub fn at(&self, learning_rate: f32, first_step: bool) -> Step {
        let (coupled, shrink) = match self.weight_decay {
            WeightDecay::Coupled(lambda) => (lambda, 1.0),
            WeightDecay::Decoupled(lambda) => (0.0, 1.0 - learning_rate * lambda),
        };
        let Self { momentum, nesterov, .. } = *self;
        Step { learning_rate, momentum, coupled, shrink, nesterov, first: first_step, scale: 1.0 }
    }

    /// One step, in one pass, without fused multiply-add.
    ///
    /// # Shape
    /// `weight`, `gradient`, `velocity`: the same, any. On the `first_step` the velocity is written, not read.
    /// # Panics
    /// If a slice has another length.
    pub fn step(
        &self,
        learning_rate: f32,
        weight: &mut [f32],
        gradient: &[f32],
        velocity: &mut [f32],
        first_step: bool,
    ) {
        self.at(learning_rate, first_step).take(weight, gradient, velocity);
    }
}

impl Step {
    /// The same along `scale` times the gradient; see [`clip_factor`].
    pub fn along(self, scale: f32) -> Self {
        Self { scale, ..self }
    }

    /// Takes the step; see [`Sgd::step`].
    ///
    /// # Panics
    /// If a slice has another length.
    pub fn take(self, weight: &mut [f32], gradient: &[f32], velocity: &mut [f32]) {
        assert_eq!(weight.len(), gradient.len(), "sgd: a weight and its gradient have the same length");
        assert_eq!(weight.len(), velocity.len(), "sgd: a weight and its velocity have the same length");
        let simd = Simd::current();
        let chunk = parallel::units_per_task(weight.len(), 1);
        if chunk >= weight.len() {
            cpu::step(simd, self, weight, gradient, velocity);
        } else {
            weight
                .par_chunks_mut(chunk)
                .zip(gradient.par_chunks(chunk))
                .zip(velocity.par_chunks_mut(chunk))
                .for_each(|((weight, gradient), velocity)| cpu::step(simd, self, weight, gradient, velocity));
        }
    }
}
