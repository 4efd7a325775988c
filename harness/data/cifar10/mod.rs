//! CIFAR-10 in the binary version, as published.

mod kind;

use super::cache::{ImageCache, PixelSource};
use super::decode::DecodeError;
use super::error::BrokenImage;
use super::resize::resize;
use super::{DataError, Dataset, Split};
use image::RgbImage;
use nt_scenario::{Resizing, Standardisation};
use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// The files of the archive, in order, with the split that they belong to.
const FILES: [(&str, Split); 6] = [
    ("data_batch_1.bin", Split::Train),
    ("data_batch_2.bin", Split::Train),
    ("data_batch_3.bin", Split::Train),
    ("data_batch_4.bin", Split::Train),
    ("data_batch_5.bin", Split::Train),
    ("test_batch.bin", Split::Test),
];
const CLASS_NAMES: &str = "batches.meta.txt";
const NUM_CLASSES: usize = 10;
const RECORDS_PER_FILE: usize = 10_000;
/// Height and width of the published images, pixels.
const SIDE: usize = 32;
/// A label, then a red, a green and a blue plane.
const RECORD_BYTES: usize = 1 + 3 * SIDE * SIDE;

/// CIFAR-10 from its six binary files, resized once into a cache.
///
/// # Source
/// Krizhevsky, *Learning multiple layers of features from tiny images*, 2009; "CIFAR-10 binary version".
pub struct Cifar10 {
    cache: ImageCache<Records>,
}

impl Cifar10 {
    /// Training and test images of each class, as published.
    pub const PER_CLASS: (usize, usize) = (5 * RECORDS_PER_FILE / NUM_CLASSES, RECORDS_PER_FILE / NUM_CLASSES);

    /// The classes of the folder `cifar-10-batches-bin`, and the images of each: for training, and for testing. Every record's label
    /// is looked at.
    ///
    /// # Errors
    /// [`DataError::Io`] for a missing file, [`DataError::CifarLength`], [`DataError::CifarClassNames`], [`DataError::CifarLabel`];
    /// [`DataError::Several`] where there are several.
    pub fn survey(root: &Path) -> Result<(Vec<String>, [Vec<usize>; 2]), DataError> {
        let Records { classes, places, .. } = Records::index(root, RECORDS_PER_FILE)?;
        Ok((classes, places.map(|side| side.iter().map(Vec::len).collect())))
    }

    /// Opens the folder `cifar-10-batches-bin` with all images `side × side`. An image's index is its rank among its
    /// class's records in file order.
    ///
    /// # Errors
    /// As [`Cifar10::survey`]; [`DataError::CacheWrite`].
    pub fn open(root: &Path, side: usize, cache_dir: &Path) -> Result<Self, DataError> {
        Self::open_with(root, RECORDS_PER_FILE, side, cache_dir)
    }

    fn open_with(root: &Path, records_per_file: usize, side: usize, cache_dir: &Path) -> Result<Self, DataError> {
        let records = Records::index(root, records_per_file)?;
        Ok(Self { cache: ImageCache::open(records, side, &cache_dir.join("images"))? })
    }
}

impl Dataset for Cifar10 {
    fn classes(&self) -> &[String] {
        self.cache.source().classes()
    }

    fn side(&self) -> usize {
        self.cache.side()
    }

    fn num_images(&self, split: Split, class: usize) -> usize {
        self.cache.source().num_images(split, class)
    }

    fn read(&self, split: Split, class: usize, index: usize, pixels: &mut [u8]) -> Result<(), DataError> {
        self.cache.read(split, class, index, pixels)
    }

    fn digest(&self) -> [u8; 32] {
        self.cache.digest()
    }

    fn standardisation(&self) -> Standardisation {
        Standardisation::IMAGENET
    }
}

/// Where each image is: its file, its record there, and the hash of that record.
struct Records {
    root: PathBuf,
    classes: Vec<String>,
    /// `[split][class]`.
    places: [Vec<Vec<Place>>; 2],
}

struct Place {
    file: usize,
    record: usize,
    hash: [u8; 32],
}

impl Records {
    fn index(root: &Path, records_per_file: usize) -> Result<Self, DataError> {
        let classes = check(root, records_per_file)?;
        let mut faults = Vec::new();
        let empty = || (0..NUM_CLASSES).map(|_| Vec::new()).collect::<Vec<Vec<Place>>>();
        let mut places = [empty(), empty()];
        for (file, (name, split)) in FILES.into_iter().enumerate() {
            let path = root.join(name);
            let bytes = nt_disk::read(&path).map_err(|source| refused(&path, source))?;
            for (record, bytes) in bytes.chunks_exact(RECORD_BYTES).enumerate() {
                let label = bytes[0];
                let Some(of_class) = places[split as usize].get_mut(usize::from(label)) else {
                    // The first of a file says enough of it.
                    faults.push(DataError::CifarLabel { path, record, label });
                    break;
                };
                of_class.push(Place { file, record, hash: *blake3::hash(bytes).as_bytes() });
            }
        }
        one_or_all(faults)?;
        Ok(Self { root: root.to_owned(), classes, places })
    }
}

impl PixelSource for Records {
    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn num_images(&self, split: Split, class: usize) -> usize {
        self.places[split as usize].get(class).map_or(0, Vec::len)
    }

    fn hash_content(&self, split: Split, class: usize, hasher: &mut blake3::Hasher) {
        hasher.update(b"cifar-10 records");
        for place in &self.places[split as usize][class] {
            hasher.update(&place.hash);
        }
    }

    fn render(&self, split: Split, class: usize, index: usize, pixels: &mut [u8]) -> Result<(), BrokenImage> {
        let place = &self.places[split as usize][class][index];
        let path = self.root.join(FILES[place.file].0);
        let record = match read_record(&path, place.record) {
            Ok(record) if *blake3::hash(&record).as_bytes() == place.hash => record,
            Ok(_) => return Err(BrokenImage { path, reason: DecodeError::Changed }),
            Err(source) => return Err(BrokenImage { path, reason: DecodeError::Read { source } }),
        };
        let plane = |channel: usize| &record[1 + channel * SIDE * SIDE..1 + (channel + 1) * SIDE * SIDE];
        let (red, green, blue) = (plane(0), plane(1), plane(2));
        let picture = RgbImage::from_fn(SIDE as u32, SIDE as u32, |x, y| {
            let at = y as usize * SIDE + x as usize;
            image::Rgb([red[at], green[at], blue[at]])
        });
        resize(&picture, (pixels.len() / 3).isqrt(), Resizing::STRETCHED, pixels);
        Ok(())
    }
}

/// The class names, if all files are there and have their length.
fn check(root: &Path, records_per_file: usize) -> Result<Vec<String>, DataError> {
    let expected = (records_per_file * RECORD_BYTES) as u64;
    let mut faults = Vec::new();
    // Where the folder itself cannot be read, nothing in it need be named.
    fs::read_dir(root).map_err(|source| DataError::Io { action: "list", path: root.to_owned(), source })?;
    for (name, _) in FILES {
        let path = root.join(name);
        match fs::metadata(&path).map(|file| file.len()) {
            Err(source) => faults.push(refused(&path, source)),
            Ok(found) if found != expected => faults.push(DataError::CifarLength { path, found, expected }),
            Ok(_) => {}
        }
    }
    let path = root.join(CLASS_NAMES);
    let text = nt_disk::read_to_string(&path).unwrap_or_else(|source| {
        faults.push(refused(&path, source));
        String::new()
    });
    let classes: Vec<String> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    if classes.len() != NUM_CLASSES && !text.is_empty() {
        faults.push(DataError::CifarClassNames { path, found: classes.len() });
    }
    one_or_all(faults)?;
    Ok(classes)
}

/// Faults as one error, if there are any.
fn one_or_all(mut faults: Vec<DataError>) -> Result<(), DataError> {
    match faults.len() {
        0 => Ok(()),
        1 => Err(faults.remove(0)),
        _ => Err(DataError::Several { faults }),
    }
}

fn read_record(path: &Path, record: usize) -> io::Result<Vec<u8>> {
    let mut file = nt_disk::open(path)?;
    file.seek(SeekFrom::Start((record * RECORD_BYTES) as u64))?;
    let mut bytes = vec![0; RECORD_BYTES];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn refused(path: &Path, source: io::Error) -> DataError {
    DataError::Io { action: "read", path: path.to_owned(), source }
}

#[cfg(test)]
mod tests;
