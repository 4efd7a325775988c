//! Examples that stay in a GPU's memory between jobs. A set, or its codes, is sent once, and lies there once however
//! many jobs train on it.

use crate::data::{Identity, Inputs};
use nt_kernels::cuda::{CudaError, CudaSlice, Gpu};
use std::sync::Arc;

/// A set of examples in the GPU's memory.
pub(super) struct Examples {
    pub values: Values,
    pub labels: CudaSlice<u32>,
    pub count: usize,
    pub num_features: usize,
    bytes: usize,
}

/// What its examples are.
pub(super) enum Values {
    /// Bytes `(N, H, W, 3)`.
    Images { pixels: CudaSlice<u8>, side: usize },
    /// Codes after a frozen layer, `(N, features)`.
    Codes(CudaSlice<f32>),
}

impl Examples {
    fn new(gpu: &Gpu, inputs: Inputs<'_>) -> Result<Self, CudaError> {
        let values = match inputs {
            Inputs::Images(images) => Values::Images { pixels: gpu.upload(images.bytes())?, side: images.side() },
            Inputs::Codes(codes) => Values::Codes(gpu.upload(codes.values())?),
        };
        // What is only evaluated needs no classes; a training of images with several was refused before.
        let labels = gpu.upload(inputs.labels().one_class().unwrap_or_default())?;
        let (count, num_features, bytes) = (inputs.len(), inputs.num_features(), inputs.num_bytes());
        Ok(Self { values, labels, count, num_features, bytes })
    }
}

/// The sets in memory, least recently used first, bounded in bytes.
pub(super) struct Resident {
    /// It has a stream of its own, since a set may be freed while another stream captures a graph. The graph must not
    /// contain that.
    gpu: Gpu,
    sets: Vec<(Identity, Arc<Examples>)>,
    max_bytes: usize,
}

impl Resident {
    pub fn new(gpu: Gpu, max_bytes: usize) -> Self {
        Self { gpu, sets: Vec::new(), max_bytes }
    }

    /// The set, sent if it is not in memory, and ready to be read by any stream. The sets that were not used for
    /// longest make room. A set is freed when its last reader drops it, which must have finished reading.
    pub fn get(&mut self, inputs: Inputs<'_>) -> Result<Arc<Examples>, CudaError> {
        let identity = inputs.identity();
        if let Some(at) = self.sets.iter().position(|(known, _)| *known == identity) {
            let set = self.sets.remove(at);
            let examples = Arc::clone(&set.1);
            self.sets.push(set);
            return Ok(examples);
        }
        while !self.sets.is_empty() && self.bytes() + inputs.num_bytes() > self.max_bytes {
            self.sets.remove(0);
        }
        let examples = match Examples::new(&self.gpu, inputs) {
            Err(CudaError::OutOfMemory) if !self.sets.is_empty() => {
                self.sets.clear();
                self.gpu.wait()?;
                Examples::new(&self.gpu, inputs)?
            }
            examples => examples?,
        };
        // Readers' streams do not wait for what is queued on this one.
        self.gpu.wait()?;
        let examples = Arc::new(examples);
        self.sets.push((identity, Arc::clone(&examples)));
        Ok(examples)
    }

    /// Forgets everything, to make room for a network.
    pub fn clear(&mut self) {
        self.sets.clear();
    }

    fn bytes(&self) -> usize {
        self.sets.iter().map(|(_, examples)| examples.bytes).sum()
    }
}
