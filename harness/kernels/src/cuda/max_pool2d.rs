//! Max pooling.

use super::launch::{count, elementwise, launch};
use super::{CudaError, CudaView, CudaViewMut, Gpu, Storage};
use crate::max_pool2d::MaxPool2d;

/// A max pooling, as [`MaxPool2d`] on the CPU; which tap was the maximum is kept for the gradient.
#[derive(Clone, Copy, Debug)]
pub struct Pool(MaxPool2d);

impl Pool {
    /// The pooling of this geometry.
    ///
    /// # Panics
    /// If a window has more than 256 taps, which a byte cannot tell apart.
    pub fn new(op: MaxPool2d) -> Self {
        assert!(op.kernel <= 16, "max_pool2d: on a GPU a window has at most 16 × 16 taps");
        Self(op)
    }

    /// `y = max over each window of x`; `taps` tells which of the window's taps it was.
    ///
    /// # Shape
    /// `x`: `(N, C, H, W)`; `y`, `taps`: `(N, C, out_height, out_width)`, overwritten.
    /// # Errors
    /// [`CudaError::TooLarge`], [`CudaError::Driver`].
    /// # Panics
    /// If lengths do not fit.
    pub fn forward<T: Storage>(
        &self,
        gpu: &Gpu,
        x: &CudaView<'_, T>,
        y: &mut CudaViewMut<'_, T>,
        taps: &mut CudaViewMut<'_, u8>,
    ) -> Result<(), CudaError> {
        self.check(x.len(), y.len(), taps.len())?;
        let elements = count(y.len())?;
        let [height, width, kernel, stride, out_height, out_width] = self.geometry();
        launch!(
            gpu,
            &T::kernels(gpu).max_pool,
            elementwise(elements),
            x,
            y,
            taps,
            &height,
            &width,
            &kernel,
            &stride,
            &out_height,
            &out_width,
            &elements,
        );
        Ok(())
    }

    /// `dx = Σ of dy over the windows whose maximum it is`
    ///
    /// # Shape
    /// `dy`, `taps`: `(N, C, out_height, out_width)`, `taps` as [`Self::forward`] made it; `dx`: `(N, C, H, W)`,
    /// overwritten.
    /// # Errors
    /// [`CudaError::TooLarge`], [`CudaError::Driver`].
    /// # Panics
    /// If lengths do not fit.
    pub fn input_gradient<T: Storage>(
        &self,
        gpu: &Gpu,
        dy: &CudaView<'_, T>,
        taps: &CudaView<'_, u8>,
        dx: &mut CudaViewMut<'_, T>,
    ) -> Result<(), CudaError> {
        self.check(dx.len(), dy.len(), taps.len())?;
        let elements = count(dx.len())?;
        let [height, width, kernel, stride, out_height, out_width] = self.geometry();
        launch!(
            gpu,
            &T::kernels(gpu).max_pool_gradient,
            elementwise(elements),
            dy,
            taps,
            dx,
            &height,
            &width,
            &kernel,
            &stride,
            &out_height,
            &out_width,
            &elements,
        );
        Ok(())
    }

    fn geometry(&self) -> [u32; 6] {
        let MaxPool2d { height, width, kernel, stride, .. } = self.0;
        [height, width, kernel, stride, self.0.out_height(), self.0.out_width()].map(|size| size as u32)
    }

    fn check(&self, input: usize, output: usize, taps: usize) -> Result<(), CudaError> {
        let batch = input / self.0.in_features();
        assert_eq!(input, batch * self.0.in_features(), "max_pool2d: an input is whole examples");
        assert_eq!(output, batch * self.0.out_features(), "max_pool2d: elements of an output");
        assert_eq!(taps, output, "max_pool2d: one tap an output");
        count(input).map(|_| ())
    }
}
