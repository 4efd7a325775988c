//! Forward and input gradient: for every position, a product over channels and the taps that are valid there.

use super::Conv2dGeometry;
use super::reach::{Pattern, Reach};
use crate::tile::{Activation, BLOCK, Output, PANEL, Simd, Start, Steps, Tap, Tile, Walk, part, split};
use crate::workspace::Workspace;

/// Packing a product's weights pays from this many panels of columns on, over all positions: each weight is then read
/// this often.
const MIN_PANELS_TO_PACK: usize = 64;

/// Elements of the other side that stay in the second-level cache: a quarter of the cache. A longer block of k means
/// fewer visits to the results, whose rows lie far apart.
const LARGEST_BLOCK: usize = 1 << 16;

/// For every position, the taps to sum over and the neighbours they meet.
#[derive(Clone, Debug)]
pub(super) struct Neighbourhood {
    tables: Vec<Table>,
    /// By position, row by row: its table, and what the table's first tap meets.
    at: Vec<(usize, usize)>,
    /// From what one tap meets to what the next one does.
    neighbour_step: isize,
}

/// The valid taps of some positions: all pairs of a row and a column.
#[derive(Clone, Debug)]
struct Table {
    /// By row, its first tap: offsets in elements of the kernel (A) and in positions of the other side (B).
    rows: Vec<Tap>,
    /// Taps of each row.
    columns: usize,
    /// From one of them to the next.
    tap_step: usize,
}

impl Neighbourhood {
    /// From outputs to the inputs they are computed from.
    pub(super) fn forward(geometry: &Conv2dGeometry) -> Self {
        let (rows, columns) = geometry.forward_reach();
        Self::new(&rows, &columns, geometry.kernel, geometry.width)
    }

    /// From inputs to the outputs they contribute to.
    pub(super) fn backward(geometry: &Conv2dGeometry) -> Self {
        let Conv2dGeometry { kernel, stride, padding, .. } = *geometry;
        let reach = |inputs, outputs| Reach::backward(inputs, outputs, kernel, stride, padding);
        let rows = reach(geometry.height, geometry.out_height());
        let columns = reach(geometry.width, geometry.out_width());
        Self::new(&rows, &columns, kernel, geometry.out_width())
    }

    /// The other side has `width` columns.
    fn new(rows: &Reach, columns: &Reach, kernel: usize, width: usize) -> Self {
        let table = |row: &Pattern, column: &Pattern| Table {
            rows: (0..row.count)
                .map(|index| Tap {
                    a: ((row.first + index * rows.tap_step) * kernel + column.first) as u32,
                    b: (index * width) as u32,
                })
                .collect(),
            columns: column.count,
            tap_step: columns.tap_step,
        };
        let pairs = rows.patterns.iter().flat_map(|row| columns.patterns.iter().map(move |column| (row, column)));
        let tables = pairs.map(|(row, column)| table(row, column)).collect();
        let at = rows.sites.iter().flat_map(|row| {
            columns.sites.iter().map(|column| {
                (row.pattern * columns.patterns.len() + column.pattern, row.neighbour * width + column.neighbour)
            })
        });
        Self { tables, at: at.collect(), neighbour_step: columns.neighbour_step }
    }

    /// `C[m][position][n] = start + Σ_(channel, tap) A[m][channel][tap] B[channel][position + tap][n]`
    fn product(&self, simd: Simd, product: &Product<'_>, c: &Output<'_>, batch: usize, workspace: &mut Workspace) {
        let positions = self.at.len();
        let parts = product.rows.div_ceil(simd.max_rows());
        let taps = product.kernel_taps;
        let block = (LARGEST_BLOCK / batch.max(1)).clamp(BLOCK, 3 * BLOCK).div_ceil(taps);
        let work = positions * product.rows * product.channels * taps * batch;
        let b_step = self.neighbour_step * batch as isize;
        let weights = product.rows * product.channels * taps;
        let packed = if positions * batch.div_ceil(PANEL) >= MIN_PANELS_TO_PACK { weights } else { 0 };
        let (panels, _) = workspace.buffers(packed, 0);
        if packed > 0 {
            product.pack(simd, panels);
        }
        let panels = (packed > 0).then_some(&*panels);
        split(positions * parts, work, |items| {
            let mut channel = 0;
            while channel < product.channels {
                let channels = block.min(product.channels - channel);
                for item in items.clone() {
                    let (position, index) = (item / parts, item % parts);
                    let (table, neighbour) = self.at[position];
                    let table = &self.tables[table];
                    let (row, rows) = part(product.rows, simd.max_rows(), index);
                    let b_channel = product.neighbours * batch;
                    let last = channel + channels == product.channels;
                    let a = product.weights(panels, (row, rows), channel);
                    let tile = Tile {
                        a: a.a,
                        a_row: a.row,
                        b: product.b,
                        b_at: channel * b_channel + neighbour * batch,
                        c_row: positions * batch,
                        rows,
                        columns: batch,
                        walk: Walk {
                            outer: Steps { count: channels, a: a.channel, b: b_channel as isize },
                            taps: &table.rows,
                            tap_a: a.tap,
                            tap_b: b_step,
                            inner: Steps { count: table.columns, a: table.tap_step * a.tap, b: b_step },
                            // The same tap of the next channel.
                            ahead: b_channel as isize,
                        },
                        start: match (channel, product.bias) {
                            (0, Some(bias)) => Start::Bias(&bias[row..]),
                            (0, None) => Start::Zero,
                            _ => Start::Held,
                        },
                        activation: if last { product.activation } else { Activation::None },
                    };
                    let at = (product.first_row + row) * positions * batch + position * batch;
                    // SAFETY: an item's rows at its position belong to this task alone; offsets come from valid taps.
                    unsafe { tile.run(simd, c, at) };
                }
                channel += channels;
            }
        });
    }
}

/// Some rows' weights from a channel on, and the steps through them.
struct Weights<'a> {
    a: &'a [f32],
    row: usize,
    tap: usize,
    channel: usize,
}

/// One group's product, without the tables of its taps.
struct Product<'a> {
    a: &'a [f32],
    a_row: usize,
    a_channel: usize,
    /// The group's channels of the other side, each `[neighbours][batch]`.
    b: &'a [f32],
    neighbours: usize,
    channels: usize,
    /// Taps of a kernel.
    kernel_taps: usize,
    /// The group's first row of C.
    first_row: usize,
    rows: usize,
    bias: Option<&'a [f32]>,
    activation: Activation,
}

impl Product<'_> {
    /// The weights of some rows (the first, and how many) from a channel on, in the panels if they are packed.
    fn weights<'a>(&'a self, panels: Option<&'a [f32]>, (row, rows): (usize, usize), channel: usize) -> Weights<'a> {
        let taps = self.kernel_taps;
        match panels {
            Some(panels) => {
                let a = &panels[(row * self.channels + channel * rows) * taps..];
                Weights { a, row: 1, tap: rows, channel: taps * rows }
            }
            None => {
                let a = &self.a[row * self.a_row + channel * self.a_channel..];
                Weights { a, row: self.a_row, tap: 1, channel: self.a_channel }
            }
        }
    }

    /// The weights in the order in which tiles read them: for each part of the rows `[channel][tap][row of the part]`.
    ///
    /// Unpacked, each row of a tile is a stream of its own, and in the worst case all streams share one set of the
    /// first-level cache.
    fn pack(&self, simd: Simd, panels: &mut [f32]) {
        let depth = self.channels * self.kernel_taps;
        let panels = Output::new(panels);
        // Moving an element costs about as much as sixteen multiply-accumulates.
        split(self.rows.div_ceil(simd.max_rows()), 16 * self.rows * depth, |parts| {
            for index in parts {
                let (first, rows) = part(self.rows, simd.max_rows(), index);
                // SAFETY: parts do not overlap, and each is filled by one task.
                let panel = unsafe { panels.slice(first * depth, rows * depth) };
                for (k, to) in panel.chunks_exact_mut(rows).enumerate() {
                    let (channel, tap) = (k / self.kernel_taps, k % self.kernel_taps);
                    let from = &self.a[first * self.a_row + channel * self.a_channel + tap..];
                    for (row, to) in to.iter_mut().enumerate() {
                        *to = from[row * self.a_row];
                    }
                }
            }
        });
    }
}

/// The operands of a forward pass.
pub(super) struct Forward<'a> {
    pub(super) x: &'a [f32],
    pub(super) weight: &'a [f32],
    pub(super) bias: &'a [f32],
    pub(super) activation: Activation,
}

/// `y[oc][o][n] = bias[oc] + Σ_(ic, tap) weight[oc][ic][tap] x[ic][o + tap][n]`, group by group.
pub(super) fn forward(
    simd: Simd,
    geometry: &Conv2dGeometry,
    sites: &Neighbourhood,
    operands: Forward<'_>,
    y: &mut [f32],
    batch: usize,
    workspace: &mut Workspace,
) {
    let kernel_taps = geometry.kernel * geometry.kernel;
    let (channels, rows) = (geometry.group_in_channels(), geometry.group_out_channels());
    let neighbours = geometry.height * geometry.width;
    let y = Output::new(y);
    for group in 0..geometry.groups {
        let product = Product {
            a: &operands.weight[group * rows * channels * kernel_taps..],
            a_row: channels * kernel_taps,
            a_channel: kernel_taps,
            b: &operands.x[group * channels * neighbours * batch..],
            neighbours,
            channels,
            kernel_taps,
            first_row: group * rows,
            rows,
            bias: Some(&operands.bias[group * rows..]),
            activation: operands.activation,
        };
        sites.product(simd, &product, &y, batch, workspace);
    }
}

/// `dx[ic][i][n] = Σ_(oc, tap) weight[oc][ic][tap] dy[oc][i - tap][n]`, group by group.
#[allow(clippy::too_many_arguments, reason = "the operands, and what they are computed with")]
pub(super) fn input_gradient(
    simd: Simd,
    geometry: &Conv2dGeometry,
    sites: &Neighbourhood,
    dy: &[f32],
    weight: &[f32],
    dx: &mut [f32],
    batch: usize,
    workspace: &mut Workspace,
) {
    let kernel_taps = geometry.kernel * geometry.kernel;
    let (channels, rows) = (geometry.group_out_channels(), geometry.group_in_channels());
    let neighbours = geometry.out_height() * geometry.out_width();
    let dx = Output::new(dx);
    for group in 0..geometry.groups {
        let product = Product {
            a: &weight[group * channels * rows * kernel_taps..],
            a_row: kernel_taps,
            a_channel: rows * kernel_taps,
            b: &dy[group * channels * neighbours * batch..],
            neighbours,
            channels,
            kernel_taps,
            first_row: group * rows,
            rows,
            bias: None,
            activation: Activation::None,
        };
        sites.product(simd, &product, &dx, batch, workspace);
    }
}
