//! Convolution, with groups, stride and padding: forward, and the gradients of weights, bias and input.

mod cpu;
mod geometry;
mod reach;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
mod weight_gradient;
mod winograd;

pub use crate::geometry::GeometryError;
pub use crate::tile::Activation;
use crate::tile::{Simd, sum_rows};
use crate::workspace::Workspace;
use cpu::Neighbourhood;
pub use geometry::Conv2dGeometry;
use weight_gradient::WeightTaps;
pub use winograd::WINOGRAD_VERSION;
use winograd::Winograd;

/// A convolution: its geometry, and the tables that lead through it.
///
/// # Shape
/// `x`: `[in_channels][height][width][batch]` f32 → `y`: `[out_channels][out_height][out_width][batch]`; `weight`:
/// `[out_channels][in_channels / groups][kernel][kernel]`; `bias`: `[out_channels]`. Activations have the batch
/// innermost: a vector register holds one feature of several images. So nothing needs to be unfolded, and padding costs
/// nothing.
/// # Source
/// Cross-correlation, as PyTorch's `Conv2d` (padding with zeros, dilation 1). The order of summation is part of the
/// contract, and the same on every machine: forward, from the bias over (input channel, row, column of the kernel);
/// input gradient, over (output channel, row, column of the kernel); weight gradient, over (output row, output column,
/// image). Each is one chain of fused multiply-adds in ascending order over the taps that meet the input. Layers that
/// are large enough ([`Conv2dGeometry::is_by_winograd`]) are computed by Winograd's algorithm instead; `winograd` gives
/// its order. It follows that an image's result does not depend on the other images of its batch.
#[derive(Clone, Debug)]
pub struct Conv2d {
    geometry: Conv2dGeometry,
    forward: Neighbourhood,
    backward: Neighbourhood,
    weights: WeightTaps,
    forward_by_winograd: Option<Winograd>,
    gradient_by_winograd: Option<Winograd>,
}

impl Conv2d {
    /// The convolution of this geometry.
    ///
    /// # Errors
    /// As [`Conv2dGeometry::check`].
    pub fn new(geometry: Conv2dGeometry) -> Result<Self, GeometryError> {
        geometry.check()?;
        Ok(Self {
            geometry,
            forward: Neighbourhood::forward(&geometry),
            backward: Neighbourhood::backward(&geometry),
            weights: WeightTaps::new(&geometry),
            forward_by_winograd: Winograd::forward(&geometry),
            gradient_by_winograd: Winograd::input_gradient(&geometry),
        })
    }

    /// The geometry.
    pub fn geometry(&self) -> &Conv2dGeometry {
        &self.geometry
    }

    /// `y[oc][oy][ox][n] = activation(bias[oc] + Σ_(ic, ky, kx) weight[oc][ic][ky][kx] x[ic][oy s + ky - p][ox s + kx - p][n])`
    ///
    /// # Shape
    /// As [`Conv2d`]'s; `y` is overwritten.
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
        let geometry = &self.geometry;
        geometry.check_lengths(batch, &[("x", x.len())], &[("weight", weight.len())], &[("y", y.len())]);
        assert_eq!(bias.len(), geometry.out_channels, "conv2d: elements of bias");
        let operands = cpu::Forward { x, weight, bias, activation };
        match &self.forward_by_winograd {
            Some(pass) => winograd::forward(Simd::current(), pass, operands, y, batch, workspace),
            None => cpu::forward(Simd::current(), geometry, &self.forward, operands, y, batch, workspace),
        }
    }

    /// `dx[ic][iy][ix][n] = Σ_(oc, ky, kx) weight[oc][ic][ky][kx] dy[oc][(iy + p - ky) / s][(ix + p - kx) / s][n]`
    ///
    /// # Shape
    /// As [`Conv2d`]'s; `dx`, overwritten, is shaped like `x`, and `dy` like `y`.
    /// # Panics
    /// If a slice has another length.
    pub fn input_gradient(&self, dy: &[f32], weight: &[f32], dx: &mut [f32], batch: usize, workspace: &mut Workspace) {
        let geometry = &self.geometry;
        geometry.check_lengths(batch, &[("dx", dx.len())], &[("weight", weight.len())], &[("dy", dy.len())]);
        match &self.gradient_by_winograd {
            Some(pass) => winograd::input_gradient(Simd::current(), pass, dy, weight, dx, batch, workspace),
            None => cpu::input_gradient(Simd::current(), geometry, &self.backward, dy, weight, dx, batch, workspace),
        }
    }

    /// `dw[oc][ic][ky][kx] = Σ_(oy, ox, n) dy[oc][oy][ox][n] x[ic][oy s + ky - p][ox s + kx - p][n]`
    ///
    /// # Shape
    /// As [`Conv2d`]'s; `dw`, overwritten, is shaped like `weight`, and `dy` like `y`.
    /// # Panics
    /// If a slice has another length.
    pub fn weight_gradient(&self, x: &[f32], dy: &[f32], dw: &mut [f32], batch: usize, workspace: &mut Workspace) {
        let geometry = &self.geometry;
        geometry.check_lengths(batch, &[("x", x.len())], &[("dw", dw.len())], &[("dy", dy.len())]);
        match &self.forward_by_winograd {
            Some(pass) => winograd::weight_gradient(Simd::current(), pass, x, dy, dw, batch, workspace),
            None => {
                weight_gradient::weight_gradient(Simd::current(), geometry, &self.weights, x, dy, dw, batch, workspace);
            }
        }
    }

    /// `db[oc] = Σ_(oy, ox, n) dy[oc][oy][ox][n]`: sixteen sums, the i-th of an output channel's elements to sum i mod 16,
    /// then added from first to last.
    ///
    /// # Shape
    /// `dy` is shaped like `y`; `db`, overwritten, like `bias`.
    /// # Panics
    /// If a slice has another length.
    pub fn bias_gradient(&self, dy: &[f32], db: &mut [f32], batch: usize) {
        assert_eq!(dy.len(), self.geometry.out_features() * batch, "conv2d: elements of dy");
        assert_eq!(db.len(), self.geometry.out_channels, "conv2d: elements of db");
        sum_rows(dy, db);
    }
}
