//! Two samples of codes of the same size.

use super::blocks::Blocks;

/// Why two samples cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum SampleError {
    /// The values do not make up whole rows, or the two samples differ in length.
    #[error(
        "{first} and {second} values are no two samples of the same number of rows of {num_features} features; give as \
         many images of each"
    )]
    Shape {
        /// Values of the first.
        first: usize,
        /// Values of the second.
        second: usize,
        /// Features a row.
        num_features: usize,
    },
    /// There are too few images for an interval.
    #[error("{found} images a sample in {num_blocks} blocks: give at least {} images, and 3 blocks or more", 2 * num_blocks)]
    TooFew {
        /// Images a sample.
        found: usize,
        /// Blocks asked for.
        num_blocks: usize,
    },
    /// A value is not a finite number.
    #[error(
        "value {value} of feature {feature} in row {row} is not a finite number; look at the network or the images"
    )]
    NotFinite {
        /// The row, from 0, the second sample after the first.
        row: usize,
        /// The feature, from 0.
        feature: usize,
        /// What was found.
        value: f64,
    },
}

/// Two samples of codes with the same number of rows, in the same number of blocks.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The first sample's rows, then the second's.
    values: Vec<f64>,
    num_features: usize,
    blocks: Blocks,
}

impl Pair {
    /// Two samples, `(n, num_features)` each, row by row; consecutive rows make up the blocks, which differ by one row
    /// at most.
    ///
    /// # Errors
    /// [`SampleError`] for samples of different size, fewer than two images a block, or values that are no numbers.
    pub fn new(first: &[f64], second: &[f64], num_features: usize, num_blocks: usize) -> Result<Self, SampleError> {
        let is_whole = num_features > 0 && first.len().is_multiple_of(num_features) && first.len() == second.len();
        if !is_whole {
            return Err(SampleError::Shape { first: first.len(), second: second.len(), num_features });
        }
        let size = first.len() / num_features;
        if num_blocks < 3 || size < 2 * num_blocks {
            return Err(SampleError::TooFew { found: size, num_blocks });
        }
        let mut values = first.to_vec();
        values.extend_from_slice(second);
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            let value = values[at];
            return Err(SampleError::NotFinite { row: at / num_features, feature: at % num_features, value });
        }
        Ok(Self { values, num_features, blocks: Blocks::new(size, num_blocks) })
    }

    /// Features a row.
    pub fn num_features(&self) -> usize {
        self.num_features
    }

    /// Rows a sample.
    pub fn size(&self) -> usize {
        self.blocks.size()
    }

    pub(super) fn blocks(&self) -> &Blocks {
        &self.blocks
    }

    /// A row, the second sample's after the first's.
    pub(super) fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.num_features..(row + 1) * self.num_features]
    }

    /// A row of one of the samples, 0 or 1.
    pub(super) fn row_of(&self, sample: usize, row: usize) -> &[f64] {
        self.row(sample * self.size() + row)
    }
}
