//! Random changes of a batch of images. What happens to an image is drawn on the host, from the same streams as on the
//! CPU.

use super::launch::{blockwise, count, elementwise, launch};
use super::{CudaError, CudaSlice, CudaViewMut, Gpu, State};

/// One kind of change, with its numbers for every image of an epoch, in the epoch's order.
pub enum Change {
    /// `(up, left)` of each image: it moves by this many pixels, and is reflected at the edges.
    Shift(CudaSlice<i32>),
    /// For each image, whether left and right are exchanged: not 0.
    Mirror(CudaSlice<i32>),
    /// For each image, the factors of brightness, contrast and saturation.
    Jitter(CudaSlice<f32>),
}

/// Changes the batch at the state's position; `spare` is scratch of the batch's size. Returns whether the result is in
/// `spare`, so that the two change roles.
///
/// # Shape
/// `batch`, `spare`: `(N, side, side, 3)`; `means`: at least `(N)`, scratch.
/// # Errors
/// [`CudaError::TooLarge`], [`CudaError::Driver`].
/// # Panics
/// If lengths do not fit.
pub fn change(
    gpu: &Gpu,
    change: &Change,
    state: &CudaSlice<State>,
    batch: &mut CudaViewMut<'_, u8>,
    spare: &mut CudaViewMut<'_, u8>,
    means: &mut CudaSlice<f32>,
    side: usize,
) -> Result<bool, CudaError> {
    let images = batch.len() / (3 * side * side);
    assert_eq!(batch.len(), images * 3 * side * side, "change: a batch holds whole images");
    assert_eq!(spare.len(), batch.len(), "change: elements of spare");
    assert!(means.len() >= images, "change: elements of means");
    let elements = count(batch.len())?;
    let (side, plane, pixels, images) = (side as u32, (side * side) as u32, elements / 3, images as u32);
    let kernels = &gpu.kernels.plain;
    let all = elementwise(elements);
    match change {
        Change::Shift(offsets) => {
            let batch = batch.as_view();
            launch!(gpu, &kernels.shift_images, all, &batch, offsets, state, spare, &side, &elements);
        }
        Change::Mirror(flags) => {
            let batch = batch.as_view();
            launch!(gpu, &kernels.mirror_images, all, &batch, flags, state, spare, &side, &elements);
        }
        Change::Jitter(factors) => {
            let config = blockwise(images);
            let bytes = batch.as_view();
            launch!(gpu, &kernels.grey_means, config, &bytes, factors, state, &mut *means, &plane);
            let config = elementwise(pixels);
            launch!(gpu, &kernels.jitter_images, config, batch, factors, &*means, state, &plane, &pixels);
            return Ok(false);
        }
    }
    Ok(true)
}
