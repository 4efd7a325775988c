//! Steps captured once and launched again.

use super::{CudaError, Gpu};
use candle_core::cuda_backend::cudarc::driver::CudaGraph;
use candle_core::cuda_backend::cudarc::driver::sys::{CUgraphInstantiate_flags, CUstreamCaptureMode};

/// Work that was queued once and can be queued again as a whole, in one call.
pub struct Graph {
    graph: CudaGraph,
}

impl Graph {
    /// Captures what `queue` queues, without running it. Every buffer that it uses must outlive the graph's launches.
    ///
    /// # Errors
    /// As `queue`; [`CudaError::Driver`] where it did something that cannot be captured.
    pub fn capture(gpu: &Gpu, queue: impl FnOnce() -> Result<(), CudaError>) -> Result<Option<Self>, CudaError> {
        // Other threads may allocate meanwhile: the capture restricts the calls of this thread only.
        gpu.stream().begin_capture(CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL)?;
        let queued = queue();
        let graph = gpu.stream().end_capture(CUgraphInstantiate_flags(0));
        queued?;
        Ok(graph?.map(|graph| Self { graph }))
    }

    /// Queues the work again.
    ///
    /// # Errors
    /// [`CudaError::Driver`].
    pub fn launch(&self) -> Result<(), CudaError> {
        Ok(self.graph.launch()?)
    }
}
