//! The operations on tensors that lie on a GPU: values and gradients by [`crate::cuda`], in single precision, queued on the
//! stream of the tensors' device.

#[cfg(test)]
mod tests;

use super::OperandError;
use crate::conv2d::{Conv2d, Conv2dGeometry};
use crate::cuda::{
    self, Chosen, Convolution, CrossEntropy, CudaError, CudaSlice, CudaView, Features, FullyConnected, Gpu,
    MemoryFormat, Pool, Precision, ResponseNorm, State,
};
use crate::dropout::Dropout;
use crate::linear::Linear;
use crate::local_response_norm::LocalResponseNorm;
use crate::max_pool2d::MaxPool2d;
use crate::philox::Stream;
use candle_core::op::BackpropOp;
use candle_core::{CudaDevice, CudaStorage, Error, Layout, Result, Shape, Storage, Tensor};
use std::sync::{Mutex, PoisonError};

/// What is made once for a device and kept while the program runs: libraries, kernels and cuDNN's plans.
struct Opened {
    device: CudaDevice,
    gpu: Gpu,
}

/// As candle lays out its tensors.
const FORMAT: MemoryFormat = MemoryFormat::ChannelsFirst;

static OPENED: Mutex<Vec<Opened>> = Mutex::new(Vec::new());

impl Opened {
    /// Queues `work` on a device's stream.
    fn with<R>(device: &CudaDevice, work: impl FnOnce(&mut Self) -> std::result::Result<R, CudaError>) -> Result<R> {
        let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
        let at = match opened.iter().position(|opened| opened.device.id() == device.id()) {
            Some(at) => at,
            None => {
                let gpu = Gpu::of_device(device.clone(), Precision::Fp32).map_err(Error::wrap)?;
                opened.push(Self { device: device.clone(), gpu });
                opened.len() - 1
            }
        };
        work(&mut opened[at]).map_err(Error::wrap)
    }

    /// The plan of a convolution, with scratch memory for it.
    fn plan(
        &self,
        geometry: Conv2dGeometry,
        batch: usize,
    ) -> std::result::Result<(&Gpu, Convolution<f32>, CudaSlice<u8>), CudaError> {
        let plan = Convolution::new(&self.gpu, geometry, batch, FORMAT)?;
        let workspace = self.gpu.zeros(plan.workspace_bytes())?;
        Ok((&self.gpu, plan, workspace))
    }
}

/// A contiguous operand.
#[derive(Clone, Copy)]
pub(super) struct Operand<'a> {
    operation: &'static str,
    storage: &'a CudaStorage,
    layout: &'a Layout,
}

impl<'a> Operand<'a> {
    pub(super) fn new(operation: &'static str, storage: &'a CudaStorage, layout: &'a Layout) -> Self {
        Self { operation, storage, layout }
    }

    fn of(operation: &'static str, storage: &'a Storage, layout: &'a Layout) -> Result<Self> {
        let Storage::Cuda(storage) = storage else {
            return Err(Error::wrap(OperandError::OnAnotherDevice { operation }));
        };
        Ok(Self::new(operation, storage, layout))
    }

    fn view(self) -> Result<CudaView<'a, f32>> {
        let (start, end) = self
            .layout
            .contiguous_offsets()
            .ok_or_else(|| Error::wrap(OperandError::NotContiguous { operation: self.operation }))?;
        Ok(self.storage.as_cuda_slice::<f32>()?.slice(start..end))
    }

    fn batch(self) -> usize {
        self.layout.dims().first().copied().unwrap_or(1)
    }
}

type Forward = Result<(CudaStorage, Shape)>;

fn stored(device: &CudaDevice, y: CudaSlice<f32>, shape: impl Into<Shape>) -> Forward {
    Ok((CudaStorage::wrap_cuda_slice(y, device.clone()), shape.into()))
}

fn tensor(device: &CudaDevice, values: CudaSlice<f32>, shape: &Shape) -> Tensor {
    let storage = Storage::Cuda(CudaStorage::wrap_cuda_slice(values, device.clone()));
    Tensor::from_storage(storage, shape.clone(), BackpropOp::none(), false)
}

/// `work` on the elements of some tensors of one device.
fn on_elements<const N: usize, R>(
    operation: &'static str,
    tensors: [&Tensor; N],
    work: impl FnOnce(&mut Opened, [CudaView<'_, f32>; N]) -> std::result::Result<R, CudaError>,
) -> Result<R> {
    let tensors = tensors.map(Tensor::contiguous);
    let mut contiguous = Vec::with_capacity(N);
    for tensor in tensors {
        contiguous.push(tensor?);
    }
    let locked: Vec<_> = contiguous.iter().map(Tensor::storage_and_layout).collect();
    let mut views = Vec::with_capacity(N);
    for (storage, layout) in &locked {
        views.push(Operand::of(operation, storage, layout)?.view()?);
    }
    let views = <[_; N]>::try_from(views).map_err(|_| Error::wrap(OperandError::OnAnotherDevice { operation }))?;
    let device = contiguous.first().map(Tensor::device);
    let device = device.ok_or_else(|| Error::wrap(OperandError::OnAnotherDevice { operation }))?;
    Opened::with(device.as_cuda_device()?, |opened| work(opened, views))
}

/// As the operation's `cpu_fwd`.
pub(super) fn conv2d(op: &Conv2d, x: Operand<'_>, weight: Operand<'_>, bias: Operand<'_>) -> Forward {
    let (geometry, batch, device) = (*op.geometry(), x.batch(), x.storage.device.clone());
    let (x, weight, bias) = (x.view()?, weight.view()?, bias.view()?);
    let y = Opened::with(&device, |opened| {
        let (gpu, plan, mut workspace) = opened.plan(geometry, batch)?;
        let mut y = gpu.zeros(batch * geometry.out_features())?;
        plan.forward(gpu, &x, &weight, &mut y.as_view_mut(), &mut workspace.as_view_mut())?;
        cuda::add_bias(gpu, &mut y.as_view_mut(), &bias, outputs(geometry), false)?;
        Ok(y)
    })?;
    stored(&device, y, (batch, geometry.out_channels, geometry.out_height(), geometry.out_width()))
}

/// The features of a convolution's output.
fn outputs(geometry: Conv2dGeometry) -> Features {
    let positions = geometry.out_height() * geometry.out_width();
    Features { channels: geometry.out_channels, positions, format: FORMAT }
}

fn bias_gradient(
    gpu: &Gpu,
    dy: &CudaView<'_, f32>,
    features: Features,
) -> std::result::Result<CudaSlice<f32>, CudaError> {
    let mut sums = gpu.zeros(cuda::bias_gradient_scratch(features, dy.len() / features.count()))?;
    let mut db = gpu.zeros(features.channels)?;
    cuda::bias_gradient(gpu, dy, &mut db.as_view_mut(), features, &mut sums.as_view_mut())?;
    Ok(db)
}

type Gradients = (Option<Tensor>, Option<Tensor>, Option<Tensor>);

/// Gradients shaped like their operands.
fn of_operands(values: [Option<CudaSlice<f32>>; 3], operands: [&Tensor; 3]) -> Result<Gradients> {
    let device = operands[0].device().as_cuda_device()?;
    let [x, weight, bias] = values;
    let of = |values: Option<_>, index: usize| values.map(|values| tensor(device, values, operands[index].shape()));
    Ok((of(x, 0), of(weight, 1), of(bias, 2)))
}

/// As the operation's `bwd`.
pub(super) fn conv2d_gradients(
    operation: &'static str,
    op: &Conv2d,
    [x, weight, bias]: [&Tensor; 3],
    dy: &Tensor,
) -> Result<Gradients> {
    let (geometry, batch) = (*op.geometry(), x.dim(0)?);
    let wanted = [x, weight, bias].map(Tensor::track_op);
    let values = on_elements(operation, [x, weight, dy], |opened, [x, weight, dy]| {
        let (gpu, plan, mut workspace) = opened.plan(geometry, batch)?;
        let mut gradients = [None, None, None];
        if wanted[0] {
            let mut dx = gpu.zeros(x.len())?;
            plan.input_gradient(gpu, &dy, &weight, &mut dx.as_view_mut(), &mut workspace.as_view_mut())?;
            gradients[0] = Some(dx);
        }
        if wanted[1] {
            let mut dweight = gpu.zeros(weight.len())?;
            plan.weight_gradient(gpu, &x, &dy, &mut dweight.as_view_mut(), &mut workspace.as_view_mut())?;
            gradients[1] = Some(dweight);
        }
        if wanted[2] {
            gradients[2] = Some(bias_gradient(gpu, &dy, outputs(geometry))?);
        }
        Ok(gradients)
    })?;
    of_operands(values, [x, weight, bias])
}

/// As the operation's `cpu_fwd`.
pub(super) fn linear(op: Linear, x: Operand<'_>, weight: Operand<'_>, bias: Operand<'_>) -> Forward {
    let (batch, device) = (x.batch(), x.storage.device.clone());
    let (x, weight, bias) = (x.view()?, weight.view()?, bias.view()?);
    let y = Opened::with(&device, |Opened { gpu, .. }| {
        let mut y = gpu.zeros(batch * op.out_features)?;
        FullyConnected::new(op).forward(gpu, &x, &weight, &mut y.as_view_mut())?;
        cuda::add_bias(gpu, &mut y.as_view_mut(), &bias, Features::flat(op.out_features), false)?;
        Ok(y)
    })?;
    stored(&device, y, (batch, op.out_features))
}

/// As the operation's `bwd`.
pub(super) fn linear_gradients(
    operation: &'static str,
    op: Linear,
    [x, weight, bias]: [&Tensor; 3],
    dy: &Tensor,
) -> Result<Gradients> {
    let wanted = [x, weight, bias].map(Tensor::track_op);
    let values = on_elements(operation, [x, weight, dy], |Opened { gpu, .. }, [x, weight, dy]| {
        let (layer, mut gradients) = (FullyConnected::new(op), [None, None, None]);
        if wanted[0] {
            let mut dx = gpu.zeros(x.len())?;
            layer.input_gradient(gpu, &dy, &weight, &mut dx.as_view_mut())?;
            gradients[0] = Some(dx);
        }
        if wanted[1] {
            let mut dweight = gpu.zeros(weight.len())?;
            layer.weight_gradient(gpu, &x, &dy, &mut dweight.as_view_mut())?;
            gradients[1] = Some(dweight);
        }
        if wanted[2] {
            gradients[2] = Some(bias_gradient(gpu, &dy, Features::flat(op.out_features))?);
        }
        Ok(gradients)
    })?;
    of_operands(values, [x, weight, bias])
}

/// As the operation's `cpu_fwd`.
pub(super) fn relu(x: Operand<'_>) -> Forward {
    let (shape, device) = (x.layout.shape().clone(), x.storage.device.clone());
    let x = x.view()?;
    let y = Opened::with(&device, |Opened { gpu, .. }| {
        let (mut y, nothing) = (gpu.zeros(x.len())?, gpu.zeros(1)?);
        gpu.stream().memcpy_dtod(&x, &mut y)?;
        let one_channel = Features { channels: 1, positions: y.len(), format: FORMAT };
        cuda::add_bias(gpu, &mut y.as_view_mut(), &nothing.as_view(), one_channel, true)?;
        Ok(y)
    })?;
    stored(&device, y, shape)
}

/// As the operation's `bwd`.
pub(super) fn relu_gradient(operation: &'static str, y: &Tensor, dy: &Tensor) -> Result<Tensor> {
    let dx = on_elements(operation, [y, dy], |Opened { gpu, .. }, [y, dy]| {
        let mut dx = gpu.zeros(dy.len())?;
        gpu.stream().memcpy_dtod(&dy, &mut dx)?;
        cuda::relu_gradient(gpu, &y, &mut dx.as_view_mut())?;
        Ok(dx)
    })?;
    Ok(tensor(y.device().as_cuda_device()?, dx, y.shape()))
}

/// As the operation's `cpu_fwd`.
pub(super) fn dropout(at: (Dropout, Stream, u64), x: Operand<'_>) -> Forward {
    let (shape, batch, device) = (x.layout.shape().clone(), x.batch(), x.storage.device.clone());
    let x = x.view()?;
    let y = Opened::with(&device, |Opened { gpu, .. }| dropped(gpu, at, &x, batch))?;
    stored(&device, y, shape)
}

/// As the operation's `bwd`.
pub(super) fn dropout_gradient(operation: &'static str, at: (Dropout, Stream, u64), dy: &Tensor) -> Result<Tensor> {
    let batch = dy.dim(0)?;
    let dx = on_elements(operation, [dy], |Opened { gpu, .. }, [dy]| dropped(gpu, at, &dy, batch))?;
    Ok(tensor(dy.device().as_cuda_device()?, dx, dy.shape()))
}

fn dropped(
    gpu: &Gpu,
    (op, stream, step): (Dropout, Stream, u64),
    x: &CudaView<'_, f32>,
    batch: usize,
) -> std::result::Result<CudaSlice<f32>, CudaError> {
    let mut y = gpu.zeros(x.len())?;
    let state = gpu.upload(&[State { step, ..State::BEGIN }])?;
    cuda::dropout(gpu, (op, stream), &state, Some(x), &mut y.as_view_mut(), Features::flat(x.len() / batch))?;
    Ok(y)
}

/// As the operation's `cpu_fwd`.
pub(super) fn max_pool2d(op: MaxPool2d, x: Operand<'_>) -> Forward {
    let (batch, device) = (x.batch(), x.storage.device.clone());
    let x = x.view()?;
    let y = Opened::with(&device, |Opened { gpu, .. }| Ok(pooled(gpu, op, &x, batch)?.0))?;
    stored(&device, y, (batch, op.channels, op.out_height(), op.out_width()))
}

/// As the operation's `bwd`. The largest tap of each window is found again, so that nothing needs to be kept in
/// between.
pub(super) fn max_pool2d_gradient(operation: &'static str, op: MaxPool2d, x: &Tensor, dy: &Tensor) -> Result<Tensor> {
    let batch = x.dim(0)?;
    let dx = on_elements(operation, [x, dy], |Opened { gpu, .. }, [x, dy]| {
        let (_, taps) = pooled(gpu, op, &x, batch)?;
        let mut dx = gpu.zeros(x.len())?;
        Pool::new(op, FORMAT).input_gradient(gpu, &dy, &taps.as_view(), &mut dx.as_view_mut())?;
        Ok(dx)
    })?;
    Ok(tensor(x.device().as_cuda_device()?, dx, x.shape()))
}

/// The largest of each window, and which of its taps it was.
fn pooled(
    gpu: &Gpu,
    op: MaxPool2d,
    x: &CudaView<'_, f32>,
    batch: usize,
) -> std::result::Result<(CudaSlice<f32>, CudaSlice<u8>), CudaError> {
    let (mut y, mut taps) = (gpu.zeros(batch * op.out_features())?, gpu.zeros(batch * op.out_features())?);
    Pool::new(op, FORMAT).forward(gpu, x, &mut y.as_view_mut(), &mut taps.as_view_mut())?;
    Ok((y, taps))
}

/// As the operation's `cpu_fwd`.
pub(super) fn local_response_norm(op: LocalResponseNorm, x: Operand<'_>) -> Forward {
    let (shape, device) = (x.layout.shape().clone(), x.storage.device.clone());
    let (_, channels, height, width) = shape.dims4()?;
    let x = x.view()?;
    let norm = ResponseNorm::new(op, Features { channels, positions: height * width, format: FORMAT });
    let y = Opened::with(&device, |Opened { gpu, .. }| Ok(normalised(gpu, norm, &x)?.0))?;
    stored(&device, y, shape)
}

/// As the operation's `bwd`. The denominators are computed again, so that nothing needs to be kept in between.
pub(super) fn local_response_norm_gradient(
    operation: &'static str,
    op: LocalResponseNorm,
    x: &Tensor,
    dy: &Tensor,
) -> Result<Tensor> {
    let (_, channels, height, width) = x.dims4()?;
    let norm = ResponseNorm::new(op, Features { channels, positions: height * width, format: FORMAT });
    let dx = on_elements(operation, [x, dy], |Opened { gpu, .. }, [x, dy]| {
        let (y, scale) = normalised(gpu, norm, &x)?;
        let mut dx = gpu.zeros(x.len())?;
        norm.input_gradient(gpu, (&x, &y.as_view(), &scale.as_view()), &dy, &mut dx.as_view_mut())?;
        Ok(dx)
    })?;
    Ok(tensor(x.device().as_cuda_device()?, dx, x.shape()))
}

/// The normalised elements, and the base of the power that each was divided by.
fn normalised(
    gpu: &Gpu,
    norm: ResponseNorm,
    x: &CudaView<'_, f32>,
) -> std::result::Result<(CudaSlice<f32>, CudaSlice<f32>), CudaError> {
    let (mut y, mut scale) = (gpu.zeros(x.len())?, gpu.zeros(x.len())?);
    norm.forward(gpu, x, &mut y.as_view_mut(), &mut scale.as_view_mut())?;
    Ok((y, scale))
}

/// As the operation's `cpu_fwd`; the labels have been checked.
pub(super) fn cross_entropy(labels: &[u32], logits: Operand<'_>) -> Forward {
    let device = logits.storage.device.clone();
    let logits = logits.view()?;
    let mean = Opened::with(&device, |Opened { gpu, .. }| {
        let (outcome, _) = log_loss_and_gradient(gpu, labels, &logits)?;
        let mut log_loss = vec![0.0; labels.len()];
        gpu.read(&outcome.log_loss, &mut log_loss)?;
        gpu.upload(&[(log_loss.iter().sum::<f64>() / labels.len() as f64) as f32])
    })?;
    stored(&device, mean, ())
}

/// The gradient of the mean with respect to the logits.
pub(super) fn cross_entropy_gradient(operation: &'static str, labels: &[u32], logits: &Tensor) -> Result<Tensor> {
    let dlogits = on_elements(operation, [logits], |Opened { gpu, .. }, [logits]| {
        Ok(log_loss_and_gradient(gpu, labels, &logits)?.1)
    })?;
    Ok(tensor(logits.device().as_cuda_device()?, dlogits, logits.shape()))
}

fn log_loss_and_gradient(
    gpu: &Gpu,
    labels: &[u32],
    logits: &CudaView<'_, f32>,
) -> std::result::Result<(CrossEntropy, CudaSlice<f32>), CudaError> {
    let order: Vec<u32> = (0..labels.len() as u32).collect();
    let (order, labels_there, state) = (gpu.upload(&order)?, gpu.upload(labels)?, gpu.upload(&[State::BEGIN])?);
    let (mut outcome, mut dlogits) = (CrossEntropy::new(gpu, labels.len())?, gpu.zeros(logits.len())?);
    let chosen = Chosen { order: &order, state: &state };
    let classes = logits.len() / labels.len();
    cuda::cross_entropy(gpu, logits, &labels_there, chosen, &mut outcome, &mut dlogits.as_view_mut(), classes)?;
    Ok((outcome, dlogits))
}
