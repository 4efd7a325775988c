//! The test images of a target, small: `artifacts/thumbnails-<target>.safetensors`.

use std::path::Path;

use safetensors::{Dtype, SafeTensorError};

use super::{PICTURES_VERSION, PicturesError};
use crate::tensor_file::{self, Column, Columns, ColumnsError};

/// Largest side of a thumbnail, pixels.
pub const MOST_SIDE: usize = 32;

/// The column that tells a damaged file.
const CHECKSUM: &str = "checksum";

/// Small pictures by example id, ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thumbnails {
    side: usize,
    example_id: Vec<u32>,
    pixels: Vec<u8>,
}

impl Thumbnails {
    /// Pictures with their ids, in any order.
    ///
    /// # Shape
    /// Each picture is `(side, side, 3)`, RGB. Pictures of another length are left out.
    pub fn new(side: usize, pictures: impl IntoIterator<Item = (u32, Vec<u8>)>) -> Self {
        let mut pictures: Vec<(u32, Vec<u8>)> =
            pictures.into_iter().filter(|(_, pixels)| pixels.len() == 3 * side * side).collect();
        pictures.sort_by_key(|(id, _)| *id);
        pictures.dedup_by_key(|(id, _)| *id);
        let example_id = pictures.iter().map(|(id, _)| *id).collect();
        Thumbnails { side, example_id, pixels: pictures.into_iter().flat_map(|(_, pixels)| pixels).collect() }
    }

    /// Width and height of each, pixels.
    pub fn side(&self) -> usize {
        self.side
    }

    /// The picture of a test image, `(side, side, 3)`.
    pub fn picture(&self, example_id: u32) -> Option<&[u8]> {
        let at = self.example_id.binary_search(&example_id).ok()?;
        let length = 3 * self.side * self.side;
        self.pixels.get(at * length..(at + 1) * length)
    }

    /// The file's path in a study's folder.
    pub fn path(target: &str) -> String {
        format!("artifacts/thumbnails-{target}.safetensors")
    }

    /// Writes the file of a target.
    ///
    /// # Errors
    /// [`PicturesError::File`] if the system refuses.
    pub fn write(&self, dir: &Path, target: &str) -> Result<(), PicturesError> {
        super::write(dir, Self::path(target), self.to_bytes())
    }

    /// The thumbnails of a target; `None` if no run has written any.
    ///
    /// # Errors
    /// [`PicturesError`] if the file cannot be used.
    pub fn read(dir: &Path, target: &str) -> Result<Option<Self>, PicturesError> {
        let path = Self::path(target);
        let Some(bytes) = super::read(dir, &path)? else { return Ok(None) };
        Self::from_bytes(&bytes).map(Some).map_err(PicturesError::at(&path))
    }

    fn to_bytes(&self) -> Result<Vec<u8>, SafeTensorError> {
        let n = self.example_id.len();
        let columns = vec![
            ("example_id", Column::new(Dtype::U32, vec![n], self.example_id.iter().flat_map(|id| id.to_le_bytes()))),
            ("pixels", Column::new(Dtype::U8, vec![n, self.side, self.side, 3], self.pixels.iter().copied())),
            (CHECKSUM, Column::new(Dtype::U8, vec![32], self.checksum())),
        ];
        tensor_file::to_bytes(columns, PICTURES_VERSION)
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, ColumnsError> {
        let file = Columns::open(bytes, PICTURES_VERSION)?;
        let &[n, side, _, _] = file.shape("pixels")?.as_slice() else { return Err(ColumnsError::Layout("pixels")) };
        let pixels = file.bytes("pixels", Dtype::U8, &[n, side, side, 3])?;
        let example_id = file.u32s("example_id", &[n])?;
        if !example_id.windows(2).all(|pair| pair[0] < pair[1]) {
            return Err(ColumnsError::Layout("example_id"));
        }
        let thumbnails = Thumbnails { side, example_id, pixels };
        // Files of earlier versions have none.
        let is_intact = !file.has(CHECKSUM) || file.bytes(CHECKSUM, Dtype::U8, &[32])? == thumbnails.checksum();
        if is_intact { Ok(thumbnails) } else { Err(ColumnsError::Layout(CHECKSUM)) }
    }

    /// BLAKE3 of side, ids and pixels. No record lists this file, so that a killed run could not know it again.
    fn checksum(&self) -> [u8; 32] {
        let mut hash = blake3::Hasher::new();
        hash.update(&(self.side as u64).to_le_bytes()).update(&(self.example_id.len() as u64).to_le_bytes());
        for id in &self.example_id {
            hash.update(&id.to_le_bytes());
        }
        *hash.update(&self.pixels).finalize().as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thumbnails_come_back_by_id_whatever_order_they_were_given_in() {
        let dir = tempfile::tempdir().unwrap();
        let kept = Thumbnails::new(2, [(9, vec![9; 12]), (4, vec![4; 12]), (5, vec![5; 11])]);
        kept.write(dir.path(), "shapes-b").unwrap();
        let read = Thumbnails::read(dir.path(), "shapes-b").unwrap().unwrap();
        assert_eq!(read, kept);
        assert_eq!(read.picture(4).unwrap(), [4; 12]);
        assert_eq!(read.picture(9).unwrap(), [9; 12]);
        assert_eq!(read.picture(5), None);
    }

    #[test]
    fn a_flipped_pixel_is_told_and_a_file_of_before_checksums_is_read() {
        let kept = Thumbnails::new(2, [(4, vec![4; 12]), (9, vec![9; 12])]);
        let bytes = kept.to_bytes().unwrap();
        for at in bytes.len() - 24 - 32 - 8..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            assert!(Thumbnails::from_bytes(&flipped).is_err(), "byte {at} of {}", bytes.len());
        }
        let columns = vec![
            ("example_id", Column::new(Dtype::U32, vec![1], 4u32.to_le_bytes())),
            ("pixels", Column::new(Dtype::U8, vec![1, 2, 2, 3], vec![4; 12])),
        ];
        let before = tensor_file::to_bytes(columns, PICTURES_VERSION).unwrap();
        assert!(Thumbnails::from_bytes(&before).is_ok_and(|read| read.picture(4) == Some(&[4; 12][..])));
    }

    #[test]
    fn a_target_without_thumbnails_has_none_and_a_file_that_is_none_is_named() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Thumbnails::read(dir.path(), "a").unwrap(), None);
        std::fs::create_dir(dir.path().join("artifacts")).unwrap();
        std::fs::write(dir.path().join("artifacts/thumbnails-a.safetensors"), b"no").unwrap();
        let error = Thumbnails::read(dir.path(), "a").unwrap_err().to_string();
        assert!(error.starts_with("artifacts/thumbnails-a.safetensors is not a safetensors file"), "{error}");
    }
}
