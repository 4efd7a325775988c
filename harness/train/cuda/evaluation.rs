//! A network as it is, on a GPU.

use super::batches::Batches;
use super::network::Network;
use super::resident::Examples;
use super::{Engine, ParameterLayout};
use crate::model::Parameters;
use crate::train::{Span, TrainError};
use nt_kernels::cuda::{CudaSlice, State, Storage, Weights, next_batch, widen};
use nt_scenario::network::NetworkShape;
use std::sync::Arc;

/// Examples evaluated at a time.
const EVALUATION_BATCH: usize = 256;

/// Bytes of outputs that are kept on the GPU before they are fetched.
const OUTPUT_BYTES: usize = 256 << 20;

impl Engine {
    /// The values of the examples after depth `span.last`, `(N, num_outputs)`.
    pub(super) fn outputs<T: Storage>(
        &mut self,
        shape: &NetworkShape,
        span: Span,
        parameters: &Parameters,
        examples: Arc<Examples>,
    ) -> Result<Vec<f32>, TrainError> {
        let gpu = &self.gpu;
        let span = Span { frozen: span.last, ..span };
        let count = examples.count;
        let full = EVALUATION_BATCH.min(count);
        let sizes: Vec<usize> = [full, count % full.max(1)].into_iter().filter(|&size| size > 0).collect();
        let mut network = Network::<T>::new(gpu, shape, span, &sizes, false)?;
        let layout = ParameterLayout::new(shape, span.first, span.last, network.format());
        let weights = Weights::new(gpu, &layout.pack(parameters))?;
        let mut input: CudaSlice<T> = gpu.zeros(full * examples.num_features)?;
        let mut batches = Batches::new(gpu, (examples, network.inputs(), parameters.standardisation), full, 1, &[])?;
        let order: Vec<u32> = (0..count as u32).collect();
        gpu.write(&order, &mut batches.order)?;
        let mut state = gpu.upload(&[State::BEGIN])?;
        let width = network.num_outputs();
        let rows_kept = (OUTPUT_BYTES / (4 * width.max(1)) / full.max(1)).max(1) * full;
        let mut kept: CudaSlice<f32> = gpu.zeros(rows_kept.min(count) * width)?;
        let mut outputs = vec![0.0; count * width];
        for rows in outputs.chunks_mut((rows_kept * width).max(1)) {
            let num_rows = rows.len() / width;
            for start in (0..num_rows).step_by(full) {
                let n = full.min(num_rows - start);
                batches.gather(gpu, &state, n, &mut input)?;
                network.forward(gpu, (&weights, &layout), &input, n, None)?;
                if let Some(outputs) = network.outputs(n) {
                    let mut place = kept.slice_mut(start * width..(start + n) * width);
                    widen(gpu, &outputs, &mut place, network.output_features())?;
                }
                next_batch(gpu, &mut state, n)?;
            }
            gpu.read(&kept.slice(..num_rows * width), rows)?;
        }
        Ok(outputs)
    }
}
