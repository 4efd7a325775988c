//! Assembling batches from resident examples: order, augmentation, standardisation.

use super::resident::{Examples, Values};
use crate::data::augmentation::{Augmenter, Drawn};
use nt_kernels::cuda::{
    Change, Chosen, CudaError, CudaSlice, Features, Gpu, State, Storage, change, copy_images, gather_codes,
    gather_images, standardise_images,
};
use nt_scenario::{Augmentation, Standardisation};
use std::sync::Arc;

/// The numbers drawn for one change of every image of some epochs: integers or fractions, as the change takes them.
#[derive(Clone, Default)]
pub(super) struct Numbers {
    whole: Vec<i32>,
    broken: Vec<f32>,
}

/// Where batches come from.
pub(super) struct Batches {
    examples: Arc<Examples>,
    features: Features,
    /// The standardised value of each byte in each channel.
    tables: CudaSlice<f32>,
    pub order: CudaSlice<u32>,
    changes: Vec<Change>,
    bytes: CudaSlice<u8>,
    spare: CudaSlice<u8>,
    means: CudaSlice<f32>,
}

impl Batches {
    /// Batches of up to `capacity` examples with these features, standardised for a network, in orders of `epochs` epochs at a
    /// time. Codes are never augmented.
    pub fn new(
        gpu: &Gpu,
        (examples, features, standardisation): (Arc<Examples>, Features, Standardisation),
        capacity: usize,
        epochs: usize,
        augmentations: &[Augmentation],
    ) -> Result<Self, CudaError> {
        let count = epochs * examples.count;
        let is_changed = matches!(examples.values, Values::Images { .. }) && !augmentations.is_empty();
        let augmentations = if is_changed { augmentations } else { &[] };
        let mut changes = Vec::new();
        for augmentation in augmentations {
            changes.push(match augmentation {
                Augmentation::RandomCrop { .. } => Change::Shift(gpu.zeros(2 * count)?),
                Augmentation::HorizontalFlip { .. } => Change::Mirror(gpu.zeros(count)?),
                Augmentation::ColourJitter { .. } => Change::Jitter(gpu.zeros(3 * count)?),
            });
        }
        let scratch = if is_changed { capacity * examples.num_features } else { 0 };
        Ok(Self {
            order: gpu.zeros(count)?,
            changes,
            bytes: gpu.zeros(scratch)?,
            spare: gpu.zeros(scratch)?,
            means: gpu.zeros(capacity)?,
            tables: gpu.upload(standardisation.tables().as_flattened())?,
            examples,
            features,
        })
    }

    pub fn labels(&self) -> &CudaSlice<u32> {
        &self.examples.labels
    }

    /// What happens to each image of some epochs, in their order. The first step of the epochs is `first_step`. Each
    /// batch has `batch` images, and the last of an epoch has the rest.
    pub fn draw(&self, order: &[u32], augmenter: &Augmenter<'_>, first_step: u64, batch: usize) -> Vec<Numbers> {
        let mut numbers = vec![Numbers::default(); self.changes.len()];
        if numbers.is_empty() {
            return numbers;
        }
        let mut step = first_step;
        for epoch in order.chunks(self.examples.count) {
            for batch in epoch.chunks(batch) {
                for position in 0..batch.len() {
                    for (numbers, drawn) in numbers.iter_mut().zip(augmenter.drawn(step as u32, position)) {
                        match drawn {
                            Drawn::Shift { up, left } => numbers.whole.extend([up, left]),
                            Drawn::Mirror(is_mirrored) => numbers.whole.push(i32::from(is_mirrored)),
                            Drawn::Jitter(factors) => numbers.broken.extend(factors),
                        }
                    }
                }
                step += 1;
            }
        }
        numbers
    }

    /// Sends the orders of some epochs, and what was drawn for them.
    pub fn send(&mut self, gpu: &Gpu, order: &[u32], numbers: &[Numbers]) -> Result<(), CudaError> {
        gpu.write(order, &mut self.order)?;
        for (change, numbers) in self.changes.iter_mut().zip(numbers) {
            match change {
                Change::Shift(to) | Change::Mirror(to) => gpu.write(&numbers.whole, to)?,
                Change::Jitter(to) => gpu.write(&numbers.broken, to)?,
            }
        }
        Ok(())
    }

    /// Queues the batch of `n` examples at the state's position.
    pub fn gather<T: Storage>(
        &mut self,
        gpu: &Gpu,
        state: &CudaSlice<State>,
        n: usize,
        input: &mut CudaSlice<T>,
    ) -> Result<(), CudaError> {
        let (size, features, tables) = (n * self.features.count(), self.features, &self.tables);
        let chosen = Chosen { order: &self.order, state };
        let mut input = input.slice_mut(..size);
        match &self.examples.values {
            Values::Codes(codes) => gather_codes(gpu, codes, chosen, &mut input, features),
            Values::Images { pixels, .. } if self.changes.is_empty() => {
                gather_images(gpu, pixels, chosen, tables, &mut input, features)
            }
            Values::Images { pixels, side } => {
                let (mut batch, mut spare) = (self.bytes.slice_mut(..size), self.spare.slice_mut(..size));
                copy_images(gpu, pixels, chosen, &mut batch, side * side)?;
                for kind in &self.changes {
                    if change(gpu, kind, state, &mut batch, &mut spare, &mut self.means, *side)? {
                        std::mem::swap(&mut batch, &mut spare);
                    }
                }
                standardise_images(gpu, &batch.as_view(), tables, &mut input, features)
            }
        }
    }
}
