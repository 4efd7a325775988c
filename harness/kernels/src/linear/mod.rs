//! Fully connected layers: forward, and the gradients of weights, bias and input.

mod cpu;
#[cfg(test)]
mod tests;

use crate::geometry::{GeometryError, check_positive};
use crate::sgd;
pub use crate::tile::Activation;
use crate::tile::{Simd, sum_rows};
use crate::workspace::Workspace;

const OPERATION: &str = "linear";

/// A fully connected layer.
///
/// # Shape
/// `x`: `[in_features][batch]` f32 → `y`: `[out_features][batch]`; `weight`: `[out_features][in_features]`; `bias`:
/// `[out_features]`.
/// # Source
/// As PyTorch's `Linear`. The order of summation is part of the contract, and the same on every machine: forward, from the
/// bias over inputs; input gradient, over outputs; weight gradient, over images. Each is one chain of fused multiply-adds
/// in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Linear {
    /// Features of the input.
    pub in_features: usize,
    /// Features of the output.
    pub out_features: usize,
}

impl Linear {
    /// The layer of these sizes.
    ///
    /// # Errors
    /// [`GeometryError::Zero`] if one is 0; [`GeometryError::TooLarge`] if there are 2³² weights or more.
    pub fn new(in_features: usize, out_features: usize) -> Result<Self, GeometryError> {
        check_positive(OPERATION, &[("in_features", in_features), ("out_features", out_features)])?;
        match in_features.checked_mul(out_features).map(u32::try_from) {
            Some(Ok(_)) => Ok(Self { in_features, out_features }),
            _ => Err(GeometryError::TooLarge { operation: OPERATION, tensor: "the weights" }),
        }
    }

    /// Multiply-accumulates of one image's forward pass; each gradient takes as many.
    ///
    /// # Units
    /// Multiply-accumulates; twice as many floating-point operations.
    pub fn multiply_accumulates(&self) -> u64 {
        self.in_features as u64 * self.out_features as u64
    }

    /// `y[out][n] = activation(bias[out] + Σ_in weight[out][in] x[in][n])`
    ///
    /// # Shape
    /// As [`Linear`]'s; `y` is overwritten.
    /// # Panics
    /// If a slice has another length.
    #[allow(clippy::too_many_arguments, reason = "the operation's operands, in the order of its formula")]
    pub fn forward(
        &self,
        x: &[f32],
        weight: &[f32],
        bias: &[f32],
        y: &mut [f32],
        batch: usize,
        activation: Activation,
        workspace: &mut Workspace,
    ) {
        self.check_lengths(batch, ("x", x.len()), ("weight", weight.len()), ("y", y.len()));
        assert_eq!(bias.len(), self.out_features, "linear: elements of bias");
        cpu::forward(Simd::current(), *self, cpu::Forward { x, weight, bias, activation }, y, batch, workspace);
    }

    /// `dx[in][n] = Σ_out weight[out][in] dy[out][n]`
    ///
    /// # Shape
    /// As [`Linear`]'s; `dx`, overwritten, is shaped like `x`, and `dy` like `y`.
    /// # Panics
    /// If a slice has another length.
    pub fn input_gradient(&self, dy: &[f32], weight: &[f32], dx: &mut [f32], batch: usize, workspace: &mut Workspace) {
        self.check_lengths(batch, ("dx", dx.len()), ("weight", weight.len()), ("dy", dy.len()));
        cpu::input_gradient(Simd::current(), *self, dy, weight, dx, batch, workspace);
    }

    /// `dw[out][in] = Σ_n dy[out][n] x[in][n]`
    ///
    /// # Shape
    /// As [`Linear`]'s; `dw`, overwritten, is shaped like `weight`, and `dy` like `y`.
    /// # Panics
    /// If a slice has another length.
    pub fn weight_gradient(&self, x: &[f32], dy: &[f32], dw: &mut [f32], batch: usize, workspace: &mut Workspace) {
        self.check_lengths(batch, ("x", x.len()), ("dw", dw.len()), ("dy", dy.len()));
        cpu::weight_gradient(Simd::current(), *self, x, dy, dw, batch, workspace);
    }

    /// The same, and the sum of its squares, taken while a tile is in the cache: a row's, in sixteen sums for each 512 inputs,
    /// element i to sum i mod 16; then the rows', from first to last.
    ///
    /// # Shape
    /// As [`Linear::weight_gradient`]'s.
    /// # Panics
    /// If a slice has another length.
    pub fn weight_gradient_and_squares(
        &self,
        (x, dy): (&[f32], &[f32]),
        dw: &mut [f32],
        batch: usize,
        workspace: &mut Workspace,
    ) -> f64 {
        self.check_lengths(batch, ("x", x.len()), ("dw", dw.len()), ("dy", dy.len()));
        cpu::weight_gradient_and_squares(Simd::current(), *self, (x, dy), dw, batch, workspace)
    }

    /// The weight gradient and the step along it, tile by tile, so that the gradient never leaves the cache. The bits
    /// are those of [`Linear::weight_gradient`] followed by [`Sgd::step`](crate::sgd::Sgd::step).
    ///
    /// # Shape
    /// As [`Linear`]'s; `weight` and `velocity` are changed.
    /// # Panics
    /// If a slice has another length.
    pub fn weight_step(
        &self,
        (x, dy): (&[f32], &[f32]),
        step: sgd::Step,
        weight: &mut [f32],
        velocity: &mut [f32],
        batch: usize,
        workspace: &mut Workspace,
    ) {
        self.check_lengths(batch, ("x", x.len()), ("weight", weight.len()), ("dy", dy.len()));
        assert_eq!(velocity.len(), weight.len(), "linear: elements of velocity");
        cpu::weight_step(Simd::current(), *self, (x, dy), step, weight, velocity, batch, workspace);
    }

    /// `db[out] = Σ_n dy[out][n]`: sixteen sums, image n to sum n mod 16, then added from first to last.
    ///
    /// # Shape
    /// `dy` is shaped like `y`; `db`, overwritten, like `bias`.
    /// # Panics
    /// If a slice has another length.
    pub fn bias_gradient(&self, dy: &[f32], db: &mut [f32], batch: usize) {
        assert_eq!(dy.len(), self.out_features * batch, "linear: elements of dy");
        assert_eq!(db.len(), self.out_features, "linear: elements of db");
        sum_rows(dy, db);
    }

    #[track_caller]
    fn check_lengths(&self, batch: usize, x: (&str, usize), weight: (&str, usize), y: (&str, usize)) {
        assert_eq!(x.1, self.in_features * batch, "linear: elements of {}", x.0);
        assert_eq!(weight.1, self.in_features * self.out_features, "linear: elements of {}", weight.0);
        assert_eq!(y.1, self.out_features * batch, "linear: elements of {}", y.0);
    }
}
