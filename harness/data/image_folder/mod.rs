//! A folder of JPEG and PNG images as a data set.

mod files;
mod kind;
mod known;
mod left_out;
mod listing;
mod order;
mod sides;

pub use left_out::{IgnoreReason, Ignored};
pub use listing::{Listing, Wanted};

use super::cache::{self, ImageCache, PixelSource};
use super::decode::{self, DecodeError, Megapixels};
use super::error::BrokenImage;
use super::resize::resize;
use super::{DataError, Dataset, Split};
use known::Known;
use nt_scenario::{Resizing, Standardisation};
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// Images in class folders, decoded and resized once into a cache.
pub struct ImageFolder {
    cache: ImageCache<Folder>,
}

impl ImageFolder {
    /// Lists the images below `root`: names and numbers only. See [`Listing::scan`].
    ///
    /// # Errors
    /// As [`Listing::scan`].
    pub fn scan(root: &Path, wanted: Wanted<'_>) -> Result<Listing, DataError> {
        Listing::scan(root, wanted)
    }

    /// Opens a listed folder with all images `side × side`, stretched. See [`ImageFolder::open_with`].
    ///
    /// # Errors
    /// As [`ImageFolder::open_with`].
    pub fn open(listing: Listing, side: usize, most: Megapixels, cache_dir: &Path) -> Result<Self, DataError> {
        Self::open_with(listing, side, Resizing::STRETCHED, most, cache_dir)
    }

    /// Opens a listed folder. Files are identified by the hash of their bytes, so an edited image is noticed whatever
    /// its length and date. A file is not read again if the file system shows that it did not change since the last
    /// run. Only classes whose images are not in the cache are decoded.
    ///
    /// # Errors
    /// [`DataError::BrokenImages`] names every image that cannot be read or decoded; [`DataError::CacheFolder`] and
    /// [`DataError::CacheWrite`] where the cache cannot be written.
    pub fn open_with(
        listing: Listing,
        side: usize,
        resizing: Resizing,
        most: Megapixels,
        cache_dir: &Path,
    ) -> Result<Self, DataError> {
        let cache_dir = cache_dir.join("images");
        cache::prepare(&cache_dir)?;
        let folder = Folder::hash(listing, resizing, most, &cache_dir)?;
        Ok(Self { cache: ImageCache::open(folder, side, &cache_dir)? })
    }

    /// Every listed image that cannot be used, in order of class and name. No cache is read or written.
    pub fn broken(listing: &Listing, most: Megapixels) -> Vec<BrokenImage> {
        let classes = 0..listing.classes().len();
        let sides = |class| [Split::Train, Split::Test].map(|split| listing.images(split, class));
        let images: Vec<&PathBuf> = classes.flat_map(sides).flatten().collect();
        let fault = |path: &&PathBuf| {
            let checked = decode::read(path, most).and_then(|bytes| decode::check(&bytes, most));
            checked.err().map(|reason| BrokenImage { path: path.to_path_buf(), reason })
        };
        images.par_iter().filter_map(fault).collect()
    }

    /// What was listed.
    pub fn listing(&self) -> &Listing {
        &self.cache.source().listing
    }
}

impl Dataset for ImageFolder {
    fn classes(&self) -> &[String] {
        self.listing().classes()
    }

    fn side(&self) -> usize {
        self.cache.side()
    }

    fn num_images(&self, split: Split, class: usize) -> usize {
        self.listing().num_images(split, class)
    }

    fn read(&self, split: Split, class: usize, index: usize, pixels: &mut [u8]) -> Result<(), DataError> {
        self.cache.read(split, class, index, pixels)
    }

    fn name_of(&self, split: Split, class: usize, index: usize) -> String {
        let path = self.listing().images(split, class).get(index);
        let below = path.map(|path| path.strip_prefix(self.listing().root()).unwrap_or(path));
        below.map_or_else(String::new, |path| path.display().to_string())
    }

    fn cluster_of(&self, split: Split, class: usize, index: usize) -> Option<&str> {
        self.listing().cluster_of(split, class, index)
    }

    fn digest(&self) -> [u8; 32] {
        self.cache.digest()
    }

    fn standardisation(&self) -> Standardisation {
        Standardisation::IMAGENET
    }
}

/// A listing with the hash of every file.
struct Folder {
    listing: Listing,
    resizing: Resizing,
    most: Megapixels,
    /// `[split][class][image]`.
    hashes: [Vec<Vec<[u8; 32]>>; 2],
}

impl Folder {
    fn hash(listing: Listing, resizing: Resizing, most: Megapixels, cache_dir: &Path) -> Result<Self, DataError> {
        let mut hashes = [Vec::new(), Vec::new()];
        let mut broken = Vec::new();
        for split in [Split::Train, Split::Test] {
            for class in 0..listing.classes().len() {
                let (of_class, unreadable) = hash_class(&listing, split, class, most, cache_dir);
                hashes[split as usize].push(of_class);
                broken.extend(unreadable);
            }
        }
        if broken.is_empty() {
            Ok(Self { listing, resizing, most, hashes })
        } else {
            // What else is broken is told with them.
            let all = ImageFolder::broken(&listing, most);
            Err(DataError::BrokenImages { images: if all.is_empty() { broken } else { all } })
        }
    }
}

/// Hashes of the files of a class, in order, and the files that cannot be read.
fn hash_class(
    listing: &Listing,
    split: Split,
    class: usize,
    most: Megapixels,
    cache_dir: &Path,
) -> (Vec<[u8; 32]>, Vec<BrokenImage>) {
    let images = listing.images(split, class);
    let root = listing.root().as_os_str().as_encoded_bytes();
    let known = Known::load(cache_dir, &[&[split as u8], root, b"/", listing.classes()[class].as_bytes()].concat());
    let results: Vec<_> = images.par_iter().map(|path| known.hash(path, most)).collect();
    let (mut hashes, mut broken) = (Vec::with_capacity(images.len()), Vec::new());
    for (path, result) in images.iter().zip(results) {
        match result {
            Ok(hash) => hashes.push(hash),
            Err(reason) => broken.push(BrokenImage { path: path.clone(), reason }),
        }
    }
    if broken.is_empty() {
        known.save(images, &hashes);
    }
    (hashes.into_iter().map(|hash| hash.content).collect(), broken)
}

impl PixelSource for Folder {
    fn classes(&self) -> &[String] {
        self.listing.classes()
    }

    fn num_images(&self, split: Split, class: usize) -> usize {
        self.listing.num_images(split, class)
    }

    fn hash_content(&self, split: Split, class: usize, hasher: &mut blake3::Hasher) {
        hasher.update(b"image files");
        hasher.update(decode::JPEG_DECODER.as_bytes());
        // What was accepted under another limit may be refused under this one.
        if self.most != Megapixels::default() {
            hasher.update(&self.most.0.to_le_bytes());
        }
        let Resizing { fit, shorter_side, resampler } = self.resizing;
        hasher.update(&[fit as u8]);
        if shorter_side.is_some() || resampler != Resizing::STRETCHED.resampler {
            hasher.update(resampler.word().as_bytes());
            hasher.update(&(shorter_side.unwrap_or(0) as u64).to_le_bytes());
        }
        for hash in &self.hashes[split as usize][class] {
            hasher.update(hash);
        }
    }

    fn render(&self, split: Split, class: usize, index: usize, pixels: &mut [u8]) -> Result<(), BrokenImage> {
        let path = &self.listing.images(split, class)[index];
        let broken = |reason| BrokenImage { path: path.clone(), reason };
        let bytes = decode::read(path, self.most).map_err(broken)?;
        if *blake3::hash(&bytes).as_bytes() != self.hashes[split as usize][class][index] {
            return Err(broken(DecodeError::Changed));
        }
        let picture = decode::decode(&bytes, self.most).map_err(broken)?;
        let side = (pixels.len() / 3).isqrt();
        resize(&picture, side, self.resizing, pixels);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
