//! Local response normalisation.

use super::launch::{count, elementwise, launch};
use super::{CudaError, CudaView, CudaViewMut, Features, Gpu, Storage};
use crate::local_response_norm::LocalResponseNorm;

/// The normalisation of activations. Its exponent is the paper's, 3/4.
#[derive(Clone, Copy, Debug)]
pub struct ResponseNorm {
    op: LocalResponseNorm,
    features: Features,
}

impl ResponseNorm {
    /// The normalisation `op` of `(N, features)`.
    ///
    /// # Panics
    /// If the exponent is not 3/4, which is all that the kernels compute.
    pub fn new(op: LocalResponseNorm, features: Features) -> Self {
        assert!(op.beta == 0.75, "local_response_norm: on a GPU the exponent is 0.75");
        Self { op, features }
    }

    /// `y = x / s^β`; `scale` is s, which the gradient needs.
    ///
    /// # Shape
    /// `x`, `y`, `scale`: `(N, features)`; `y` and `scale` are overwritten.
    /// # Errors
    /// [`CudaError::TooLarge`], [`CudaError::Driver`].
    /// # Panics
    /// If the lengths differ or are not a whole number of examples.
    pub fn forward<T: Storage>(
        &self,
        gpu: &Gpu,
        x: &CudaView<'_, T>,
        y: &mut CudaViewMut<'_, T>,
        scale: &mut CudaViewMut<'_, f32>,
    ) -> Result<(), CudaError> {
        let elements = self.check(&[x.len(), y.len(), scale.len()])?;
        let (channels, stride, before, after) = self.window();
        let LocalResponseNorm { alpha, k, .. } = self.op;
        launch!(
            gpu,
            &T::kernels(gpu).local_response_norm,
            elementwise(elements),
            x,
            y,
            scale,
            &channels,
            &stride,
            &before,
            &after,
            &alpha,
            &k,
            &elements,
        );
        Ok(())
    }

    /// `dx[c] = dy[c] / s[c]^β − 2αβ x[c] Σ over c' of dy[c'] y[c'] / s[c']`, c' the channels whose window holds c.
    ///
    /// # Shape
    /// `x`, `y`, `scale`, as [`Self::forward`] had and made them, `dy`, `dx`: `(N, features)`; `dx` is overwritten.
    /// # Errors
    /// [`CudaError::TooLarge`], [`CudaError::Driver`].
    /// # Panics
    /// If the lengths differ or are not a whole number of examples.
    pub fn input_gradient<T: Storage>(
        &self,
        gpu: &Gpu,
        (x, y, scale): (&CudaView<'_, T>, &CudaView<'_, T>, &CudaView<'_, f32>),
        dy: &CudaView<'_, T>,
        dx: &mut CudaViewMut<'_, T>,
    ) -> Result<(), CudaError> {
        let elements = self.check(&[x.len(), y.len(), scale.len(), dy.len(), dx.len()])?;
        let (channels, stride, before, after) = self.window();
        let factor = 2.0 * self.op.alpha * self.op.beta;
        launch!(
            gpu,
            &T::kernels(gpu).local_response_norm_gradient,
            elementwise(elements),
            x,
            y,
            scale,
            dy,
            dx,
            &channels,
            &stride,
            &before,
            &after,
            &factor,
            &elements,
        );
        Ok(())
    }

    /// The number of channels, elements from one to the next, and how many channels a window holds before and after its
    /// own.
    fn window(&self) -> (u32, u32, u32, u32) {
        let size = self.op.size as u32;
        (self.features.channels as u32, self.features.channel_stride() as u32, size / 2, size.saturating_sub(1) / 2)
    }

    fn check(&self, lengths: &[usize]) -> Result<u32, CudaError> {
        for &length in lengths {
            assert_eq!(length, lengths[0], "local_response_norm: tensors have the same length");
        }
        self.features.examples("local_response_norm", lengths[0]);
        count(lengths[0])
    }
}
