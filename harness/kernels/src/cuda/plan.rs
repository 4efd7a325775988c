//! What cuDNN is told for a convolution: shapes, and for each pass an algorithm.

use super::descriptor::{Convolving, DnnHandle, FilterShape, TensorShape};
use super::{CudaError, MemoryFormat, Precision};
use crate::conv2d::Conv2dGeometry;
use candle_core::cuda_backend::cudarc::cudnn::sys::{
    cudnnConvolutionBwdDataAlgo_t, cudnnConvolutionBwdFilterAlgo_t, cudnnConvolutionFwdAlgo_t, cudnnDeterminism_t,
    cudnnMathType_t, cudnnStatus_t,
};
use candle_core::cuda_backend::cudarc::cudnn::{CudnnDataType, result};
use std::any::TypeId;
use std::ffi::c_int;

/// How many algorithms cuDNN is asked for: more than any pass has.
const NUM_ALGORITHMS: usize = 16;

/// Which plan: the geometry, examples of a batch, their format, and the type that they are stored in.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct PlanKey {
    pub geometry: Conv2dGeometry,
    pub batch: usize,
    pub format: MemoryFormat,
    pub storage: TypeId,
}

/// What an algorithm must keep to.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub precision: Precision,
    /// Scratch memory that it may take at most.
    pub workspace_bytes: usize,
}

/// A pass with its algorithm.
pub(super) struct Pass<A> {
    pub algorithm: A,
    pub convolving: Convolving,
    pub workspace_bytes: usize,
}

/// The plan of a convolution. A GPU makes each plan once, since cuDNN's estimates take a while.
pub(super) struct Plan {
    pub geometry: Conv2dGeometry,
    pub batch: usize,
    pub x: TensorShape,
    pub w: FilterShape,
    pub y: TensorShape,
    pub forward: Pass<cudnnConvolutionFwdAlgo_t>,
    pub input_gradient: Pass<cudnnConvolutionBwdDataAlgo_t>,
    pub weight_gradient: Pass<cudnnConvolutionBwdFilterAlgo_t>,
}

// SAFETY: descriptors are plain memory of cuDNN without ties to a thread, and nothing changes them once a plan is made.
unsafe impl Send for Plan {}
// SAFETY: as above.
unsafe impl Sync for Plan {}

/// The algorithms that cuDNN ranks for a pass, best first, as (algorithm, status, bytes, determinism, arithmetic).
type Ranked<A> = Vec<(A, cudnnStatus_t, usize, cudnnDeterminism_t, cudnnMathType_t)>;

/// Asks for the algorithms of one pass. A macro, because the wrappers of the three passes differ in what they return.
macro_rules! rank {
    ($query:path, $dnn:expr, $($descriptor:expr),+) => {{
        let mut found: c_int = 0;
        // SAFETY: a C struct of numbers, for which all bits zero are a value.
        let mut ranked = [unsafe { std::mem::zeroed() }; NUM_ALGORITHMS];
        // SAFETY: handle and descriptors live, and the array holds as many entries as are asked for.
        unsafe {
            $query($dnn.0, $($descriptor),+, NUM_ALGORITHMS as c_int, &mut found, ranked.as_mut_ptr())
        }?;
        let ranked = &ranked[..(found.max(0) as usize).min(NUM_ALGORITHMS)];
        ranked.iter().map(|r| (r.algo, r.status, r.memory, r.determinism, r.mathType)).collect()
    }};
}

impl Plan {
    /// Plans a convolution of tensors of `T`. The GPU's context must be bound to the thread.
    ///
    /// # Errors
    /// [`CudaError::Dnn`]; [`CudaError::NoDeterministicAlgorithm`].
    pub(super) fn new<T: CudnnDataType>(
        dnn: &DnnHandle,
        limits: Limits,
        PlanKey { geometry, batch, format, .. }: PlanKey,
    ) -> Result<Self, CudaError> {
        let Conv2dGeometry { in_channels, out_channels, height, width, kernel, stride, padding, groups } = geometry;
        let x = TensorShape::new::<T>([batch, in_channels, height, width], format)?;
        let w = FilterShape::new::<T>([out_channels, in_channels / groups, kernel, kernel], format)?;
        let y = TensorShape::new::<T>([batch, out_channels, geometry.out_height(), geometry.out_width()], format)?;
        let convolving = || Convolving::new(padding, stride, groups, arithmetic(limits.precision));
        let none = |operation| CudaError::NoDeterministicAlgorithm {
            operation,
            shape: format!("{geometry:?}, batch {batch}"),
        };
        let c = convolving()?;
        let ranked = rank!(result::get_convolution_forward_algorithm, dnn, x.0, w.0, c.0, y.0);
        let forward = choose(limits, ranked, c)?.ok_or_else(|| none("the forward pass"))?;
        let c = convolving()?;
        let ranked = rank!(result::get_convolution_backward_data_algorithm, dnn, w.0, y.0, c.0, x.0);
        let input_gradient = choose(limits, ranked, c)?.ok_or_else(|| none("the gradient of the input"))?;
        let c = convolving()?;
        let ranked = rank!(result::get_convolution_backward_filter_algorithm, dnn, x.0, y.0, c.0, w.0);
        let weight_gradient = choose(limits, ranked, c)?.ok_or_else(|| none("the gradient of the weights"))?;
        Ok(Self { geometry, batch, x, w, y, forward, input_gradient, weight_gradient })
    }
}

/// The arithmetic that a precision allows.
fn arithmetic(precision: Precision) -> cudnnMathType_t {
    match precision {
        Precision::Fp32 => cudnnMathType_t::CUDNN_FMA_MATH,
        Precision::Tf32 => cudnnMathType_t::CUDNN_DEFAULT_MATH,
        Precision::Bf16 => cudnnMathType_t::CUDNN_TENSOR_OP_MATH,
    }
}

/// The first ranked algorithm that is deterministic and keeps to the limits, if there is one.
fn choose<A: Copy>(limits: Limits, ranked: Ranked<A>, convolving: Convolving) -> Result<Option<Pass<A>>, CudaError> {
    let is_strict = limits.precision == Precision::Fp32;
    let tensor_cores = [cudnnMathType_t::CUDNN_TENSOR_OP_MATH, cudnnMathType_t::CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION];
    let suits = |&(_, status, bytes, determinism, arithmetic): &(A, _, usize, _, _)| {
        status == cudnnStatus_t::CUDNN_STATUS_SUCCESS
            && determinism == cudnnDeterminism_t::CUDNN_DETERMINISTIC
            && bytes <= limits.workspace_bytes
            && !(is_strict && tensor_cores.contains(&arithmetic))
    };
    let Some((algorithm, _, workspace_bytes, _, arithmetic)) = ranked.into_iter().find(suits) else {
        return Ok(None);
    };
    // cuDNN ranked the algorithm with this arithmetic. Strict arithmetic stays as it was asked for.
    if !is_strict {
        convolving.set_arithmetic(arithmetic)?;
    }
    Ok(Some(Pass { algorithm, convolving, workspace_bytes }))
}
