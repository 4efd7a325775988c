//! The step along the gradient, and how long that may be.

use super::gpu::{pointer, pointer_mut};
use super::launch::{blockwise, launch, striding};
use super::{CudaError, CudaSlice, CudaView, CudaViewMut, Gpu, State, Storage};
use crate::sgd::{Sgd, WeightDecay};

/// The limit on a gradient's norm: [`clip_factor`](crate::sgd::clip_factor) on the CPU.
pub struct Clipping {
    longest: f64,
    parts: CudaSlice<f64>,
    scale: CudaSlice<f32>,
}

impl Clipping {
    /// A limit on gradients of so many elements.
    ///
    /// # Errors
    /// [`CudaError::OutOfMemory`].
    pub fn new(gpu: &Gpu, longest: f64, elements: usize) -> Result<Self, CudaError> {
        let parts = striding(elements.div_ceil(4)).grid_dim.0 as usize;
        Ok(Self { longest, parts: gpu.zeros(parts)?, scale: gpu.zeros(1)? })
    }

    /// Queues the sum of the gradient's squares, in a fixed order, and what the gradient is to be multiplied by.
    ///
    /// # Errors
    /// [`CudaError::Driver`].
    pub fn measure<T: Storage>(&mut self, gpu: &Gpu, gradient: &CudaSlice<T>) -> Result<(), CudaError> {
        let (config, count, parts) =
            (striding(gradient.len().div_ceil(4)), gradient.len() as u64, self.parts.len() as u32);
        assert!(config.grid_dim.0 <= parts, "clipping: a sum a block");
        launch!(gpu, &T::kernels(gpu).sum_of_squares, config, gradient, &mut self.parts, &count);
        let kernel = &gpu.kernels.plain.clip_factor;
        launch!(gpu, kernel, blockwise(1), &self.parts, &mut self.scale, &self.longest, &parts);
        Ok(())
    }
}

/// `v ← m v + g`, `w ← w − η v`, as [`Sgd`] on the CPU, with η the rate of the state's step. Nothing changes once a loss was
/// not finite. Velocities begin at 0.
///
/// # Shape
/// `weight`, `velocity`, `gradient`: the same, any; `copy`: as `weight`, takes the new weights in the type of storage;
/// `rates`: one a step, in turn; the first follows the last.
/// # Errors
/// [`CudaError::Driver`].
/// # Panics
/// If the lengths differ.
#[allow(clippy::too_many_arguments, reason = "the operands of the formula")]
pub(super) fn step<T: Storage>(
    gpu: &Gpu,
    sgd: Sgd,
    weight: &mut CudaViewMut<'_, f32>,
    velocity: &mut CudaViewMut<'_, f32>,
    gradient: &CudaView<'_, T>,
    clipping: Option<&Clipping>,
    copy: Option<&mut CudaViewMut<'_, T>>,
    rates: &CudaSlice<f32>,
    state: &CudaSlice<State>,
) -> Result<(), CudaError> {
    let elements = weight.len();
    assert_eq!(velocity.len(), elements, "sgd: a weight and its velocity have the same length");
    assert_eq!(gradient.len(), elements, "sgd: a weight and its gradient have the same length");
    assert!(copy.as_ref().is_none_or(|copy| copy.len() == elements), "sgd: a weight and its copy have the same length");
    let copy = copy.map_or(0, |copy| pointer_mut(gpu, copy));
    let scale = clipping.map_or(0, |clipping| pointer(gpu, &clipping.scale.as_view()));
    let (coupled, decoupled) = match sgd.weight_decay {
        WeightDecay::Coupled(lambda) => (lambda, 0.0),
        WeightDecay::Decoupled(lambda) => (0.0, lambda),
    };
    let (momentum, nesterov, num_rates) = (sgd.momentum, u32::from(sgd.nesterov), rates.len() as u64);
    let (kernel, config, elements) = (&T::kernels(gpu).sgd, striding(elements.div_ceil(4)), elements as u64);
    launch!(
        gpu, kernel, config, weight, velocity, gradient, &copy, rates, &num_rates, state, &scale, &momentum, &coupled,
        &decoupled, &nesterov, &elements
    );
    Ok(())
}
