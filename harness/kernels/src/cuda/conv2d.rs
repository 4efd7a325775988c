//! Convolutions, by cuDNN.

use super::gpu::{pointer, pointer_mut};
use super::plan::Plan;
use super::{CudaError, CudaView, CudaViewMut, Gpu, MemoryFormat, Storage};
use crate::conv2d::Conv2dGeometry;
use candle_core::cuda_backend::cudarc::cudnn::result;
use std::marker::PhantomData;
use std::sync::Arc;

/// A convolution of batches of one size, without its bias.
///
/// For each pass the algorithm is the first in cuDNN's own ranking that gives the same bits every time and keeps to the
/// precision. cuDNN ranks by an estimate, which, unlike a measurement, is the same in every process.
pub struct Convolution<T> {
    plan: Arc<Plan>,
    storage: PhantomData<T>,
}

impl<T: Storage> Convolution<T> {
    /// The convolution of batches of `batch` examples in this format. The GPU plans it once.
    ///
    /// # Errors
    /// [`CudaError::Dnn`]; [`CudaError::NoDeterministicAlgorithm`].
    pub fn new(gpu: &Gpu, geometry: Conv2dGeometry, batch: usize, format: MemoryFormat) -> Result<Self, CudaError> {
        Ok(Self { plan: gpu.plan::<T>(geometry, batch, format)?, storage: PhantomData })
    }

    /// Bytes of scratch memory that the largest of its passes takes. Passes run one at a time.
    pub fn workspace_bytes(&self) -> usize {
        let Plan { forward, input_gradient, weight_gradient, .. } = &*self.plan;
        let passes = [forward.workspace_bytes, input_gradient.workspace_bytes, weight_gradient.workspace_bytes];
        passes.into_iter().max().unwrap_or(0)
    }

    /// The algorithms of the three passes, as cuDNN names them: forward, input gradient, weight gradient.
    pub fn algorithms(&self) -> [String; 3] {
        [
            format!("{:?}", self.plan.forward.algorithm),
            format!("{:?}", self.plan.input_gradient.algorithm),
            format!("{:?}", self.plan.weight_gradient.algorithm),
        ]
    }

    /// `y = weight * x`, the bias left out.
    ///
    /// # Shape
    /// `x`: `(N, C, H, W)`; `weight`: `(O, C / groups, k, k)`; `y`: `(N, O, out_height, out_width)`, overwritten; or
    /// all with channels last, see [`MemoryFormat`].
    /// # Errors
    /// [`CudaError::Dnn`].
    /// # Panics
    /// If lengths do not fit, or the workspace is smaller than [`Self::workspace_bytes`].
    pub fn forward(
        &self,
        gpu: &Gpu,
        x: &CudaView<'_, T>,
        weight: &CudaView<'_, T>,
        y: &mut CudaViewMut<'_, T>,
        workspace: &mut CudaViewMut<'_, u8>,
    ) -> Result<(), CudaError> {
        self.check(x.len(), weight.len(), y.len(), workspace.len());
        let pass = &self.plan.forward;
        let (one, zero) = (1.0f32, 0.0f32);
        gpu.stream().context().bind_to_thread()?;
        // SAFETY: handle and descriptors live, the tensors have the lengths that the descriptors say (checked above),
        // and the workspace is as large as the algorithm asked for.
        unsafe {
            result::convolution_forward(
                gpu.dnn().0,
                (&raw const one).cast(),
                self.plan.x.0,
                pointer(gpu, x) as *const _,
                self.plan.w.0,
                pointer(gpu, weight) as *const _,
                pass.convolving.0,
                pass.algorithm,
                pointer_mut(gpu, workspace) as *mut _,
                pass.workspace_bytes,
                (&raw const zero).cast(),
                self.plan.y.0,
                pointer_mut(gpu, y) as *mut _,
            )
        }?;
        Ok(())
    }

    /// The gradient of the input.
    ///
    /// # Shape
    /// `dy` as `y`, `dx`, overwritten, as `x`: see [`Self::forward`].
    /// # Errors
    /// [`CudaError::Dnn`].
    /// # Panics
    /// As [`Self::forward`].
    pub fn input_gradient(
        &self,
        gpu: &Gpu,
        dy: &CudaView<'_, T>,
        weight: &CudaView<'_, T>,
        dx: &mut CudaViewMut<'_, T>,
        workspace: &mut CudaViewMut<'_, u8>,
    ) -> Result<(), CudaError> {
        self.check(dx.len(), weight.len(), dy.len(), workspace.len());
        let pass = &self.plan.input_gradient;
        let (one, zero) = (1.0f32, 0.0f32);
        gpu.stream().context().bind_to_thread()?;
        // SAFETY: as in `forward`.
        unsafe {
            result::convolution_backward_data(
                gpu.dnn().0,
                (&raw const one).cast(),
                self.plan.w.0,
                pointer(gpu, weight) as *const _,
                self.plan.y.0,
                pointer(gpu, dy) as *const _,
                pass.convolving.0,
                pass.algorithm,
                pointer_mut(gpu, workspace) as *mut _,
                pass.workspace_bytes,
                (&raw const zero).cast(),
                self.plan.x.0,
                pointer_mut(gpu, dx) as *mut _,
            )
        }?;
        Ok(())
    }

    /// The gradient of the weights.
    ///
    /// # Shape
    /// `dy` as `y`, `dw`, overwritten, as `weight`: see [`Self::forward`].
    /// # Errors
    /// [`CudaError::Dnn`].
    /// # Panics
    /// As [`Self::forward`].
    pub fn weight_gradient(
        &self,
        gpu: &Gpu,
        x: &CudaView<'_, T>,
        dy: &CudaView<'_, T>,
        dw: &mut CudaViewMut<'_, T>,
        workspace: &mut CudaViewMut<'_, u8>,
    ) -> Result<(), CudaError> {
        self.check(x.len(), dw.len(), dy.len(), workspace.len());
        let pass = &self.plan.weight_gradient;
        let (one, zero) = (1.0f32, 0.0f32);
        gpu.stream().context().bind_to_thread()?;
        // SAFETY: as in `forward`.
        unsafe {
            result::convolution_backward_filter(
                gpu.dnn().0,
                (&raw const one).cast(),
                self.plan.x.0,
                pointer(gpu, x) as *const _,
                self.plan.y.0,
                pointer(gpu, dy) as *const _,
                pass.convolving.0,
                pass.algorithm,
                pointer_mut(gpu, workspace) as *mut _,
                pass.workspace_bytes,
                (&raw const zero).cast(),
                self.plan.w.0,
                pointer_mut(gpu, dw) as *mut _,
            )
        }?;
        Ok(())
    }

    fn check(&self, x: usize, weight: usize, y: usize, workspace: usize) {
        assert_eq!(x, self.plan.batch * self.plan.geometry.in_features(), "conv2d: elements of an input");
        assert_eq!(weight, self.plan.geometry.weights(), "conv2d: elements of a weight");
        assert_eq!(y, self.plan.batch * self.plan.geometry.out_features(), "conv2d: elements of an output");
        assert!(workspace >= self.workspace_bytes(), "conv2d: bytes of workspace");
    }
}
