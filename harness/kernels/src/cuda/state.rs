//! Where a training stands. It is kept on the GPU, so that the host need not wait for every step.

use candle_core::cuda_backend::cudarc::driver::{DeviceRepr, ValidAsZeroBits};

/// Where a training stands. The kernels' `State` has the same layout.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct State {
    /// Steps done.
    pub step: u64,
    /// The step whose loss was not a finite number; −1 while there is none. No parameter changes from that step on.
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
