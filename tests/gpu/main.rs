//! Trainings and studies on a GPU against the CPU's. What needs a GPU is skipped, with a message, where there is none:
//! `just test-gpu`. Without one, `just test-gpu stand-in` runs the kernels on the processor.
#![cfg(feature = "cuda")]
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod studies;
#[path = "../support/mod.rs"]
mod support;
mod trainings;

use negative_transfer::train::Backend;
use negative_transfer::train::cuda::CudaBackend;
use nt_kernels::cuda::MemoryFormat;
use nt_kernels::driver::number_of_gpus;
use nt_scenario::Precision;

/// A GPU, or `None` with a message.
fn gpu(precision: Precision, jobs: usize) -> Option<CudaBackend> {
    gpu_in(None, precision, jobs)
}

/// The same, for one layout of images in memory.
fn gpu_in(format: Option<MemoryFormat>, precision: Precision, jobs: usize) -> Option<CudaBackend> {
    match number_of_gpus() {
        Ok(_) => Some(CudaBackend::open_in_format(&[0], jobs, precision, format).unwrap()),
        Err(reason) => {
            eprintln!("skipped: {reason}");
            None
        }
    }
}

/// Whether the stand-in is tested, which can be made to fail on purpose. If not, it prints why a real GPU cannot serve.
fn is_stand_in(why_not: &str) -> bool {
    let is_stand_in = gpu(Precision::Fp32, 1).is_some_and(|gpu| gpu.device().contains("stand-in"));
    if !is_stand_in {
        eprintln!("skipped: {why_not}");
    }
    is_stand_in
}
