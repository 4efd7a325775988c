//! Random changes of training images: named, seeded, and the same bits on every machine.

use nt_kernels::philox::{Cursor, Stream};
use nt_scenario::Augmentation;
use rayon::prelude::*;

/// What an augmentation does to one image, with its random numbers drawn.
///
/// * A random crop moves the picture by up to `padding_px` either way along both axes, each offset equally likely. The
///   gap is filled with the picture's own reflection. (Torchvision's `RandomCrop` pads with black by default, a border
///   that no test image has.)
/// * A horizontal flip mirrors left and right.
/// * Colour jitter changes brightness, then contrast (the distance from the picture's mean grey), then saturation (the
///   distance from each pixel's own grey), each by a factor drawn uniformly from 1 − x to 1 + x, and at least 0. This is
///   torchvision's `ColorJitter`, but in a fixed order and rounded once, at the end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Drawn {
    /// The picture moves. What it leaves empty is filled with its own reflection.
    Shift {
        /// Pixels up; below 0 it moves down.
        up: i32,
        /// Pixels to the left; below 0 it moves to the right.
        left: i32,
    },
    /// Left and right are exchanged, or not.
    Mirror(bool),
    /// Brightness, contrast and saturation are multiplied by these.
    Jitter([f32; 3]),
}

impl Drawn {
    /// Draws what this augmentation does.
    pub fn new(augmentation: Augmentation, cursor: &mut Cursor) -> Self {
        match augmentation {
            Augmentation::RandomCrop { padding_px } => {
                let mut offset = || cursor.below(2 * padding_px + 1) as i32 - padding_px as i32;
                let (up, left) = (offset(), offset());
                Self::Shift { up, left }
            }
            Augmentation::HorizontalFlip { probability } => Self::Mirror(cursor.uniform_f64() < probability),
            Augmentation::ColourJitter { brightness, contrast, saturation } => {
                let mut factor = |x: f64| cursor.uniform_in((1.0 - x).max(0.0), 1.0 + x) as f32;
                Self::Jitter([factor(brightness), factor(contrast), factor(saturation)])
            }
        }
    }

    /// Changes an image in place.
    ///
    /// # Shape
    /// `pixels`: `(side, side, 3)`.
    pub fn apply(self, pixels: &mut [u8], side: usize) {
        match self {
            Self::Shift { up, left } => shift(pixels, side, up as isize, left as isize),
            Self::Mirror(true) => mirror(pixels, side),
            Self::Mirror(false) => {}
            Self::Jitter(factors) => jitter(pixels, factors),
        }
    }
}

/// Augments batch after batch.
///
/// What happens to an image depends on the stream, the number of the batch and the image's position in it, and on
/// nothing else: neither on threads nor on what the other augmentations drew.
pub struct Augmenter<'a> {
    augmentations: &'a [Augmentation],
    stream: Stream,
    step: u32,
    batch: Vec<u8>,
}

impl<'a> Augmenter<'a> {
    /// An augmenter before its first batch. `augmentations` are applied in the order given.
    pub fn new(augmentations: &'a [Augmentation], stream: Stream) -> Self {
        Self { augmentations, stream, step: 0, batch: Vec::new() }
    }

    /// Whether it leaves images as they are.
    pub fn is_empty(&self) -> bool {
        self.augmentations.is_empty()
    }

    /// Goes to the batch numbered `step`, from 0.
    pub fn seek(&mut self, step: u32) {
        self.step = step;
    }

    /// What each augmentation, in their order, does to the image at `position` of batch `step`.
    pub fn drawn(&self, step: u32, position: usize) -> impl Iterator<Item = Drawn> {
        let draw = self.stream.block(u64::from(step) << 32 | position as u64);
        self.augmentations
            .iter()
            .map(move |&augmentation| Drawn::new(augmentation, &mut cursor(draw, augmentation.kind())))
    }

    /// The next batch: a changed copy of each image, in order.
    ///
    /// # Shape
    /// `images`: N of `(side, side, 3)` → `(N, side, side, 3)`.
    pub fn apply<'p>(&mut self, images: impl Iterator<Item = &'p [u8]>, side: usize) -> &[u8] {
        self.batch.clear();
        for image in images {
            self.batch.extend_from_slice(image);
        }
        let mut batch = std::mem::take(&mut self.batch);
        batch.par_chunks_exact_mut(side * side * 3).enumerate().for_each(|(position, image)| {
            self.drawn(self.step, position).for_each(|drawn| drawn.apply(image, side));
        });
        self.batch = batch;
        self.step = self.step.wrapping_add(1);
        &self.batch
    }
}

/// The random numbers of one kind of augmentation for one image, from the image's block of the stream.
fn cursor(draw: [u32; 4], kind: &str) -> Cursor {
    let seed = u64::from(draw[0]) | u64::from(draw[1]) << 32;
    Stream::named(seed, kind, "image", draw[2]).cursor()
}

/// `pixels[y, x] ← pixels[y + up, x + left]`, reflected at the edges.
fn shift(pixels: &mut [u8], side: usize, up: isize, left: isize) {
    if (up, left) == (0, 0) {
        return;
    }
    let source = pixels.to_vec();
    for (y, row) in pixels.chunks_exact_mut(side * 3).enumerate() {
        let from = &source[reflect(y as isize + up, side) * side * 3..][..side * 3];
        for (x, pixel) in row.chunks_exact_mut(3).enumerate() {
            let at = reflect(x as isize + left, side) * 3;
            pixel.copy_from_slice(&from[at..at + 3]);
        }
    }
}

/// The position within `0..length` that a position is reflected to; the edge itself is not repeated.
fn reflect(position: isize, length: usize) -> usize {
    let period = (2 * length as isize - 2).max(1);
    let within = position.rem_euclid(period);
    within.min(period - within).min(length as isize - 1) as usize
}

fn mirror(pixels: &mut [u8], side: usize) {
    for row in pixels.chunks_exact_mut(side * 3) {
        for x in 0..side / 2 {
            for channel in 0..3 {
                row.swap(x * 3 + channel, (side - 1 - x) * 3 + channel);
            }
        }
    }
}

/// Scales brightness, contrast and saturation by these factors, each step kept within 0 … 255.
fn jitter(pixels: &mut [u8], [brightness, contrast, saturation]: [f32; 3]) {
    let brightened = |pixel: &[u8]| [0, 1, 2].map(|channel| (f32::from(pixel[channel]) * brightness).min(255.0));
    // Added in pixel order, in double precision.
    let sum: f64 = pixels.chunks_exact(3).map(|pixel| f64::from(grey(brightened(pixel)))).sum();
    let mean = (sum / (pixels.len() / 3).max(1) as f64) as f32;
    for pixel in pixels.chunks_exact_mut(3) {
        let contrasted = brightened(pixel).map(|value| blend(value, mean, contrast));
        let grey = grey(contrasted);
        for (target, value) in pixel.iter_mut().zip(contrasted) {
            *target = (blend(value, grey, saturation) + 0.5) as u8;
        }
    }
}

/// `to + factor · (value − to)`, kept within 0 … 255.
fn blend(value: f32, to: f32, factor: f32) -> f32 {
    (to + factor * (value - to)).clamp(0.0, 255.0)
}

/// Luma of ITU-R BT.601.
fn grey([red, green, blue]: [f32; 3]) -> f32 {
    0.299 * red + 0.587 * green + 0.114 * blue
}

#[cfg(test)]
mod tests;
