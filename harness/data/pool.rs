//! Draws of examples for replicates, and the lock on the test side.

use super::{DataError, Dataset, Fingerprint, Images, Split};
use image::RgbImage;
use nt_kernels::philox::Stream;
use nt_scenario::Labels;
use nt_scenario::PerClass;
use nt_scenario::Standardisation;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Splits a data set into its training side and its sealed test side. Both have the classes `classes`, in the order of
/// the labels (all classes, if it is empty). The test side has the first `test_per_class` images of each class (all, if
/// `None`).
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
        let labels = Labels::OneClass(examples.iter().map(|&(label, _)| label).collect());
        let offsets = self.offsets(split);
        let ids = examples.iter().map(|&(label, index)| offsets[label as usize] + index).collect();
        Ok(Images::new(side, pixels, labels, ids))
    }
}

impl View {
    /// Fingerprints of `(label, index)` pairs, in parallel, in the order given; no more than a few pictures are in
    /// memory.
    fn fingerprints(&self, split: Split, examples: &[(u32, u32)]) -> Result<Vec<Identified>, DataError> {
        let length = self.dataset.side() * self.dataset.side() * 3;
        let offsets = self.offsets(split);
        let fingerprint = |pixels: &mut Vec<u8>, &(label, index): &(u32, u32)| {
            self.dataset.read(split, self.classes[label as usize], index as usize, pixels)?;
            Ok(Identified { id: offsets[label as usize] + index, fingerprint: Fingerprint::of(pixels) })
        };
        examples.par_iter().map_init(|| vec![0; length], fingerprint).collect()
    }

    /// The name of an image by its id; empty for an unknown id.
    fn name_of(&self, split: Split, id: u32) -> String {
        let offsets = self.offsets(split);
        let place =
            self.classes.iter().zip(&offsets).find(|&(&class, &offset)| {
                (offset..offset + self.dataset.num_images(split, class) as u32).contains(&id)
            });
        place.map_or_else(String::new, |(&class, &offset)| self.dataset.name_of(split, class, (id - offset) as usize))
    }

    /// The id of the first image of each class chosen.
    fn offsets(&self, split: Split) -> Vec<u32> {
        let before = |class: usize| (0..class).map(|class| self.dataset.num_images(split, class)).sum::<usize>() as u32;
        self.classes.iter().map(|&class| before(class)).collect()
    }
}

/// A picture's fingerprint with its identity within its side of the data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identified {
    /// Its number where all classes follow one another, as in predictions.
    pub id: u32,
    /// Its hashes.
    pub fingerprint: Fingerprint,
}

/// How many images of each class are drawn.
#[derive(Clone, Copy, Debug)]
pub struct Counts<'a> {
    /// Those that are passed over.
    pub after: Option<&'a PerClass>,
    /// Those that come next and are taken.
    pub drawn: &'a PerClass,
    /// Of them, the last ones, which are held out for validation.
    pub held_out: &'a PerClass,
}

impl<'a> Counts<'a> {
    /// The first images of the replicate's order, the last `held_out` of them for validation.
    pub fn first(drawn: &'a PerClass, held_out: &'a PerClass) -> Self {
        Self { after: None, drawn, held_out }
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
    /// Draws images of every class, the last of them for validation.
    ///
    /// A class's images are shuffled once for the seed, `scope` and replicate. Those that `counts` passes over are skipped, and
    /// the next ones are taken, so that smaller draws of the same scope are nested in larger ones.
    ///
    /// # Errors
    /// Where an image cannot be read, or a class has fewer than are drawn.
    pub fn draw(
        &self,
        seed: u64,
        scope: &str,
        replicate: u32,
        Counts { after, drawn, held_out }: Counts<'_>,
    ) -> Result<SubsetDraw, DataError> {
        let (mut train, mut validation) = (Vec::new(), Vec::new());
        for (label, &class) in self.view.classes.iter().enumerate() {
            let name = &self.view.dataset.classes()[class];
            let available = self.view.dataset.num_images(Split::Train, class);
            let after = after.map_or(0, |after| after.of(label));
            let (wanted, held_out) = (drawn.of(label), held_out.of(label));
            if available < after + wanted {
                return Err(DataError::TooFewImages { class: name.clone(), available, wanted: after + wanted });
            }
            let mut order: Vec<u32> = (0..available as u32).collect();
            Stream::named(seed, "subset", &format!("{scope}/{name}"), replicate).cursor().shuffle(&mut order);
            let chosen = order[after..after + wanted].iter().map(|&index| (label as u32, index));
            let (for_training, for_validation): (Vec<_>, Vec<_>) =
                chosen.enumerate().partition(|&(rank, _)| rank + held_out < wanted);
            train.extend(for_training.into_iter().map(|(_, example)| example));
            validation.extend(for_validation.into_iter().map(|(_, example)| example));
        }
        Ok(SubsetDraw {
            train: self.view.read(Split::Train, &train)?,
            validation: self.view.read(Split::Train, &validation)?,
        })
    }
}

impl TrainPool {
    /// What a network that learns from these images does to their pixels first.
    pub fn standardisation(&self) -> Standardisation {
        self.view.dataset.standardisation()
    }

    /// Names of the classes, in label order.
    pub fn classes(&self) -> impl Iterator<Item = &str> {
        self.view.classes.iter().map(|&class| self.view.dataset.classes()[class].as_str())
    }

    /// Images of a class, by its label.
    pub fn num_images(&self, label: usize) -> usize {
        self.view.classes.get(label).map_or(0, |&class| self.view.dataset.num_images(Split::Train, class))
    }

    /// Draws images of every class and deals them out class by class, so that any stretch of them holds the classes in
    /// equal shares. `skipped[label]` of a class's shuffled images are skipped, and the next `per_class` are taken.
    ///
    /// # Errors
    /// As [`TrainPool::draw`].
    pub fn deal(&self, seed: u64, scope: &str, per_class: usize, skipped: &[usize]) -> Result<Images, DataError> {
        let mut orders = Vec::new();
        for (label, name) in self.classes().enumerate() {
            let skipped = skipped.get(label).copied().unwrap_or(0);
            let (available, wanted) = (self.num_images(label), skipped + per_class);
            if available < wanted {
                return Err(DataError::TooFewImages { class: name.to_owned(), available, wanted });
            }
            let mut order: Vec<u32> = (0..available as u32).collect();
            Stream::named(seed, "subset", &format!("{scope}/{name}"), 0).cursor().shuffle(&mut order);
            orders.push(order[skipped..wanted].to_vec());
        }
        let dealt = (0..per_class)
            .flat_map(|rank| orders.iter().enumerate().map(move |(label, order)| (label as u32, order[rank])));
        self.view.read(Split::Train, &dealt.collect::<Vec<_>>())
    }

    /// A picture of the images: a row with the first images of each class, no larger than `most_side`, for the first
    /// `most_rows` classes.
    ///
    /// # Errors
    /// Where an image cannot be read.
    pub fn contact_sheet(&self, columns: usize, most_rows: usize, most_side: usize) -> Result<RgbImage, DataError> {
        const GAP: u32 = 2;
        let rows = self.view.classes.len().min(most_rows);
        let examples: Vec<(u32, u32)> = (0..rows)
            .flat_map(|label| (0..self.num_images(label).min(columns)).map(move |index| (label as u32, index as u32)))
            .collect();
        let images = self.view.read(Split::Train, &examples)?;
        let side = images.small_side(most_side) as u32;
        let [width, height] = [columns, rows].map(|count| (count as u32 * (side + GAP)).saturating_sub(GAP));
        let mut sheet = RgbImage::from_pixel(width, height, image::Rgb([255; 3]));
        for (at, &(row, column)) in examples.iter().enumerate() {
            if let Some(picture) = RgbImage::from_raw(side, side, images.small(at, most_side)) {
                let place = [column, row].map(|count| i64::from(count * (side + GAP)));
                image::imageops::replace(&mut sheet, &picture, place[0], place[1]);
            }
        }
        Ok(sheet)
    }

    /// Fingerprints of all images.
    ///
    /// # Errors
    /// Where an image cannot be read.
    pub fn fingerprints(&self) -> Result<Vec<Identified>, DataError> {
        let of_class = |label: usize| (0..self.num_images(label) as u32).map(move |index| (label as u32, index));
        let examples: Vec<_> = (0..self.view.classes.len()).flat_map(of_class).collect();
        self.view.fingerprints(Split::Train, &examples)
    }

    /// The name by which a person finds an image.
    pub fn name_of(&self, id: u32) -> String {
        self.view.name_of(Split::Train, id)
    }
}

/// Proof that a training has ended, with which a test set opens.
///
/// Only networks and probes that were trained to be judged implement it. A network trained to choose a learning rate
/// does not, so code that tunes cannot reach a test image.
pub trait EndOfTraining {
    /// Notes that the test set was opened with this proof.
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

    /// Fingerprints of the test images, to find those that are in a training set too. This does not open the test set:
    /// pixels and labels stay inside, and hashes are of no use for training or tuning.
    ///
    /// # Errors
    /// As [`SealedTest::open`].
    pub fn fingerprints(&self) -> Result<Vec<Identified>, DataError> {
        self.view.fingerprints(Split::Test, &self.examples()?)
    }

    /// The name by which a person finds a test image.
    pub fn name_of(&self, id: u32) -> String {
        self.view.name_of(Split::Test, id)
    }

    /// The cluster of every test image that has one, by the image's id. Like fingerprints, this does not open the test set.
    ///
    /// # Errors
    /// A class that holds fewer images than the scenario asks for.
    pub fn clusters(&self) -> Result<BTreeMap<u32, String>, DataError> {
        let offsets = self.view.offsets(Split::Test);
        let cluster = |(label, index): (u32, u32)| {
            let class = self.view.classes[label as usize];
            let cluster = self.view.dataset.cluster_of(Split::Test, class, index as usize)?;
            Some((offsets[label as usize] + index, cluster.to_owned()))
        };
        Ok(self.examples()?.into_iter().filter_map(cluster).collect())
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
