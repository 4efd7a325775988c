//! The device that a run asks for.

use std::str::FromStr;

/// Where networks are trained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Device {
    /// The processor.
    Cpu,
    /// An NVIDIA GPU by its number.
    Cuda(u32),
}

impl FromStr for Device {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            _ => text
                .strip_prefix("cuda:")
                .and_then(|number| number.parse().ok())
                .map(Self::Cuda)
                .ok_or_else(|| "accepted are cpu, cuda and cuda:N, N the number of a GPU".to_owned()),
        }
    }
}

impl Device {
    /// Whether this build can use the device.
    ///
    /// # Errors
    /// What is missing, and what to do.
    pub(super) fn check(&self) -> Result<(), String> {
        match self {
            Self::Cpu => Ok(()),
            Self::Cuda(number) => Err(format!(
                "--device cuda:{number}: this nt trains on the CPU only; leave --device out, or give --device cpu"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_named_as_in_pytorch() {
        assert_eq!("cpu".parse(), Ok(Device::Cpu));
        assert_eq!("cuda".parse(), Ok(Device::Cuda(0)));
        assert_eq!("cuda:3".parse(), Ok(Device::Cuda(3)));
        for wrong in ["gpu", "cuda:", "cuda:x", "CPU"] {
            assert!(wrong.parse::<Device>().is_err(), "{wrong}");
        }
    }
}
