//! Biases and ReLU.

use super::gpu::{pointer, pointer_mut};
use super::launch::{BLOCK, LANES, blockwise, count, elementwise, launch};
use super::{CudaError, CudaView, CudaViewMut, Features, Gpu, Storage};

/// About how many blocks sum a bias's gradient where channels come first.
const SUMMING_BLOCKS: usize = 1024;

/// Most parts that the rows are cut into for a sum where channels come last.
const MOST_PARTS: usize = 512;

/// `y[n][c][p] ← y[n][c][p] + bias[c]`. With `relu`, what is then below 0 becomes 0.
///
/// # Shape
/// `y`: `(N, features)`; `bias`: `(C)`.
/// # Errors
/// [`CudaError::TooLarge`], [`CudaError::Driver`].
/// # Panics
/// If lengths do not fit.
pub fn add_bias<T: Storage>(
    gpu: &Gpu,
    y: &mut CudaViewMut<'_, T>,
    bias: &CudaView<'_, f32>,
    features: Features,
    relu: bool,
) -> Result<(), CudaError> {
    features.examples("add_bias", y.len());
    assert_eq!(bias.len(), features.channels, "add_bias: a bias for each channel");
    let elements = count(y.len())?;
    let (channels, stride, relu) = (features.channels as u32, features.channel_stride() as u32, u32::from(relu));
    let packs = elementwise(elements.div_ceil(T::PACK as u32));
    launch!(gpu, &T::kernels(gpu).add_bias, packs, y, bias, &channels, &stride, &relu, &elements);
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
    let packs = elementwise(elements.div_ceil(T::PACK as u32));
    launch!(gpu, &T::kernels(gpu).relu_gradient, packs, y, dy, &elements);
    Ok(())
}

/// `db[c] = Σ over n and p of dy[n][c][p]`
///
/// # Shape
/// `dy`: `(N, features)`; `db`: `(C)`, overwritten; `sums`: scratch of at least [`bias_gradient_scratch`] elements.
/// # Errors
/// [`CudaError::TooLarge`], [`CudaError::Driver`].
/// # Panics
/// If lengths do not fit.
pub fn bias_gradient<T: Storage>(
    gpu: &Gpu,
    dy: &CudaView<'_, T>,
    db: &mut CudaViewMut<'_, T>,
    features: Features,
    sums: &mut CudaViewMut<'_, f32>,
) -> Result<(), CudaError> {
    // Without y the kernel writes nothing to dy.
    sum(gpu, (0, pointer(gpu, dy), dy.len()), db, features, sums)
}

/// `dy[i] ← y[i] > 0 ? dy[i] : 0`, then `db[c] = Σ over n and p of dy[n][c][p]`: the gradients of a ReLU and of the
/// bias before it, in one pass.
///
/// # Shape
/// `y`, `dy`: `(N, features)`; `db`: `(C)`, overwritten; `sums`: scratch of at least [`bias_gradient_scratch`] elements.
/// # Errors
/// [`CudaError::TooLarge`], [`CudaError::Driver`].
/// # Panics
/// If lengths do not fit.
pub fn relu_and_bias_gradient<T: Storage>(
    gpu: &Gpu,
    y: &CudaView<'_, T>,
    dy: &mut CudaViewMut<'_, T>,
    db: &mut CudaViewMut<'_, T>,
    features: Features,
    sums: &mut CudaViewMut<'_, f32>,
) -> Result<(), CudaError> {
    assert_eq!(y.len(), dy.len(), "bias_gradient: a result and its gradient have the same length");
    let elements = dy.len();
    sum(gpu, (pointer(gpu, y), pointer_mut(gpu, dy), elements), db, features, sums)
}

/// Elements of scratch memory that the gradient of a bias needs for batches of `batch` examples.
pub fn bias_gradient_scratch(features: Features, batch: usize) -> usize {
    Parts::new(features, batch).number * features.channels
}

/// How a sum is cut into parts. A part is some images where channels come first, and some rows of channels where they
/// come last or have one position. The choice depends on the shape alone, and so do the bits of a gradient.
struct Parts {
    size: usize,
    number: usize,
    are_rows: bool,
}

impl Parts {
    fn new(features: Features, batch: usize) -> Self {
        let are_rows = features.is_channels_last() || features.positions == 1;
        let (whole, size) = if are_rows {
            let rows = batch * features.positions;
            (rows, rows.div_ceil(MOST_PARTS).max(1).next_multiple_of((BLOCK / LANES) as usize))
        } else {
            (batch, batch.div_ceil(SUMMING_BLOCKS.div_ceil(features.channels)).max(1))
        };
        Self { size, number: whole.div_ceil(size), are_rows }
    }
}

/// The gradient of a bias. `y` and `dy` are addresses; `y` is 0 where there is no ReLU.
fn sum<T: Storage>(
    gpu: &Gpu,
    (y, dy, elements): (u64, u64, usize),
    db: &mut CudaViewMut<'_, T>,
    features: Features,
    sums: &mut CudaViewMut<'_, f32>,
) -> Result<(), CudaError> {
    let batch = features.examples("bias_gradient", elements);
    let parts = Parts::new(features, batch);
    assert_eq!(db.len(), features.channels, "bias_gradient: a gradient for each channel");
    assert!(sums.len() >= parts.number * features.channels, "bias_gradient: elements of scratch");
    count(elements)?;
    let kernels = T::kernels(gpu);
    let (channels, positions, size) = (features.channels as u32, features.positions as u32, parts.size as u32);
    let (number, batch) = (parts.number as u32, batch as u32);
    if parts.are_rows {
        let rows = batch * positions;
        let blocks = blockwise(channels.div_ceil(LANES * T::PACK as u32) * number);
        launch!(gpu, &kernels.bias_gradient_channels_last, blocks, &y, &dy, &mut *sums, &rows, &channels, &size);
    } else {
        let blocks = blockwise(channels * number);
        launch!(gpu, &kernels.bias_gradient, blocks, &y, &dy, &mut *sums, &batch, &channels, &positions, &size);
    }
    launch!(gpu, &kernels.sum_parts, blockwise(channels.div_ceil(LANES)), sums, db, &number, &channels);
    Ok(())
}
