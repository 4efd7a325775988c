//! The device that a run asks for.

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
                    "accepted are cpu, cuda, cuda:N (N the number of a GPU) and several GPUs as cuda:0,cuda:1"
                        .to_owned()
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
    /// Opens the device for a scenario, for so many jobs at a time.
    ///
    /// # Errors
    /// What is missing, and what to do.
    pub(super) fn open(&self, scenario: &Scenario, jobs: usize) -> Result<Arc<dyn Backend>, Failure> {
        match self {
            Self::Cpu if scenario.model.precision == Precision::Fp32 => Ok(Arc::new(Cpu)),
            Self::Cpu => Err(Failure::Input(format!(
                "the scenario asks for model.precision = {:?}, which only GPUs compute in: give --device cuda, or --set \
                 'model.precision=\"fp32\"'",
                word(scenario.model.precision)
            ))),
            Self::Cuda(numbers) => self.open_cuda(numbers, scenario, jobs),
        }
    }

    #[cfg(feature = "cuda")]
    #[allow(clippy::unused_self)] // the build without CUDA names itself in its error
    fn open_cuda(&self, numbers: &[u32], scenario: &Scenario, jobs: usize) -> Result<Arc<dyn Backend>, Failure> {
        use crate::train::cuda::CudaBackend;
        let precision = match scenario.model.precision {
            Precision::Fp32 => nt_kernels::cuda::Precision::Fp32,
            Precision::Tf32 => nt_kernels::cuda::Precision::Tf32,
            Precision::Bf16 => nt_kernels::cuda::Precision::Bf16,
        };
        nt_kernels::driver::number_of_gpus().map_err(|error| Failure::input(&error))?;
        match CudaBackend::open(numbers, jobs, precision) {
            Ok(backend) => Ok(Arc::new(backend)),
            Err(error) => Err(Failure::input(&error)),
        }
    }

    #[cfg(not(feature = "cuda"))]
    fn open_cuda(&self, _: &[u32], _: &Scenario, _: usize) -> Result<Arc<dyn Backend>, Failure> {
        Err(Failure::Input(format!("--device {self}: this nt was not handed over to nt-cuda")))
    }

    /// Goes on as `nt-cuda`, with the same words, where GPUs are asked for and this program has no CUDA; comes back only
    /// where there is nothing to hand over.
    ///
    /// # Errors
    /// What is missing, and what to do.
    pub(super) fn hand_over(&self) -> Result<(), Failure> {
        match self {
            Self::Cuda(_) if cfg!(not(feature = "cuda")) => Err(super::cuda_program::become_it(&self.to_string())),
            _ => Ok(()),
        }
    }
}

fn word(precision: Precision) -> &'static str {
    use nt_scenario::Choice;
    precision.word()
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
