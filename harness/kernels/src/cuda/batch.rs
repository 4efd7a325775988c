//! Gathering a batch from examples that stay in the GPU's memory.

use super::launch::{count, elementwise, launch};
use super::{CudaError, CudaSlice, CudaView, CudaViewMut, Features, Gpu, State, Storage};

/// The examples of a batch: those that the order names from the state's position on.
///
/// The order must name existing examples, and at least as many as the batch takes.
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
/// `pixels`: any number of images `(H, W, 3)`; `tables`: `(3, 256)`; `out`: `(N, features)`, overwritten; the features have 3
/// channels.
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
    features: Features,
) -> Result<(), CudaError> {
    let Packs { plane, channels_last, of_image, all } = packs::<T>(out.len(), features)?;
    assert_eq!(tables.len(), 3 * 256, "gather_images: elements of tables");
    let kernel = &T::kernels(gpu).gather_images;
    let Chosen { order, state } = chosen;
    let config = elementwise(all);
    launch!(gpu, kernel, config, pixels, order, state, tables, out, &plane, &channels_last, &of_image, &all);
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
    assert_eq!(batch.len() % (3 * plane), 0, "copy_images: a batch holds whole images");
    let (elements, length) = (count(batch.len())?, 3 * plane as u32);
    let Chosen { order, state } = chosen;
    let kernel = &gpu.kernels.plain.copy_images;
    launch!(gpu, kernel, elementwise(elements), pixels, order, state, batch, &length, &elements);
    Ok(())
}

/// `out[n][c][p] = tables[c][batch[n][p][c]]`
///
/// # Shape
/// `batch`: `(N, H, W, 3)`; `tables`: `(3, 256)`; `out`: `(N, features)`, overwritten; the features have 3 channels.
/// # Errors
/// [`CudaError::TooLarge`], [`CudaError::Driver`].
/// # Panics
/// If lengths do not fit.
pub fn standardise_images<T: Storage>(
    gpu: &Gpu,
    batch: &CudaView<'_, u8>,
    tables: &CudaSlice<f32>,
    out: &mut CudaViewMut<'_, T>,
    features: Features,
) -> Result<(), CudaError> {
    let Packs { plane, channels_last, of_image, all } = packs::<T>(out.len(), features)?;
    assert_eq!(batch.len(), out.len(), "standardise_images: elements of batch");
    assert_eq!(tables.len(), 3 * 256, "standardise_images: elements of tables");
    let kernel = &T::kernels(gpu).standardise_images;
    launch!(gpu, kernel, elementwise(all), batch, tables, out, &plane, &channels_last, &of_image, &all);
    Ok(())
}

/// `out[n][c][p] = codes[chosen n][c][p]`
///
/// # Shape
/// `codes`: any number of rows `(C, P)`; `out`: `(N, features)`, overwritten.
/// # Errors
/// [`CudaError::TooLarge`], [`CudaError::Driver`].
/// # Panics
/// If `out` is no whole number of rows.
pub fn gather_codes<T: Storage>(
    gpu: &Gpu,
    codes: &CudaSlice<f32>,
    chosen: Chosen<'_>,
    out: &mut CudaViewMut<'_, T>,
    features: Features,
) -> Result<(), CudaError> {
    features.examples("gather_codes", out.len());
    let elements = count(out.len())?;
    let (channels, positions, channels_last) = sizes(features);
    let Chosen { order, state } = chosen;
    let (kernel, config) = (&T::kernels(gpu).gather_codes, elementwise(elements));
    launch!(gpu, kernel, config, codes, order, state, out, &channels, &positions, &channels_last, &elements);
    Ok(())
}

/// `out[n][c][p] = values[n][c][p]`, in single precision and with channels first.
///
/// # Shape
/// `values`: `(N, features)`; `out`: `(N, C, P)`, overwritten.
/// # Errors
/// [`CudaError::TooLarge`], [`CudaError::Driver`].
/// # Panics
/// If lengths do not fit.
pub fn widen<T: Storage>(
    gpu: &Gpu,
    values: &CudaView<'_, T>,
    out: &mut CudaViewMut<'_, f32>,
    features: Features,
) -> Result<(), CudaError> {
    features.examples("widen", values.len());
    assert_eq!(values.len(), out.len(), "widen: elements of out");
    let elements = count(values.len())?;
    let (channels, positions, channels_last) = sizes(features);
    let (kernel, config) = (&T::kernels(gpu).widen, elementwise(elements));
    launch!(gpu, kernel, config, values, out, &channels, &positions, &channels_last, &elements);
    Ok(())
}

/// Channels, positions and the format as kernels take them.
fn sizes(features: Features) -> (u32, u32, u32) {
    (features.channels as u32, features.positions as u32, u32::from(features.is_channels_last()))
}

/// Images cut into packs of pixels, a thread's work.
struct Packs {
    plane: u32,
    channels_last: u32,
    of_image: u32,
    all: u32,
}

fn packs<T: Storage>(elements: usize, features: Features) -> Result<Packs, CudaError> {
    let images = features.examples("a batch of images", elements);
    assert_eq!(features.channels, 3, "images have 3 channels");
    count(elements)?;
    let (_, plane, channels_last) = sizes(features);
    let of_image = plane.div_ceil(T::PACK as u32);
    Ok(Packs { plane, channels_last, of_image, all: images as u32 * of_image })
}
