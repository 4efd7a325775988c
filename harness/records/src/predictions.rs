//! A network's predictions for every test image: `predictions/<job>.safetensors`.

use std::path::Path;

use nt_scenario::{ClassSets, JobId, Labels};
use safetensors::{Dtype, SafeTensorError};
use thiserror::Error;

use crate::file::{FileProblem, FileRef};
use crate::tensor_file::{self, Column, Columns, ColumnsError};
use nt_disk::FileError;

/// The version of a file of predictions, which enters the digest of its record.
pub const PREDICTIONS_VERSION: u32 = 1;

/// Fills `top5` if there are fewer than five classes.
pub const NO_CLASS: u16 = u16::MAX;

/// Guesses kept for each image.
pub const NUM_GUESSES: usize = 5;

/// A network's guesses for the test images, one entry an image, in ascending order of their ids.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    example_id: Vec<u32>,
    labels: Labels,
    top5: Vec<[u16; NUM_GUESSES]>,
    log_loss: Vec<f32>,
    /// `(N, C)`; `None` if each image has one class, because the guesses are then enough.
    scores: Option<Vec<f32>>,
}

/// Why predictions cannot be made, written or read.
#[derive(Debug, Error)]
pub enum PredictionsError {
    /// The columns differ in length.
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
    #[error("{path} {problem}; `nt run SCENARIO --out FOLDER` makes it again")]
    File {
        /// The file, relative to the study's folder.
        path: String,
        /// What is wrong.
        problem: FileProblem,
    },
    /// It is not a file of predictions of this version.
    #[error(
        "{path}: {what} is not as schema_version {PREDICTIONS_VERSION} has it; use the version of nt that wrote it"
    )]
    Layout {
        /// The file, relative to the study's folder.
        path: String,
        /// Which part.
        what: &'static str,
    },
    /// It is not a safetensors file.
    #[error("{path} is not a safetensors file: {source}; `nt run SCENARIO --out FOLDER` makes it again")]
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
    /// Guesses for images of one class each, with the images' ids and classes.
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
        let labels = Labels::OneClass(label.into_iter().map(u32::from).collect());
        Self { example_id, labels, top5, log_loss, scores: None }.checked()
    }

    /// Scores for images of several classes each, with the images' ids and classes. The guesses follow from the scores.
    ///
    /// # Shape
    /// `scores`: `(N, C)`, one row for each image. The others: one value for each image.
    /// # Units
    /// `log_loss`: nats, the mean over classes.
    /// # Errors
    /// [`PredictionsError::Lengths`], or [`PredictionsError::Order`] unless the ids ascend.
    pub fn of_several(
        example_id: Vec<u32>,
        labels: ClassSets,
        scores: Vec<f32>,
        log_loss: Vec<f32>,
    ) -> Result<Self, PredictionsError> {
        let top5 = scores.chunks(labels.num_classes()).map(highest).collect();
        Self { example_id, labels: Labels::SeveralClasses(labels), top5, log_loss, scores: Some(scores) }.checked()
    }

    fn checked(self) -> Result<Self, PredictionsError> {
        let n = self.example_id.len();
        if [self.labels.len(), self.top5.len(), self.log_loss.len()] != [n; 3] {
            let (labels, guesses, losses) = (self.labels.len(), self.top5.len(), self.log_loss.len());
            return Err(PredictionsError::Lengths { example_ids: n, labels, guesses, losses });
        }
        match self.example_id.windows(2).find(|pair| pair[0] >= pair[1]) {
            Some(pair) => Err(PredictionsError::Order { example_id: pair[1], previous: pair[0] }),
            None => Ok(self),
        }
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
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// The scores of one class, one for each image; `None` if each image has one class.
    pub fn scores_of(&self, class: usize) -> Option<Vec<f64>> {
        let scores = self.scores.as_ref()?;
        Some(scores.chunks(self.labels.num_classes()).map(|row| f64::from(row[class])).collect())
    }

    /// The five most probable classes of each image, most probable first.
    pub fn top5(&self) -> &[[u16; NUM_GUESSES]] {
        &self.top5
    }

    /// The negative log-probability given to each image's class, nats.
    pub fn log_loss(&self) -> &[f32] {
        &self.log_loss
    }

    /// Whether the class of each image, or one of its classes, is among the first `k` guesses.
    pub fn hits(&self, k: usize) -> Vec<bool> {
        let k = k.min(NUM_GUESSES);
        let is_hit = |example: usize, guess: u16| guess != NO_CLASS && self.labels.has(example, usize::from(guess));
        let hit =
            |(example, guesses): (usize, &[u16; NUM_GUESSES])| guesses[..k].iter().any(|&guess| is_hit(example, guess));
        self.top5.iter().enumerate().map(hit).collect()
    }

    /// Share of the images that have the most frequent class, which is the score of always guessing that class.
    pub fn chance(&self) -> f64 {
        self.labels.shares().into_iter().fold(0.0, f64::max)
    }

    /// Number of classes. For images with one class each, assumes that labels count from 0 without a gap.
    pub fn num_classes(&self) -> usize {
        self.labels.num_classes()
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
        let mut columns = vec![
            ("example_id", Column::new(Dtype::U32, vec![n], self.example_id.iter().flat_map(|id| id.to_le_bytes()))),
            ("log_loss", Column::new(Dtype::F32, vec![n], self.log_loss.iter().flat_map(|loss| loss.to_le_bytes()))),
            ("top5", Column::new(Dtype::U16, vec![n, NUM_GUESSES], flat.iter().flat_map(|class| class.to_le_bytes()))),
        ];
        match &self.labels {
            Labels::OneClass(classes) => {
                let bytes = classes.iter().flat_map(|&class| (class as u16).to_le_bytes());
                columns.push(("label", Column::new(Dtype::U16, vec![n], bytes)));
            }
            Labels::SeveralClasses(sets) => {
                let shape = vec![n, sets.num_classes()];
                let scores = self.scores.iter().flatten().flat_map(|score| score.to_le_bytes());
                columns.push((
                    "labels",
                    Column::new(Dtype::U8, shape.clone(), sets.values().iter().map(|&has| has.into())),
                ));
                columns.push(("scores", Column::new(Dtype::F32, shape, scores)));
            }
        }
        tensor_file::to_bytes(columns, PREDICTIONS_VERSION)
    }

    fn from_bytes(path: &str, bytes: &[u8]) -> Result<Self, PredictionsError> {
        let path = path.to_owned();
        match Self::of_columns(bytes) {
            Ok(predictions) => predictions.checked(),
            Err(ColumnsError::Layout(what)) => Err(PredictionsError::Layout { path, what }),
            Err(ColumnsError::Format(source)) => Err(PredictionsError::Format { path, source }),
        }
    }

    fn of_columns(bytes: &[u8]) -> Result<Self, ColumnsError> {
        let file = Columns::open(bytes, PREDICTIONS_VERSION)?;
        let n = file.shape("example_id")?.first().copied().unwrap_or(0);
        let guesses = file.u16s("top5", &[n, NUM_GUESSES])?;
        let top5 = guesses.chunks_exact(NUM_GUESSES).map(|row| std::array::from_fn(|rank| row[rank])).collect();
        let (labels, scores) = if file.has("labels") {
            let shape = file.shape("labels")?;
            let &[_, num_classes] = shape.as_slice() else { return Err(ColumnsError::Layout("labels")) };
            let has = file.bytes("labels", Dtype::U8, &[n, num_classes])?.into_iter().map(|has| has != 0).collect();
            let sets = ClassSets::new(num_classes, has).map_err(|_| ColumnsError::Layout("labels"))?;
            (Labels::SeveralClasses(sets), Some(file.f32s("scores", &[n, num_classes])?))
        } else {
            let classes = file.u16s("label", &[n])?.into_iter().map(u32::from).collect();
            (Labels::OneClass(classes), None)
        };
        let (example_id, log_loss) = (file.u32s("example_id", &[n])?, file.f32s("log_loss", &[n])?);
        Ok(Self { example_id, labels, top5, log_loss, scores })
    }
}

/// The classes with the highest scores, highest first. Ties go to the first class.
fn highest(scores: &[f32]) -> [u16; NUM_GUESSES] {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    std::array::from_fn(|rank| order.get(rank).map_or(NO_CLASS, |&class| class as u16))
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
    fn images_of_several_classes_come_back_with_their_scores() {
        let dir = tempfile::tempdir().unwrap();
        let sets = ClassSets::new(3, vec![true, false, true, false, false, false]).unwrap();
        let told =
            Predictions::of_several(vec![1, 5], sets, vec![0.1, 0.7, 0.2, 0.9, 0.3, 0.3], vec![0.5, 0.1]).unwrap();
        let file = told.write(dir.path(), job(2)).unwrap();
        assert_eq!(Predictions::read(dir.path(), &file).unwrap(), told);
        assert_eq!(told.top5()[0], [1, 2, 0, NO_CLASS, NO_CLASS]);
        assert_eq!((told.hits(1), told.hits(2), told.chance()), (vec![false, false], vec![true, false], 0.5));
        assert_eq!(told.scores_of(0), Some(vec![f64::from(0.1_f32), f64::from(0.9_f32)]));
        assert_eq!(three().scores_of(0), None);
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
