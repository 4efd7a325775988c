//! A network as safetensors, under the names that PyTorch's AlexNet gives its parameters in order.

use super::{LayerParameters, Parameters};
use nt_scenario::network::{LAYER_NAMES, NetworkShape};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::path::{Path, PathBuf};

/// A stored network that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be read.
    #[error("cannot read the network {}: check that the file exists and may be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not safetensors.
    #[error("{} is not a network in safetensors format: remove it, and the job that made it runs again", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Why.
        source: safetensors::SafeTensorError,
    },
    /// A parameter is missing, or has another shape or type.
    #[error(
        "{}: parameter {name} should be f32 of shape {expected:?}, found {found}: use a network of the same architecture, width, input and classes",
        path.display()
    )]
    Shape {
        /// The file.
        path: PathBuf,
        /// The parameter.
        name: String,
        /// The shape wanted.
        expected: Vec<usize>,
        /// What is there.
        found: String,
    },
    /// The network cannot be written as safetensors.
    #[error("cannot encode a network as safetensors: this is a fault of nt, please report it")]
    Encode(#[source] safetensors::SafeTensorError),
}

fn names(layer: usize) -> [String; 2] {
    ["weight", "bias"].map(|part| format!("{}.{part}", LAYER_NAMES[layer]))
}

/// The bytes of a network: `conv1.weight`, `conv1.bias` … `fc8.bias`, f32, little-endian.
///
/// # Errors
/// [`StoreError::Encode`] where safetensors refuses, which a network of this shape does not bring about.
pub fn to_bytes(parameters: &Parameters, shape: &NetworkShape) -> Result<Vec<u8>, StoreError> {
    let mut tensors = Vec::new();
    for (index, (parameters, layer)) in parameters.layers.iter().zip(&shape.layers).enumerate() {
        let [weight, bias] = names(index);
        let bytes = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
        tensors.push((weight, layer.weight_shape(), bytes(&parameters.weight)));
        tensors.push((bias, vec![layer.num_biases()], bytes(&parameters.bias)));
    }
    let views = tensors
        .iter()
        .map(|(name, shape, bytes)| Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(StoreError::Encode)?;
    let metadata = Some([("schema_version".to_owned(), "1".to_owned())].into());
    safetensors::serialize(views, metadata).map_err(StoreError::Encode)
}

/// Reads a network of this shape.
///
/// # Errors
/// [`StoreError`] where the file cannot be read, is not safetensors, or holds another network.
pub fn load(path: &Path, shape: &NetworkShape) -> Result<Parameters, StoreError> {
    let path = path.to_path_buf();
    let bytes = std::fs::read(&path).map_err(|source| StoreError::Read { path: path.clone(), source })?;
    let file = SafeTensors::deserialize(&bytes).map_err(|source| StoreError::Format { path: path.clone(), source })?;
    let read = |name: String, expected: Vec<usize>| {
        let wrong = |found: String| StoreError::Shape { path: path.clone(), name: name.clone(), expected: expected.clone(), found };
        let view = file.tensor(&name).map_err(|_| wrong("nothing".to_owned()))?;
        if view.dtype() != Dtype::F32 || view.shape() != expected {
            return Err(wrong(format!("{:?} of shape {:?}", view.dtype(), view.shape())));
        }
        Ok(view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect::<Vec<f32>>())
    };
    let layers = shape.layers.iter().enumerate().map(|(index, layer)| {
        let [weight, bias] = names(index);
        Ok(LayerParameters { weight: read(weight, layer.weight_shape())?, bias: read(bias, vec![layer.num_biases()])? })
    });
    Ok(Parameters { layers: layers.collect::<Result<_, _>>()? })
}
