//! Convolutions, by cuDNN.

use super::descriptor::{Convolving, FilterShape, TensorShape};
use super::gpu::{pointer, pointer_mut};
use super::{CudaError, CudaView, CudaViewMut, Gpu, MemoryFormat, Precision, Storage};
use crate::conv2d::Conv2dGeometry;
use candle_core::cuda_backend::cudarc::cudnn::result;
use candle_core::cuda_backend::cudarc::cudnn::sys::{
    cudnnConvolutionBwdDataAlgo_t, cudnnConvolutionBwdFilterAlgo_t, cudnnConvolutionFwdAlgo_t, cudnnDeterminism_t,
    cudnnMathType_t, cudnnStatus_t,
};
use std::any::TypeId;
use std::ffi::c_int;
use std::marker::PhantomData;
use std::sync::Arc;

/// Algorithms asked for: more than any pass has.
const NUM_ALGORITHMS: usize = 16;

/// A pass with its algorithm.
struct Pass<A> {
    algorithm: A,
    convolving: Convolving,
    workspace_bytes: usize,
}

/// A convolution of batches of one size, its bias apart. For each pass the algorithm is the first that cuDNN's own
/// estimate ranks, gives the same bits every time, and keeps to the precision: an estimate, unlike a measurement, is the
/// same in every process.
pub struct Convolution<T> {
    plan: Arc<Plan>,
    storage: PhantomData<T>,
}

/// Which plan: the geometry, examples of a batch, their format, and the type that they are stored in.
pub(super) type PlanKey = (Conv2dGeometry, usize, MemoryFormat, TypeId);

/// What cuDNN is told for a convolution: asked of it once for each [`Gpu`], since its estimates take a while.
pub(super) struct Plan {
    geometry: Conv2dGeometry,
    batch: usize,
    x: TensorShape,
    w: FilterShape,
    y: TensorShape,
    forward: Pass<cudnnConvolutionFwdAlgo_t>,
    input_gradient: Pass<cudnnConvolutionBwdDataAlgo_t>,
    weight_gradient: Pass<cudnnConvolutionBwdFilterAlgo_t>,
}

// SAFETY: descriptors are plain memory of cuDNN without ties to a thread, and nothing changes them once a plan is made.
unsafe impl Send for Plan {}
// SAFETY: as above.
unsafe impl Sync for Plan {}

/// The algorithms that cuDNN ranks for a pass, best first, as (algorithm, status, bytes, determinism, arithmetic).
type Ranked<A> = Vec<(A, cudnnStatus_t, usize, cudnnDeterminism_t, cudnnMathType_t)>;

/// Asks for the algorithms of one pass: the wrappers of the three differ in the types of what they return alone.
macro_rules! rank {
    ($query:path, $gpu:expr, $($descriptor:expr),+) => {{
        let mut found: c_int = 0;
        // SAFETY: a C struct of numbers, for which all bits zero are a value.
        let mut ranked = [unsafe { std::mem::zeroed() }; NUM_ALGORITHMS];
        // SAFETY: handle and descriptors live, and the array holds as many entries as are asked for.
        unsafe {
            $query($gpu.dnn.0, $($descriptor),+, NUM_ALGORITHMS as c_int, &mut found, ranked.as_mut_ptr())
        }?;
        let ranked = &ranked[..(found.max(0) as usize).min(NUM_ALGORITHMS)];
        ranked.iter().map(|r| (r.algo, r.status, r.memory, r.determinism, r.mathType)).collect()
    }};
}

impl Plan {
    fn new<T: Storage>(
        gpu: &Gpu,
        geometry: Conv2dGeometry,
        batch: usize,
        format: MemoryFormat,
    ) -> Result<Self, CudaError> {
        let Conv2dGeometry { in_channels, out_channels, height, width, kernel, stride, padding, groups } = geometry;
        gpu.stream().context().bind_to_thread()?;
        let x = TensorShape::new::<T>([batch, in_channels, height, width], format)?;
        let w = FilterShape::new::<T>([out_channels, in_channels / groups, kernel, kernel], format)?;
        let y = TensorShape::new::<T>([batch, out_channels, geometry.out_height(), geometry.out_width()], format)?;
        let convolving = || Convolving::new(padding, stride, groups, arithmetic(gpu.precision()));
        let c = convolving()?;
        let ranked = rank!(result::get_convolution_forward_algorithm, gpu, x.0, w.0, c.0, y.0);
        let forward = choose(gpu, "the forward pass", geometry, batch, ranked, c)?;
        let c = convolving()?;
        let ranked = rank!(result::get_convolution_backward_data_algorithm, gpu, w.0, y.0, c.0, x.0);
        let input_gradient = choose(gpu, "the gradient of the input", geometry, batch, ranked, c)?;
        let c = convolving()?;
        let ranked = rank!(result::get_convolution_backward_filter_algorithm, gpu, x.0, y.0, c.0, w.0);
        let weight_gradient = choose(gpu, "the gradient of the weights", geometry, batch, ranked, c)?;
        Ok(Self { geometry, batch, x, w, y, forward, input_gradient, weight_gradient })
    }
}

impl<T: Storage> Convolution<T> {
    /// The convolution of batches of `batch` examples in this format, planned when the GPU is asked for it first.
    ///
    /// # Errors
    /// [`CudaError::Dnn`]; [`CudaError::NoDeterministicAlgorithm`].
    pub fn new(gpu: &Gpu, geometry: Conv2dGeometry, batch: usize, format: MemoryFormat) -> Result<Self, CudaError> {
        let plan =
            gpu.plan((geometry, batch, format, TypeId::of::<T>()), || Plan::new::<T>(gpu, geometry, batch, format))?;
        Ok(Self { plan, storage: PhantomData })
    }

    /// Bytes of scratch memory that its passes take, at most one at a time.
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
    /// `x`: `(N, C, H, W)`; `weight`: `(O, C / groups, k, k)`; `y`: `(N, O, out_height, out_width)`, overwritten; or all with
    /// channels last, see [`MemoryFormat`].
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
        // SAFETY: handle and descriptors live, the tensors have the lengths that the descriptors say (checked above), and
        // the workspace is as large as the algorithm asked for.
        unsafe {
            result::convolution_forward(
                gpu.dnn.0,
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
                gpu.dnn.0,
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
                gpu.dnn.0,
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

/// The arithmetic that a precision allows.
fn arithmetic(precision: Precision) -> cudnnMathType_t {
    match precision {
        Precision::Fp32 => cudnnMathType_t::CUDNN_FMA_MATH,
        Precision::Tf32 => cudnnMathType_t::CUDNN_DEFAULT_MATH,
        Precision::Bf16 => cudnnMathType_t::CUDNN_TENSOR_OP_MATH,
    }
}

/// The first algorithm of those ranked that is deterministic, keeps to the precision and takes no more memory than it may.
fn choose<A: Copy>(
    gpu: &Gpu,
    operation: &'static str,
    geometry: Conv2dGeometry,
    batch: usize,
    ranked: Ranked<A>,
    convolving: Convolving,
) -> Result<Pass<A>, CudaError> {
    let is_strict = gpu.precision() == Precision::Fp32;
    let tensor_cores = [cudnnMathType_t::CUDNN_TENSOR_OP_MATH, cudnnMathType_t::CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION];
    let suits = |&(_, status, bytes, determinism, arithmetic): &(A, _, usize, _, _)| {
        status == cudnnStatus_t::CUDNN_STATUS_SUCCESS
            && determinism == cudnnDeterminism_t::CUDNN_DETERMINISTIC
            && bytes <= gpu.most_workspace_bytes()
            && !(is_strict && tensor_cores.contains(&arithmetic))
    };
    let Some((algorithm, _, workspace_bytes, _, arithmetic)) = ranked.into_iter().find(suits) else {
        let shape = format!("{geometry:?}, batch {batch}");
        return Err(CudaError::NoDeterministicAlgorithm { operation, shape });
    };
    // As cuDNN ranked it; strict arithmetic stays what it was asked for with.
    if !is_strict {
        convolving.set_arithmetic(arithmetic)?;
    }
    Ok(Pass { algorithm, convolving, workspace_bytes })
}
