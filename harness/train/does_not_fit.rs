//! Trainings that do not fit into a GPU's memory.

/// A training that is too large for the GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a training with batches of {batch} images takes about {} MB of the GPU's memory, and {} MB are free for each job{}",
    needed >> 20,
    available >> 20,
    advice(*largest_batch)
)]
pub struct DoesNotFit {
    /// Images a batch.
    pub batch: usize,
    /// Bytes it takes.
    pub needed: usize,
    /// Bytes that a job may take.
    pub available: usize,
    /// The largest batch that fits, a power of two; `None` if none does.
    pub largest_batch: Option<usize>,
}

/// Images that a GPU has no room for, beside a job's network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the {images} images of a training take {} MB of the GPU's memory, and beside the network {} MB are left for each job; \
     {} would fit: ask for fewer images a class, or give a smaller model.input, fewer --jobs, or another GPU",
    needed >> 20,
    available >> 20,
    images * available / needed
)]
pub struct ImagesDoNotFit {
    /// Number of images.
    pub images: usize,
    /// Bytes they take.
    pub needed: usize,
    /// Bytes that are left for them.
    pub available: usize,
}

fn advice(largest_batch: Option<usize>) -> String {
    match largest_batch {
        None => "; give fewer --jobs, a smaller model.width or model.input, or another GPU".to_owned(),
        Some(batch) => format!("; training.batch = {batch} fits, or give fewer --jobs"),
    }
}
