//! Biases and ReLU.

use super::launch::{blockwise, count, elementwise, launch};
use super::{CudaError, CudaView, CudaViewMut, Gpu, Storage};

/// `y[n][c][p] ← y[n][c][p] + bias[c]`, and what is then below 0 becomes 0 where `relu`.
///
/// # Shape
/// `y`: `(N, C, P)`; `bias`: `(C)`.
/// # Errors
/// [`CudaError::TooLarge`], [`CudaError::Driver`].
/// # Panics
/// If `y` is no whole number of examples.
pub fn add_bias<T: Storage>(
    gpu: &Gpu,
    y: &mut CudaViewMut<'_, T>,
    bias: &CudaView<'_, f32>,
    positions: usize,
    relu: bool,
) -> Result<(), CudaError> {
    assert_eq!(y.len() % (bias.len() * positions), 0, "add_bias: elements of y");
    let (elements, channels, positions, relu) = (count(y.len())?, bias.len() as u32, positions as u32, u32::from(relu));
    let kernel = &T::kernels(gpu).add_bias;
    launch!(gpu, kernel, elementwise(elements), y, bias, &channels, &positions, &relu, &elements);
    Ok(())
}

/// `dy[i] ← y[i] > 0 ? dy[i] : 0`
///
/// # Shape
/// `y`, `dy`: the same, any.
/// # Errors
/// [`CudaError::TooLarge`], [`CudaError::Driver`].
/// # Panics
/// If the lengths differ.
pub fn relu_gradient<T: Storage>(gpu: &Gpu, y: &CudaView<'_, T>, dy: &mut CudaViewMut<'_, T>) -> Result<(), CudaError> {
    assert_eq!(y.len(), dy.len(), "relu_gradient: a result and its gradient have the same length");
    let elements = count(y.len())?;
    launch!(gpu, &T::kernels(gpu).relu_gradient, elementwise(elements), y, dy, &elements);
    Ok(())
}

/// `db[c] = Σ over n and p of dy[n][c][p]`
///
/// # Shape
/// `dy`: `(N, C, P)`; `db`: `(C)`, overwritten.
/// # Errors
/// [`CudaError::TooLarge`], [`CudaError::Driver`].
/// # Panics
/// If `dy` is no whole number of examples.
pub fn bias_gradient<T: Storage>(
    gpu: &Gpu,
    dy: &CudaView<'_, T>,
    db: &mut CudaViewMut<'_, T>,
    positions: usize,
) -> Result<(), CudaError> {
    let channels = db.len();
    assert_eq!(dy.len() % (channels * positions), 0, "bias_gradient: elements of dy");
    count(dy.len())?;
    let batch = (dy.len() / (channels * positions)) as u32;
    let (channels, positions) = (channels as u32, positions as u32);
    let kernels = T::kernels(gpu);
    if positions == 1 {
        launch!(gpu, &kernels.column_sums, elementwise(channels), dy, db, &batch, &channels);
    } else {
        launch!(gpu, &kernels.bias_gradient, blockwise(channels), dy, db, &batch, &channels, &positions);
    }
    Ok(())
}
