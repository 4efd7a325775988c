//! The products of a fully connected layer.

use super::Linear;
use crate::tile::{Activation, BLOCK, Output, PANEL, Simd, Start, Steps, Tap, Tile, Walk, pack_panels, part, split};
use crate::workspace::Workspace;

/// The operands of a forward pass.
pub(super) struct Forward<'a> {
    pub(super) x: &'a [f32],
    pub(super) weight: &'a [f32],
    pub(super) bias: &'a [f32],
    pub(super) activation: Activation,
}

/// `C[m][n] = start + Σ_k A[k][m] B[k][n]` with k cut into blocks, whose rows of B all tiles use before the next.
struct Product<'a> {
    a: &'a [f32],
    a_row: usize,
    a_k: usize,
    b: &'a [f32],
    depth: usize,
    rows: usize,
    max_rows: usize,
    bias: Option<&'a [f32]>,
    activation: Activation,
}

impl Product<'_> {
    fn run(&self, simd: Simd, c: &mut [f32], batch: usize) {
        let c = Output::new(c);
        split(self.rows.div_ceil(self.max_rows), self.rows * self.depth * batch, |parts| {
            let mut k = 0;
            while k < self.depth {
                let count = BLOCK.min(self.depth - k);
                for index in parts.clone() {
                    let (row, rows) = part(self.rows, self.max_rows, index);
                    let tile = Tile {
                        a: &self.a[row * self.a_row + k * self.a_k..],
                        a_row: self.a_row,
                        b: self.b,
                        b_at: k * batch,
                        c_row: batch,
                        rows,
                        columns: batch,
                        walk: Walk {
                            outer: Steps::ONCE,
                            taps: Tap::ORIGIN,
                            tap_a: 0,
                            tap_b: 0,
                            inner: Steps { count, a: self.a_k, b: batch as isize },
                        },
                        start: match (k, self.bias) {
                            (0, Some(bias)) => Start::Bias(&bias[row..]),
                            (0, None) => Start::Zero,
                            _ => Start::Held,
                        },
                        activation: if k + count == self.depth { self.activation } else { Activation::None },
                    };
                    // SAFETY: a part's rows belong to one task, and k, rows and columns lie in their matrices.
                    unsafe { tile.run(simd, &c, row * batch) };
                }
                k += count;
            }
        });
    }
}

/// `y[out][n] = bias[out] + Σ_in weight[out][in] x[in][n]`
pub(super) fn forward(simd: Simd, layer: Linear, operands: Forward<'_>, y: &mut [f32], batch: usize) {
    // Rows of weights a multiple of 4 KiB apart share one set of an 8-way first-level cache: take fewer at a time.
    let collides = layer.in_features.is_multiple_of(1024);
    let max_rows = if collides { simd.max_rows().min(7) } else { simd.max_rows() };
    let product = Product {
        a: operands.weight,
        a_row: layer.in_features,
        a_k: 1,
        b: operands.x,
        depth: layer.in_features,
        rows: layer.out_features,
        max_rows,
        bias: Some(operands.bias),
        activation: operands.activation,
    };
    product.run(simd, y, batch);
}

/// `dx[in][n] = Σ_out weight[out][in] dy[out][n]`
pub(super) fn input_gradient(simd: Simd, layer: Linear, dy: &[f32], weight: &[f32], dx: &mut [f32], batch: usize) {
    let product = Product {
        a: weight,
        a_row: 1,
        a_k: layer.in_features,
        b: dy,
        depth: layer.out_features,
        rows: layer.in_features,
        max_rows: simd.max_rows(),
        bias: None,
        activation: Activation::None,
    };
    product.run(simd, dx, batch);
}

/// `dw[out][in] = Σ_n dy[out][n] xᵀ[n][in]`
pub(super) fn weight_gradient(
    simd: Simd,
    layer: Linear,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
    batch: usize,
    workspace: &mut Workspace,
) {
    let Linear { in_features, out_features } = layer;
    let (panels, _) = workspace.buffers(in_features * batch, 0);
    pack_panels(simd, x, in_features, batch, panels);
    let panels = &*panels;
    let dw = Output::new(dw);
    let parts = out_features.div_ceil(simd.max_rows());
    split(parts, in_features * out_features * batch, |parts| {
        for index in parts {
            let (row, rows) = part(out_features, simd.max_rows(), index);
            for column in (0..in_features).step_by(PANEL) {
                let columns = PANEL.min(in_features - column);
                let tile = Tile {
                    a: &dy[row * batch..],
                    a_row: batch,
                    b: panels,
                    b_at: column * batch,
                    c_row: in_features,
                    rows,
                    columns,
                    walk: Walk {
                        outer: Steps::ONCE,
                        taps: Tap::ORIGIN,
                        tap_a: 0,
                        tap_b: 0,
                        inner: Steps { count: batch, a: 1, b: columns as isize },
                    },
                    start: Start::Zero,
                    activation: Activation::None,
                };
                // SAFETY: a part's rows belong to one task, and k, rows and columns lie in their matrices.
                unsafe { tile.run(simd, &dw, row * in_features + column) };
            }
        }
    });
}
