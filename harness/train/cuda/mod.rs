//! Training and evaluation on NVIDIA GPUs.

mod batches;
mod evaluation;
mod layout;
mod memory;
mod network;
mod resident;
mod trainer;

use super::{Backend, Setup, Span, TrainError, Training};
use crate::data::Inputs;
use crate::model::Parameters;
use layout::ParameterLayout;
use nt_kernels::cross_entropy::CrossEntropyError;
use nt_kernels::cuda::{CudaError, Gpu, MemoryFormat, Precision, bf16};
use nt_scenario::network::NetworkShape;
use resident::{Examples, Resident};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// One part in this many of a GPU's memory is for examples that stay between jobs. The rest is for networks.
const RESIDENT_PART: usize = 4;

/// One GPU's stream of work, for one job at a time.
struct Engine {
    gpu: Gpu,
    /// What all streams of its GPU share.
    resident: Arc<Mutex<Resident>>,
}

/// GPUs, each with several streams of work, so that small networks fill it.
pub struct CudaBackend {
    idle: Mutex<Vec<Engine>>,
    returned: Condvar,
    numerics: String,
    device: String,
    precision: Precision,
    /// Bytes of memory that are free on each GPU once the libraries are loaded. `jobs_a_gpu` jobs share them.
    free_bytes: usize,
    jobs_a_gpu: usize,
}

impl CudaBackend {
    /// Opens the GPUs with these numbers for `jobs` jobs at a time, which are spread over them.
    ///
    /// # Errors
    /// [`CudaError::Open`] where there is no such GPU, or its driver or a library does not start;
    /// [`CudaError::Mixed`] where the GPUs would not give the same bits.
    pub fn open(ordinals: &[u32], jobs: usize, precision: nt_scenario::Precision) -> Result<Self, CudaError> {
        Self::open_in_format(ordinals, jobs, precision, None)
    }

    /// As [`CudaBackend::open`], with activations in this format in place of the precision's own, so that formats can
    /// be compared.
    ///
    /// # Errors
    /// As [`CudaBackend::open`].
    pub fn open_in_format(
        ordinals: &[u32],
        jobs: usize,
        precision: nt_scenario::Precision,
        format: Option<MemoryFormat>,
    ) -> Result<Self, CudaError> {
        let precision = match precision {
            nt_scenario::Precision::Fp32 => Precision::Fp32,
            nt_scenario::Precision::Tf32 => Precision::Tf32,
            nt_scenario::Precision::Bf16 => Precision::Bf16,
        };
        let ordinals: Vec<usize> = ordinals.iter().map(|&ordinal| ordinal as usize).collect();
        check_exist(&ordinals)?;
        let streams_a_gpu = jobs.max(1).div_ceil(ordinals.len().max(1));
        let (mut engines, mut free_bytes) = (Vec::new(), usize::MAX);
        let mut residents: BTreeMap<usize, Arc<Mutex<Resident>>> = BTreeMap::new();
        let (mut numerics, mut model) = (None, String::new());
        for _ in 0..streams_a_gpu {
            for &ordinal in &ordinals {
                let gpu = Gpu::open(ordinal, precision)?;
                let gpu = match format {
                    Some(format) => gpu.with_memory_format(format),
                    None => gpu,
                };
                let of_this = gpu.numerics()?;
                let first: &String = numerics.get_or_insert_with(|| of_this.clone());
                if *first != of_this {
                    return Err(CudaError::Mixed { first: first.clone(), second: of_this });
                }
                model = gpu.model()?;
                let resident = match residents.entry(ordinal) {
                    Entry::Occupied(known) => Arc::clone(known.get()),
                    Entry::Vacant(place) => {
                        let free = gpu.memory()?.0.saturating_sub(memory::LIBRARIES);
                        free_bytes = free_bytes.min(free);
                        let resident = Resident::new(Gpu::open(ordinal, precision)?, free / RESIDENT_PART);
                        Arc::clone(place.insert(Arc::new(Mutex::new(resident))))
                    }
                };
                engines.push(Engine { gpu, resident });
            }
        }
        // The first job goes to the first GPU.
        engines.reverse();
        let names: Vec<String> = ordinals.iter().map(|ordinal| format!("cuda:{ordinal}")).collect();
        let device = format!("{} ({model})", names.join(","));
        Ok(Self {
            idle: Mutex::new(engines),
            returned: Condvar::new(),
            numerics: numerics.unwrap_or_default(),
            device,
            precision,
            free_bytes,
            jobs_a_gpu: streams_a_gpu,
        })
    }

    /// Does `work` with an engine that no other thread uses meanwhile.
    fn with_engine<R>(&self, work: impl FnOnce(&mut Engine) -> Result<R, TrainError>) -> Result<R, TrainError> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let mut engine = loop {
            match idle.pop() {
                Some(engine) => break engine,
                None => idle = self.returned.wait(idle).unwrap_or_else(PoisonError::into_inner),
            }
        };
        drop(idle);
        let result = work(&mut engine);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(engine);
        self.returned.notify_one();
        result
    }
}

/// Refuses GPUs that do not exist.
fn check_exist(ordinals: &[usize]) -> Result<(), CudaError> {
    let found = Gpu::number_of_devices()?;
    match ordinals.iter().find(|&&ordinal| ordinal >= found) {
        None => Ok(()),
        Some(&ordinal) => {
            let reason = match found {
                0 => "there is no GPU".to_owned(),
                1 => "there is 1 GPU, cuda:0".to_owned(),
                _ => format!("there are {found} GPUs, cuda:0 to cuda:{}", found.saturating_sub(1)),
            };
            Err(CudaError::Open { ordinal, reason })
        }
    }
}

impl Backend for CudaBackend {
    fn numerics(&self, _: &NetworkShape) -> String {
        self.numerics.clone()
    }

    fn device(&self) -> String {
        self.device.clone()
    }

    fn check(&self, shape: &NetworkShape, batch: usize, images: usize) -> Result<(), TrainError> {
        if let Some(pool) = shape.layers.iter().find_map(|layer| layer.average_pool) {
            return Err(TrainError::AveragePool { side: pool.side, out_side: pool.out_side });
        }
        let for_network = (self.free_bytes - self.free_bytes / RESIDENT_PART) / self.jobs_a_gpu;
        let of_network = self.with_engine(|Engine { gpu, .. }| {
            memory::check(shape, batch, self.precision, for_network, |batch| match self.precision {
                Precision::Fp32 | Precision::Tf32 => network::scratch_bytes::<f32>(gpu, shape, batch),
                Precision::Bf16 => network::scratch_bytes::<bf16>(gpu, shape, batch),
            })
        })?;
        // Two jobs may train on two sets: those of two replicates.
        let beside_network = (self.free_bytes / self.jobs_a_gpu).saturating_sub(of_network);
        Ok(memory::check_images(shape, images, beside_network)?)
    }

    fn train(&self, setup: &Setup<'_>, parameters: Parameters, examples: Inputs<'_>) -> Result<Training, TrainError> {
        let classes = setup.shape.num_classes;
        let labels = examples.one_class()?;
        if let Some(image) = labels.iter().position(|&label| label as usize >= classes) {
            let label = labels[image];
            return Err(CrossEntropyError::LabelOutOfRange { image, label, classes }.into());
        }
        let watch = setup.watch(labels);
        self.with_engine(|engine| {
            engine.run(examples, |engine, examples| match self.precision {
                Precision::Fp32 | Precision::Tf32 => engine.train::<f32>(setup, parameters, examples, watch),
                Precision::Bf16 => engine.train::<bf16>(setup, parameters, examples, watch),
            })
        })
    }

    fn outputs(
        &self,
        shape: &NetworkShape,
        span: Span,
        parameters: &Parameters,
        examples: Inputs<'_>,
    ) -> Result<Vec<f32>, TrainError> {
        if examples.is_empty() {
            return Ok(Vec::new());
        }
        self.with_engine(|engine| {
            engine.run(examples, |engine, examples| match self.precision {
                Precision::Fp32 | Precision::Tf32 => engine.outputs::<f32>(shape, span, parameters, examples),
                Precision::Bf16 => engine.outputs::<bf16>(shape, span, parameters, examples),
            })
        })
    }
}

impl Engine {
    fn run<R>(
        &mut self,
        inputs: Inputs<'_>,
        work: impl FnOnce(&mut Self, Arc<Examples>) -> Result<R, TrainError>,
    ) -> Result<R, TrainError> {
        // Other streams wait while a set is sent: they are likely to need the same one.
        let examples = self.resident().get(inputs)?;
        let result = work(self, Arc::clone(&examples));
        if result.is_err() {
            // Queued work may still read the examples, and another thread may free them. So wait; if that fails the GPU
            // is lost anyway.
            let _ = self.gpu.wait();
        }
        if let Err(TrainError::Cuda(CudaError::OutOfMemory)) = result {
            self.resident().clear();
        }
        result
    }

    fn resident(&self) -> MutexGuard<'_, Resident> {
        self.resident.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
