//! Where a training stands, kept on the GPU so that the host need not be told after every step.

use super::launch::{blockwise, launch, single};
use super::{CrossEntropy, CudaError, Gpu};
use candle_core::cuda_backend::cudarc::driver::{CudaSlice, DeviceRepr, ValidAsZeroBits};

/// Where a training stands. The kernels' `State` has the same layout.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct State {
    /// Steps done.
    pub step: u64,
    /// The step whose loss was not a finite number; −1 while there is none. From it on no parameter changes.
    pub diverged_at: i64,
    /// Examples of the order that are done.
    pub position: u32,
    /// Curve points written.
    pub points: u32,
    /// Sum of the batches' mean losses since the last curve point, nats.
    pub loss_sum: f64,
    /// Batches since the last curve point.
    pub batches: u64,
    /// Examples right since then.
    pub right: u64,
    /// Examples since then.
    pub examples: u64,
}

impl State {
    /// Before the first step.
    pub const BEGIN: Self =
        Self { step: 0, diverged_at: -1, position: 0, points: 0, loss_sum: 0.0, batches: 0, right: 0, examples: 0 };
}

/// Loss and fraction right of the batches since the point before.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C)]
pub struct CurvePoint {
    /// Mean of the batches' mean losses, nats.
    pub train_loss: f64,
    /// Fraction right.
    pub train_top1: f64,
}

// SAFETY: both are plain numbers in C's layout, without padding (asserted below), as the kernels declare them.
unsafe impl DeviceRepr for State {}
// SAFETY: as above.
unsafe impl DeviceRepr for CurvePoint {}
// SAFETY: all bits zero are the numbers 0.
unsafe impl ValidAsZeroBits for CurvePoint {}

const _: () = assert!(size_of::<State>() == 56 && size_of::<CurvePoint>() == 16);

/// Takes the batch's mean loss and what was right of it into the state, or notes that the loss is not finite.
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

/// Goes on to the next step; after every `every` of them, and after the last of `steps`, a curve point is written.
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
