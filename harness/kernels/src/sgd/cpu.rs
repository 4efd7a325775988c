//! The loop of [`super`].

use super::Step;
use crate::vector_width::for_every_width;

for_every_width! {
    /// `v[i] ← m v[i] + g`, `w[i] ← shrink w[i] − η d` with `g = scale gradient[i] + λ w[i]`, `d = v[i]` or `g + m v[i]`.
    pub(crate) fn step(step: Step, weight: &mut [f32], gradient: &[f32], velocity: &mut [f32]) {
        for ((w, g), v) in weight.iter_mut().zip(gradient).zip(velocity) {
            let g = step.scale * *g + step.coupled * *w;
            *v = if step.first { g } else { step.momentum * *v + g };
            let direction = if step.nesterov { g + step.momentum * *v } else { *v };
            *w = step.shrink * *w - step.learning_rate * direction;
        }
    }
}
