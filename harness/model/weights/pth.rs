//! Files that `torch.save` writes: a ZIP archive with a pickle and the values beside it, uncompressed.

use super::pickle::{Pickle, Place, Value};
use super::tensors::Notes;
use super::write::EXTRA;
use super::{Element, Stored, WeightsError};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use zip::{CompressionMethod, ZipArchive};

/// What the file begins with that `torch.save` wrote before PyTorch 1.6: the pickle of a number.
const BEFORE_1_6: &[u8] = &[0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// The largest pickle that is read, bytes. That of an AlexNet takes two thousand.
const LARGEST_PICKLE: u64 = 4 << 20;

/// Where checkpoints keep the weights beside an epoch and the state of an optimizer.
const CHECKPOINTS: [&str; 7] = ["state_dict", "model_state_dict", "model", "net", "network", "module", "weights"];

/// Whether a file begins as one from before PyTorch 1.6.
pub(super) fn is_before_1_6(first_bytes: &[u8]) -> bool {
    first_bytes.starts_with(BEFORE_1_6)
}

/// The longest note that is read, bytes.
const LONGEST_NOTE: u64 = 16 << 20;

/// The tensors of an archive by name, where their values are in the file, and what the file says of itself.
///
/// # Errors
/// [`WeightsError`] for an archive or a pickle that is damaged or not one of weights.
pub(super) fn tensors(file: &File) -> Result<(BTreeMap<String, Stored>, Notes), WeightsError> {
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|source| WeightsError::Archive { source })?;
    let length = file.metadata().map_err(|source| WeightsError::Read { source })?.len();
    let mut entries = BTreeMap::new();
    for at in 0..archive.len() {
        let entry = archive.by_index_raw(at).map_err(|source| WeightsError::Archive { source })?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        if entry.compression() != CompressionMethod::Stored || entry.encrypted() {
            return Err(WeightsError::Packed { name });
        }
        let start = entry.data_start().unwrap_or(u64::MAX);
        if start.checked_add(entry.size()).is_none_or(|end| end > length) {
            return Err(WeightsError::CutShort);
        }
        entries.insert(name, Entry { start, length: entry.size(), checksum: entry.crc32() });
    }
    let name = entries.keys().find(|name| *name == "data.pkl" || name.ends_with("/data.pkl"));
    let Some(name) = name.cloned() else { return Err(WeightsError::NoPickle) };
    let folder = name.strip_suffix("data.pkl").unwrap_or_default();
    if entries.contains_key(&format!("{folder}byteorder")) {
        let order = read(&mut archive, &format!("{folder}byteorder"), 16)?;
        if order != b"little" {
            return Err(WeightsError::ByteOrder);
        }
    }
    let pickle = read(&mut archive, &name, LARGEST_PICKLE)?;
    let pickle = Pickle::read(&pickle).map_err(|source| WeightsError::Pickle { source })?;
    let weights = state_dict(&pickle).ok_or(WeightsError::NoStateDict)?;
    let (mut tensors, mut storages) = (BTreeMap::new(), BTreeMap::new());
    for (name, tensor) in weights {
        let storage = format!("{folder}data/{}", tensor.key);
        let lacking = || WeightsError::Tensor { name: name.clone() };
        let entry = *entries.get(&storage).ok_or_else(lacking)?;
        let stored = tensor.stored(entry).ok_or_else(lacking)?;
        storages.insert(storage, entry);
        tensors.insert(name, stored);
    }
    for (name, entry) in storages {
        entry.check(file, name)?;
    }
    let mut notes = Notes::new();
    let extra = format!("{folder}{EXTRA}");
    for name in entries.keys().filter(|name| name.starts_with(&extra)) {
        let note = read(&mut archive, name, LONGEST_NOTE)?;
        notes.insert(name[extra.len()..].to_owned(), String::from_utf8_lossy(&note).into_owned());
    }
    Ok((tensors, notes))
}

/// Where a part of the archive is in the file.
#[derive(Clone, Copy)]
struct Entry {
    start: u64,
    length: u64,
    /// CRC-32 of its bytes.
    checksum: u32,
}

impl Entry {
    /// Reads it once, a block at a time, and compares its checksum: a changed bit would be another network.
    fn check(self, mut file: &File, name: String) -> Result<(), WeightsError> {
        let read = |source| WeightsError::Read { source };
        file.seek(SeekFrom::Start(self.start)).map_err(read)?;
        let (mut rest, mut block, mut hasher) = (self.length, vec![0; 1 << 20], crc32fast::Hasher::new());
        while rest > 0 {
            let length = rest.min(block.len() as u64);
            let block = &mut block[..length as usize];
            file.read_exact(block).map_err(read)?;
            hasher.update(block);
            rest -= length;
        }
        if hasher.finalize() == self.checksum { Ok(()) } else { Err(WeightsError::Checksum { name }) }
    }
}

fn read(archive: &mut ZipArchive<BufReader<&File>>, name: &str, most: u64) -> Result<Vec<u8>, WeightsError> {
    let entry = archive.by_name(name).map_err(|source| WeightsError::Archive { source })?;
    if entry.size() > most {
        return Err(WeightsError::PickleTooLong { length: entry.size(), most });
    }
    let mut bytes = Vec::new();
    entry.take(most).read_to_end(&mut bytes).map_err(|source| WeightsError::Read { source })?;
    Ok(bytes)
}

/// A tensor as a pickle names it.
struct Tensor {
    element: Element,
    /// The key of its storage.
    key: String,
    /// Elements of the storage before its first.
    offset: usize,
    size: Vec<usize>,
    stride: Vec<usize>,
}

impl Tensor {
    /// Where its values are in the file; `None` if they are not all in its storage.
    fn stored(self, Entry { start, length, .. }: Entry) -> Option<Stored> {
        let width = self.element.num_bytes();
        // The last element that is reached, in elements of the storage.
        let is_empty = self.size.contains(&0);
        let steps =
            self.size.iter().zip(&self.stride).map(|(&size, &stride)| size.saturating_sub(1).checked_mul(stride));
        let mut last = self.offset;
        for step in steps {
            last = last.checked_add(step?)?;
        }
        let end = (last as u64).checked_add(1)?.checked_mul(width)?;
        // A tensor that repeats its values may claim any size.
        let count = self.size.iter().try_fold(1u64, |product, &size| product.checked_mul(size as u64))?;
        let fits = end <= length && count.checked_mul(width)? <= length;
        if self.size.len() != self.stride.len() || (!is_empty && !fits) {
            return None;
        }
        let start = start.checked_add((self.offset as u64).checked_mul(width)?)?;
        Some(Stored { element: self.element, shape: self.size, stride: Some(self.stride), start })
    }
}

/// The names and tensors of what a module calls its `state_dict`, wherever a checkpoint keeps it.
fn state_dict(pickle: &Pickle) -> Option<Vec<(String, Tensor)>> {
    let of = |place: Place| -> Option<Vec<(String, Tensor)>> {
        let Value::Named(pairs) = pickle.value(place) else { return None };
        let named =
            |&(name, tensor): &(Place, Place)| Some((pickle.text(name)?.to_owned(), tensor_at(pickle, tensor)?));
        let tensors: Vec<_> = pairs.iter().filter_map(named).collect();
        (!tensors.is_empty()).then_some(tensors)
    };
    let root = pickle.root();
    let Value::Named(pairs) = pickle.value(root) else { return None };
    let inner = CHECKPOINTS.iter().find_map(|&word| {
        let found = pairs.iter().find(|&&(name, _)| pickle.text(name) == Some(word));
        of(found?.1)
    });
    inner.or_else(|| of(root))
}

/// A tensor or parameter.
fn tensor_at(pickle: &Pickle, place: Place) -> Option<Tensor> {
    let made = |place: Place| {
        let Value::Made { class, arguments } = *pickle.value(place) else { return None };
        Some((class, arguments))
    };
    let (mut class, mut arguments) = made(place)?;
    // A parameter holds a tensor, and a tensor of a class of its own what it would be made of. A damaged file may hold itself.
    for _ in 0..4 {
        let given = pickle.several(arguments)?;
        (class, arguments) = match pickle.class(class)? {
            ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => return plain_tensor(pickle, given),
            ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => made(*given.first()?)?,
            ("torch._tensor", "_rebuild_from_type_v2") => (*given.first()?, *given.get(2)?),
            _ => return None,
        };
    }
    None
}

/// A tensor from the arguments that rebuild it.
fn plain_tensor(pickle: &Pickle, arguments: &[Place]) -> Option<Tensor> {
    let &[kept, offset, size, stride, ..] = arguments else { return None };
    let Value::Kept(storage) = *pickle.value(kept) else { return None };
    let &[word, class, key, ..] = pickle.several(storage)? else { return None };
    if pickle.text(word) != Some("storage") {
        return None;
    }
    Some(Tensor {
        element: Element::of_storage(pickle.class(class)?.1)?,
        key: pickle.text(key)?.to_owned(),
        offset: pickle.count(offset)?,
        size: pickle.counts(size)?,
        stride: pickle.counts(stride)?,
    })
}
