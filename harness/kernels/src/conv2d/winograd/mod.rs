//! Winograd's minimal filtering F(2 × 2, 3 × 3): 16 products in place of 36 for four outputs of a 3 × 3 kernel. Larger
//! kernels are cut into 3 × 3 [`slices`], which save as much.
//!
//! ```text
//! Y = Aᵀ [ Σ_(slice, channel) (G g Gᵀ) ⊙ (Bᵀ d B) ] A        d: 4 × 4 inputs, g: a slice of a kernel, Y: 2 × 2 outputs
//! ```
//!
//! # The order of summation
//! For each of the 16 points, the channels of the first slice, then of the next, are summed in chains of [`CHAIN`]
//! fused multiply-adds from zero, in ascending order, and the chains added in theirs. The gradient of the weights is,
//! for each point, a sum of chains over tiles row by row, and of each tile over images, so many at a time as
//! `weight_gradient` says. Transforms are sums in a fixed order. No bit depends on the threads or the vector width, and
//! only the gradient of the weights depends on the batch. Short chains make it *more* exact than the direct sum: on 384
//! channels of 13 × 13 the root mean square error is .24 millionths of the result's, the direct chain's .71, oneDNN's
//! .18; of the weights of a second layer, with 32 images of 27 × 27, .48, 2.6 and 1.9. Longer chains are hardly faster,
//! shorter ones slower.
//!
//! # Source
//! Winograd, *Arithmetic Complexity of Computations*, 1980; Lavin and Gray, *Fast Algorithms for Convolutional Neural
//! Networks*, CVPR 2016; for kernels of other sizes and strides, Huang et al., *DWM: A Decomposable Winograd Method for
//! Convolution Acceleration*, AAAI 2020.

mod passes;
mod slices;
#[cfg(test)]
mod tests;
mod weight_gradient;

use std::ops::Range;

use super::Conv2dGeometry;
use crate::tile::winograd::{POINTS, Patch};
use crate::tile::{Output, Simd};
pub(super) use passes::{forward, input_gradient};
use slices::Slice;
pub(super) use weight_gradient::weight_gradient;

/// Version of this algorithm's bits: part of the numerics of every network that uses it.
pub const WINOGRAD_VERSION: u32 = 2;

/// Channels summed in one chain.
const CHAIN: usize = 64;

/// Columns (tiles × images) computed together. They are few, so that the transformed values stay in the second-level
/// cache and threads share the work evenly.
const COLUMNS: usize = 32;

/// Least rows, and least channels × slices, for which the algorithm pays: transforms cost as much as this many
/// products.
const LEAST_ROWS: usize = 32;
const LEAST_CHANNELS: usize = 32;

/// Least saving of products for which the algorithm pays, in tenths. Small planes lose some of it to outputs beyond
/// their edge, and to padding, which costs the direct sum nothing.
const LEAST_SAVING_IN_TENTHS: usize = 14;

/// Elements from one point's lines to the next point's, where the lines have `elements` together. There is a gap, since
/// without it the sixteen elements that a transform reads or writes together would all lie in the same set of the
/// first-level cache.
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

impl Conv2dGeometry {
    /// Whether any pass is computed by Winograd's algorithm. This depends on the shape alone, and is part of the
    /// numerics of a network.
    pub fn is_by_winograd(&self) -> bool {
        Winograd::forward(self).is_some() || Winograd::input_gradient(self).is_some()
    }
}

impl Winograd {
    /// The forward pass, where this algorithm pays. That depends on the shape alone.
    pub(super) fn forward(geometry: &Conv2dGeometry) -> Option<Self> {
        let Conv2dGeometry { height, width, kernel, stride, padding, groups, .. } = *geometry;
        let (slices, counts) = slices::slices(&slices::parts(kernel, stride)?);
        let pass = Self {
            from: [height, width],
            to: [geometry.out_height(), geometry.out_width()],
            kernel,
            stride,
            padding,
            groups,
            channels: geometry.group_in_channels(),
            rows: geometry.group_out_channels(),
            slices,
            counts,
        };
        pass.that_pays(geometry)
    }

    /// The gradient of the input of a convolution of stride 1. It is a convolution with kernels turned by 180° and
    /// input and output channels exchanged.
    pub(super) fn input_gradient(geometry: &Conv2dGeometry) -> Option<Self> {
        let Conv2dGeometry { height, width, kernel, stride, padding, groups, .. } = *geometry;
        if stride != 1 {
            return None;
        }
        let (slices, counts) = slices::slices(&slices::parts(kernel, stride)?);
        let pass = Self {
            from: [geometry.out_height(), geometry.out_width()],
            to: [height, width],
            kernel,
            stride,
            padding: (kernel - 1).checked_sub(padding)?,
            groups,
            channels: geometry.group_out_channels(),
            rows: geometry.group_in_channels(),
            slices,
            counts,
        };
        pass.that_pays(geometry)
    }

    /// The pass, if it takes few enough products.
    fn that_pays(self, geometry: &Conv2dGeometry) -> Option<Self> {
        // For each pair of a channel and a row.
        let products = self.tiles() * self.counts.iter().sum::<usize>();
        let (rows, columns) = geometry.forward_reach();
        let direct = rows.valid_taps() * columns.valid_taps();
        let is_wide = self.rows >= LEAST_ROWS && self.lines() >= LEAST_CHANNELS;
        (is_wide && 10 * direct >= LEAST_SAVING_IN_TENTHS * products).then_some(self)
    }

    /// Tiles of 2 × 2 outputs.
    fn tiles(&self) -> usize {
        self.to[0].div_ceil(2) * self.to[1].div_ceil(2)
    }

    /// Row and column of a tile.
    fn place(&self, tile: usize) -> (usize, usize) {
        let tiles_wide = self.to[1].div_ceil(2);
        (tile / tiles_wide, tile % tiles_wide)
    }

    /// Lines of the transformed input: channels of every slice.
    fn lines(&self) -> usize {
        self.slices.len() * self.channels
    }

    /// The first line of a part, where all lines are cut into so many parts with about as many products each.
    fn first_line(&self, part: usize, parts: usize) -> usize {
        let mut products = part * self.counts.iter().sum::<usize>() * self.channels / parts;
        for (index, slice) in self.slices.iter().enumerate() {
            let points = slice.place.iter().flatten().count();
            if products < points * self.channels {
                return index * self.channels + products / points;
            }
            products -= points * self.channels;
        }
        self.lines()
    }

    /// Those of some lines that have this point, numbered among all lines that have it.
    fn lines_of(&self, point: usize, lines: &Range<usize>) -> Range<usize> {
        let before = |line: usize| {
            let (slice, channel) = (line / self.channels, line % self.channels);
            let slices = self.slices[..slice].iter().filter(|slice| slice.place[point].is_some()).count();
            let has = self.slices.get(slice).is_some_and(|slice| slice.place[point].is_some());
            slices * self.channels + if has { channel } else { 0 }
        };
        before(lines.start)..before(lines.end)
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

/// Neighbouring tiles of some images, which are computed together.
#[derive(Clone, Copy)]
struct Block {
    first_tile: usize,
    tiles: usize,
    first_image: usize,
    images: usize,
}

impl Block {
    /// How many blocks of at most so many columns all tiles of all images make.
    fn count(most: usize, tiles: usize, batch: usize) -> usize {
        let images = batch.min(most);
        tiles.div_ceil(most / images) * batch.div_ceil(images)
    }

    /// The tiles and the images that they hold at most.
    fn largest(most: usize, tiles: usize, batch: usize) -> Self {
        let images = batch.min(most);
        Self { first_tile: 0, tiles: (most / images).min(tiles), first_image: 0, images }
    }

    /// One of them: tile after tile, and of some tiles image after image.
    fn nth(index: usize, most: usize, tiles: usize, batch: usize) -> Self {
        let largest = Self::largest(most, tiles, batch);
        let parts = batch.div_ceil(largest.images);
        let (first_tile, first_image) = (index / parts * largest.tiles, index % parts * largest.images);
        Self {
            first_tile,
            tiles: largest.tiles.min(tiles - first_tile),
            first_image,
            images: largest.images.min(batch - first_image),
        }
    }

    fn columns(self) -> usize {
        self.tiles * self.images
    }
}

/// The channels that a group reads.
struct Source<'a> {
    pass: &'a Winograd,
    simd: Simd,
    batch: usize,
    /// `[channel][position][batch]`
    planes: &'a [f32],
}

impl Source<'_> {
    /// `patches[point][slice][channel][tile][image]`, of some of the [`Winograd::lines`].
    ///
    /// # Safety
    /// No other thread reads or writes these lines meanwhile.
    unsafe fn transform(&self, block: Block, lines: Range<usize>, patches: &Output<'_>) {
        let Winograd { from: [height, width], stride, padding, channels, ref slices, .. } = *self.pass;
        let (columns, plane) = (block.columns(), height * width * self.batch);
        let (starts, length) = self.pass.layout(channels * columns);
        assert!(self.planes.len() >= channels * plane && patches.len() >= length);
        // What the next block reads: the same positions of other images, or the next tiles'.
        let ahead = if block.images < self.batch { block.images } else { 2 * stride * columns };
        for (index, slice) in slices.iter().enumerate() {
            let before = index * channels;
            let of_slice = lines.start.saturating_sub(before)..channels.min(lines.end.saturating_sub(before));
            if of_slice.is_empty() {
                continue;
            }
            let to_at = std::array::from_fn(|point| {
                // A point that the slice does not have is not written.
                slice.place[point].map_or(0, |place| starts[point] + place * channels * columns)
            });
            for tile in 0..block.tiles {
                let (tile_row, tile_column) = self.pass.place(block.first_tile + tile);
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
                for channel in of_slice.clone() {
                    // SAFETY: positions lie in the plane; points lie in `patches`, whose length was checked, in lines
                    // that are the caller's.
                    unsafe {
                        self.simd.transform_patch(&Patch {
                            is_whole: (slice.row.count == 3, slice.column.count == 3),
                            from: self.planes[channel * plane..].as_ptr(),
                            at: &at,
                            is_inside: &is_inside,
                            to: patches.at(channel * columns + tile * block.images),
                            to_at: &to_at,
                            ahead,
                            images: block.images,
                        });
                    }
                }
            }
        }
    }
}
