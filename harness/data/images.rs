//! Sets of examples in memory, and the gathering of a batch from them.

use super::augmentation::Augmenter;
use super::resize::resize;
use image::RgbImage;
use nt_scenario::{LabelKind, Labels, Resizing};
use std::sync::atomic::{AtomicU64, Ordering};

/// Labels of a kind that a softmax classifier cannot learn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a softmax classifier needs one class for each image, but these images have {}; choose a method for several classes", found.words())]
pub struct NotOneClass {
    /// The kind found.
    pub found: LabelKind,
}

/// Identifies a set of examples in memory. Two sets with the same identity hold the same examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity(u64);

impl Identity {
    /// A new identity, not used before in this process.
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// Labelled images in memory.
#[derive(Clone)]
pub struct Images {
    identity: Identity,
    side: usize,
    pixels: Vec<u8>,
    labels: Labels,
    ids: Vec<u32>,
}

impl Images {
    /// A set of `labels.len()` images from their bytes, `(N, H, W, 3)`.
    pub(super) fn new(side: usize, pixels: Vec<u8>, labels: Labels, ids: Vec<u32>) -> Self {
        debug_assert_eq!(pixels.len(), labels.len() * side * side * 3);
        debug_assert_eq!(labels.len(), ids.len());
        Self { identity: Identity::new(), side, pixels, labels, ids }
    }

    /// One image's bytes, `(H, W, 3)`.
    pub fn pixels(&self, index: usize) -> &[u8] {
        let length = self.side * self.side * 3;
        &self.pixels[index * length..(index + 1) * length]
    }

    /// The side that [`Images::small`] gives its pictures.
    pub fn small_side(&self, most_side: usize) -> usize {
        self.side.min(most_side)
    }

    /// One image no larger than `most_side`, for people to look at, `(side, side, 3)`.
    pub fn small(&self, index: usize, most_side: usize) -> Vec<u8> {
        let side = self.small_side(most_side);
        let whole = RgbImage::from_raw(self.side as u32, self.side as u32, self.pixels(index).to_vec());
        let mut pixels = vec![0; 3 * side * side];
        if let Some(whole) = whole {
            resize(&whole, side, Resizing::STRETCHED, &mut pixels);
        }
        pixels
    }

    /// The same images with these labels.
    pub fn with_labels(&self, labels: Labels) -> Self {
        debug_assert_eq!(labels.len(), self.labels.len());
        Self { identity: Identity::new(), labels, ..self.clone() }
    }

    /// The bytes of all images, `(N, H, W, 3)`.
    pub fn bytes(&self) -> &[u8] {
        &self.pixels
    }

    /// Height and width, pixels.
    pub fn side(&self) -> usize {
        self.side
    }
}

/// What a network computed for each example of a set after one of its layers.
pub struct Codes {
    identity: Identity,
    num_features: usize,
    values: Vec<f32>,
    labels: Labels,
    ids: Vec<u32>,
}

impl Codes {
    /// Codes from their values, `(N, num_features)`, with the labels and ids of the examples they stand for.
    pub fn new(num_features: usize, values: Vec<f32>, of: &Inputs<'_>) -> Self {
        Self::from_parts(num_features, values, of.labels().clone(), of.ids().to_vec())
    }

    /// Codes from their values, `(N, num_features)`, labels and ids.
    pub fn from_parts(num_features: usize, values: Vec<f32>, labels: Labels, ids: Vec<u32>) -> Self {
        debug_assert_eq!(values.len(), labels.len() * num_features);
        debug_assert_eq!(ids.len(), labels.len());
        Self { identity: Identity::new(), num_features, values, labels, ids }
    }

    /// The codes of one example.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.num_features..(index + 1) * self.num_features]
    }

    /// The values, `(N, num_features)`.
    pub fn values(&self) -> &[f32] {
        &self.values
    }
}

/// A set of examples, as pixels or as the codes of a frozen network.
#[derive(Clone, Copy)]
pub enum Inputs<'a> {
    /// Pixels.
    Images(&'a Images),
    /// Codes after the frozen layers.
    Codes(&'a Codes),
}

impl<'a> Inputs<'a> {
    /// The identity of this set.
    pub fn identity(&self) -> Identity {
        match self {
            Self::Images(images) => images.identity,
            Self::Codes(codes) => codes.identity,
        }
    }

    /// Number of examples.
    pub fn len(&self) -> usize {
        self.labels().len()
    }

    /// Whether there is no example.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is known of each example.
    pub fn labels(&self) -> &'a Labels {
        match self {
            Self::Images(images) => &images.labels,
            Self::Codes(codes) => &codes.labels,
        }
    }

    /// The class of each example, for what can learn only from examples of one class each.
    ///
    /// # Errors
    /// [`NotOneClass`] where an example may have several.
    pub fn one_class(&self) -> Result<&'a [u32], NotOneClass> {
        self.labels().one_class().ok_or(NotOneClass { found: self.labels().kind() })
    }

    /// Number of each example within its side of the data set, where all classes follow one another.
    pub fn ids(&self) -> &'a [u32] {
        match self {
            Self::Images(images) => &images.ids,
            Self::Codes(codes) => &codes.ids,
        }
    }

    /// Values an example has.
    pub fn num_features(&self) -> usize {
        match self {
            Self::Images(images) => 3 * images.side * images.side,
            Self::Codes(codes) => codes.num_features,
        }
    }

    /// Bytes that its examples take.
    pub fn num_bytes(&self) -> usize {
        match self {
            Self::Images(images) => images.pixels.len(),
            Self::Codes(codes) => 4 * codes.values.len(),
        }
    }

    /// Writes the chosen examples as a batch.
    ///
    /// # Shape
    /// `batch`: `(num_features, N)`, the batch innermost; for images the features are `(3, H, W)`, after augmentation where there
    /// is one, each byte as the network's `standardised` table of its channel says.
    pub fn gather(
        &self,
        chosen: &[u32],
        augmenter: Option<&mut Augmenter<'_>>,
        standardised: &[[f32; 256]; 3],
        batch: &mut [f32],
    ) {
        debug_assert_eq!(batch.len(), self.num_features() * chosen.len());
        match (self, augmenter) {
            (Self::Images(images), None) => {
                let rows: Vec<&[u8]> = chosen.iter().map(|&index| images.pixels(index as usize)).collect();
                images.standardise(&rows, standardised, batch);
            }
            (Self::Images(images), Some(augmenter)) => {
                let augmented = augmenter.apply(chosen.iter().map(|&i| images.pixels(i as usize)), images.side);
                let rows: Vec<&[u8]> = augmented.chunks_exact(images.side * images.side * 3).collect();
                images.standardise(&rows, standardised, batch);
            }
            (Self::Codes(codes), _) => codes.transpose(chosen, batch),
        }
    }
}

impl Images {
    // batch[c][p][n] = tables[c][rows[n][p][c]]
    fn standardise(&self, rows: &[&[u8]], tables: &[[f32; 256]; 3], batch: &mut [f32]) {
        let (num_rows, plane) = (rows.len(), self.side * self.side);
        for (channel, table) in tables.iter().enumerate() {
            let planes = &mut batch[channel * plane * num_rows..(channel + 1) * plane * num_rows];
            for (position, values) in planes.chunks_exact_mut(num_rows).enumerate() {
                for (value, row) in values.iter_mut().zip(rows) {
                    *value = table[row[3 * position + channel] as usize];
                }
            }
        }
    }
}

impl Codes {
    // batch[f][n] = values[chosen[n]][f], in blocks so that both sides stay in the cache
    fn transpose(&self, chosen: &[u32], batch: &mut [f32]) {
        const BLOCK: usize = 16;
        let (num_rows, num_features) = (chosen.len(), self.num_features);
        for start in (0..num_features).step_by(BLOCK) {
            let end = (start + BLOCK).min(num_features);
            for (row, &index) in chosen.iter().enumerate() {
                let values = &self.values[index as usize * num_features..][start..end];
                for (feature, &value) in (start..end).zip(values) {
                    batch[feature * num_rows + row] = value;
                }
            }
        }
    }
}
