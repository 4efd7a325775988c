//! Max pooling.

use super::launch::{count, elementwise, launch};
use super::{CudaError, CudaView, CudaViewMut, Gpu, MemoryFormat, Storage};
use crate::max_pool2d::MaxPool2d;

/// A max pooling, as [`MaxPool2d`] on the CPU. It keeps which tap was the maximum, for the gradient.
#[derive(Clone, Copy, Debug)]
pub struct Pool {
    op: MaxPool2d,
    format: MemoryFormat,
}

impl Pool {
    /// The pooling of this geometry, of activations in this format.
    ///
    /// # Panics
    /// If a window has more than 256 taps: a byte cannot number them.
    pub fn new(op: MaxPool2d, format: MemoryFormat) -> Self {
        assert!(op.kernel <= 16, "max_pool2d: on a GPU a window has at most 16 × 16 taps");
        Self { op, format }
    }

    /// `y = max over each window of x`; `taps` tells which of the window's taps it was.
    ///
    /// # Shape
    /// `x`: `(N, C, H, W)`; `y`, `taps`: `(N, C, out_height, out_width)`, overwritten; or all with channels last.
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
        let [height, width, kernel, stride, out_height, out_width, depth] = self.geometry();
        let (width_of_pack, kernels) = (self.pack::<T>(), T::kernels(gpu));
        let packs = count(y.len() / width_of_pack)?;
        launch!(
            gpu,
            if width_of_pack == 1 { &kernels.max_pool } else { &kernels.max_pool_packed },
            elementwise(packs),
            x,
            y,
            taps,
            &height,
            &width,
            &kernel,
            &stride,
            &out_height,
            &out_width,
            &depth,
            &packs,
        );
        Ok(())
    }

    /// `dx = Σ of dy over the windows whose maximum it is`
    ///
    /// # Shape
    /// `dy`, `taps`: `(N, C, out_height, out_width)`, `taps` as [`Self::forward`] made it; `dx`: `(N, C, H, W)`,
    /// overwritten; or all with channels last.
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
        let [height, width, kernel, stride, out_height, out_width, depth] = self.geometry();
        let (width_of_pack, kernels) = (self.pack::<T>(), T::kernels(gpu));
        let packs = count(dx.len() / width_of_pack)?;
        launch!(
            gpu,
            if width_of_pack == 1 { &kernels.max_pool_gradient } else { &kernels.max_pool_gradient_packed },
            elementwise(packs),
            dy,
            taps,
            dx,
            &height,
            &width,
            &kernel,
            &stride,
            &out_height,
            &out_width,
            &depth,
            &packs,
        );
        Ok(())
    }

    /// Sizes of a plane, the window and its result, and how many values lie at each place of a plane.
    fn geometry(&self) -> [u32; 7] {
        let MaxPool2d { height, width, kernel, stride, .. } = self.op;
        let sizes = [height, width, kernel, stride, self.op.out_height(), self.op.out_width(), self.depth()];
        sizes.map(|size| size as u32)
    }

    fn depth(&self) -> usize {
        match self.format {
            MemoryFormat::ChannelsFirst => 1,
            MemoryFormat::ChannelsLast => self.op.channels,
        }
    }

    /// Values that a thread takes together.
    fn pack<T: Storage>(&self) -> usize {
        if self.depth().is_multiple_of(T::PACK) { T::PACK } else { 1 }
    }

    fn check(&self, input: usize, output: usize, taps: usize) -> Result<(), CudaError> {
        let batch = input / self.op.in_features();
        assert_eq!(input, batch * self.op.in_features(), "max_pool2d: an input is whole examples");
        assert_eq!(output, batch * self.op.out_features(), "max_pool2d: elements of an output");
        assert_eq!(taps, output, "max_pool2d: one tap an output");
        count(input).map(|_| ())
    }
}
