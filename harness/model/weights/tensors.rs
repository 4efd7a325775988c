//! Files in safetensors format.

use super::{Element, Stored, WeightsError};
use safetensors::tensor::Metadata;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// The longest header that is read, bytes: safetensors' own limit is a hundred million.
const LONGEST_HEADER: u64 = 16 << 20;

/// What a file says of itself: names and values.
pub(super) type Notes = BTreeMap<String, String>;

/// The tensors of a file by name, where their values are, and what the file says of itself.
///
/// # Errors
/// [`WeightsError`] for a file whose header is damaged or does not fit its length.
pub(super) fn tensors(file: &mut File) -> Result<(BTreeMap<String, Stored>, Notes), WeightsError> {
    let read = |source| WeightsError::Read { source };
    let length = file.metadata().map_err(read)?.len();
    file.seek(SeekFrom::Start(0)).map_err(read)?;
    let mut header_length = [0; 8];
    file.read_exact(&mut header_length).map_err(|_| WeightsError::CutShort)?;
    let start = u64::from_le_bytes(header_length).saturating_add(8);
    if start > length {
        return Err(WeightsError::CutShort);
    }
    if start > LONGEST_HEADER {
        return Err(WeightsError::HeaderTooLong { length: start, most: LONGEST_HEADER });
    }
    let mut header = vec![0; start as usize];
    file.seek(SeekFrom::Start(0)).map_err(read)?;
    file.read_exact(&mut header).map_err(read)?;
    let metadata: Metadata = serde_json::from_slice(header.get(8..).unwrap_or_default())
        .map_err(|source| WeightsError::Header { source })?;
    let notes = metadata.metadata().iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect();
    let mut tensors = BTreeMap::new();
    for (name, info) in metadata.tensors() {
        // What is no number with a fraction, such as a count of batches, is no weight.
        let Some(element) = Element::of_dtype(info.dtype) else { continue };
        let (first, end) = info.data_offsets;
        if start.checked_add(end as u64).is_none_or(|end| end > length) {
            return Err(WeightsError::CutShort);
        }
        let count = info.shape.iter().try_fold(1u64, |product, &size| product.checked_mul(size as u64));
        let bytes = count.and_then(|count| count.checked_mul(element.num_bytes()));
        if end.checked_sub(first).map(|bytes| bytes as u64) != bytes || bytes.is_none() {
            return Err(WeightsError::Tensor { name });
        }
        let stored = Stored { element, shape: info.shape.clone(), stride: None, start: start + first as u64 };
        tensors.insert(name, stored);
    }
    Ok((tensors, notes))
}
