//! A network as a safetensors file.

use super::weights::to_safetensors;
use super::{LayerParameters, Parameters};
use nt_scenario::Standardisation;
use nt_scenario::network::{LearnedLayer, NetworkShape};
use safetensors::tensor::{Dtype, SafeTensors};

/// A stored network that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file is not safetensors.
    #[error("it is not a network in safetensors format: remove it, and the job that made it runs again")]
    Format(#[source] safetensors::SafeTensorError),
    /// A parameter is missing, or has another shape or type.
    #[error(
        "parameter {name} should be f32 of shape {expected:?}, found {found}: use a network of the same architecture, \
         width, input and classes"
    )]
    Shape {
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

fn names(layer: &LearnedLayer) -> [String; 2] {
    ["weight", "bias"].map(|part| format!("{}.{part}", layer.name))
}

/// The bytes of a network: `conv1.weight`, `conv1.bias` … `fc8.bias`, f32, little-endian.
///
/// # Errors
/// [`StoreError::Encode`] where safetensors cannot encode it. A network of this shape does not cause that.
pub fn to_bytes(parameters: &Parameters, shape: &NetworkShape) -> Result<Vec<u8>, StoreError> {
    let names: Vec<&str> = shape.layers.iter().map(|layer| layer.name).collect();
    to_safetensors(parameters, shape, &names, ("schema_version", "1".to_owned())).map_err(StoreError::Encode)
}

/// Reads a network of this shape, which standardises pixels as its images did, from the bytes of its file.
///
/// # Errors
/// [`StoreError`] where the bytes are not safetensors, or hold another network.
pub fn from_bytes(
    bytes: &[u8],
    shape: &NetworkShape,
    standardisation: Standardisation,
) -> Result<Parameters, StoreError> {
    let file = SafeTensors::deserialize(bytes).map_err(StoreError::Format)?;
    let read = |name: String, expected: Vec<usize>| {
        let found = match file.tensor(&name) {
            Ok(view) if view.dtype() == Dtype::F32 && view.shape() == expected => {
                let values = view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
                return Ok(values.collect::<Vec<f32>>());
            }
            Ok(view) => format!("{:?} of shape {:?}", view.dtype(), view.shape()),
            Err(_) => "nothing".to_owned(),
        };
        Err(StoreError::Shape { name, expected, found })
    };
    let layers = shape.layers.iter().map(|layer| {
        let [weight, bias] = names(layer);
        Ok(LayerParameters { weight: read(weight, layer.weight_shape())?, bias: read(bias, vec![layer.num_biases()])? })
    });
    Ok(Parameters { standardisation, layers: layers.collect::<Result<_, _>>()? })
}
