//! What a step does to a training's [`State`].

use super::launch::{blockwise, launch, single};
use super::{CrossEntropy, CudaError, CudaSlice, CurvePoint, Gpu, State};

/// Adds the batch's mean loss and the number of examples classified right to the state, or notes that the loss is not
/// finite.
///
/// # Errors
/// [`CudaError::Driver`].
pub fn judge_step(
    gpu: &Gpu,
    outcome: &CrossEntropy,
    state: &mut CudaSlice<State>,
    batch: usize,
) -> Result<(), CudaError> {
    assert!(batch <= outcome.log_loss.len(), "judge_step: losses of a batch");
    let batch = batch as u32;
    launch!(gpu, &gpu.kernels.plain.judge_step, blockwise(1), &outcome.log_loss, &outcome.right, state, &batch);
    Ok(())
}

/// Goes on to the next step. A curve point is written after every `every` steps, and after the last of `steps`.
///
/// # Errors
/// [`CudaError::Driver`].
pub fn end_step(
    gpu: &Gpu,
    state: &mut CudaSlice<State>,
    points: &mut CudaSlice<CurvePoint>,
    batch: usize,
    (every, steps): (u64, u64),
) -> Result<(), CudaError> {
    assert!(points.len() as u64 >= steps.div_ceil(every), "end_step: room for every curve point");
    let batch = batch as u32;
    launch!(gpu, &gpu.kernels.plain.end_step, single(), state, points, &batch, &every, &steps);
    Ok(())
}

/// Goes back to the first example of the order.
///
/// # Errors
/// [`CudaError::Driver`].
pub fn first_batch(gpu: &Gpu, state: &mut CudaSlice<State>) -> Result<(), CudaError> {
    launch!(gpu, &gpu.kernels.plain.first_batch, single(), state);
    Ok(())
}

/// Goes on to the next batch of an evaluation.
///
/// # Errors
/// [`CudaError::Driver`].
pub fn next_batch(gpu: &Gpu, state: &mut CudaSlice<State>, batch: usize) -> Result<(), CudaError> {
    let batch = batch as u32;
    launch!(gpu, &gpu.kernels.plain.next_batch, single(), state, &batch);
    Ok(())
}
