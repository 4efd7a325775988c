//! A GPU, and what is needed to queue work on it.

use super::descriptor::DnnHandle;
use super::launch::Kernels;
use super::plan::{Limits, Plan, PlanKey};
use super::{CudaError, MemoryFormat, Precision};
use crate::conv2d::Conv2dGeometry;
use candle_core::CudaDevice;
use candle_core::cuda_backend::cudarc::cublas::{CudaBlas, sys as cublas};
use candle_core::cuda_backend::cudarc::cudnn::{self, CudnnDataType};
use candle_core::cuda_backend::cudarc::driver::{
    CudaContext, CudaSlice, CudaStream, CudaView, CudaViewMut, DevicePtr, DevicePtrMut, DeviceRepr, HostSlice,
    ValidAsZeroBits, sys,
};
use std::any::TypeId;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

/// Version of the arithmetic of the GPU kernels; as [`crate::NUMERICS_VERSION`] for the CPU's.
pub const CUDA_NUMERICS_VERSION: u32 = 2;

/// cuBLAS's scratch memory, bytes: as much as cuBLAS takes by default on a Hopper GPU. Each [`Gpu`] has its own, so
/// that neither the algorithm of a product nor its bits depend on other streams.
const BLAS_WORKSPACE_BYTES: usize = 32 << 20;

/// An algorithm may take one part in this many of the GPU's memory as scratch. The memory is first rounded up to a
/// multiple of 8 GiB, so that the limit, and with it the choice of algorithms, depends on the model of the GPU alone.
const WORKSPACE_PART: usize = 32;

/// A GPU with one stream of work. Each thread of jobs has its own, and several on one GPU run side by side.
pub struct Gpu {
    // Fields are dropped in this order: libraries before the stream that they use.
    plans: RefCell<HashMap<PlanKey, Arc<Plan>>>,
    dnn: DnnHandle,
    blas: Arc<CudaBlas>,
    _blas_workspace: CudaSlice<u8>,
    pub(super) kernels: Arc<Kernels>,
    stream: Arc<CudaStream>,
    device: CudaDevice,
    precision: Precision,
    memory_format: MemoryFormat,
    /// Scratch memory that a convolution's algorithm may take at most.
    most_workspace_bytes: usize,
}

// SAFETY: a Gpu is used by one thread at a time (it is not Sync). Its handles of cuBLAS and cuDNN may move between
// threads as long as no two use one at once (cuDNN developer guide, "Thread Safety"), and every call binds the context
// first.
unsafe impl Send for Gpu {}

impl Gpu {
    /// How many GPUs there are.
    ///
    /// # Errors
    /// [`CudaError::Driver`] where the driver does not start.
    pub fn number_of_devices() -> Result<usize, CudaError> {
        candle_core::cuda_backend::cudarc::driver::result::init()?;
        Ok(CudaContext::device_count()?.max(0) as usize)
    }

    /// Opens a GPU by its number, with a stream of its own.
    ///
    /// # Errors
    /// [`CudaError::Open`] where there is no such GPU, or its driver or a library does not start.
    pub fn open(ordinal: usize, precision: Precision) -> Result<Self, CudaError> {
        let device = CudaDevice::new_with_stream(ordinal)
            .map_err(|error| CudaError::Open { ordinal, reason: error.to_string() })?;
        // SAFETY: every buffer of this Gpu is made, used and freed on its one stream, in the order of the calls, so
        // there is nothing for events between streams to order. Code that shares a buffer with another stream waits
        // where it matters. Events would also end a capture.
        unsafe { device.disable_event_tracking() };
        Self::of_device(device, precision)
    }

    /// Queues work on the stream of an existing candle device.
    ///
    /// # Errors
    /// [`CudaError::Driver`], [`CudaError::Blas`] or [`CudaError::Dnn`] where the kernels cannot be loaded or a library
    /// does not start.
    pub fn of_device(device: CudaDevice, precision: Precision) -> Result<Self, CudaError> {
        let stream = device.cuda_stream();
        let kernels = Kernels::of(stream.context())?;
        let blas = device.cublas_handle();
        let mut workspace = stream.alloc_zeros::<u8>(BLAS_WORKSPACE_BYTES)?;
        {
            let (pointer, _sync) = workspace.device_ptr_mut(&stream);
            // SAFETY: the handle lives, and the workspace of this many bytes lives as long as the Gpu that owns both.
            let status =
                unsafe { cublas::cublasSetWorkspace_v2(*blas.handle(), pointer as *mut _, BLAS_WORKSPACE_BYTES) };
            status.result()?;
        }
        let dnn = DnnHandle::new(&stream)?;
        let memory_format = precision.memory_format();
        let most_workspace_bytes = stream.context().total_mem()?.next_multiple_of(8 << 30) / WORKSPACE_PART;
        let plans = RefCell::default();
        Ok(Self {
            plans,
            dnn,
            blas,
            _blas_workspace: workspace,
            kernels,
            stream,
            device,
            precision,
            memory_format,
            most_workspace_bytes,
        })
    }

    /// Computes in this format in place of the precision's own, so that formats can be compared.
    pub fn with_memory_format(self, memory_format: MemoryFormat) -> Self {
        Self { memory_format, ..self }
    }

    /// The candle device, whose stream all work is queued on.
    pub fn device(&self) -> &CudaDevice {
        &self.device
    }

    /// The stream.
    pub fn stream(&self) -> &Arc<CudaStream> {
        &self.stream
    }

    /// The precision it computes in.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The format that networks compute in, where cuDNN supports it.
    pub fn memory_format(&self) -> MemoryFormat {
        self.memory_format
    }

    /// The plan of a convolution of tensors of `T`, made when it is asked for first.
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub(super) fn plan<T: CudnnDataType + 'static>(
        &self,
        geometry: Conv2dGeometry,
        batch: usize,
        format: MemoryFormat,
    ) -> Result<Arc<Plan>, CudaError> {
        let key = PlanKey { geometry, batch, format, storage: TypeId::of::<T>() };
        if let Some(known) = self.plans.borrow().get(&key) {
            return Ok(Arc::clone(known));
        }
        self.stream.context().bind_to_thread()?;
        let limits = Limits { precision: self.precision, workspace_bytes: self.most_workspace_bytes };
        let plan = Arc::new(Plan::new::<T>(&self.dnn, limits, key)?);
        self.plans.borrow_mut().insert(key, Arc::clone(&plan));
        Ok(plan)
    }

    pub(super) fn dnn(&self) -> &DnnHandle {
        &self.dnn
    }

    pub(super) fn blas(&self) -> cublas::cublasHandle_t {
        *self.blas.handle()
    }

    /// Model of the GPU, as `NVIDIA H200`.
    ///
    /// # Errors
    /// [`CudaError::Driver`].
    pub fn model(&self) -> Result<String, CudaError> {
        Ok(self.stream.context().name()?)
    }

    /// Backend, precision and version of the arithmetic, the model of the GPU, and the versions of the driver's
    /// interface, cuDNN and cuBLAS: everything that bits depend on.
    ///
    /// # Errors
    /// [`CudaError::Driver`] or [`CudaError::Blas`] where a version cannot be read.
    pub fn numerics(&self) -> Result<String, CudaError> {
        let mut driver = 0;
        // SAFETY: the pointer is to a number that lives across the call.
        unsafe { sys::cuDriverGetVersion(&mut driver) }.result()?;
        let mut blas = 0;
        // SAFETY: the handle lives, and the pointer is to a number that lives across the call.
        unsafe { cublas::cublasGetVersion_v2(self.blas(), &mut blas) }.result()?;
        let dnn = cudnn::result::get_version();
        let (precision, version) = (self.precision.name(), CUDA_NUMERICS_VERSION);
        Ok(format!("cuda-{precision}-{version} {} driver-{driver} cudnn-{dnn} cublas-{blas}", self.model()?))
    }

    /// Bytes free and bytes in all of the GPU's memory.
    ///
    /// # Errors
    /// [`CudaError::Driver`].
    pub fn memory(&self) -> Result<(usize, usize), CudaError> {
        self.stream.context().bind_to_thread()?;
        Ok(self.stream.context().mem_get_info()?)
    }

    /// A buffer of zeros.
    ///
    /// # Errors
    /// [`CudaError::OutOfMemory`].
    pub fn zeros<T: DeviceRepr + ValidAsZeroBits>(&self, length: usize) -> Result<CudaSlice<T>, CudaError> {
        // The driver refuses a buffer of length 0.
        Ok(self.stream.alloc_zeros(length.max(1))?)
    }

    /// A buffer with these values.
    ///
    /// # Errors
    /// [`CudaError::OutOfMemory`].
    pub fn upload<T: DeviceRepr>(&self, values: &[T]) -> Result<CudaSlice<T>, CudaError> {
        if values.is_empty() {
            // SAFETY: the buffer stands for an empty one, and its one element is never read.
            return Ok(unsafe { self.stream.alloc(1) }?);
        }
        Ok(self.stream.clone_htod(values)?)
    }

    /// Overwrites a buffer.
    ///
    /// # Errors
    /// [`CudaError::Driver`].
    pub fn write<T: DeviceRepr>(&self, values: &[T], buffer: &mut impl DevicePtrMut<T>) -> Result<(), CudaError> {
        if values.is_empty() { Ok(()) } else { Ok(self.stream.memcpy_htod(values, buffer)?) }
    }

    /// Waits for all work queued so far, and copies a buffer to the host.
    ///
    /// # Errors
    /// [`CudaError::Driver`], also for what went wrong in earlier work.
    pub fn read<T: DeviceRepr, D: HostSlice<T> + ?Sized>(
        &self,
        buffer: &impl DevicePtr<T>,
        values: &mut D,
    ) -> Result<(), CudaError> {
        self.stream.memcpy_dtoh(buffer, values)?;
        self.wait()
    }

    /// Waits for all work queued so far.
    ///
    /// # Errors
    /// [`CudaError::Driver`], also for what went wrong in earlier work.
    pub fn wait(&self) -> Result<(), CudaError> {
        Ok(self.stream.synchronize()?)
    }
}

/// Address of a tensor's first element, for calls that take bare addresses. It need not wait for anything: all work of
/// a Gpu is on one stream.
pub(super) fn pointer<T>(gpu: &Gpu, tensor: &CudaView<'_, T>) -> sys::CUdeviceptr {
    tensor.device_ptr(gpu.stream()).0
}

/// As [`pointer`], for a tensor that is written.
pub(super) fn pointer_mut<T>(gpu: &Gpu, tensor: &mut CudaViewMut<'_, T>) -> sys::CUdeviceptr {
    tensor.device_ptr_mut(gpu.stream()).0
}
