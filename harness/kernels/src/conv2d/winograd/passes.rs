//! The forward pass and the gradient of the input.

use super::super::cpu::Forward;
use super::{Block, CHAIN, COLUMNS, Slice, Source, Winograd, point_step};
use crate::tile::winograd::{Outputs, POINTS, transform_filter};
use crate::tile::{Activation, Output, Simd, Start, Steps, Tap, Tile, Walk, part, split, this_thread};
use crate::workspace::Workspace;

/// The operands of one group.
struct Group<'a> {
    source: Source<'a>,
    /// The group's weights, with the distance from one row's to the next's and from one channel's.
    weight: &'a [f32],
    weight_row: usize,
    weight_channel: usize,
    /// Whether kernels are turned by 180°, as for the gradient of the input.
    is_turned: bool,
    /// The group's first row of the output.
    first_row: usize,
    bias: Option<&'a [f32]>,
    activation: Activation,
}

impl Group<'_> {
    /// A slice of the kernel from a channel to a row. A third tap that the slice lacks is 0.
    fn filter(&self, slice: &Slice, row: usize, channel: usize) -> [f32; 9] {
        let kernel = self.source.pass.kernel;
        let weight = &self.weight[row * self.weight_row + channel * self.weight_channel..][..kernel * kernel];
        let mut filter = [0.0; 9];
        for i in 0..slice.row.count {
            for j in 0..slice.column.count {
                let tap = (slice.row.first + i * self.source.pass.stride) * kernel
                    + slice.column.first
                    + j * self.source.pass.stride;
                filter[3 * i + j] = weight[if self.is_turned { kernel * kernel - 1 - tap } else { tap }];
            }
        }
        filter
    }

    /// Transformed filters as tiles read them: `[point][part of the rows][slice][channel][row of the part]`.
    fn transform_filters(&self, filters: &mut [f32]) {
        let Winograd { rows, channels, ref slices, ref counts, .. } = *self.source.pass;
        let (starts, length) = self.source.pass.layout(rows * channels);
        assert!(filters.len() >= length);
        let filters = Output::new(filters);
        // Transforming a filter costs about as much as a hundred multiply-accumulates.
        split(rows.div_ceil(self.source.simd.max_rows()), 128 * rows * channels * slices.len(), |parts| {
            for index in parts {
                let (first, size) = part(rows, self.source.simd.max_rows(), index);
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
        let Winograd { rows, channels, ref counts, .. } = *self.source.pass;
        if self.source.batch == 0 {
            return;
        }
        let tiles = self.source.pass.tiles();
        let blocks = Block::count(COLUMNS, tiles, self.source.batch);
        let most = Block::largest(COLUMNS, tiles, self.source.batch).columns();
        let (_, of_patches) = self.source.pass.layout(channels * most);
        let of_products = POINTS * point_step(rows * most);
        let scratch = of_patches + of_products;
        let num_threads = rayon::current_num_threads();
        let (filters, scratches) = workspace.buffers(self.source.pass.layout(rows * channels).1, num_threads * scratch);
        self.transform_filters(filters);
        let filters = &*filters;
        let scratches = Output::new(scratches);
        let products = counts.iter().sum::<usize>() * rows * channels * tiles * self.source.batch;
        split(blocks, products, |range| {
            let thread = this_thread();
            // SAFETY: a thread runs one task at a time, and no task waits for another: its scratch is its own.
            let scratch = unsafe { scratches.slice(thread * scratch, scratch) };
            for block in range {
                let block = Block::nth(block, COLUMNS, tiles, self.source.batch);
                let (patches, products) = scratch.split_at_mut(of_patches);
                // SAFETY: the scratch is this thread's.
                unsafe { self.source.transform(block, 0..self.source.pass.lines(), &Output::new(patches)) };
                self.multiply(block, filters, patches, products);
                self.transform_products(block, products, to);
            }
        });
    }

    /// `products[point][row][column] = Σ_(slice, channel) filters[point][row][slice][channel] patches[point][slice][channel][column]`
    fn multiply(&self, block: Block, filters: &[f32], patches: &[f32], products: &mut [f32]) {
        let Winograd { rows, channels, ref counts, .. } = *self.source.pass;
        let columns = block.columns();
        let (of_filters, _) = self.source.pass.layout(rows * channels);
        let (of_patches, _) = self.source.pass.layout(channels * columns);
        let products = Output::new(products);
        for point in 0..POINTS {
            let depth = counts[point] * channels;
            for index in 0..rows.div_ceil(self.source.simd.max_rows()) {
                let (first, size) = part(rows, self.source.simd.max_rows(), index);
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
                    unsafe {
                        tile.run(self.source.simd, &products, point * point_step(rows * columns) + first * columns)
                    };
                    k += count;
                }
            }
        }
    }

    fn transform_products(&self, block: Block, products: &[f32], to: &Output<'_>) {
        let Winograd { to: [height, width], rows, .. } = *self.source.pass;
        let (columns, plane) = (block.columns(), height * width * self.source.batch);
        let step = point_step(rows * columns);
        assert!(products.len() >= POINTS * step && to.len() >= (self.first_row + rows) * plane);
        let from_at = std::array::from_fn(|point| point * step);
        let ahead = if block.images < self.source.batch { block.images } else { 2 * columns };
        for tile in 0..block.tiles {
            let (tile_row, tile_column) = self.source.pass.place(block.first_tile + tile);
            let at: [Option<usize>; 4] = std::array::from_fn(|output| {
                let (row, column) = (2 * tile_row + output / 2, 2 * tile_column + output % 2);
                let position = (row < height && column < width).then_some(row * width + column)?;
                Some(position * self.source.batch + block.first_image)
            });
            for row in 0..rows {
                // SAFETY: the row's plane lies in `to`; its outputs at these positions are this task's alone. Points lie
                // in `products`, whose length was checked.
                unsafe {
                    self.source.simd.transform_outputs(&Outputs {
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

/// As [`super::super::cpu::forward`].
pub(in super::super) fn forward(
    simd: Simd,
    pass: &Winograd,
    operands: Forward<'_>,
    y: &mut [f32],
    batch: usize,
    workspace: &mut Workspace,
) {
    let Winograd { channels, rows, kernel, from: [height, width], .. } = *pass;
    let (taps, plane) = (kernel * kernel, height * width * batch);
    let y = Output::new(y);
    for group in 0..pass.groups {
        let group = Group {
            source: Source { pass, simd, batch, planes: &operands.x[group * channels * plane..] },
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

/// As [`super::super::cpu::input_gradient`].
pub(in super::super) fn input_gradient(
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
            source: Source { pass, simd, batch, planes: &dy[group * channels * plane..] },
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
