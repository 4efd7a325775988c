//! Columns of numbers in a safetensors file that says which version wrote it.

use std::borrow::Cow;
use std::collections::HashMap;

use safetensors::{Dtype, SafeTensorError, SafeTensors, View};

use crate::version;

/// Numbers with their type and shape.
pub(crate) struct Column {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Column {
    pub(crate) fn new(dtype: Dtype, shape: Vec<usize>, bytes: impl IntoIterator<Item = u8>) -> Self {
        Column { dtype, shape, bytes: bytes.into_iter().collect() }
    }
}

impl View for Column {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// The bytes of a file of these columns, of this version.
pub(crate) fn to_bytes(columns: Vec<(&'static str, Column)>, version: u32) -> Result<Vec<u8>, SafeTensorError> {
    // One entry only: the map's order must not reach the file.
    let metadata = HashMap::from([("schema_version".to_owned(), version.to_string())]);
    safetensors::serialize(columns, Some(metadata))
}

/// Why a file's columns cannot be read.
pub(crate) enum ColumnsError {
    /// It is not a safetensors file.
    Format(SafeTensorError),
    /// The layout of this part is not that of the file's version.
    Layout(&'static str),
}

/// A file of this version, or of an older one.
pub(crate) struct Columns<'a>(SafeTensors<'a>);

impl<'a> Columns<'a> {
    pub(crate) fn open(bytes: &'a [u8], current: u32) -> Result<Self, ColumnsError> {
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(ColumnsError::Format)?;
        let found = metadata.metadata().as_ref().and_then(|entries| entries.get("schema_version")?.parse().ok());
        if !found.is_some_and(|found| version::is_readable(found, current)) {
            return Err(ColumnsError::Layout("schema_version"));
        }
        Ok(Columns(SafeTensors::deserialize(bytes).map_err(ColumnsError::Format)?))
    }

    /// Whether there is such a column.
    pub(crate) fn has(&self, name: &'static str) -> bool {
        self.0.tensor(name).is_ok()
    }

    /// The shape of a column.
    pub(crate) fn shape(&self, name: &'static str) -> Result<Vec<usize>, ColumnsError> {
        Ok(self.0.tensor(name).map_err(|_| ColumnsError::Layout(name))?.shape().to_vec())
    }

    /// The bytes of a column of this type and shape.
    pub(crate) fn bytes(&self, name: &'static str, dtype: Dtype, shape: &[usize]) -> Result<Vec<u8>, ColumnsError> {
        let tensor = self.0.tensor(name).map_err(|_| ColumnsError::Layout(name))?;
        let fits = tensor.dtype() == dtype && tensor.shape() == shape;
        if fits { Ok(tensor.data().to_vec()) } else { Err(ColumnsError::Layout(name)) }
    }

    pub(crate) fn u16s(&self, name: &'static str, shape: &[usize]) -> Result<Vec<u16>, ColumnsError> {
        let bytes = self.bytes(name, Dtype::U16, shape)?;
        Ok(bytes.chunks_exact(2).map(|bytes| u16::from_le_bytes([bytes[0], bytes[1]])).collect())
    }

    pub(crate) fn u32s(&self, name: &'static str, shape: &[usize]) -> Result<Vec<u32>, ColumnsError> {
        Ok(self.bytes(name, Dtype::U32, shape)?.chunks_exact(4).map(u32_of).collect())
    }

    pub(crate) fn f32s(&self, name: &'static str, shape: &[usize]) -> Result<Vec<f32>, ColumnsError> {
        let bytes = self.bytes(name, Dtype::F32, shape)?;
        Ok(bytes.chunks_exact(4).map(|bytes| f32::from_bits(u32_of(bytes))).collect())
    }
}

fn u32_of(bytes: &[u8]) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}
