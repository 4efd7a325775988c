//! Writes a network as PyTorch and safetensors keep it.

use crate::model::Parameters;
use nt_scenario::network::NetworkShape;
use safetensors::SafeTensorError;
use safetensors::tensor::{Dtype, TensorView};
use std::io::{self, Cursor, Write};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

/// A network that cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The archive cannot be made.
    #[error("cannot make an archive of a network: this is a fault of nt, please report it")]
    Archive(#[from] zip::result::ZipError),
    /// Its parts cannot be written.
    #[error("cannot write a network into memory: this is a fault of nt, please report it")]
    Memory(#[from] io::Error),
    /// The network cannot be written as safetensors.
    #[error("cannot encode a network as safetensors: this is a fault of nt, please report it")]
    Encode(#[from] SafeTensorError),
}

/// The folder of an archive in which PyTorch keeps what others add.
pub(super) const EXTRA: &str = "extra/";

/// The tensors of a network by name, with their shapes and values.
fn tensors<'p>(
    parameters: &'p Parameters,
    shape: &NetworkShape,
    names: &[&str],
) -> Vec<(String, Vec<usize>, &'p [f32])> {
    let layers = parameters.layers.iter().zip(&shape.layers).zip(names);
    let of_layer = layers.flat_map(|((parameters, layer), name)| {
        [
            (format!("{name}.weight"), layer.weight_shape(), parameters.weight.as_slice()),
            (format!("{name}.bias"), vec![layer.num_biases()], parameters.bias.as_slice()),
        ]
    });
    of_layer.collect()
}

fn little_endian(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// A `state_dict` as `torch.save` writes it (since PyTorch 1.6), which `torch.load` and `load_state_dict` take. `names` are those of the
/// layers, in order. One note about it lies beside the values, under its title. The same network gives the same bytes.
///
/// # Errors
/// [`WriteError`] where memory is not enough.
pub fn to_pth(
    parameters: &Parameters,
    shape: &NetworkShape,
    names: &[&str],
    (title, note): (&str, &str),
) -> Result<Vec<u8>, WriteError> {
    let tensors = tensors(parameters, shape, names);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    // No date: the same network, the same file.
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default());
    let mut part = |name: &str, bytes: &[u8]| -> Result<(), WriteError> {
        archive.start_file(format!("network/{name}"), options)?;
        Ok(archive.write_all(bytes)?)
    };
    part("data.pkl", &pickled(&tensors))?;
    part("byteorder", b"little")?;
    for (key, (_, _, values)) in tensors.iter().enumerate() {
        part(&format!("data/{key}"), &little_endian(values))?;
    }
    part("version", b"3\n")?;
    // What PyTorch reads past.
    part(&format!("{EXTRA}{title}"), note.as_bytes())?;
    Ok(archive.finish()?.into_inner())
}

/// The pickle of an ordered dictionary of tensors, in protocol 2.
fn pickled(tensors: &[(String, Vec<usize>, &[f32])]) -> Vec<u8> {
    let mut pickle = Pickler(vec![0x80, 2]);
    pickle.global("collections", "OrderedDict");
    pickle.0.extend(b")R(");
    for (key, (name, shape, values)) in tensors.iter().enumerate() {
        pickle.text(name);
        pickle.global("torch._utils", "_rebuild_tensor_v2");
        // The storage, which lies beside the pickle; then offset, size, stride, whether it needs a gradient, and no hooks.
        pickle.0.extend(b"((");
        pickle.text("storage");
        pickle.global("torch", "FloatStorage");
        pickle.text(&key.to_string());
        pickle.text("cpu");
        pickle.count(values.len());
        pickle.0.extend(b"tQ");
        pickle.count(0);
        pickle.counts(shape);
        let strides: Vec<usize> = (0..shape.len()).map(|at| shape[at + 1..].iter().product()).collect();
        pickle.counts(&strides);
        pickle.0.push(0x89);
        pickle.global("collections", "OrderedDict");
        pickle.0.extend(b")RtR");
    }
    pickle.0.extend(b"u.");
    pickle.0
}

/// Instructions of a pickle.
struct Pickler(Vec<u8>);

impl Pickler {
    fn global(&mut self, module: &str, name: &str) {
        self.0.extend(format!("c{module}\n{name}\n").bytes());
    }

    fn text(&mut self, text: &str) {
        self.0.push(b'X');
        self.0.extend((text.len() as u32).to_le_bytes());
        self.0.extend(text.bytes());
    }

    fn count(&mut self, count: usize) {
        match i32::try_from(count) {
            Ok(count) => {
                self.0.push(b'J');
                self.0.extend(count.to_le_bytes());
            }
            Err(_) => {
                self.0.extend([0x8a, 8]);
                self.0.extend((count as u64).to_le_bytes());
            }
        }
    }

    fn counts(&mut self, counts: &[usize]) {
        self.0.push(b'(');
        counts.iter().for_each(|&count| self.count(count));
        self.0.push(b't');
    }
}

/// A `state_dict` as safetensors. `names` are those of the layers, in order. It holds one note about it, under this title: of several the
/// order would differ from process to process.
///
/// # Errors
/// [`SafeTensorError`] where safetensors cannot encode it. A network of this shape does not cause that.
pub fn to_safetensors(
    parameters: &Parameters,
    shape: &NetworkShape,
    names: &[&str],
    (title, note): (&str, String),
) -> Result<Vec<u8>, SafeTensorError> {
    let tensors = tensors(parameters, shape, names).into_iter();
    let tensors: Vec<_> = tensors.map(|(name, shape, values)| (name, shape, little_endian(values))).collect();
    let views = tensors
        .iter()
        .map(|(name, shape, bytes)| Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes)?)));
    let views: Vec<_> = views.collect::<Result<_, SafeTensorError>>()?;
    safetensors::serialize(views, Some([(title.to_owned(), note)].into()))
}
