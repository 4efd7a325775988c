//! A network's weights, in single precision and in the type that products take.

use super::sgd::{self, Clipping};
use super::{CudaError, CudaSlice, CudaView, Gpu, State, Storage};
use crate::sgd::Sgd;
use std::ops::Range;

/// Weights and biases one after another, in single precision, with a copy in the type that products take.
pub struct Weights<T: Storage> {
    master: CudaSlice<f32>,
    copy: T::Copy,
}

impl<T: Storage> Weights<T> {
    /// Weights of these values.
    ///
    /// # Errors
    /// [`CudaError::OutOfMemory`].
    pub fn new(gpu: &Gpu, values: &[f32]) -> Result<Self, CudaError> {
        Ok(Self { master: gpu.upload(values)?, copy: T::copy(gpu, values)? })
    }

    /// A stretch of them for products.
    pub fn in_products(&self, range: Range<usize>) -> CudaView<'_, T> {
        T::in_products(&self.master, &self.copy).slice(range)
    }

    /// A stretch of them in single precision.
    pub fn in_full(&self, range: Range<usize>) -> CudaView<'_, f32> {
        self.master.slice(range)
    }

    /// Takes a step with the weights from `first` on; see [`sgd::step`]. With a limit the gradient was measured before.
    ///
    /// # Errors
    /// [`CudaError::Driver`].
    #[allow(clippy::too_many_arguments, reason = "the operands of the formula")]
    pub fn step(
        &mut self,
        gpu: &Gpu,
        sgd: Sgd,
        first: usize,
        (velocity, gradient): (&mut CudaSlice<f32>, &CudaSlice<T>),
        clipping: Option<&Clipping>,
        rates: &CudaSlice<f32>,
        state: &CudaSlice<State>,
    ) -> Result<(), CudaError> {
        let mut weight = self.master.slice_mut(first..);
        let mut copy = T::copy_from(&mut self.copy, first);
        let (mut velocity, gradient) = (velocity.as_view_mut(), gradient.as_view());
        sgd::step(gpu, sgd, &mut weight, &mut velocity, &gradient, clipping, copy.as_mut(), rates, state)
    }

    /// Waits, and reads them all in single precision.
    ///
    /// # Errors
    /// [`CudaError::Driver`].
    pub fn read(&self, gpu: &Gpu) -> Result<Vec<f32>, CudaError> {
        let mut values = vec![0.0; self.master.len()];
        gpu.read(&self.master, &mut values)?;
        Ok(values)
    }
}
