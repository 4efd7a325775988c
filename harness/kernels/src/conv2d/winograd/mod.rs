//! Winograd's minimal filtering F(2 × 2, 3 × 3): 16 products in place of 36 for four outputs of a 3 × 3 kernel, and as many
//! fewer for the 3 × 3 [`slices`] of a larger one.
//!
//! ```text
//! Y = Aᵀ [ Σ_(slice, channel) (G g Gᵀ) ⊙ (Bᵀ d B) ] A        d: 4 × 4 inputs, g: a slice of a kernel, Y: 2 × 2 outputs
//! ```
//!
//! # The order of summation
//! For each of the 16 points, the channels of the first slice, then of the next, are summed in chains of [`CHAIN`] fused
//! multiply-adds from zero, in ascending order, and the chains added in theirs; transforms are sums in a fixed order.
//! Nothing depends on the batch, the threads or the vector width. Short chains make it *more* exact than the direct sum over
//! all taps of all channels: on 384 channels of 13 × 13 the root mean square error is .24 millionths of the result's, the
//! direct chain's .71, oneDNN's .18. Longer chains are hardly faster, shorter ones slower.
//!
//! # Source
//! Winograd, *Arithmetic Complexity of Computations*, 1980; Lavin and Gray, *Fast Algorithms for Convolutional Neural
//! Networks*, CVPR 2016; for kernels of other sizes and strides, Huang et al., *DWM: A Decomposable Winograd Method for
//! Convolution Acceleration*, AAAI 2020.

mod slices;
#[cfg(test)]
mod tests;

use super::Conv2dGeometry;
use crate::tile::winograd::{Outputs, POINTS, Patch, transform_filter};
use crate::tile::{Activation, Output, Simd, Start, Steps, Tap, Tile, Walk, part, split};
use crate::workspace::Workspace;
use slices::Slice;

/// Version of this algorithm's bits: part of the numerics of every network that uses it.
pub const WINOGRAD_VERSION: u32 = 2;

/// Channels summed in one chain.
const CHAIN: usize = 64;

/// Columns (tiles × images) computed together: few, so that what is transformed stays in the second-level cache and threads
/// share the work evenly.
const COLUMNS: usize = 32;

/// Least rows, and least channels × slices, for which it pays: transforms cost as much as so many products.
const LEAST_ROWS: usize = 32;
const LEAST_CHANNELS: usize = 32;

/// Least saving of products for which it pays, in tenths: what small planes lose to outputs beyond their edge, and to
/// padding, which costs the direct sum nothing.
const LEAST_SAVING_IN_TENTHS: usize = 14;

/// Elements of all lines of one point, where each line has so many: a little more, or the sixteen that a transform reads or
/// writes together would all lie in the same set of the first-level cache.
fn point_step(elements: usize) -> usize {
    elements + 32
}

/// A pass from planes of one side to planes of the other, group by group.
#[derive(Clone, Debug)]
pub(super) struct Winograd {
    /// `[height, width]` of the planes that are read, and of those that are written.
    from: [usize; 2],
    to: [usize; 2],
    kernel: usize,
    stride: usize,
    padding: usize,
    groups: usize,
    /// Channels that are read, and rows of the output, of a group.
    channels: usize,
    rows: usize,
    slices: Vec<Slice>,
    /// By point: how many slices have it.
    counts: [usize; POINTS],
}

impl Winograd {
    /// The forward pass, where this algorithm pays: a matter of the shape alone.
    pub(super) fn forward(geometry: &Conv2dGeometry) -> Option<Self> {
        let Conv2dGeometry { height, width, kernel, stride, padding, groups, .. } = *geometry;
        let (rows, columns) = geometry.forward_reach();
        let pass = Self {
            from: [height, width],
            to: [geometry.out_height(), geometry.out_width()],
            kernel,
            stride,
            padding,
            groups,
            channels: geometry.group_in_channels(),
            rows: geometry.group_out_channels(),
            slices: Vec::new(),
            counts: [0; POINTS],
        };
        pass.that_pays(rows.valid_taps() * columns.valid_taps())
    }

    /// The gradient of the input, of a convolution of stride 1: a convolution with kernels turned by half, channels changing
    /// places.
    pub(super) fn input_gradient(geometry: &Conv2dGeometry) -> Option<Self> {
        let Conv2dGeometry { height, width, kernel, stride, padding, groups, .. } = *geometry;
        if stride != 1 {
            return None;
        }
        let (rows, columns) = geometry.forward_reach();
        let pass = Self {
            from: [geometry.out_height(), geometry.out_width()],
            to: [height, width],
            kernel,
            stride,
            padding: (kernel - 1).checked_sub(padding)?,
            groups,
            channels: geometry.group_out_channels(),
            rows: geometry.group_in_channels(),
            slices: Vec::new(),
            counts: [0; POINTS],
        };
        pass.that_pays(rows.valid_taps() * columns.valid_taps())
    }

    /// The pass with its slices, if it takes few enough products, where the direct sum takes `direct` for each pair of a
    /// channel and a row.
    fn that_pays(self, direct: usize) -> Option<Self> {
        let (slices, counts) = slices::slices(&slices::parts(self.kernel, self.stride)?);
        let products = self.tiles() * counts.iter().sum::<usize>();
        let is_wide = self.rows >= LEAST_ROWS && self.channels * slices.len() >= LEAST_CHANNELS;
        let pays = is_wide && 10 * direct >= LEAST_SAVING_IN_TENTHS * products;
        pays.then_some(Self { slices, counts, ..self })
    }

    /// Tiles of 2 × 2 outputs.
    fn tiles(&self) -> usize {
        self.to[0].div_ceil(2) * self.to[1].div_ceil(2)
    }

    /// Where each point's numbers begin, of `lines` for each slice that has the point, and their number in all.
    fn layout(&self, lines: usize) -> ([usize; POINTS], usize) {
        let mut end = 0;
        let starts = self.counts.map(|count| {
            let start = end;
            end += point_step(count * lines);
            start
        });
        (starts, end)
    }
}

/// The operands of one group.
struct Group<'a> {
    pass: &'a Winograd,
    simd: Simd,
    batch: usize,
    /// The group's channels that are read, `[channel][position][batch]`.
    from: &'a [f32],
    /// The group's weights, with the distance from one row's to the next's and from one channel's.
    weight: &'a [f32],
    weight_row: usize,
    weight_channel: usize,
    /// Whether kernels are turned by half: the gradient of the input.
    is_turned: bool,
    /// The group's first row of the output.
    first_row: usize,
    bias: Option<&'a [f32]>,
    activation: Activation,
}

/// Some tiles next to one another of some images, computed together.
#[derive(Clone, Copy)]
struct Block {
    first_tile: usize,
    tiles: usize,
    first_image: usize,
    images: usize,
}

impl Block {
    fn columns(self) -> usize {
        self.tiles * self.images
    }
}

impl Group<'_> {
    /// A slice of the kernel from a channel to a row; a third tap that it lacks is 0.
    fn filter(&self, slice: &Slice, row: usize, channel: usize) -> [f32; 9] {
        let kernel = self.pass.kernel;
        let weight = &self.weight[row * self.weight_row + channel * self.weight_channel..][..kernel * kernel];
        let mut filter = [0.0; 9];
        for i in 0..slice.row.count {
            for j in 0..slice.column.count {
                let tap = (slice.row.first + i * self.pass.stride) * kernel + slice.column.first + j * self.pass.stride;
                filter[3 * i + j] = weight[if self.is_turned { kernel * kernel - 1 - tap } else { tap }];
            }
        }
        filter
    }

    /// Transformed filters as tiles read them: `[point][part of the rows][slice][channel][row of the part]`.
    fn transform_filters(&self, filters: &mut [f32]) {
        let Winograd { rows, channels, ref slices, ref counts, .. } = *self.pass;
        let (starts, length) = self.pass.layout(rows * channels);
        assert!(filters.len() >= length);
        let filters = Output::new(filters);
        // A filter transformed counts like some hundred multiply-accumulates.
        split(rows.div_ceil(self.simd.max_rows()), 128 * rows * channels * slices.len(), |parts| {
            for index in parts {
                let (first, size) = part(rows, self.simd.max_rows(), index);
                for slice in slices {
                    for channel in 0..channels {
                        for row in 0..size {
                            let points = transform_filter(&self.filter(slice, first + row, channel));
                            for (point, value) in points.into_iter().enumerate() {
                                let Some(place) = slice.place[point] else { continue };
                                let line = place * channels + channel;
                                let at = starts[point] + first * counts[point] * channels + line * size + row;
                                // SAFETY: inside the slice; parts do not overlap, and each is filled by one task.
                                unsafe { *filters.at(at) = value };
                            }
                        }
                    }
                }
            }
        });
    }

    fn run(&self, to: &Output<'_>, workspace: &mut Workspace) {
        let Winograd { rows, channels, ref counts, .. } = *self.pass;
        if self.batch == 0 {
            return;
        }
        let tiles = self.pass.tiles();
        let most_images = self.batch.min(COLUMNS);
        let most_tiles = (COLUMNS / most_images).min(tiles);
        let (image_blocks, tile_blocks) = (self.batch.div_ceil(most_images), tiles.div_ceil(most_tiles));
        let (_, of_patches) = self.pass.layout(channels * most_tiles * most_images);
        let of_products = POINTS * point_step(rows * most_tiles * most_images);
        let scratch = of_patches + of_products;
        let num_threads = rayon::current_num_threads();
        let (filters, scratches) = workspace.buffers(self.pass.layout(rows * channels).1, num_threads * scratch);
        self.transform_filters(filters);
        let filters = &*filters;
        let scratches = Output::new(scratches);
        let products = counts.iter().sum::<usize>() * rows * channels * tiles * self.batch;
        split(tile_blocks * image_blocks, products, |range| {
            let thread = rayon::current_thread_index().unwrap_or(0).min(num_threads - 1);
            // SAFETY: a thread runs one task at a time, and no task waits for another: its scratch is its own.
            let scratch = unsafe { scratches.slice(thread * scratch, scratch) };
            for block in range {
                let (first_tile, tiles) = part(tiles, most_tiles, block / image_blocks);
                let first_image = block % image_blocks * most_images;
                let images = most_images.min(self.batch - first_image);
                let block = Block { first_tile, tiles, first_image, images };
                let (patches, products) = scratch.split_at_mut(of_patches);
                self.transform_patches(block, patches);
                self.multiply(block, filters, patches, products);
                self.transform_products(block, products, to);
            }
        });
    }

    /// Row and column of a tile.
    fn place(&self, tile: usize) -> (usize, usize) {
        let tiles_wide = self.pass.to[1].div_ceil(2);
        (tile / tiles_wide, tile % tiles_wide)
    }

    /// `patches[point][slice][channel][tile][image]`
    fn transform_patches(&self, block: Block, patches: &mut [f32]) {
        let Winograd { from: [height, width], stride, padding, channels, ref slices, .. } = *self.pass;
        let (columns, plane) = (block.columns(), height * width * self.batch);
        let (starts, length) = self.pass.layout(channels * columns);
        assert!(self.from.len() >= channels * plane && patches.len() >= length);
        // What the next block reads: the same positions of other images, or the next tiles'.
        let ahead = if block.images < self.batch { block.images } else { 2 * stride * columns };
        for slice in slices {
            let to_at = std::array::from_fn(|point| {
                // A point that the slice does not have is not written.
                slice.place[point].map_or(0, |place| starts[point] + place * channels * columns)
            });
            for tile in 0..block.tiles {
                let (tile_row, tile_column) = self.place(block.first_tile + tile);
                let meets = |output: usize, tap: usize, side: usize| {
                    (stride * output + tap).checked_sub(padding).filter(|position| *position < side)
                };
                let at: [Option<usize>; POINTS] = std::array::from_fn(|point| {
                    let row = meets(2 * tile_row + point / 4, slice.row.first, height)?;
                    let column = meets(2 * tile_column + point % 4, slice.column.first, width)?;
                    Some((row * width + column) * self.batch + block.first_image)
                });
                let is_inside = at.map(|at| at.is_some());
                let at = at.map(Option::unwrap_or_default);
                for channel in 0..channels {
                    let patch = Patch {
                        is_whole: (slice.row.count == 3, slice.column.count == 3),
                        from: self.from[channel * plane..].as_ptr(),
                        at: &at,
                        is_inside: &is_inside,
                        to: patches[channel * columns + tile * block.images..].as_mut_ptr(),
                        to_at: &to_at,
                        ahead,
                        images: block.images,
                    };
                    // SAFETY: positions lie in the plane; points lie in `patches`, whose length was checked.
                    unsafe { self.simd.transform_patch(&patch) };
                }
            }
        }
    }

    /// `products[point][row][column] = Σ_(slice, channel) filters[point][row][slice][channel] patches[point][slice][channel][column]`
    fn multiply(&self, block: Block, filters: &[f32], patches: &[f32], products: &mut [f32]) {
        let Winograd { rows, channels, ref counts, .. } = *self.pass;
        let columns = block.columns();
        let (of_filters, _) = self.pass.layout(rows * channels);
        let (of_patches, _) = self.pass.layout(channels * columns);
        let products = Output::new(products);
        for point in 0..POINTS {
            let depth = counts[point] * channels;
            for index in 0..rows.div_ceil(self.simd.max_rows()) {
                let (first, size) = part(rows, self.simd.max_rows(), index);
                let mut k = 0;
                while k < depth {
                    let count = CHAIN.min(depth - k);
                    let tile = Tile {
                        a: &filters[of_filters[point] + first * depth + k * size..],
                        a_row: 1,
                        b: patches,
                        b_at: of_patches[point] + k * columns,
                        c_row: columns,
                        rows: size,
                        columns,
                        walk: Walk {
                            outer: Steps::ONCE,
                            taps: Tap::ORIGIN,
                            tap_a: 0,
                            tap_b: 0,
                            inner: Steps { count, a: size, b: columns as isize },
                            ahead: 4 * columns as isize,
                        },
                        start: if k == 0 { Start::Zero } else { Start::Added },
                        activation: Activation::None,
                    };
                    // SAFETY: the scratch is this thread's; rows, lines and columns lie in their slices.
                    unsafe { tile.run(self.simd, &products, point * point_step(rows * columns) + first * columns) };
                    k += count;
                }
            }
        }
    }

    fn transform_products(&self, block: Block, products: &[f32], to: &Output<'_>) {
        let Winograd { to: [height, width], rows, .. } = *self.pass;
        let (columns, plane) = (block.columns(), height * width * self.batch);
        let step = point_step(rows * columns);
        assert!(products.len() >= POINTS * step && to.len() >= (self.first_row + rows) * plane);
        let from_at = std::array::from_fn(|point| point * step);
        let ahead = if block.images < self.batch { block.images } else { 2 * columns };
        for tile in 0..block.tiles {
            let (tile_row, tile_column) = self.place(block.first_tile + tile);
            let at: [Option<usize>; 4] = std::array::from_fn(|output| {
                let (row, column) = (2 * tile_row + output / 2, 2 * tile_column + output % 2);
                let position = (row < height && column < width).then_some(row * width + column)?;
                Some(position * self.batch + block.first_image)
            });
            for row in 0..rows {
                // SAFETY: the row's plane lies in `to`; its outputs at these positions are this task's alone. Points lie
                // in `products`, whose length was checked.
                unsafe {
                    self.simd.transform_outputs(&Outputs {
                        from: products[row * columns + tile * block.images..].as_ptr(),
                        from_at: &from_at,
                        to: to.at((self.first_row + row) * plane),
                        at,
                        ahead,
                        bias: self.bias.map_or(0.0, |bias| bias[row]),
                        relu: self.activation == Activation::Relu,
                        images: block.images,
                    });
                }
            }
        }
    }
}

/// As [`super::cpu::forward`].
pub(super) fn forward(
    simd: Simd,
    pass: &Winograd,
    operands: super::cpu::Forward<'_>,
    y: &mut [f32],
    batch: usize,
    workspace: &mut Workspace,
) {
    let Winograd { channels, rows, kernel, from: [height, width], .. } = *pass;
    let (taps, plane) = (kernel * kernel, height * width * batch);
    let y = Output::new(y);
    for group in 0..pass.groups {
        let group = Group {
            pass,
            simd,
            batch,
            from: &operands.x[group * channels * plane..],
            weight: &operands.weight[group * rows * channels * taps..],
            weight_row: channels * taps,
            weight_channel: taps,
            is_turned: false,
            first_row: group * rows,
            bias: Some(&operands.bias[group * rows..]),
            activation: operands.activation,
        };
        group.run(&y, workspace);
    }
}

/// As [`super::cpu::input_gradient`].
pub(super) fn input_gradient(
    simd: Simd,
    pass: &Winograd,
    dy: &[f32],
    weight: &[f32],
    dx: &mut [f32],
    batch: usize,
    workspace: &mut Workspace,
) {
    let Winograd { channels, rows, kernel, from: [height, width], .. } = *pass;
    let (taps, plane) = (kernel * kernel, height * width * batch);
    let dx = Output::new(dx);
    for group in 0..pass.groups {
        let group = Group {
            pass,
            simd,
            batch,
            from: &dy[group * channels * plane..],
            weight: &weight[group * channels * rows * taps..],
            weight_row: taps,
            weight_channel: rows * taps,
            is_turned: true,
            first_row: group * rows,
            bias: None,
            activation: Activation::None,
        };
        group.run(&dx, workspace);
    }
}
