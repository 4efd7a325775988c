//! The products of a fully connected layer.

use std::ops::Range;

use super::Linear;
use crate::sgd;
use crate::tile::{
    Activation, BLOCK, Output, PANEL, Simd, Start, Steps, Tap, Tile, Walk, pack_panels, part, split, transpose_strided,
};
use crate::workspace::Workspace;

/// The operands of a forward pass.
pub(super) struct Forward<'a> {
    pub(super) x: &'a [f32],
    pub(super) weight: &'a [f32],
    pub(super) bias: &'a [f32],
    pub(super) activation: Activation,
}

/// `C[m][n] = start + Σ_k A[k][m] B[k][n]`. k is cut into blocks, and all tiles use a block's rows of B before the next
/// block begins.
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

/// A product's operands may be packed where it has more rows than this.
const MOST_UNPACKED_ROWS: usize = 4 * PANEL;

/// They are packed where it has more columns than this: each element is then used often enough to pay for its move.
/// Unpacked, rows that lie far apart share sets of the cache and take a page each. Narrow vectors suffer most from
/// that.
fn most_unpacked_columns(simd: Simd) -> usize {
    if simd == Simd::Avx512 { 16 * PANEL } else { 8 * PANEL }
}

/// Elements packed at once where threads share the work: as many as stay in the last-level cache until they are read.
/// With fewer, threads wait for each other more often. A single thread packs one block of k at a time.
const MOST_PACKED: usize = 7 << 18;

/// Columns whose block stays in the second-level cache.
const GROUP: usize = 8 * PANEL;

impl Product<'_> {
    fn run(&self, simd: Simd, c: &mut [f32], batch: usize, workspace: &mut Workspace) {
        let c = Output::new(c);
        if batch <= most_unpacked_columns(simd) {
            self.run_by_rows(simd, &c, batch);
        } else if self.rows <= MOST_UNPACKED_ROWS {
            self.run_by_columns(simd, &c, batch);
        } else {
            self.run_packed(simd, &c, batch, workspace);
        }
    }

    /// A tile of a block of k: some rows and columns, read from the operands as they are given.
    fn unpacked(&self, k: Range<usize>, (row, rows): (usize, usize), columns: Range<usize>, batch: usize) -> Tile<'_> {
        Tile {
            a: &self.a[row * self.a_row + k.start * self.a_k..],
            a_row: self.a_row,
            b: self.b,
            b_at: k.start * batch + columns.start,
            c_row: batch,
            rows,
            columns: columns.len(),
            walk: Walk {
                outer: Steps::ONCE,
                taps: Tap::ORIGIN,
                tap_a: 0,
                tap_b: 0,
                inner: Steps { count: k.len(), a: self.a_k, b: batch as isize },
                ahead: 8 * batch as isize,
            },
            start: self.start(k.start, row),
            activation: self.activation(k.end),
        }
    }

    fn start(&self, k: usize, row: usize) -> Start<'_> {
        match (k, self.bias) {
            (0, Some(bias)) => Start::Bias(&bias[row..]),
            (0, None) => Start::Zero,
            _ => Start::Held,
        }
    }

    fn activation(&self, end: usize) -> Activation {
        if end == self.depth { self.activation } else { Activation::None }
    }

    /// All columns of a part of the rows at once.
    fn run_by_rows(&self, simd: Simd, c: &Output<'_>, batch: usize) {
        split(self.rows.div_ceil(self.max_rows), self.rows * self.depth * batch, |parts| {
            for k in blocks(0..self.depth) {
                for index in parts.clone() {
                    let (row, rows) = part(self.rows, self.max_rows, index);
                    let tile = self.unpacked(k.clone(), (row, rows), 0..batch, batch);
                    // SAFETY: a part's rows belong to one task, and k, rows and columns lie in their matrices.
                    unsafe { tile.run(simd, c, row * batch) };
                }
            }
        });
    }

    /// All rows of a panel of columns at once, so that a long B is read from memory once.
    fn run_by_columns(&self, simd: Simd, c: &Output<'_>, batch: usize) {
        split(batch.div_ceil(PANEL), self.rows * self.depth * batch, |panels| {
            for panel in panels {
                let columns = panel * PANEL..batch.min((panel + 1) * PANEL);
                for k in blocks(0..self.depth) {
                    for index in 0..self.rows.div_ceil(self.max_rows) {
                        let (row, rows) = part(self.rows, self.max_rows, index);
                        let tile = self.unpacked(k.clone(), (row, rows), columns.clone(), batch);
                        // SAFETY: a panel's columns belong to one task, and k, rows and columns lie in their matrices.
                        unsafe { tile.run(simd, c, row * batch + columns.start) };
                    }
                }
            }
        });
    }

    /// A large product, from packed operands.
    fn run_packed(&self, simd: Simd, c: &Output<'_>, columns: usize, workspace: &mut Workspace) {
        let elements = (self.rows + columns) * self.depth;
        let times = if rayon::current_num_threads() == 1 { self.depth } else { elements.div_ceil(MOST_PACKED) };
        let together = self.depth.div_ceil(times.max(1)).next_multiple_of(BLOCK);
        for k in (0..self.depth).step_by(together) {
            self.run_packed_blocks(simd, k..self.depth.min(k + together), c, columns, workspace);
        }
    }

    /// Some blocks of k of a large product.
    fn run_packed_blocks(
        &self,
        simd: Simd,
        all: Range<usize>,
        c: &Output<'_>,
        columns: usize,
        workspace: &mut Workspace,
    ) {
        let (a, b) = workspace.buffers(self.rows * all.len(), all.len() * columns);
        self.pack_rows(simd, all.clone(), a);
        self.pack_columns(all.clone(), columns, b);
        let (a, b) = (&*a, &*b);
        let parts = self.rows.div_ceil(simd.max_rows());
        split(parts * columns.div_ceil(GROUP), self.rows * all.len() * columns, |items| {
            for k in blocks(all.clone()) {
                let packed = k.start - all.start;
                for item in items.clone() {
                    let group = item / parts * GROUP;
                    let (row, rows) = part(self.rows, simd.max_rows(), item % parts);
                    for column in (group..columns.min(group + GROUP)).step_by(PANEL) {
                        let width = PANEL.min(columns - column);
                        let tile = Tile {
                            a: &a[packed * self.rows + row * k.len()..],
                            a_row: 1,
                            b,
                            b_at: packed * columns + column * k.len(),
                            c_row: columns,
                            rows,
                            columns: width,
                            walk: Walk {
                                outer: Steps::ONCE,
                                taps: Tap::ORIGIN,
                                tap_a: 0,
                                tap_b: 0,
                                inner: Steps { count: k.len(), a: rows, b: width as isize },
                                ahead: 8 * width as isize,
                            },
                            start: self.start(k.start, row),
                            activation: self.activation(k.end),
                        };
                        // SAFETY: an item's rows and columns belong to one task, and k lies in its packed block.
                        unsafe { tile.run(simd, c, row * columns + column) };
                    }
                }
            }
        });
    }

    /// A block by block of k, each in parts of rows, each of these `[k][row of the part]`.
    fn pack_rows(&self, simd: Simd, all: Range<usize>, to: &mut [f32]) {
        let to = Output::new(to);
        split(self.rows.div_ceil(simd.max_rows()), 16 * self.rows * all.len(), |parts| {
            for index in parts {
                let (row, rows) = part(self.rows, simd.max_rows(), index);
                for k in blocks(all.clone()) {
                    let count = k.len();
                    // SAFETY: parts of a block do not overlap, and each is filled by one task.
                    let to = unsafe { to.slice((k.start - all.start) * self.rows + row * count, rows * count) };
                    let from = &self.a[row * self.a_row + k.start * self.a_k..];
                    if self.a_k == 1 {
                        transpose_strided(simd, from, self.a_row, rows, count, to);
                    } else {
                        // The rows of a matrix that is read transposed lie side by side.
                        for (k, to) in to.chunks_exact_mut(rows).enumerate() {
                            to.copy_from_slice(&from[k * self.a_k..][..rows]);
                        }
                    }
                }
            }
        });
    }

    /// B block by block of k, each in panels of columns, each of these `[k][column of the panel]`.
    fn pack_columns(&self, all: Range<usize>, columns: usize, to: &mut [f32]) {
        let to = Output::new(to);
        split(columns.div_ceil(PANEL), 16 * columns * all.len(), |panels| {
            for panel in panels {
                let column = panel * PANEL;
                let width = PANEL.min(columns - column);
                for k in blocks(all.clone()) {
                    // SAFETY: panels of a block do not overlap, and each is filled by one task.
                    let to = unsafe { to.slice((k.start - all.start) * columns + column * k.len(), width * k.len()) };
                    for (k, to) in k.zip(to.chunks_exact_mut(width)) {
                        to.copy_from_slice(&self.b[k * columns + column..][..width]);
                    }
                }
            }
        });
    }
}

/// The blocks that k is cut into.
fn blocks(k: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    k.clone().step_by(BLOCK).map(move |first| first..k.end.min(first + BLOCK))
}

/// `y[out][n] = bias[out] + Σ_in weight[out][in] x[in][n]`
pub(super) fn forward(
    simd: Simd,
    layer: Linear,
    operands: Forward<'_>,
    y: &mut [f32],
    batch: usize,
    workspace: &mut Workspace,
) {
    // Rows of weights that lie a multiple of 4 KiB apart share one set of an 8-way first-level cache, so fewer are
    // taken at a time.
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
    product.run(simd, y, batch, workspace);
}

/// `dx[in][n] = Σ_out weight[out][in] dy[out][n]`
pub(super) fn input_gradient(
    simd: Simd,
    layer: Linear,
    dy: &[f32],
    weight: &[f32],
    dx: &mut [f32],
    batch: usize,
    workspace: &mut Workspace,
) {
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
    product.run(simd, dx, batch, workspace);
}

/// The product of a weight gradient: `dw[out][in] = Σ_n dy[out][n] xᵀ[n][in]`
struct WeightGradient<'a> {
    simd: Simd,
    layer: Linear,
    dy: &'a [f32],
    /// `x` in panels of features.
    panels: &'a [f32],
    batch: usize,
}

impl WeightGradient<'_> {
    /// Rows `row ..` of the gradient, some of their columns from a whole panel on, into `dw` from element `at` on.
    ///
    /// # Safety
    /// As for [`Tile::run`].
    unsafe fn run(
        &self,
        (row, rows): (usize, usize),
        columns: Range<usize>,
        dw: &Output<'_>,
        at: usize,
        dw_row: usize,
    ) {
        for column in columns.clone().step_by(PANEL) {
            let width = PANEL.min(columns.end - column);
            let tile = Tile {
                a: &self.dy[row * self.batch..],
                a_row: self.batch,
                b: self.panels,
                b_at: column * self.batch,
                c_row: dw_row,
                rows,
                columns: width,
                walk: Walk {
                    outer: Steps::ONCE,
                    taps: Tap::ORIGIN,
                    tap_a: 0,
                    tap_b: 0,
                    inner: Steps { count: self.batch, a: 1, b: width as isize },
                    ahead: 8 * width as isize,
                },
                start: Start::Zero,
                activation: Activation::None,
            };
            // SAFETY: the caller's promise; k, rows and columns lie in their matrices.
            unsafe { tile.run(self.simd, dw, at + column - columns.start) };
        }
    }

    /// `work(first row, rows)` for every part of the rows.
    fn for_parts(&self, work: impl Fn(usize, usize) + Sync) {
        let Linear { in_features, out_features } = self.layer;
        let max_rows = self.simd.max_rows();
        split(out_features.div_ceil(max_rows), in_features * out_features * self.batch, |parts| {
            for index in parts {
                let (row, rows) = part(out_features, max_rows, index);
                work(row, rows);
            }
        });
    }
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
    let (panels, _) = workspace.buffers(layer.in_features * batch, 0);
    pack_panels(simd, x, layer.in_features, batch, panels);
    let product = WeightGradient { simd, layer, dy, panels, batch };
    let dw = Output::new(dw);
    product.for_parts(|row, rows| {
        // SAFETY: a part's rows belong to one task.
        unsafe { product.run((row, rows), 0..layer.in_features, &dw, row * layer.in_features, layer.in_features) };
    });
}

/// Columns of a weight gradient that wait in the first-level cache for their step: a whole number of panels.
const STEP_COLUMNS: usize = 16 * PANEL;

/// The weight gradient, and the sum of its squares.
pub(super) fn weight_gradient_and_squares(
    simd: Simd,
    layer: Linear,
    (x, dy): (&[f32], &[f32]),
    dw: &mut [f32],
    batch: usize,
    workspace: &mut Workspace,
) -> f64 {
    let in_features = layer.in_features;
    let (panels, _) = workspace.buffers(in_features * batch, 0);
    pack_panels(simd, x, in_features, batch, panels);
    let product = WeightGradient { simd, layer, dy, panels, batch };
    let mut of_rows = vec![0.0; layer.out_features];
    let (dw, squares) = (Output::new(dw), Output::new(&mut of_rows));
    product.for_parts(|row, rows| {
        // SAFETY: a part's rows belong to one task.
        let squares = unsafe { squares.slice(row, rows) };
        for column in (0..in_features).step_by(STEP_COLUMNS) {
            let columns = column..in_features.min(column + STEP_COLUMNS);
            let width = columns.len();
            let at = |row: usize| row * in_features + column;
            // SAFETY: as above.
            unsafe { product.run((row, rows), columns, &dw, at(row), in_features) };
            for (index, squares) in squares.iter_mut().enumerate() {
                // SAFETY: as above.
                let gradient = unsafe { dw.slice(at(row + index), width) };
                let mut sum = 0.0;
                sgd::norm::chunk_sum(simd, gradient, &mut sum);
                *squares += sum;
            }
        }
    });
    of_rows.into_iter().fold(0.0, |sum, row| sum + row)
}

/// Rows of the tallest part.
const STEP_ROWS: usize = 14;

/// The weight gradient, and a step along it.
#[allow(clippy::too_many_arguments, reason = "the operands, and what they are computed with")]
pub(super) fn weight_step(
    simd: Simd,
    layer: Linear,
    (x, dy): (&[f32], &[f32]),
    step: sgd::Step,
    weight: &mut [f32],
    velocity: &mut [f32],
    batch: usize,
    workspace: &mut Workspace,
) {
    let in_features = layer.in_features;
    let (panels, _) = workspace.buffers(in_features * batch, 0);
    pack_panels(simd, x, in_features, batch, panels);
    let product = WeightGradient { simd, layer, dy, panels, batch };
    let (weight, velocity) = (Output::new(weight), Output::new(velocity));
    product.for_parts(|row, rows| {
        let mut gradient = [0.0; STEP_ROWS * STEP_COLUMNS];
        for column in (0..in_features).step_by(STEP_COLUMNS) {
            let columns = column..in_features.min(column + STEP_COLUMNS);
            let width = columns.len();
            // SAFETY: the gradient is this task's own.
            unsafe { product.run((row, rows), columns, &Output::new(&mut gradient), 0, width) };
            for (index, gradient) in gradient.chunks_exact(width).take(rows).enumerate() {
                let at = (row + index) * in_features + column;
                // SAFETY: a part's rows belong to one task.
                let (weight, velocity) = unsafe { (weight.slice(at, width), velocity.slice(at, width)) };
                sgd::cpu::step(simd, step, weight, gradient, velocity);
            }
        }
    });
}
