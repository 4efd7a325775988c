//! The gradient of the weights. The forward pass multiplies transformed patches with transformed filters; here they are
//! multiplied with the transformed gradient of the output, and summed over tiles and images.
//!
//! ```text
//! dg = Gᵀ [ Σ_(tile, image) (A dY Aᵀ) ⊙ (Bᵀ d B) ] G
//! ```
//!
//! As in the direct sum, a tile's rows are lines of the input and its columns output channels, of which the transposed
//! gradient holds a panel side by side.

use std::ops::Range;

use super::super::weight_gradient::unpack;
use super::{Block, POINTS, Source, Winograd, point_step};
use crate::tile::winograd::{Gradients, Sums};
use crate::tile::{
    Activation, Output, PANEL, Simd, Start, Steps, Tap, Tile, Walk, part, split, this_thread, transpose_strided,
};
use crate::workspace::Workspace;

/// Columns (tiles × images) summed in one chain. They are many, since all sums are read and written for each chain, and
/// fewer where the sums fill the second-level cache.
fn columns(pass: &Winograd) -> usize {
    let (_, sums) = pass.layout(pass.channels * pass.rows);
    if sums <= 1 << 18 { 256 } else { 64 }
}

/// The operands of one group.
struct Group<'a> {
    source: Source<'a>,
    /// The gradient of the group's outputs, `[channel][position][batch]`.
    dy: &'a [f32],
}

/// What one thread has for itself.
struct Scratch<'a> {
    patches: &'a mut [f32],
    gradients: &'a mut [f32],
    /// A tile's outputs of one panel, `[output][image][channel of the panel]`.
    outputs: &'a mut [f32],
}

/// The sums that a task computes: those of some lines of the input and some panels of output channels.
struct Share {
    lines: Range<usize>,
    panels: Range<usize>,
}

impl Share {
    /// One of as many shares as there are threads. Each thread transforms its own lines and panels, since values that
    /// another thread has written are slow to read. So neither side is cut into more parts than needed.
    fn of_thread(index: usize, threads: usize, pass: &Winograd) -> Self {
        let panels = pass.rows.div_ceil(PANEL);
        let fits = |parts: &usize| threads.is_multiple_of(*parts) && parts * parts <= threads && *parts <= panels;
        let panel_parts = (1..=threads).rev().find(fits).unwrap_or(1);
        let line_parts = threads / panel_parts;
        let (line_part, panel_part) = (index / panel_parts, index % panel_parts);
        Self {
            lines: pass.first_line(line_part, line_parts)..pass.first_line(line_part + 1, line_parts),
            panels: panel_part * panels / panel_parts..(panel_part + 1) * panels / panel_parts,
        }
    }
}

impl Group<'_> {
    /// Output channels of a panel.
    fn width(&self, panel: usize) -> usize {
        PANEL.min(self.source.pass.rows - panel * PANEL)
    }

    /// `gradients[point][panel][tile][image][channel of the panel]`, of some panels.
    fn transform_gradients(&self, block: Block, panels: &Range<usize>, outputs: &mut [f32], gradients: &mut [f32]) {
        let Winograd { to: [height, width], rows, .. } = *self.source.pass;
        let (columns, plane) = (block.columns(), height * width * self.source.batch);
        let step = point_step(rows * columns);
        assert!(self.dy.len() >= rows * plane && gradients.len() >= POINTS * step);
        let to_at = std::array::from_fn(|point| point * step);
        for panel in panels.clone() {
            let channels = self.width(panel);
            let of_output = block.images * channels;
            for tile in 0..block.tiles {
                let (tile_row, tile_column) = self.source.pass.place(block.first_tile + tile);
                let at: [Option<usize>; 4] = std::array::from_fn(|output| {
                    let (row, column) = (2 * tile_row + output / 2, 2 * tile_column + output % 2);
                    (row < height && column < width).then(|| {
                        let from = (row * width + column) * self.source.batch + block.first_image;
                        let to = &mut outputs[output * of_output..][..of_output];
                        let dy = &self.dy[panel * PANEL * plane + from..];
                        transpose_strided(self.source.simd, dy, plane, channels, block.images, to);
                        output * of_output
                    })
                });
                let to = &mut gradients[panel * PANEL * columns + tile * of_output..];
                // SAFETY: the tile's outputs have just been written, and its points lie in `gradients`, whose length was
                // checked.
                unsafe {
                    self.source.simd.transform_gradients(&Gradients {
                        from: outputs.as_ptr(),
                        at,
                        to: to.as_mut_ptr(),
                        to_at: &to_at,
                        elements: of_output,
                    });
                }
            }
        }
    }

    /// The sums of a share over all tiles and images.
    ///
    /// # Safety
    /// No other thread reads or writes them meanwhile.
    unsafe fn sum(&self, share: &Share, scratch: Scratch<'_>, sums: &Output<'_>) {
        let Scratch { patches, gradients, outputs } = scratch;
        let (most, tiles) = (columns(self.source.pass), self.source.pass.tiles());
        for index in 0..Block::count(most, tiles, self.source.batch) {
            let block = Block::nth(index, most, tiles, self.source.batch);
            self.transform_gradients(block, &share.panels, outputs, gradients);
            // SAFETY: the scratch is this thread's, and the sums are the caller's.
            unsafe {
                self.source.transform(block, share.lines.clone(), &Output::new(patches));
                self.add(block, share, patches, gradients, index == 0, sums);
            }
        }
    }

    /// `sums[point][panel][slice][channel][channel of the panel] += Σ_column patches gradients`, of a share.
    ///
    /// # Safety
    /// As [`Group::sum`].
    unsafe fn add(
        &self,
        block: Block,
        share: &Share,
        patches: &[f32],
        gradients: &[f32],
        is_first: bool,
        sums: &Output<'_>,
    ) {
        let Winograd { rows, channels, ref counts, .. } = *self.source.pass;
        let columns = block.columns();
        let (of_patches, _) = self.source.pass.layout(channels * columns);
        let (of_sums, _) = self.source.pass.layout(channels * rows);
        for point in 0..POINTS {
            let lines = self.source.pass.lines_of(point, &share.lines);
            for panel in share.panels.clone() {
                let width = self.width(panel);
                for index in 0..lines.len().div_ceil(self.source.simd.max_rows()) {
                    let (first, size) = part(lines.len(), self.source.simd.max_rows(), index);
                    let first = lines.start + first;
                    let tile = Tile {
                        a: &patches[of_patches[point] + first * columns..],
                        a_row: columns,
                        b: gradients,
                        b_at: point * point_step(rows * columns) + panel * PANEL * columns,
                        c_row: width,
                        rows: size,
                        columns: width,
                        walk: Walk {
                            outer: Steps::ONCE,
                            taps: Tap::ORIGIN,
                            tap_a: 0,
                            tap_b: 0,
                            inner: Steps { count: columns, a: 1, b: width as isize },
                            ahead: 8 * width as isize,
                        },
                        start: if is_first { Start::Zero } else { Start::Added },
                        activation: Activation::None,
                    };
                    let at = of_sums[point] + panel * PANEL * counts[point] * channels + first * width;
                    // SAFETY: the lines' sums are the caller's; lines and columns lie in their slices.
                    unsafe { tile.run(self.source.simd, sums, at) };
                }
            }
        }
    }

    /// `products[panel][channel][tap][channel of the panel]`
    fn transform_sums(&self, sums: &[f32], products: &mut [f32]) {
        let Winograd { rows, channels, kernel, stride, ref slices, ref counts, .. } = *self.source.pass;
        let (of_sums, length) = self.source.pass.layout(channels * rows);
        let taps = kernel * kernel;
        assert!(sums.len() >= length && products.len() >= rows * channels * taps);
        let products = Output::new(products);
        let panels = rows.div_ceil(PANEL);
        split(panels * channels, 512 * rows * self.source.pass.lines(), |items| {
            for item in items {
                let (panel, channel) = (item / channels, item % channels);
                let width = self.width(panel);
                for slice in slices {
                    let from_at = std::array::from_fn(|point| {
                        let lines = counts[point] * channels;
                        let line = |place: usize| panel * PANEL * lines + (place * channels + channel) * width;
                        slice.place[point].map(|place| of_sums[point] + line(place))
                    });
                    let to_at = std::array::from_fn(|tap| {
                        let (i, j) = (tap / 3, tap % 3);
                        let tap = (slice.row.first + i * stride) * kernel + slice.column.first + j * stride;
                        (i < slice.row.count && j < slice.column.count).then_some(tap * width)
                    });
                    // SAFETY: sums and taps lie in their slices, whose lengths were checked; a channel's taps of a panel are
                    // one task's.
                    unsafe {
                        self.source.simd.transform_sums(&Sums {
                            from: sums.as_ptr(),
                            from_at,
                            to: products.at((panel * PANEL * channels + channel * width) * taps),
                            to_at,
                            elements: width,
                        });
                    }
                }
            }
        });
    }
}

/// As [`super::super::weight_gradient::weight_gradient`].
#[allow(clippy::too_many_arguments, reason = "the operands, and what they are computed with")]
pub(in super::super) fn weight_gradient(
    simd: Simd,
    pass: &Winograd,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
    batch: usize,
    workspace: &mut Workspace,
) {
    let Winograd { channels, rows, kernel, from: [height, width], to: [out_height, out_width], .. } = *pass;
    let weights = channels * kernel * kernel;
    if batch == 0 {
        dw.fill(0.0);
        return;
    }
    let (plane, out_plane) = (height * width * batch, out_height * out_width * batch);
    let largest = Block::largest(columns(pass), pass.tiles(), batch);
    let of_patches = pass.layout(channels * largest.columns()).1;
    let of_gradients = POINTS * point_step(rows * largest.columns());
    let of_outputs = 4 * largest.images * PANEL;
    let scratch = of_patches + of_gradients + of_outputs;
    let (_, of_sums) = pass.layout(channels * rows);
    let threads = rayon::current_num_threads();
    let (scratches, results) = workspace.buffers(threads * scratch, of_sums + rows * weights);
    let scratches = Output::new(scratches);
    let (sums, products) = results.split_at_mut(of_sums);
    let multiply_accumulates = pass.counts.iter().sum::<usize>() * channels * rows * pass.tiles() * batch;
    for group in 0..pass.groups {
        let source = Source { pass, simd, batch, planes: &x[group * channels * plane..] };
        let group_of = Group { source, dy: &dy[group * rows * out_plane..] };
        let all_sums = Output::new(sums);
        split(threads, multiply_accumulates, |shares| {
            let thread = this_thread();
            for index in shares {
                // SAFETY: a thread runs one task at a time, and no task waits for another: its scratch is its own. Shares
                // do not overlap.
                unsafe {
                    let (patches, rest) = scratches.slice(thread * scratch, scratch).split_at_mut(of_patches);
                    let (gradients, outputs) = rest.split_at_mut(of_gradients);
                    let scratch = Scratch { patches, gradients, outputs };
                    group_of.sum(&Share::of_thread(index, threads, pass), scratch, &all_sums);
                }
            }
        });
        group_of.transform_sums(sums, products);
        unpack(simd, products, rows, weights, &mut dw[group * rows * weights..][..rows * weights]);
    }
}
