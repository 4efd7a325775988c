//! Gathering a batch from examples that stay in the GPU's memory.

use super::launch::{count, elementwise, launch};
use super::{CudaError, CudaSlice, CudaView, CudaViewMut, Gpu, State, Storage};

/// The examples of a batch: those that the order names from the state's position on.
///
/// The order must name examples that exist, as many as are asked for.
#[derive(Clone, Copy)]
pub struct Chosen<'a> {
    /// Examples in the order of an epoch.
    pub order: &'a CudaSlice<u32>,
    /// Where in it the batch begins.
    pub state: &'a CudaSlice<State>,
}

/// `out[n][c][p] = tables[c][pixels[chosen n][p][c]]`: images to standardised activations.
///
/// # Shape
/// `pixels`: any number of images `(H, W, 3)`; `tables`: `(3, 256)`; `out`: `(N, 3, H, W)` with `plane` = H W, overwritten.
/// # Errors
/// [`CudaError::TooLarge`], [`CudaError::Driver`].
/// # Panics
/// If `out` is no whole number of images.
pub fn gather_images<T: Storage>(
    gpu: &Gpu,
    pixels: &CudaSlice<u8>,
    chosen: Chosen<'_>,
    tables: &CudaSlice<f32>,
    out: &mut CudaViewMut<'_, T>,
    plane: usize,
) -> Result<(), CudaError> {
    let elements = check(out.len(), plane)?;
    assert_eq!(tables.len(), 3 * 256, "gather_images: elements of tables");
    let (kernel, plane) = (&T::kernels(gpu).gather_images, plane as u32);
    let Chosen { order, state } = chosen;
    launch!(gpu, kernel, elementwise(elements), pixels, order, state, tables, out, &plane, &elements);
    Ok(())
}

/// `batch[n] = pixels[chosen n]`, as bytes.
///
/// # Shape
/// `pixels`: any number of images `(H, W, 3)`; `batch`: `(N, H, W, 3)` with `plane` = H W, overwritten.
/// # Errors
/// [`CudaError::TooLarge`], [`CudaError::Driver`].
/// # Panics
/// If `batch` is no whole number of images.
pub fn copy_images(
    gpu: &Gpu,
    pixels: &CudaSlice<u8>,
    chosen: Chosen<'_>,
    batch: &mut CudaViewMut<'_, u8>,
    plane: usize,
) -> Result<(), CudaError> {
    let elements = check(batch.len(), plane)?;
    let length = 3 * plane as u32;
    let Chosen { order, state } = chosen;
    let kernel = &gpu.kernels.plain.copy_images;
    launch!(gpu, kernel, elementwise(elements), pixels, order, state, batch, &length, &elements);
    Ok(())
}

/// `out[n][c][p] = tables[c][batch[n][p][c]]`
///
/// # Shape
/// `batch`: `(N, H, W, 3)`; `tables`: `(3, 256)`; `out`: `(N, 3, H, W)` with `plane` = H W, overwritten.
/// # Errors
/// [`CudaError::TooLarge`], [`CudaError::Driver`].
/// # Panics
/// If lengths do not fit.
pub fn standardise_images<T: Storage>(
    gpu: &Gpu,
    batch: &CudaView<'_, u8>,
    tables: &CudaSlice<f32>,
    out: &mut CudaViewMut<'_, T>,
    plane: usize,
) -> Result<(), CudaError> {
    let elements = check(out.len(), plane)?;
    assert_eq!(batch.len(), out.len(), "standardise_images: elements of batch");
    assert_eq!(tables.len(), 3 * 256, "standardise_images: elements of tables");
    let plane = plane as u32;
    let kernel = &T::kernels(gpu).standardise_images;
    launch!(gpu, kernel, elementwise(elements), batch, tables, out, &plane, &elements);
    Ok(())
}

/// `out[n][f] = codes[chosen n][f]`
///
/// # Shape
/// `codes`: any number of rows of `features`; `out`: `(N, features)`, overwritten.
/// # Errors
/// [`CudaError::TooLarge`], [`CudaError::Driver`].
/// # Panics
/// If `out` is no whole number of rows.
pub fn gather_codes<T: Storage>(
    gpu: &Gpu,
    codes: &CudaSlice<f32>,
    chosen: Chosen<'_>,
    out: &mut CudaViewMut<'_, T>,
    features: usize,
) -> Result<(), CudaError> {
    assert_eq!(out.len() % features, 0, "gather_codes: elements of out");
    let (elements, features) = (count(out.len())?, features as u32);
    let Chosen { order, state } = chosen;
    let kernel = &T::kernels(gpu).gather_codes;
    launch!(gpu, kernel, elementwise(elements), codes, order, state, out, &features, &elements);
    Ok(())
}

/// `out[i] = values[i]`, in single precision.
///
/// # Shape
/// `values`, `out`: the same, any.
/// # Errors
/// [`CudaError::TooLarge`], [`CudaError::Driver`].
/// # Panics
/// If the lengths differ.
pub fn widen<T: Storage>(gpu: &Gpu, values: &CudaView<'_, T>, out: &mut CudaViewMut<'_, f32>) -> Result<(), CudaError> {
    assert_eq!(values.len(), out.len(), "widen: elements of out");
    let elements = count(values.len())?;
    launch!(gpu, &T::kernels(gpu).widen, elementwise(elements), values, out, &elements);
    Ok(())
}

fn check(elements: usize, plane: usize) -> Result<u32, CudaError> {
    assert_eq!(elements % (3 * plane), 0, "a batch holds whole images");
    count(elements)
}
