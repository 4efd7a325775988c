//! Fully connected layers, by cuBLAS.

use super::gpu::{pointer, pointer_mut};
use super::{CudaError, CudaView, CudaViewMut, Gpu, Precision, Storage};
use crate::linear::Linear;
use candle_core::cuda_backend::cudarc::cublas::result::gemm_ex;
use candle_core::cuda_backend::cudarc::cublas::sys::{cublasComputeType_t, cublasGemmAlgo_t, cublasOperation_t};
use cublasOperation_t::{CUBLAS_OP_N as PLAIN, CUBLAS_OP_T as TRANSPOSED};

/// A fully connected layer, without its bias.
#[derive(Clone, Copy, Debug)]
pub struct FullyConnected(Linear);

/// An operand as cuBLAS sees it: column-major, with its leading dimension.
struct Operand {
    pointer: u64,
    leading: usize,
    operation: cublasOperation_t,
}

impl FullyConnected {
    /// The layer of these sizes.
    pub fn new(op: Linear) -> Self {
        Self(op)
    }

    /// `y[n][out] = Σ_in weight[out][in] x[n][in]`
    ///
    /// # Shape
    /// `x`: `(N, in)`; `weight`: `(out, in)`; `y`: `(N, out)`, overwritten.
    /// # Errors
    /// [`CudaError::Blas`].
    /// # Panics
    /// If lengths do not fit.
    pub fn forward<T: Storage>(
        &self,
        gpu: &Gpu,
        x: &CudaView<'_, T>,
        weight: &CudaView<'_, T>,
        y: &mut CudaViewMut<'_, T>,
    ) -> Result<(), CudaError> {
        let batch = self.check(x.len(), weight.len(), y.len());
        let Linear { in_features, out_features } = self.0;
        // Row-major (a, b) is column-major (b, a): yᵀ = W xᵀ.
        let weight = Operand { pointer: pointer(gpu, weight), leading: in_features, operation: TRANSPOSED };
        let x = Operand { pointer: pointer(gpu, x), leading: in_features, operation: PLAIN };
        let y = Operand { pointer: pointer_mut(gpu, y), leading: out_features, operation: PLAIN };
        product::<T>(gpu, (out_features, batch, in_features), weight, x, y)
    }

    /// `dx[n][in] = Σ_out weight[out][in] dy[n][out]`
    ///
    /// # Shape
    /// `dy`: `(N, out)`; `weight`: `(out, in)`; `dx`: `(N, in)`, overwritten.
    /// # Errors
    /// [`CudaError::Blas`].
    /// # Panics
    /// If lengths do not fit.
    pub fn input_gradient<T: Storage>(
        &self,
        gpu: &Gpu,
        dy: &CudaView<'_, T>,
        weight: &CudaView<'_, T>,
        dx: &mut CudaViewMut<'_, T>,
    ) -> Result<(), CudaError> {
        let batch = self.check(dx.len(), weight.len(), dy.len());
        let Linear { in_features, out_features } = self.0;
        // dxᵀ = Wᵀ dyᵀ
        let weight = Operand { pointer: pointer(gpu, weight), leading: in_features, operation: PLAIN };
        let dy = Operand { pointer: pointer(gpu, dy), leading: out_features, operation: PLAIN };
        let dx = Operand { pointer: pointer_mut(gpu, dx), leading: in_features, operation: PLAIN };
        product::<T>(gpu, (in_features, batch, out_features), weight, dy, dx)
    }

    /// `dw[out][in] = Σ_n dy[n][out] x[n][in]`
    ///
    /// # Shape
    /// `x`: `(N, in)`; `dy`: `(N, out)`; `dw`: `(out, in)`, overwritten.
    /// # Errors
    /// [`CudaError::Blas`].
    /// # Panics
    /// If lengths do not fit.
    pub fn weight_gradient<T: Storage>(
        &self,
        gpu: &Gpu,
        x: &CudaView<'_, T>,
        dy: &CudaView<'_, T>,
        dw: &mut CudaViewMut<'_, T>,
    ) -> Result<(), CudaError> {
        let batch = self.check(x.len(), dw.len(), dy.len());
        let Linear { in_features, out_features } = self.0;
        // dwᵀ = xᵀ dy
        let x = Operand { pointer: pointer(gpu, x), leading: in_features, operation: PLAIN };
        let dy = Operand { pointer: pointer(gpu, dy), leading: out_features, operation: TRANSPOSED };
        let dw = Operand { pointer: pointer_mut(gpu, dw), leading: in_features, operation: PLAIN };
        product::<T>(gpu, (in_features, out_features, batch), x, dy, dw)
    }

    fn check(&self, x: usize, weight: usize, y: usize) -> usize {
        let Linear { in_features, out_features } = self.0;
        let batch = x / in_features;
        assert_eq!(x, batch * in_features, "linear: elements of an input");
        assert_eq!(weight, in_features * out_features, "linear: elements of a weight");
        assert_eq!(y, batch * out_features, "linear: elements of an output");
        batch
    }
}

/// `c = op(a) op(b)`, `(m, n)` from `(m, k)` and `(k, n)`, column-major.
fn product<T: Storage>(
    gpu: &Gpu,
    (m, n, k): (usize, usize, usize),
    a: Operand,
    b: Operand,
    c: Operand,
) -> Result<(), CudaError> {
    let compute = match gpu.precision() {
        Precision::Fp32 | Precision::Bf16 => cublasComputeType_t::CUBLAS_COMPUTE_32F,
        Precision::Tf32 => cublasComputeType_t::CUBLAS_COMPUTE_32F_FAST_TF32,
    };
    let (one, zero) = (1.0f32, 0.0f32);
    gpu.stream().context().bind_to_thread()?;
    // SAFETY: each operand is a matrix of the given sizes with as many rows as its leading dimension, which the callers
    // have checked against the tensors' lengths; the scalars are host memory that lives across the call.
    unsafe {
        gemm_ex(
            gpu.blas(),
            a.operation,
            b.operation,
            m as i32,
            n as i32,
            k as i32,
            (&raw const one).cast(),
            a.pointer as *const _,
            T::BLAS,
            a.leading as i32,
            b.pointer as *const _,
            T::BLAS,
            b.leading as i32,
            (&raw const zero).cast(),
            c.pointer as *mut _,
            T::BLAS,
            c.leading as i32,
            compute,
            cublasGemmAlgo_t::CUBLAS_GEMM_DEFAULT,
        )
    }?;
    Ok(())
}
