//! The cache of images: decoded and resized once, and kept in checksummed files.
//!
//! Each class of each split has one immutable file, named by a hash of what it was made from: the bytes of the source
//! images in order, the side, the fit, the decoder. So an edited, added or removed image leads to another file, while a
//! moved or renamed data set, or another choice of classes, finds the old ones. A file that is cut short or has a
//! flipped bit is noticed, named in the log, and made again. Two processes may fill one cache at once, since both write
//! the same bytes.

mod open_files;
mod shard;
mod write;

use super::error::BrokenImage;
use super::{DataError, Split};
use open_files::OpenFiles;
use rayon::prelude::*;
use shard::{Damage, Layout, Shard};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use write::Rendering;
pub(super) use write::prepare;

/// What cached pixels are made from.
pub trait PixelSource: Send + Sync {
    /// Names of the classes.
    fn classes(&self) -> &[String];

    /// Number of images of a class.
    fn num_images(&self, split: Split, class: usize) -> usize;

    /// Feeds `hasher` with everything that decides the pixels of a class, except the side.
    fn hash_content(&self, split: Split, class: usize, hasher: &mut blake3::Hasher);

    /// Decodes and resizes one image into `pixels`, `side · side · 3` bytes; `side` follows from their number.
    ///
    /// # Errors
    /// The image with its reason, where it cannot be decoded.
    fn render(&self, split: Split, class: usize, index: usize, pixels: &mut [u8]) -> Result<(), BrokenImage>;
}

/// The pixels of a source at one side length, on disk.
pub struct ImageCache<S> {
    source: S,
    side: usize,
    /// `[split][class]`.
    slots: [Vec<Slot>; 2],
    open_files: OpenFiles<(Split, usize)>,
    digest: [u8; 32],
}

/// The file of one class in one split.
struct Slot {
    path: PathBuf,
    key: [u8; 32],
    layout: Layout,
    shard: RwLock<Arc<Shard>>,
}

impl<S: PixelSource> ImageCache<S> {
    /// Opens the cached pixels of `source` in `folder`, and makes what is missing or damaged.
    ///
    /// # Errors
    /// [`DataError::BrokenImages`] with all broken images of all classes at once; [`DataError::CacheFolder`] and
    /// [`DataError::CacheWrite`] where the disk is full or cannot be written.
    pub fn open(source: S, side: usize, folder: &Path) -> Result<Self, DataError> {
        prepare(folder)?;
        let num_classes = source.classes().len();
        let all = [Split::Train, Split::Test]
            .into_par_iter()
            .flat_map_iter(|split| (0..num_classes).map(move |class| (split, class)));
        let opened: Vec<_> = all.map(|at| Slot::open(&source, at, side, folder)).collect();
        let mut train = all_or_faults(opened)?;
        let test = train.split_off(num_classes);
        let digest = digest(&source, side, train.iter().chain(&test));
        Ok(Self { source, side, slots: [train, test], open_files: OpenFiles::new(), digest })
    }

    /// What the pixels are made from.
    pub fn source(&self) -> &S {
        &self.source
    }

    /// Height and width of every image, pixels.
    pub fn side(&self) -> usize {
        self.side
    }

    /// Hash of class names and pixels: the same for the same pixels, whatever files they came from.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// Copies one image into `pixels`, `side · side · 3` bytes.
    ///
    /// # Errors
    /// [`DataError::NoSuchImage`], [`DataError::BufferLength`]; where a damaged file cannot be made again, the reason.
    pub fn read(&self, split: Split, class: usize, index: usize, pixels: &mut [u8]) -> Result<(), DataError> {
        let slot = self.slots[split as usize].get(class);
        let available = slot.map_or(0, |slot| slot.layout.num_images);
        let Some(slot) = slot.filter(|_| index < available) else {
            return Err(DataError::NoSuchImage { class, split, index, available });
        };
        if pixels.len() != slot.layout.image_bytes() {
            return Err(DataError::BufferLength { found: pixels.len(), expected: slot.layout.image_bytes() });
        }
        let at = (split, class);
        let shard = slot.current();
        let read = |shard: &Shard, pixels: &mut [u8]| {
            let file = self.open_files.get(at, &slot.path)?;
            shard.read(&file, index, pixels)
        };
        read(&shard, pixels).or_else(|damage| {
            let shard = slot.replace(&shard, &damage, &self.source, at, &self.open_files)?;
            read(&shard, pixels).map_err(|damage| slot.damaged(&damage))
        })
    }
}

impl Slot {
    fn open(
        source: &dyn PixelSource,
        (split, class): (Split, usize),
        side: usize,
        folder: &Path,
    ) -> Result<Self, DataError> {
        let layout = Layout { side, num_images: source.num_images(split, class) };
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"nt/shard");
        hasher.update(&shard::SCHEMA_VERSION.to_le_bytes());
        hasher.update(&(side as u64).to_le_bytes());
        hasher.update(&(layout.num_images as u64).to_le_bytes());
        source.hash_content(split, class, &mut hasher);
        let key = *hasher.finalize().as_bytes();
        let path = folder.join(format!("{}.shard", &blake3::Hash::from_bytes(key).to_hex()[..32]));
        let shard = match Shard::open(&path, &key, layout) {
            Ok(shard) => shard,
            Err(damage) => make(source, (split, class), &path, &key, layout, &damage, Rendering::Parallel)?,
        };
        Ok(Self { path, key, layout, shard: RwLock::new(Arc::new(shard)) })
    }

    fn current(&self) -> Arc<Shard> {
        self.shard.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes the file again because of the damage in `failed`, unless another thread has done so meanwhile.
    fn replace(
        &self,
        failed: &Arc<Shard>,
        damage: &Damage,
        source: &dyn PixelSource,
        at: (Split, usize),
        open_files: &OpenFiles<(Split, usize)>,
    ) -> Result<Arc<Shard>, DataError> {
        let mut current = self.shard.write().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&current, failed) {
            let shard = make(source, at, &self.path, &self.key, self.layout, damage, Rendering::Sequential)?;
            *current = Arc::new(shard);
            open_files.close(&at);
        }
        Ok(current.clone())
    }

    fn damaged(&self, damage: &Damage) -> DataError {
        DataError::CacheDamaged { path: self.path.clone(), found: damage.to_string() }
    }
}

/// Makes a shard that is missing or damaged, and opens it.
fn make(
    source: &dyn PixelSource,
    at: (Split, usize),
    path: &Path,
    key: &[u8; 32],
    layout: Layout,
    damage: &Damage,
    rendering: Rendering,
) -> Result<Shard, DataError> {
    if !damage.is_absence() {
        tracing::warn!(
            "the image cache file {} is damaged ({damage}); it is made again from the images",
            path.display()
        );
    }
    write::write_shard(source, at, path, key, layout, rendering)?;
    Shard::open(path, key, layout)
        .map_err(|damage| DataError::CacheDamaged { path: path.to_owned(), found: damage.to_string() })
}

/// All values, or else every broken image of all results. Any other error comes first.
fn all_or_faults<T>(results: Vec<Result<T, DataError>>) -> Result<Vec<T>, DataError> {
    let (mut values, mut broken) = (Vec::with_capacity(results.len()), Vec::new());
    for result in results {
        match result {
            Ok(value) => values.push(value),
            Err(DataError::BrokenImages { images }) => broken.extend(images),
            Err(other) => return Err(other),
        }
    }
    if broken.is_empty() { Ok(values) } else { Err(DataError::BrokenImages { images: broken }) }
}

fn digest<'a>(source: &dyn PixelSource, side: usize, slots: impl Iterator<Item = &'a Slot>) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"nt/pixels/1");
    hasher.update(&(side as u64).to_le_bytes());
    for class in source.classes() {
        hasher.update(&(class.len() as u64).to_le_bytes());
        hasher.update(class.as_bytes());
    }
    for slot in slots {
        hasher.update(&(slot.layout.num_images as u64).to_le_bytes());
        hasher.update(slot.current().digest());
    }
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests;
