//! Every operation against the CPU's. What needs a GPU is skipped, with a message, where there is none.

mod activations;
mod products;
mod training;

use super::*;
use crate::driver::number_of_gpus;
use crate::fixture::normal;

/// The norm-wise error allowed in single precision, relative: what the project promises of a GPU.
const STRICT: f64 = 1e-4;
/// In bfloat16, whose numbers have 8 bits.
const HALF: f64 = 2e-2;

/// A GPU of this precision, if the machine has one.
fn gpu(precision: Precision) -> Option<Gpu> {
    match number_of_gpus() {
        Ok(_) => Some(Gpu::open(0, precision).unwrap()),
        Err(reason) => {
            eprintln!("skipped: {reason}");
            None
        }
    }
}

#[track_caller]
fn assert_near(what: &str, actual: &[f32], expected: &[f32], tolerance: f64) {
    assert_eq!(actual.len(), expected.len(), "{what}: lengths");
    let square = |sum: f64, x: f64| sum + x * x;
    let norm = expected.iter().map(|&x| f64::from(x)).fold(0.0, square).sqrt();
    let difference = actual.iter().zip(expected).map(|(&a, &e)| f64::from(a) - f64::from(e)).fold(0.0, square).sqrt();
    assert!(difference <= tolerance * norm, "{what}: off by {:e} of its norm", difference / norm);
}

fn download(gpu: &Gpu, tensor: &CudaSlice<f32>) -> Vec<f32> {
    let mut values = vec![f32::NAN; tensor.len()];
    gpu.read(tensor, &mut values).unwrap();
    values
}

/// Tensors of one type of storage on the GPU, and their values as that type holds them.
trait Stored: Storage {
    fn of(values: &[f32]) -> Vec<Self>;
}

impl Stored for f32 {
    fn of(values: &[f32]) -> Vec<f32> {
        values.to_vec()
    }
}

impl Stored for bf16 {
    fn of(values: &[f32]) -> Vec<bf16> {
        values.iter().map(|&value| bf16::from_f32(value)).collect()
    }
}

/// A tensor's values, with channels first.
fn widened<T: Stored>(gpu: &Gpu, tensor: &CudaSlice<T>, features: Features) -> Vec<f32> {
    let mut wide = gpu.zeros(tensor.len()).unwrap();
    widen(gpu, &tensor.as_view(), &mut wide.as_view_mut(), features).unwrap();
    download(gpu, &wide)
}

const FORMATS: [MemoryFormat; 2] = [MemoryFormat::ChannelsFirst, MemoryFormat::ChannelsLast];

/// Values `(N, C, P)` as they lie in these features' format.
fn laid_out(values: &[f32], features: Features) -> Vec<f32> {
    if !features.is_channels_last() {
        return values.to_vec();
    }
    let Features { channels, positions, .. } = features;
    let example = |values: &[f32]| -> Vec<f32> {
        (0..positions)
            .flat_map(|p| (0..channels).map(move |c| (c, p)))
            .map(|(c, p)| values[c * positions + p])
            .collect()
    };
    values.chunks_exact(features.count()).flat_map(example).collect()
}

/// A tensor of these values `(N, C, P)`.
fn stored<T: Stored>(gpu: &Gpu, values: &[f32], features: Features) -> CudaSlice<T> {
    gpu.upload(&T::of(&laid_out(values, features))).unwrap()
}

/// The bias's gradient, after ReLU's where there is a `y`.
fn gradient_of_bias<T: Stored>(
    gpu: &Gpu,
    y: Option<&CudaSlice<T>>,
    dy: &mut CudaSlice<T>,
    features: Features,
) -> Vec<f32> {
    let mut db: CudaSlice<T> = gpu.zeros(features.channels).unwrap();
    let mut sums = gpu.zeros(bias_gradient_scratch(features, dy.len() / features.count())).unwrap();
    let (mut of_bias, mut sums) = (db.as_view_mut(), sums.as_view_mut());
    match y {
        None => bias_gradient(gpu, &dy.as_view(), &mut of_bias, features, &mut sums).unwrap(),
        Some(y) => {
            let (y, mut dy) = (y.as_view(), dy.as_view_mut());
            relu_and_bias_gradient(gpu, &y, &mut dy, &mut of_bias, features, &mut sums).unwrap();
        }
    }
    widened(gpu, &db, Features::flat(features.channels))
}

/// What the CPU is given: the values that the storage holds.
fn rounded(precision: Precision, values: Vec<f32>) -> Vec<f32> {
    match precision {
        Precision::Bf16 => values.into_iter().map(|value| bf16::from_f32(value).to_f32()).collect(),
        Precision::Fp32 | Precision::Tf32 => values,
    }
}

#[test]
fn a_captured_step_does_what_was_queued_each_time_it_is_launched() {
    let Some(gpu) = gpu(Precision::Fp32) else { return };
    let mut state = gpu.upload(&[State::BEGIN]).unwrap();
    let mut points = gpu.zeros(3).unwrap();
    let graph = Graph::capture(&gpu, || end_step(&gpu, &mut state, &mut points, 8, (1, 3))).unwrap().unwrap();
    let step = |state: &CudaSlice<State>| {
        let mut found = [State::BEGIN];
        gpu.read(state, &mut found).unwrap();
        (found[0].step, found[0].position)
    };
    assert_eq!(step(&state), (0, 0), "nothing is done while it is captured");
    for launch in 1..=3 {
        graph.launch().unwrap();
        assert_eq!(step(&state), (launch, 8 * launch as u32));
    }
}

#[test]
fn memory_that_is_used_up_is_told_as_that() {
    let Some(gpu) = gpu(Precision::Fp32) else { return };
    let (_, total) = gpu.memory().unwrap();
    let refused = gpu.zeros::<f32>(total);
    assert!(matches!(refused, Err(CudaError::OutOfMemory)), "four times the memory there is");
    assert!(gpu.zeros::<f32>(10).is_ok(), "and it goes on");
}

#[test]
fn the_numerics_name_precision_gpu_and_libraries() {
    let Some(gpu) = gpu(Precision::Tf32) else { return };
    let numerics = gpu.numerics().unwrap();
    assert!(numerics.starts_with(&format!("cuda-tf32-{CUDA_NUMERICS_VERSION} {}", gpu.model().unwrap())), "{numerics}");
    for part in ["driver-", "cudnn-", "cublas-"] {
        assert!(numerics.contains(part), "{numerics}");
    }
}

#[test]
fn a_gpu_that_does_not_exist_is_refused() {
    if gpu(Precision::Fp32).is_some() {
        assert!(matches!(Gpu::open(99, Precision::Fp32), Err(CudaError::Open { ordinal: 99, .. })));
    }
}
