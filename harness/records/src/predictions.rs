//! A network's predictions for every test image: `predictions/<job>.safetensors`.

use std::path::Path;

use nt_scenario::JobId;
use safetensors::{Dtype, SafeTensorError};
use thiserror::Error;

use crate::SCHEMA_VERSION;
use crate::file::{FileError, FileProblem, FileRef};
use crate::tensor_file::{self, Column, Columns, ColumnsError};

/// Fills `top5` if there are fewer than five classes.
pub const NO_CLASS: u16 = u16::MAX;

/// Guesses kept for each image.
pub const NUM_GUESSES: usize = 5;

/// A network's guesses for the test images, one entry an image, in ascending order of their ids.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    example_id: Vec<u32>,
    label: Vec<u16>,
    top5: Vec<[u16; NUM_GUESSES]>,
    log_loss: Vec<f32>,
}

/// Why predictions cannot be made, written or read.
#[derive(Debug, Error)]
pub enum PredictionsError {
    /// The four columns differ in length.
    #[error(
        "there are {example_ids} example ids, {labels} labels, {guesses} rows of guesses and {losses} losses; pass one \
            of each for every image"
    )]
    Lengths {
        /// Number of ids.
        example_ids: usize,
        /// Number of labels.
        labels: usize,
        /// Number of rows of guesses.
        guesses: usize,
        /// Number of losses.
        losses: usize,
    },
    /// The ids do not ascend.
    #[error("example id {example_id} follows {previous}; pass each image once, in ascending order of the ids")]
    Order {
        /// The id.
        example_id: u32,
        /// The id before it.
        previous: u32,
    },
    /// The record's file has changed, or is missing.
    #[error("{path} {problem}; `nt run` on the same folder makes it again")]
    File {
        /// The file, relative to the study's folder.
        path: String,
        /// What is wrong.
        problem: FileProblem,
    },
    /// It is not a file of predictions of this version.
    #[error("{path}: {what} is not as schema_version {SCHEMA_VERSION} has it; use the version of nt that wrote it")]
    Layout {
        /// The file, relative to the study's folder.
        path: String,
        /// Which part.
        what: &'static str,
    },
    /// It is not a safetensors file.
    #[error("{path} is not a safetensors file: {source}; `nt run` on the same folder makes it again")]
    Format {
        /// The file, relative to the study's folder.
        path: String,
        /// What the reader says.
        source: SafeTensorError,
    },
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] FileError),
}

impl Predictions {
    /// Guesses with their images' ids and labels.
    ///
    /// # Shape
    /// All have one length. `top5`: the five most probable classes, most probable first, filled up with [`NO_CLASS`] if
    /// there are fewer.
    /// # Units
    /// `log_loss`: nats.
    /// # Errors
    /// [`PredictionsError::Lengths`], or [`PredictionsError::Order`] unless the ids ascend.
    pub fn new(
        example_id: Vec<u32>,
        label: Vec<u16>,
        top5: Vec<[u16; NUM_GUESSES]>,
        log_loss: Vec<f32>,
    ) -> Result<Self, PredictionsError> {
        let n = example_id.len();
        if [label.len(), top5.len(), log_loss.len()] != [n; 3] {
            let (labels, guesses, losses) = (label.len(), top5.len(), log_loss.len());
            return Err(PredictionsError::Lengths { example_ids: n, labels, guesses, losses });
        }
        if let Some(pair) = example_id.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(PredictionsError::Order { example_id: pair[1], previous: pair[0] });
        }
        Ok(Predictions { example_id, label, top5, log_loss })
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.example_id.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.example_id.is_empty()
    }

    /// The images' ids, ascending.
    pub fn example_ids(&self) -> &[u32] {
        &self.example_id
    }

    /// The images' classes.
    pub fn labels(&self) -> &[u16] {
        &self.label
    }

    /// The five most probable classes of each image, most probable first.
    pub fn top5(&self) -> &[[u16; NUM_GUESSES]] {
        &self.top5
    }

    /// The negative log-probability given to each image's class, nats.
    pub fn log_loss(&self) -> &[f32] {
        &self.log_loss
    }

    /// Whether each image's class is among the first `k` guesses.
    pub fn hits(&self, k: usize) -> Vec<bool> {
        let k = k.min(NUM_GUESSES);
        self.label.iter().zip(&self.top5).map(|(label, guesses)| guesses[..k].contains(label)).collect()
    }

    /// Share of the most frequent class among the labels, which is the score of always guessing that class.
    pub fn chance(&self) -> f64 {
        let mut counts = vec![0u32; self.label.iter().max().map_or(0, |&most| usize::from(most) + 1)];
        self.label.iter().for_each(|&label| counts[usize::from(label)] += 1);
        let most = counts.into_iter().max().unwrap_or(0);
        if self.is_empty() { 0.0 } else { f64::from(most) / self.len() as f64 }
    }

    /// Number of classes, if the labels count from 0 without a gap.
    pub fn num_classes(&self) -> usize {
        self.label.iter().max().map_or(0, |&most| usize::from(most) + 1)
    }

    /// The file's path in a study's folder.
    pub fn path(job: JobId) -> String {
        format!("predictions/{job}.safetensors")
    }

    /// Writes the file and returns the reference to it.
    ///
    /// # Errors
    /// [`PredictionsError::Write`] if the system refuses.
    pub fn write(&self, dir: &Path, job: JobId) -> Result<FileRef, PredictionsError> {
        let path = Self::path(job);
        let bytes = self.to_bytes().map_err(|source| PredictionsError::Format { path: path.clone(), source })?;
        Ok(FileRef::write(dir, path, &bytes)?)
    }

    /// Reads the file that a record refers to, proving its hash.
    ///
    /// # Errors
    /// [`PredictionsError`] names the file and what is wrong with it.
    pub fn read(dir: &Path, file: &FileRef) -> Result<Self, PredictionsError> {
        let path = &file.path;
        let bytes = file.read(dir).map_err(|problem| PredictionsError::File { path: path.clone(), problem })?;
        Self::from_bytes(path, &bytes)
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// [`SafeTensorError`] if they cannot be laid out.
    pub fn to_bytes(&self) -> Result<Vec<u8>, SafeTensorError> {
        let n = self.len();
        let flat: Vec<u16> = self.top5.iter().flatten().copied().collect();
        let columns = vec![
            ("example_id", Column::new(Dtype::U32, vec![n], self.example_id.iter().flat_map(|id| id.to_le_bytes()))),
            ("label", Column::new(Dtype::U16, vec![n], self.label.iter().flat_map(|label| label.to_le_bytes()))),
            ("log_loss", Column::new(Dtype::F32, vec![n], self.log_loss.iter().flat_map(|loss| loss.to_le_bytes()))),
            ("top5", Column::new(Dtype::U16, vec![n, NUM_GUESSES], flat.iter().flat_map(|class| class.to_le_bytes()))),
        ];
        tensor_file::to_bytes(columns)
    }

    fn from_bytes(path: &str, bytes: &[u8]) -> Result<Self, PredictionsError> {
        let read = || -> Result<_, ColumnsError> {
            let file = Columns::open(bytes)?;
            let n = file.shape("example_id")?.first().copied().unwrap_or(0);
            let guesses = file.u16s("top5", &[n, NUM_GUESSES])?;
            let top5 = guesses.chunks_exact(NUM_GUESSES).map(|row| std::array::from_fn(|rank| row[rank])).collect();
            Ok((file.u32s("example_id", &[n])?, file.u16s("label", &[n])?, top5, file.f32s("log_loss", &[n])?))
        };
        let path = path.to_owned();
        match read() {
            Ok((example_id, label, top5, log_loss)) => Predictions::new(example_id, label, top5, log_loss),
            Err(ColumnsError::Layout(what)) => Err(PredictionsError::Layout { path, what }),
            Err(ColumnsError::Format(source)) => Err(PredictionsError::Format { path, source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock::job;

    fn three() -> Predictions {
        let top5 = vec![[0, 1, NO_CLASS, NO_CLASS, NO_CLASS]; 3];
        Predictions::new(vec![4, 7, 9], vec![0, 1, 0], top5, vec![0.5, 1.5, f32::INFINITY]).unwrap()
    }

    #[test]
    fn predictions_come_back_as_they_went_and_in_the_same_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let file = three().write(dir.path(), job(1)).unwrap();
        assert_eq!(file.path, format!("predictions/{}.safetensors", job(1)));
        assert_eq!(Predictions::read(dir.path(), &file).unwrap(), three());
        assert_eq!(three().write(dir.path(), job(1)).unwrap(), file);
    }

    #[test]
    fn hits_and_chance_follow_from_labels_and_guesses() {
        assert_eq!(three().hits(1), [true, false, true]);
        assert_eq!(three().hits(5), [true, true, true]);
        assert_eq!(three().chance(), 2.0 / 3.0);
    }

    #[test]
    fn images_out_of_order_or_of_unequal_number_are_refused() {
        let twice = Predictions::new(vec![1, 1], vec![0; 2], vec![[0; 5]; 2], vec![0.0; 2]).unwrap_err();
        assert!(matches!(twice, PredictionsError::Order { example_id: 1, previous: 1 }));
        let short = Predictions::new(vec![1, 2], vec![0], vec![[0; 5]; 2], vec![0.0; 2]).unwrap_err();
        assert!(matches!(short, PredictionsError::Lengths { labels: 1, .. }));
    }

    #[test]
    fn a_changed_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = three().write(dir.path(), job(1)).unwrap();
        std::fs::write(dir.path().join(&file.path), b"short").unwrap();
        let error = Predictions::read(dir.path(), &file).unwrap_err().to_string();
        assert!(error.starts_with("predictions/") && error.contains("has 5 bytes"), "{error}");
    }
}
