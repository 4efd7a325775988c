//! The device that networks are trained on.

use super::Failure;
use crate::train::{Backend, Cpu};
use nt_scenario::{Precision, Scenario};
use std::str::FromStr;
use std::sync::Arc;

/// Where networks are trained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Device {
    /// The processor.
    Cpu,
    /// NVIDIA GPUs by their numbers, each once.
    Cuda(Vec<u32>),
}

impl FromStr for Device {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let one = |name: &str| match name {
            "cuda" => Some(0),
            _ => name.strip_prefix("cuda:").and_then(|number| number.parse().ok()),
        };
        match text {
            "cpu" => Ok(Self::Cpu),
            _ => {
                let numbers: Option<Vec<u32>> = text.split(',').map(one).collect();
                let is_once = |numbers: &Vec<u32>| (1..numbers.len()).all(|i| !numbers[..i].contains(&numbers[i]));
                numbers.filter(is_once).map(Self::Cuda).ok_or_else(|| {
                    "give cpu, cuda, cuda:N (N is the number of a GPU), or several GPUs as cuda:0,cuda:1".to_owned()
                })
            }
        }
    }
}

impl std::fmt::Display for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(numbers) => {
                let names: Vec<String> = numbers.iter().map(|number| format!("cuda:{number}")).collect();
                f.write_str(&names.join(","))
            }
        }
    }
}

impl Device {
    /// The number of devices, which is the least number of jobs at a time.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Cpu => 1,
            Self::Cuda(numbers) => numbers.len(),
        }
    }

    /// Opens the device for a scenario and this number of jobs at a time.
    ///
    /// # Errors
    /// What is missing, and what to do.
    pub(super) fn open(&self, scenario: &Scenario, jobs: usize) -> Result<Arc<dyn Backend>, Failure> {
        match self {
            Self::Cpu if scenario.model.precision == Precision::Fp32 => Ok(Arc::new(Cpu)),
            Self::Cpu => Err(Failure::Input(format!(
                "the scenario asks for model.precision = {:?}, but a CPU computes in \"fp32\" only: give --device \
                 cuda, or --set 'model.precision=\"fp32\"'",
                scenario.model.precision.word()
            ))),
            Self::Cuda(numbers) => open_cuda(numbers, scenario.model.precision, jobs),
        }
    }

    /// If GPUs are asked for and this program has no CUDA, replaces it by `nt-cuda` with the same arguments. Returns if
    /// this program can do the work itself.
    ///
    /// # Errors
    /// What is missing, and what to do.
    pub(super) fn hand_over(&self) -> Result<(), Failure> {
        match self {
            Self::Cuda(_) if cfg!(not(feature = "cuda")) => Err(super::cuda_program::become_it(&self.to_string())),
            Self::Cuda(_) | Self::Cpu => Ok(()),
        }
    }
}

#[cfg(feature = "cuda")]
fn open_cuda(numbers: &[u32], precision: Precision, jobs: usize) -> Result<Arc<dyn Backend>, Failure> {
    nt_kernels::driver::number_of_gpus().map_err(|error| Failure::input(&error))?;
    let backend = crate::train::cuda::CudaBackend::open(numbers, jobs, precision);
    Ok(Arc::new(backend.map_err(|error| Failure::input(&error))?))
}

/// A program without CUDA has handed over before it gets here.
#[cfg(not(feature = "cuda"))]
fn open_cuda(_: &[u32], _: Precision, _: usize) -> Result<Arc<dyn Backend>, Failure> {
    Err(Failure::Input("this program is built without CUDA; run nt-cuda instead".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_named_as_in_pytorch() {
        assert_eq!("cpu".parse(), Ok(Device::Cpu));
        assert_eq!("cuda".parse(), Ok(Device::Cuda(vec![0])));
        assert_eq!("cuda:3".parse(), Ok(Device::Cuda(vec![3])));
        assert_eq!("cuda:0,cuda:1".parse(), Ok(Device::Cuda(vec![0, 1])));
        for wrong in ["gpu", "cuda:", "cuda:x", "CPU", "cuda:0,cuda:0", "cpu,cuda", "cuda:0,", ""] {
            assert!(wrong.parse::<Device>().is_err(), "{wrong}");
        }
        for name in ["cpu", "cuda:2", "cuda:0,cuda:1"] {
            assert_eq!(name.parse::<Device>().unwrap().to_string(), name);
        }
    }
}
