//! L-BFGS: the minimum of a smooth convex function, found by its gradient.

use std::collections::VecDeque;

/// Steps remembered.
const MEMORY: usize = 10;

/// A step must bring at least this share of the decrease that the slope predicts.
const ARMIJO: f64 = 1e-4;

/// Halvings of a step before it is given up. The function then no longer falls by more than rounding.
const MOST_HALVINGS: usize = 40;

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stop {
    /// When no component of the slope is larger than this.
    pub largest_slope: f64,
    /// At the latest after this many steps.
    pub most_steps: usize,
}

/// A step that was taken: the change of the point, the change of the slope, and 1 / their product.
struct Step {
    change: Vec<f64>,
    slope_change: Vec<f64>,
    inverse: f64,
}

/// Moves `point` to the minimum of `value_and_slope`, which writes the slope and returns the value.
///
/// Returns whether the function is finite there; `None` if `is_stopped` ended the search.
pub(super) fn minimise(
    value_and_slope: impl Fn(&[f64], &mut [f64]) -> f64,
    point: &mut Vec<f64>,
    stop: Stop,
    is_stopped: impl Fn() -> bool,
) -> Option<bool> {
    let mut slope = vec![0.0; point.len()];
    let mut value = value_and_slope(point, &mut slope);
    let mut steps: VecDeque<Step> = VecDeque::with_capacity(MEMORY);
    let (mut next, mut next_slope) = (point.clone(), slope.clone());
    for _ in 0..stop.most_steps {
        if is_stopped() {
            return None;
        }
        if !value.is_finite() {
            return Some(false);
        }
        if slope.iter().all(|part| part.abs() <= stop.largest_slope) {
            break;
        }
        let direction = direction(&steps, &slope);
        let descent = dot(&direction, &slope);
        // The first step has no scale yet, so its length is 1 whatever the slope.
        let mut length = if steps.is_empty() { (1.0 / dot(&slope, &slope).sqrt()).min(1.0) } else { 1.0 };
        let mut found = None;
        for _ in 0..MOST_HALVINGS {
            for ((next, at), direction) in next.iter_mut().zip(&*point).zip(&direction) {
                *next = at + length * direction;
            }
            let there = value_and_slope(&next, &mut next_slope);
            if there <= value + ARMIJO * length * descent {
                found = Some(there);
                break;
            }
            length *= 0.5;
        }
        let Some(there) = found else { break };
        let change: Vec<f64> = next.iter().zip(&*point).map(|(next, at)| next - at).collect();
        let slope_change: Vec<f64> = next_slope.iter().zip(&slope).map(|(next, at)| next - at).collect();
        let curvature = dot(&change, &slope_change);
        if curvature > 0.0 {
            if steps.len() == MEMORY {
                steps.pop_front();
            }
            steps.push_back(Step { change, slope_change, inverse: 1.0 / curvature });
        }
        std::mem::swap(point, &mut next);
        std::mem::swap(&mut slope, &mut next_slope);
        value = there;
    }
    Some(value.is_finite())
}

/// − H · slope, H the inverse Hessian as the last steps show it.
fn direction(steps: &VecDeque<Step>, slope: &[f64]) -> Vec<f64> {
    let mut direction: Vec<f64> = slope.iter().map(|part| -part).collect();
    let mut shares = Vec::with_capacity(steps.len());
    for step in steps.iter().rev() {
        let share = step.inverse * dot(&step.change, &direction);
        add(&mut direction, -share, &step.slope_change);
        shares.push(share);
    }
    if let Some(last) = steps.back() {
        let scale = 1.0 / (last.inverse * dot(&last.slope_change, &last.slope_change));
        direction.iter_mut().for_each(|part| *part *= scale);
    }
    for (step, share) in steps.iter().zip(shares.iter().rev()) {
        let correction = step.inverse * dot(&step.slope_change, &direction);
        add(&mut direction, share - correction, &step.change);
    }
    direction
}

fn add(sum: &mut [f64], factor: f64, other: &[f64]) {
    sum.iter_mut().zip(other).for_each(|(sum, other)| *sum += factor * other);
}

fn dot(first: &[f64], second: &[f64]) -> f64 {
    first.iter().zip(second).map(|(first, second)| first * second).sum()
}
