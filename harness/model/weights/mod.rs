//! Files of weights that others wrote: what `torch.save` or safetensors made of a network's `state_dict`.
//!
//! Nothing in a file is executed, and no more memory is taken than the network has.

mod card;
mod element;
mod fit;
mod hub;
mod pickle;
mod pth;
mod tensors;
#[cfg(test)]
mod tests;
mod write;

pub use card::{CARD_VERSION, Card};
pub use fit::{Misfit, Weights};
pub use hub::{HubError, resolve};
pub use pickle::PickleError;
pub use write::{WriteError, to_pth, to_safetensors};

use element::Element;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use zip::result::ZipError;

/// A file of weights that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// It cannot be read.
    #[error("cannot be read: {source}; {}", nt_disk::advice(source))]
    Read {
        /// Why not.
        source: io::Error,
    },
    /// It is neither what PyTorch nor what safetensors writes.
    #[error(
        "is neither a file of torch.save nor safetensors (its first bytes are {first_bytes}): save the network's state_dict in either"
    )]
    UnknownFormat {
        /// Its first bytes, in hexadecimal.
        first_bytes: String,
    },
    /// It was written by PyTorch before version 1.6.
    #[error(
        "was written by PyTorch before 1.6, in a format that is not read: write it anew with \
         torch.save(torch.load(\"{}\", map_location=\"cpu\"), \"new.pth\")", path.display()
    )]
    BeforePyTorch1_6 {
        /// The file.
        path: PathBuf,
    },
    /// It ends before its values do.
    #[error("is cut short: copy it again")]
    CutShort,
    /// Its archive cannot be read.
    #[error("is a damaged archive ({source}): copy it again")]
    Archive {
        /// Why not.
        source: ZipError,
    },
    /// A part of the archive is compressed or encrypted, which `torch.save` never does.
    #[error(
        "holds {name:?} compressed or encrypted, which torch.save does not do: save the network's state_dict with torch.save"
    )]
    Packed {
        /// The part.
        name: String,
    },
    /// A part of the archive has another checksum.
    #[error(
        "is damaged: the checksum of {name} is not that of its bytes; copy it again (torch.save writes checksums unless \
         torch.serialization.set_crc32_options(False) was called)"
    )]
    Checksum {
        /// The part.
        name: String,
    },
    /// The archive is none of `torch.save`.
    #[error("is an archive without data.pkl, so not one of torch.save: save the network's state_dict with torch.save")]
    NoPickle,
    /// The pickle is longer than that of weights.
    #[error("has {length} bytes beside its values, and at most {most} are read: save the network's state_dict alone")]
    PickleTooLong {
        /// Its length.
        length: u64,
        /// The limit.
        most: u64,
    },
    /// The pickle cannot be read.
    #[error("cannot be read: {source}; save the network's state_dict alone")]
    Pickle {
        /// Why not.
        source: PickleError,
    },
    /// What it says of itself cannot be read.
    #[error("says of itself under {title:?} what cannot be read ({source}): export it again, or remove that note")]
    Note {
        /// The title.
        title: String,
        /// Why not.
        source: serde_json::Error,
    },
    /// What it says of itself is said of another network, or cannot be true.
    #[error("has the card of another network, or one that was changed: export it again")]
    Card,
    /// Its numbers are kept with the highest byte first.
    #[error("keeps its numbers with the highest byte first, which is not read: write it on an x86 or ARM machine")]
    ByteOrder,
    /// It holds no dictionary of tensors.
    #[error(
        "holds no dictionary of tensors; a whole model is not read, since that would execute what the file says: save \
         model.state_dict()"
    )]
    NoStateDict,
    /// A tensor's values are not all in the file.
    #[error("lacks values of {name}: copy it again")]
    Tensor {
        /// The tensor.
        name: String,
    },
    /// The header of safetensors is damaged.
    #[error("has a damaged header ({source}): copy it again")]
    Header {
        /// Why not.
        source: serde_json::Error,
    },
    /// The header of safetensors is longer than that of a network.
    #[error("has a header of {length} bytes, and at most {most} are read: copy it again")]
    HeaderTooLong {
        /// Its length.
        length: u64,
        /// The limit.
        most: u64,
    },
    /// Its tensors are not those of the network.
    #[error("does not fit the network: {}", fit::listed(misfits, hint.as_deref()))]
    Misfit {
        /// Every tensor that does not fit.
        misfits: Vec<Misfit>,
        /// The network that they would fit, as a scenario's keys.
        hint: Option<String>,
    },
}

/// Where a tensor's values are in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stored {
    element: Element,
    shape: Vec<usize>,
    /// Elements from one index to the next in each dimension; row-major if `None`.
    stride: Option<Vec<usize>>,
    /// Bytes of the file before its first element.
    start: u64,
}

impl Stored {
    fn num_elements(&self) -> Option<usize> {
        self.shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size))
    }

    /// Whether its elements follow one another as they are wanted.
    fn is_row_major(&self) -> bool {
        let Some(stride) = &self.stride else { return true };
        let mut expected = 1;
        self.shape.iter().zip(stride).rev().all(|(&size, &stride)| {
            let is_next = size == 1 || stride == expected;
            expected *= size.max(1);
            is_next
        })
    }
}

/// An opened file of weights: the names, types and shapes of its tensors. Values are read when they are asked for.
#[derive(Debug)]
pub struct WeightsFile {
    file: File,
    tensors: BTreeMap<String, Stored>,
    notes: BTreeMap<String, String>,
}

impl WeightsFile {
    /// Opens a file that `torch.save` (since PyTorch 1.6) or safetensors wrote, told apart by its first bytes.
    ///
    /// # Errors
    /// [`WeightsError`] for a file of another kind, or a damaged one.
    pub fn open(path: &Path) -> Result<Self, WeightsError> {
        let read = |source| WeightsError::Read { source };
        let mut file = nt_disk::open(path).map_err(read)?;
        let mut first_bytes = Vec::new();
        Read::by_ref(&mut file).take(64).read_to_end(&mut first_bytes).map_err(read)?;
        let (tensors, notes) = match first_bytes.as_slice() {
            [b'P', b'K', 3, 4, ..] => pth::tensors(&file)?,
            bytes if pth::is_before_1_6(bytes) => {
                return Err(WeightsError::BeforePyTorch1_6 { path: path.to_owned() });
            }
            [_, _, _, _, _, _, _, _, b'{', ..] => tensors::tensors(&mut file)?,
            bytes => {
                let hex: Vec<String> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
                return Err(WeightsError::UnknownFormat { first_bytes: hex.join(" ") });
            }
        };
        Ok(Self { file, tensors, notes })
    }

    /// What the file says of itself under this title, in JSON; `None` where it says nothing.
    ///
    /// # Errors
    /// [`WeightsError::Note`] where it says something else.
    pub fn note<T: DeserializeOwned>(&self, title: &str) -> Result<Option<T>, WeightsError> {
        let read = |note: &String| serde_json::from_str(note);
        self.notes
            .get(title)
            .map(read)
            .transpose()
            .map_err(|source| WeightsError::Note { title: title.to_owned(), source })
    }

    /// The values of a tensor, row-major.
    fn read(&mut self, name: &str) -> Result<Vec<f32>, WeightsError> {
        let cut = || WeightsError::Tensor { name: name.to_owned() };
        let stored = self.tensors.get(name).cloned().ok_or_else(cut)?;
        let count = stored.num_elements().ok_or_else(cut)?;
        let last = match &stored.stride {
            Some(stride) => {
                stored.shape.iter().zip(stride).map(|(&size, &stride)| size.saturating_sub(1) * stride).sum()
            }
            None => count.saturating_sub(1),
        };
        // Where elements do not follow one another, what lies between them is read too: no more than the file has.
        let span = if count == 0 { 0 } else { last + 1 };
        let length = span as u64 * stored.element.num_bytes();
        let rest =
            self.file.metadata().map_err(|source| WeightsError::Read { source })?.len().saturating_sub(stored.start);
        if length > rest {
            return Err(cut());
        }
        let mut bytes = vec![0; length as usize];
        self.file.seek(SeekFrom::Start(stored.start)).map_err(|source| WeightsError::Read { source })?;
        self.file.read_exact(&mut bytes).map_err(|source| WeightsError::Read { source })?;
        let values = stored.element.values(&bytes);
        match &stored.stride {
            Some(stride) if !stored.is_row_major() => Ok(row_major(&values, &stored.shape, stride)),
            _ => Ok(values),
        }
    }
}

/// The elements of a tensor whose strides are these, row by row.
fn row_major(values: &[f32], shape: &[usize], stride: &[usize]) -> Vec<f32> {
    let mut places = vec![0usize];
    for (&size, &stride) in shape.iter().zip(stride) {
        places = places.iter().flat_map(|&place| (0..size).map(move |index| place + index * stride)).collect();
    }
    places.into_iter().map(|place| values[place]).collect()
}
