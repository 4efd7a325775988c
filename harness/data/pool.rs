//! How a replicate draws its examples, and the lock on the test side.

use super::{DataError, Dataset, Images, Split};
use nt_kernels::philox::Stream;
use rayon::prelude::*;
use std::sync::{Arc, Mutex, PoisonError};

/// Parts a data set into its training side and its sealed test side, both restricted to `classes` (all, if empty; label
/// `k` is then the `k`-th of them) and the test side to the first `test_per_class` images a class (all, if `None`).
///
/// # Errors
/// [`DataError::UnknownClass`] for a class that the data set lacks.
pub fn part(
    dataset: Arc<dyn Dataset>,
    classes: &[String],
    test_per_class: Option<usize>,
) -> Result<(TrainPool, SealedTest), DataError> {
    let all = dataset.classes();
    let chosen = if classes.is_empty() {
        (0..all.len()).collect()
    } else {
        let find = |name: &String| {
            let unknown = || DataError::UnknownClass { name: name.clone(), known: all.to_vec() };
            all.iter().position(|class| class == name).ok_or_else(unknown)
        };
        classes.iter().map(find).collect::<Result<Vec<_>, _>>()?
    };
    let view = View { dataset, classes: chosen };
    Ok((TrainPool { view: view.clone() }, SealedTest { view, test_per_class, images: Mutex::new(None) }))
}

#[derive(Clone)]
struct View {
    dataset: Arc<dyn Dataset>,
    classes: Vec<usize>,
}

impl View {
    /// Reads `(label, index)` pairs into memory, in parallel, in the order given.
    fn read(&self, split: Split, examples: &[(u32, u32)]) -> Result<Images, DataError> {
        let side = self.dataset.side();
        let mut pixels = vec![0; examples.len() * side * side * 3];
        pixels.par_chunks_exact_mut(side * side * 3).zip(examples).try_for_each(|(image, &(label, index))| {
            self.dataset.read(split, self.classes[label as usize], index as usize, image)
        })?;
        let labels = examples.iter().map(|&(label, _)| label).collect();
        let before = |class: usize| (0..class).map(|class| self.dataset.num_images(split, class)).sum::<usize>() as u32;
        let offsets: Vec<u32> = self.classes.iter().map(|&class| before(class)).collect();
        let ids = examples.iter().map(|&(label, index)| offsets[label as usize] + index).collect();
        Ok(Images::new(side, pixels, labels, ids, self.dataset.mean_and_std()))
    }
}

/// The training side of a data set.
pub struct TrainPool {
    view: View,
}

/// One replicate's draw from a training pool.
pub struct SubsetDraw {
    /// What the network learns from.
    pub train: Images,
    /// What its settings are chosen on; empty where the scenario sets none aside.
    pub validation: Images,
}

impl TrainPool {
    /// Draws `per_class` images of every class, the last `num_validation` of them for validation.
    ///
    /// A class's images are shuffled once for the seed, `scope` and replicate, and the first `per_class` taken, so that
    /// smaller draws of the same scope are nested in larger ones.
    ///
    /// # Errors
    /// Where an image cannot be read, or a class holds fewer than `per_class`.
    pub fn draw(
        &self,
        seed: u64,
        scope: &str,
        replicate: u32,
        per_class: usize,
        num_validation: usize,
    ) -> Result<SubsetDraw, DataError> {
        let (mut train, mut validation) = (Vec::new(), Vec::new());
        for (label, &class) in self.view.classes.iter().enumerate() {
            let name = &self.view.dataset.classes()[class];
            let available = self.view.dataset.num_images(Split::Train, class);
            if available < per_class {
                return Err(DataError::TooFewImages { class: name.clone(), available, wanted: per_class });
            }
            let mut order: Vec<u32> = (0..available as u32).collect();
            Stream::named(seed, "subset", &format!("{scope}/{name}"), replicate).cursor().shuffle(&mut order);
            let chosen = order[..per_class].iter().map(|&index| (label as u32, index));
            let (for_training, for_validation): (Vec<_>, Vec<_>) =
                chosen.enumerate().partition(|&(rank, _)| rank + num_validation < per_class);
            train.extend(for_training.into_iter().map(|(_, example)| example));
            validation.extend(for_validation.into_iter().map(|(_, example)| example));
        }
        Ok(SubsetDraw {
            train: self.view.read(Split::Train, &train)?,
            validation: self.view.read(Split::Train, &validation)?,
        })
    }
}

/// Proof that a training has ended: what a test set opens against.
///
/// The training loop implements it for networks trained to be judged, and for nothing else: a network trained to choose
/// a learning rate does not have it, so code that tunes cannot reach a test image.
pub trait EndOfTraining {
    /// Notes that the test set was opened against this proof.
    fn count_opening(&self);
}

/// The test side of a data set, closed until a training has ended.
pub struct SealedTest {
    view: View,
    test_per_class: Option<usize>,
    images: Mutex<Option<Arc<Images>>>,
}

impl SealedTest {
    /// Opens the test set for a finished network: the same images every time, read once.
    ///
    /// # Errors
    /// Where an image cannot be read, or a class holds fewer than the scenario asks for.
    pub fn open(&self, proof: &impl EndOfTraining) -> Result<Arc<Images>, DataError> {
        proof.count_opening();
        let mut images = self.images.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(images) = &*images {
            return Ok(Arc::clone(images));
        }
        let read = Arc::new(self.view.read(Split::Test, &self.examples()?)?);
        *images = Some(Arc::clone(&read));
        Ok(read)
    }

    fn examples(&self) -> Result<Vec<(u32, u32)>, DataError> {
        let mut examples = Vec::new();
        for (label, &class) in self.view.classes.iter().enumerate() {
            let available = self.view.dataset.num_images(Split::Test, class);
            let wanted = self.test_per_class.unwrap_or(available);
            if available < wanted {
                let class = self.view.dataset.classes()[class].clone();
                return Err(DataError::TooFewImages { class, available, wanted });
            }
            examples.extend((0..wanted as u32).map(|index| (label as u32, index)));
        }
        Ok(examples)
    }
}
