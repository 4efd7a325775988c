//! The weight gradient: a product over output positions and images, with output channels as columns.
//!
//! ```text
//! dwᵀ[(ic, ky, kx)][oc] = Σ_(oy, ox, n) x[ic][oy s + ky - p][ox s + kx - p][n] dyᵀ[(oy, ox, n)][oc]
//! ```
//!
//! Activations are read where they lie: n is contiguous in `x`, and a tile's rows are channels (or a kernel's columns)
//! at a fixed stride. Only `dy` is transposed beforehand, and the small result afterwards. Where there are few
//! channels, each thread transposes the rows of `dy` that it reads, one at a time: that is cheaper than reading what
//! another thread has written.

use super::Conv2dGeometry;
use super::reach::{Pattern, Reach};
use crate::tile::{
    Activation, BLOCK, Output, PANEL, Simd, Start, Steps, Tap, Tile, Walk, pack_panels, part, split, this_thread,
    transpose, transpose_strided,
};
use crate::workspace::Workspace;

/// The tables of the weight gradient: how tiles are cut from the weights. Both ways sum in the same order.
#[derive(Clone, Debug)]
pub(super) enum WeightTaps {
    /// A tile's rows are input channels; by tap of the kernel, all pairs of input (A) and output (B) positions that it
    /// joins.
    Channels(Vec<Vec<Tap>>),
    /// A tile's rows are columns of the kernel: for few input channels and a large kernel, as in a first layer.
    KernelColumns {
        /// By output row, then by row of the kernel: the input row.
        input_rows: Vec<Vec<Option<usize>>>,
        segments: Vec<Segment>,
    },
}

/// Neighbouring output columns that meet the same columns of the kernel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    output: usize,
    outputs: usize,
    /// What `output` meets first.
    input: usize,
    /// The kernel's column that meets it.
    tap: usize,
    taps: usize,
}

impl WeightTaps {
    pub(super) fn new(geometry: &Conv2dGeometry) -> Self {
        let (rows, columns) = geometry.forward_reach();
        let (height, width) = (geometry.out_height(), geometry.out_width());
        if 2 * geometry.group_in_channels() <= geometry.kernel {
            let input_row = |oy| (0..geometry.kernel).map(|ky| rows.input(oy, ky)).collect();
            let input_rows = (0..height).map(input_row).collect();
            return Self::KernelColumns { input_rows, segments: segments(&columns) };
        }
        let table = |ky, kx| {
            let pairs = (0..height).flat_map(|oy| (0..width).map(move |ox| (oy, ox)));
            let tap = |(oy, ox)| {
                let (iy, ix) = (rows.input(oy, ky)?, columns.input(ox, kx)?);
                Some(Tap { a: (iy * geometry.width + ix) as u32, b: (oy * width + ox) as u32 })
            };
            pairs.filter_map(tap).collect()
        };
        let kernel = geometry.kernel;
        Self::Channels((0..kernel * kernel).map(|tap| table(tap / kernel, tap % kernel)).collect())
    }
}

/// Output columns in runs of one pattern each; columns that meet only padding are left out.
fn segments(columns: &Reach) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    for (output, site) in columns.sites.iter().enumerate() {
        let Pattern { first: tap, count: taps } = columns.pattern(output);
        match segments.last_mut() {
            Some(last) if (last.tap, last.taps) == (tap, taps) && last.output + last.outputs == output => {
                last.outputs += 1;
            }
            _ if taps == 0 => {}
            _ => segments.push(Segment { output, outputs: 1, input: site.neighbour, tap, taps }),
        }
    }
    segments
}

/// One group's operands.
struct Group<'a> {
    geometry: &'a Conv2dGeometry,
    simd: Simd,
    batch: usize,
    /// The group's channels of the input.
    x: &'a [f32],
    /// The group's output gradient, `[channel][position][batch]`.
    dy: &'a [f32],
}

/// A panel of output channels.
#[derive(Clone, Copy)]
struct Panel<'a> {
    /// `[position × batch][channels of the panel]`
    dy: &'a [f32],
    width: usize,
    /// Where its products begin.
    at: usize,
}

impl Group<'_> {
    fn kernel_taps(&self) -> usize {
        self.geometry.kernel * self.geometry.kernel
    }

    fn positions(&self) -> usize {
        self.geometry.out_height() * self.geometry.out_width()
    }

    /// Weights of one output channel.
    fn weights(&self) -> usize {
        self.geometry.group_in_channels() * self.kernel_taps()
    }

    /// Output channels of a panel.
    fn width(&self, panel: usize) -> usize {
        PANEL.min(self.geometry.group_out_channels() - panel * PANEL)
    }

    fn multiply_accumulates(&self) -> usize {
        self.weights() * self.geometry.group_out_channels() * self.positions() * self.batch
    }

    /// Tiles of channels: `products[ic][tap][oc] = Σ_(o, n) x[ic][o + tap][n] dy[o][n][oc]`
    fn by_channels(&self, tables: &[Vec<Tap>], panels_of_dy: &[f32], products: &Output<'_>) {
        let channels = self.geometry.group_in_channels();
        let parts = channels.div_ceil(self.simd.max_rows());
        let panels = self.geometry.group_out_channels().div_ceil(PANEL);
        let per_panel = tables.len() * parts;
        // Twice the usual block, since A is as contiguous as B here.
        let block = (2 * BLOCK / self.batch.max(1)).max(1);
        split(panels * per_panel, self.multiply_accumulates(), |items| {
            let mut position = 0;
            while position < self.positions() {
                for item in items.clone() {
                    let (panel, depth) = (item / per_panel, self.positions() * self.batch);
                    let width = self.width(panel);
                    let dy = &panels_of_dy[panel * PANEL * depth..][..width * depth];
                    let panel = Panel { dy, width, at: panel * PANEL * self.weights() };
                    let (tap, index) = (item % per_panel / parts, item % parts);
                    let table = &tables[tap];
                    let from = table.partition_point(|pair| (pair.b as usize) < position);
                    let to = table.partition_point(|pair| (pair.b as usize) < position + block);
                    let (row, rows) = part(channels, self.simd.max_rows(), index);
                    let plane = self.geometry.height * self.geometry.width * self.batch;
                    let tile = Tile {
                        a: &self.x[row * plane..],
                        a_row: plane,
                        b: panel.dy,
                        b_at: 0,
                        c_row: tables.len() * panel.width,
                        rows,
                        columns: panel.width,
                        walk: Walk {
                            outer: Steps::ONCE,
                            taps: &table[from..to],
                            tap_a: self.batch,
                            tap_b: (self.batch * panel.width) as isize,
                            inner: Steps { count: self.batch, a: 1, b: panel.width as isize },
                            ahead: 8 * panel.width as isize,
                        },
                        start: if position == 0 { Start::Zero } else { Start::Held },
                        activation: Activation::None,
                    };
                    let at = panel.at + (row * tables.len() + tap) * panel.width;
                    // SAFETY: a panel's channels and tap belong to this task alone; offsets come from valid taps.
                    unsafe { tile.run(self.simd, products, at) };
                }
                position += block;
            }
        });
    }

    /// Tiles of a kernel's columns: `products[ic][ky][kx][oc] += Σ_(ox, n) x[ic][iy][ox s + kx - p][n] dy[oy][ox][n][oc]`,
    /// output row after output row. `rows` has room for one of these, of a panel, for each thread.
    fn by_kernel_columns(
        &self,
        input_rows: &[Vec<Option<usize>>],
        segments: &[Segment],
        rows: &mut [f32],
        products: &Output<'_>,
    ) {
        let kernel = self.geometry.kernel;
        let panels = self.geometry.group_out_channels().div_ceil(PANEL);
        let per_panel = self.geometry.group_in_channels() * kernel;
        let row_depth = self.geometry.out_width() * self.batch;
        let threads = rayon::current_num_threads();
        let rows = Output::new(rows);
        let items = panels * per_panel;
        // One share for each thread, which transposes all rows that it reads.
        split(threads, self.multiply_accumulates(), |shares| {
            let thread = this_thread();
            // SAFETY: a thread runs one task at a time, and no task waits for another: its row is its own.
            let row = unsafe { rows.slice(thread * PANEL * row_depth, PANEL * row_depth) };
            let items = shares.start * items / threads..shares.end * items / threads;
            if items.is_empty() {
                return;
            }
            for (oy, input_rows) in input_rows.iter().enumerate() {
                for panel in items.start / per_panel..items.end.div_ceil(per_panel) {
                    let (first, width) = (panel * per_panel, self.width(panel));
                    let dy = &self.dy[panel * PANEL * self.positions() * self.batch + oy * row_depth..];
                    let row = &mut row[..width * row_depth];
                    transpose_strided(self.simd, dy, self.positions() * self.batch, width, row_depth, row);
                    let panel = Panel { dy: row, width, at: panel * PANEL * self.weights() };
                    for item in items.start.max(first)..items.end.min(first + per_panel) {
                        let (ic, ky) = ((item - first) / kernel, (item - first) % kernel);
                        let Some(iy) = input_rows[ky] else { continue };
                        let at = panel.at + (ic * kernel + ky) * kernel * panel.width;
                        for segment in segments {
                            self.segment(panel, ic * self.geometry.height + iy, segment, products, at);
                        }
                    }
                }
            }
        });
    }

    /// One row of the kernel against one segment of an output row.
    fn segment(&self, panel: Panel<'_>, input_row: usize, segment: &Segment, products: &Output<'_>, at: usize) {
        let max_rows = self.simd.max_rows();
        for index in 0..segment.taps.div_ceil(max_rows) {
            let (row, rows) = part(segment.taps, max_rows, index);
            let input = input_row * self.geometry.width + segment.input + row;
            let tile = Tile {
                a: &self.x[input * self.batch..],
                a_row: self.batch,
                b: panel.dy,
                b_at: segment.output * self.batch * panel.width,
                c_row: panel.width,
                rows,
                columns: panel.width,
                walk: Walk {
                    outer: Steps {
                        count: segment.outputs,
                        a: self.geometry.stride * self.batch,
                        b: (self.batch * panel.width) as isize,
                    },
                    taps: Tap::ORIGIN,
                    tap_a: 0,
                    tap_b: 0,
                    inner: Steps { count: self.batch, a: 1, b: panel.width as isize },
                    ahead: 8 * panel.width as isize,
                },
                start: Start::Held,
                activation: Activation::None,
            };
            // SAFETY: a panel's input channel and kernel row belong to one task; offsets come from valid taps.
            unsafe { tile.run(self.simd, products, at + (segment.tap + row) * panel.width) };
        }
    }
}

/// `dw[oc][weight] = products[weight][oc]` for some channels with this many weights each, panel by panel.
pub(super) fn unpack(simd: Simd, products: &[f32], channels: usize, weights: usize, dw: &mut [f32]) {
    let dw = Output::new(dw);
    split(channels.div_ceil(PANEL), 16 * channels * weights, |panels| {
        for panel in panels {
            let width = PANEL.min(channels - panel * PANEL);
            let (first, length) = (panel * PANEL * weights, width * weights);
            // SAFETY: panels do not overlap, and each is filled by one task.
            let dw = unsafe { dw.slice(first, length) };
            transpose(simd, &products[first..first + length], weights, width, dw);
        }
    });
}

/// The weight gradient, group by group.
#[allow(clippy::too_many_arguments, reason = "the operands, and what they are computed with")]
pub(super) fn weight_gradient(
    simd: Simd,
    geometry: &Conv2dGeometry,
    taps: &WeightTaps,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
    batch: usize,
    workspace: &mut Workspace,
) {
    let depth = geometry.out_height() * geometry.out_width() * batch;
    let channels = geometry.group_out_channels();
    let group_inputs = geometry.in_features() / geometry.groups * batch;
    let group_weights = geometry.weights() / geometry.groups;
    let transposed = match taps {
        WeightTaps::Channels(_) => channels * depth,
        WeightTaps::KernelColumns { .. } => rayon::current_num_threads() * PANEL * geometry.out_width() * batch,
    };
    let (transposed, products) = workspace.buffers(transposed, group_weights);
    for group in 0..geometry.groups {
        let dy = &dy[group * channels * depth..][..channels * depth];
        let group_of = Group { geometry, simd, batch, x: &x[group * group_inputs..][..group_inputs], dy };
        match taps {
            WeightTaps::Channels(tables) => {
                pack_panels(simd, dy, channels, depth, transposed);
                group_of.by_channels(tables, transposed, &Output::new(products));
            }
            WeightTaps::KernelColumns { input_rows, segments } => {
                products.fill(0.0);
                group_of.by_kernel_columns(input_rows, segments, transposed, &Output::new(products));
            }
        }
        unpack(simd, products, channels, group_of.weights(), &mut dw[group * group_weights..][..group_weights]);
    }
}
