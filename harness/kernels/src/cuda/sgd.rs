//! The step along the gradient.

use super::gpu::pointer_mut;
use super::launch::{launch, striding};
use super::{CudaError, CudaSlice, CudaView, CudaViewMut, Gpu, State, Storage};

/// Stochastic gradient descent with momentum and L2 regularisation, as [`crate::sgd::Sgd`] on the CPU.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// m; 0 is plain gradient descent.
    pub momentum: f32,
    /// λ: `λ w` is added to the gradient.
    pub weight_decay: f32,
}

/// `v ← m v + (g + λ w)`, `w ← w − η v`, with η the rate of the state's step. Nothing changes once a loss was not
/// finite. Velocities begin at 0.
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
    copy: Option<&mut CudaViewMut<'_, T>>,
    rates: &CudaSlice<f32>,
    state: &CudaSlice<State>,
) -> Result<(), CudaError> {
    let elements = weight.len();
    assert_eq!(velocity.len(), elements, "sgd: a weight and its velocity have the same length");
    assert_eq!(gradient.len(), elements, "sgd: a weight and its gradient have the same length");
    assert!(copy.as_ref().is_none_or(|copy| copy.len() == elements), "sgd: a weight and its copy have the same length");
    let copy = copy.map_or(0, |copy| pointer_mut(gpu, copy));
    let Sgd { momentum, weight_decay } = sgd;
    let (kernel, config, elements) = (&T::kernels(gpu).sgd, striding(elements.div_ceil(4)), elements as u64);
    let num_rates = rates.len() as u64;
    launch!(
        gpu,
        kernel,
        config,
        weight,
        velocity,
        gradient,
        &copy,
        rates,
        &num_rates,
        state,
        &momentum,
        &weight_decay,
        &elements
    );
    Ok(())
}
