//! Dropout, with the CPU's masks.

use super::gpu::pointer;
use super::launch::{count, elementwise, launch};
use super::{CudaError, CudaSlice, CudaView, CudaViewMut, Features, Gpu, State, Storage};
use crate::dropout::{Dropout, check_stream};
use crate::philox::Stream;
use candle_core::cuda_backend::cudarc::driver::DeviceRepr;

// SAFETY: a stream is four 32-bit numbers in C's layout, as the kernels declare it.
unsafe impl DeviceRepr for Stream {}

/// `y[n][f] = mask[n][f] x[n][f]`, with the mask of the state's step: 0 with the dropout's probability, else the factor
/// that keeps the mean. Features are numbered as in `(C, P)` whatever the format, so the mask does not depend on the
/// format. The gradient is multiplied by the same mask. It is drawn again for that, and never kept.
///
/// # Shape
/// `x`, `y`: `(N, features)`; without `x`, `y` is changed in place.
/// # Errors
/// [`CudaError::TooLarge`], [`CudaError::Driver`].
/// # Panics
/// If lengths do not fit, or a stream has no words for so many features or examples.
pub fn dropout<T: Storage>(
    gpu: &Gpu,
    (op, stream): (Dropout, Stream),
    state: &CudaSlice<State>,
    x: Option<&CudaView<'_, T>>,
    y: &mut CudaViewMut<'_, T>,
    features: Features,
) -> Result<(), CudaError> {
    assert!(x.is_none_or(|x| x.len() == y.len()), "dropout: elements of x");
    count(y.len())?;
    let batch = features.examples("dropout", y.len());
    check_stream(features.count(), batch);
    let (threshold, scale) = (op.threshold(), op.scale());
    let threads = count(features.count().div_ceil(4) * batch)?;
    let (channels, positions) = (features.channels as u32, features.positions as u32);
    let (channels_last, batch) = (u32::from(features.is_channels_last()), batch as u32);
    let kernel = &T::kernels(gpu).dropout;
    // Without x the kernel reads each element of y before it writes it, in the same thread.
    let x = x.map_or(0, |x| pointer(gpu, x));
    launch!(
        gpu,
        kernel,
        elementwise(threads),
        &x,
        y,
        &stream,
        state,
        &threshold,
        &scale,
        &channels,
        &positions,
        &channels_last,
        &batch,
    );
    Ok(())
}
