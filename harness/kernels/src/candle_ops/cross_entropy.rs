//! Softmax cross-entropy.

#[cfg(feature = "cuda")]
use super::cuda;
use super::operand::{self, batch_innermost, copy_batch_innermost};
use crate::cross_entropy;
#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp1, DType, Error, Layout, Result, Shape, Tensor};

const OPERATION: &str = "cross_entropy";

/// Mean softmax cross-entropy over the batch.
///
/// # Shape
/// `logits`: `(N, classes)` f32; `labels`: `(N)` u32 → a scalar.
/// # Units
/// Nats.
/// # Errors
/// An [`OperandError`](super::OperandError) for a tensor that does not fit; a
/// [`CrossEntropyError`](crate::cross_entropy::CrossEntropyError) for a label without a class.
/// # Source
/// As [`cross_entropy::log_loss_and_gradient`].
pub fn cross_entropy(logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
    let logits = operand::checked(OPERATION, "the logits", logits)?;
    let labels = operand::checked_as(OPERATION, "the labels", labels, DType::U32)?;
    let (batch, classes) =
        logits.dims2().map_err(|_| operand::shape_error(OPERATION, "the logits", &logits, "(N, classes)"))?;
    operand::check_vector(OPERATION, "the labels", &labels, batch)?;
    let labels: Vec<u32> = labels.to_vec1()?;
    cross_entropy::check_labels(&labels, classes).map_err(Error::wrap)?;
    logits.apply_op1(MeanLogLoss { labels })
}

struct MeanLogLoss {
    labels: Vec<u32>,
}

impl CustomOp1 for MeanLogLoss {
    fn name(&self) -> &'static str {
        OPERATION
    }

    fn cpu_fwd(&self, logits: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let logits = batch_innermost(OPERATION, logits, layout)?;
        let mut log_loss = vec![0.0; self.labels.len()];
        let mean = cross_entropy::log_loss(&logits, &self.labels, &mut log_loss).map_err(Error::wrap)?;
        Ok((CpuStorage::F32(vec![mean as f32]), Shape::from(())))
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, logits: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        cuda::cross_entropy(&self.labels, cuda::Operand::new(OPERATION, logits, layout))
    }

    fn bwd(&self, logits: &Tensor, _mean: &Tensor, dmean: &Tensor) -> Result<Option<Tensor>> {
        if !logits.track_op() {
            return Ok(None);
        }
        #[cfg(feature = "cuda")]
        if logits.device().is_cuda() {
            let gradient = cuda::cross_entropy_gradient(OPERATION, &self.labels, logits)?;
            return gradient.broadcast_mul(dmean).map(Some);
        }
        let elements = copy_batch_innermost(OPERATION, logits)?;
        let (mut log_loss, mut dlogits) = (vec![0.0; self.labels.len()], vec![0.0; elements.len()]);
        cross_entropy::log_loss_and_gradient(&elements, &self.labels, &mut log_loss, &mut dlogits)
            .map_err(Error::wrap)?;
        let gradient = operand::tensor(&dlogits, logits.shape())?;
        gradient.broadcast_mul(dmean).map(Some)
    }
}
