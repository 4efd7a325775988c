//! The first layer of a network, as pictures: `artifacts/conv1-<job>.safetensors`.

use std::path::Path;

use nt_scenario::JobId;
use safetensors::{Dtype, SafeTensorError};

use super::{PICTURES_VERSION, PicturesError};
use crate::tensor_file::{self, Column, Columns, ColumnsError};

/// The tensor in the file. A network's first layer has this name, whatever the architecture.
const TENSOR: &str = "conv1.weight";

/// The weights of the first layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Filters {
    num_filters: usize,
    kernel: usize,
    weight: Vec<f32>,
}

impl Filters {
    /// Filters of an RGB image; `None` if the weights have another length.
    ///
    /// # Shape
    /// `weight`: `(num_filters, 3, kernel, kernel)`.
    pub fn new(num_filters: usize, kernel: usize, weight: Vec<f32>) -> Option<Self> {
        (weight.len() == 3 * num_filters * kernel * kernel).then_some(Filters { num_filters, kernel, weight })
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.num_filters
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.num_filters == 0
    }

    /// Width and height of each, pixels.
    pub fn kernel(&self) -> usize {
        self.kernel
    }

    /// A filter as a picture, `(kernel, kernel, 3)`. Zero is middle grey, and the weight that is largest by magnitude
    /// is black or full.
    pub fn picture(&self, filter: usize) -> Vec<u8> {
        let area = self.kernel * self.kernel;
        let planes = &self.weight[3 * area * filter..3 * area * (filter + 1)];
        let most = planes.iter().fold(0f32, |most, value| most.max(value.abs()));
        let byte = |value: f32| {
            let share = if most > 0.0 { value / most } else { 0.0 };
            // NaN, of a network that diverged, becomes black.
            (127.5 + 127.5 * share).round() as u8
        };
        (0..area).flat_map(|at| [0, 1, 2].map(|channel| byte(planes[channel * area + at]))).collect()
    }

    /// The file's path in a study's folder.
    pub fn path(job: JobId) -> String {
        format!("artifacts/conv1-{job}.safetensors")
    }

    /// Writes the file of a job.
    ///
    /// # Errors
    /// [`PicturesError::File`] if the system refuses.
    pub fn write(&self, dir: &Path, job: JobId) -> Result<(), PicturesError> {
        super::write(dir, Self::path(job), self.to_bytes())
    }

    /// The filters of a job; `None` if it wrote none.
    ///
    /// # Errors
    /// [`PicturesError`] if the file cannot be used.
    pub fn read(dir: &Path, job: JobId) -> Result<Option<Self>, PicturesError> {
        let path = Self::path(job);
        let Some(bytes) = super::read(dir, &path)? else { return Ok(None) };
        Self::from_bytes(&bytes).map(Some).map_err(PicturesError::at(&path))
    }

    fn to_bytes(&self) -> Result<Vec<u8>, SafeTensorError> {
        let shape = vec![self.num_filters, 3, self.kernel, self.kernel];
        let bytes = self.weight.iter().flat_map(|value| value.to_le_bytes());
        tensor_file::to_bytes(vec![(TENSOR, Column::new(Dtype::F32, shape, bytes))], PICTURES_VERSION)
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, ColumnsError> {
        let file = Columns::open(bytes, PICTURES_VERSION)?;
        let &[num_filters, _, kernel, _] = file.shape(TENSOR)?.as_slice() else {
            return Err(ColumnsError::Layout(TENSOR));
        };
        let weight = file.f32s(TENSOR, &[num_filters, 3, kernel, kernel])?;
        Ok(Filters { num_filters, kernel, weight })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock::job;

    #[test]
    fn filters_come_back_and_are_scaled_each_by_its_own_largest_weight() {
        let dir = tempfile::tempdir().unwrap();
        // Two filters of one pixel: red and its opposite; nothing at all.
        let filters = Filters::new(2, 1, vec![0.5, -0.5, 0.0, 0.0, 0.0, 0.0]).unwrap();
        filters.write(dir.path(), job(1)).unwrap();
        let read = Filters::read(dir.path(), job(1)).unwrap().unwrap();
        assert_eq!(read, filters);
        assert_eq!(read.picture(0), [255, 0, 128]);
        assert_eq!(read.picture(1), [128; 3]);
        assert_eq!(Filters::read(dir.path(), job(2)).unwrap(), None);
        assert!(Filters::new(2, 1, vec![0.0]).is_none());
    }
}
