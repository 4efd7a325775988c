//! Softmax cross-entropy.

use super::batch::Chosen;
use super::launch::{blockwise, count, launch};
use super::{CudaError, CudaSlice, CudaView, CudaViewMut, Gpu, Storage};

/// The loss of each example of a batch, and whether it is classified right.
pub struct CrossEntropy {
    /// Cross-entropy, nats.
    pub log_loss: CudaSlice<f64>,
    /// 1 where the first of the largest logits is the true class's, else 0.
    pub right: CudaSlice<u32>,
}

impl CrossEntropy {
    /// Room for batches of up to `capacity` examples.
    ///
    /// # Errors
    /// [`CudaError::OutOfMemory`].
    pub fn new(gpu: &Gpu, capacity: usize) -> Result<Self, CudaError> {
        Ok(Self { log_loss: gpu.zeros(capacity)?, right: gpu.zeros(capacity)? })
    }
}

/// The cross-entropy of each example, and `dlogits[n][c] = (softmax(logits[n])[c] − [c = label n]) / N`.
///
/// # Shape
/// `logits`, `dlogits`: `(N, classes)`; `labels`: of all examples, each below `classes`; `dlogits` is overwritten.
/// # Errors
/// [`CudaError::TooLarge`], [`CudaError::Driver`].
/// # Panics
/// If lengths do not fit.
pub fn cross_entropy<T: Storage>(
    gpu: &Gpu,
    logits: &CudaView<'_, T>,
    labels: &CudaSlice<u32>,
    chosen: Chosen<'_>,
    outcome: &mut CrossEntropy,
    dlogits: &mut CudaViewMut<'_, T>,
    classes: usize,
) -> Result<(), CudaError> {
    let batch = logits.len() / classes;
    assert_eq!(logits.len(), batch * classes, "cross_entropy: elements of logits");
    assert_eq!(dlogits.len(), logits.len(), "cross_entropy: elements of dlogits");
    assert!(batch <= outcome.right.len(), "cross_entropy: room for a batch");
    count(logits.len())?;
    let (batch, classes) = (batch as u32, classes as u32);
    let Chosen { order, state } = chosen;
    let (log_loss, right) = (&mut outcome.log_loss, &mut outcome.right);
    let kernel = &T::kernels(gpu).cross_entropy;
    launch!(gpu, kernel, blockwise(batch), logits, labels, order, state, log_loss, right, dlogits, &classes, &batch);
    Ok(())
}
