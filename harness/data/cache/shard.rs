//! One cache file: the pixels of one class in one split, with checksums.
//!
//! Little-endian, in this order: [`MAGIC`], schema version `u32`, side `u32`, number of images `u64`, key `[u8; 32]`,
//! digest of all pixels `[u8; 32]`, CRC-32 of each image `u32 …`, CRC-32 of all before `u32`; zeros up to a multiple of
//! [`PAGE`] bytes; the images.
//!
//! Nothing is mapped, since a file that is cut short under a map ends the process. What was read once is no proof of what is
//! read next: an image is compared with its checksum each time.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use thiserror::Error;

/// First bytes of a cache file.
const MAGIC: &[u8; 8] = b"nt-shard";
/// Version of the format, and part of every key.
pub(super) const SCHEMA_VERSION: u32 = 2;
/// Pixels begin at a multiple of this, bytes.
const PAGE: usize = 4096;
/// Bytes before the checksums of the images.
const FIXED: usize = 8 + 4 + 4 + 8 + 32 + 32;

/// What is wrong with a cache file.
#[derive(Debug, Error)]
pub(super) enum Damage {
    /// The file does not exist, or cannot be read.
    #[error("{0}")]
    Unreadable(#[from] io::Error),
    /// The file is shorter or longer than it should be.
    #[error("{found} bytes instead of {expected}")]
    Length { found: u64, expected: u64 },
    /// The header is damaged, or not that of this shard.
    #[error("damaged header")]
    Header,
    /// An image does not have its checksum.
    #[error("damaged image {index}")]
    Image { index: usize },
}

impl Damage {
    /// Whether the file was never made.
    pub(super) fn is_absence(&self) -> bool {
        matches!(self, Self::Unreadable(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

/// Where things are in a shard.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) side: usize,
    pub(super) num_images: usize,
}

impl Layout {
    /// Length of an image, bytes.
    pub(super) fn image_bytes(self) -> usize {
        self.side * self.side * 3
    }

    /// Bytes of the header that count.
    fn header_bytes(self) -> usize {
        FIXED + 4 * self.num_images + 4
    }

    /// Offset of the first image, bytes.
    pub(super) fn pixels_at(self) -> usize {
        self.header_bytes().next_multiple_of(PAGE)
    }

    /// Length of the file, bytes.
    pub(super) fn file_bytes(self) -> usize {
        self.pixels_at() + self.num_images * self.image_bytes()
    }

    /// The header of a shard with these checksums, one an image.
    pub(super) fn header(self, key: &[u8; 32], digest: &[u8; 32], checksums: &[u32]) -> Vec<u8> {
        let mut header = Vec::with_capacity(self.pixels_at());
        header.extend_from_slice(MAGIC);
        header.extend_from_slice(&SCHEMA_VERSION.to_le_bytes());
        header.extend_from_slice(&(self.side as u32).to_le_bytes());
        header.extend_from_slice(&(self.num_images as u64).to_le_bytes());
        header.extend_from_slice(key);
        header.extend_from_slice(digest);
        for checksum in checksums {
            header.extend_from_slice(&checksum.to_le_bytes());
        }
        header.extend_from_slice(&crc32fast::hash(&header).to_le_bytes());
        header.resize(self.pixels_at(), 0);
        header
    }
}

/// What the header of a shard says. It is checked when the shard is opened, and an image whenever it is read.
pub(super) struct Shard {
    layout: Layout,
    digest: [u8; 32],
    checksums: Vec<u32>,
}

impl Shard {
    /// Opens the shard with this key and layout.
    ///
    /// # Errors
    /// [`Damage`] where the file is missing, has another length or another header.
    pub(super) fn open(path: &Path, key: &[u8; 32], layout: Layout) -> Result<Self, Damage> {
        let file = open_regular(path)?;
        let (found, expected) = (file.metadata()?.len(), layout.file_bytes() as u64);
        if found != expected {
            return Err(Damage::Length { found, expected });
        }
        let mut header = vec![0; layout.pixels_at()];
        file.read_exact_at(&mut header, 0)?;
        let digest = header[FIXED - 32..FIXED].try_into().map_err(|_| Damage::Header)?;
        let words = header[FIXED..FIXED + 4 * layout.num_images].chunks_exact(4);
        let checksums: Vec<u32> = words.map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect();
        if header != layout.header(key, &digest, &checksums) {
            return Err(Damage::Header);
        }
        Ok(Self { layout, digest, checksums })
    }

    /// Hash of all pixels.
    pub(super) fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Reads image `index`, which must exist, from the shard's file into `pixels`, which are as long as an image.
    ///
    /// # Errors
    /// [`Damage::Image`] where it does not have its checksum, [`Damage::Unreadable`] where it cannot be read.
    pub(super) fn read(&self, file: &File, index: usize, pixels: &mut [u8]) -> Result<(), Damage> {
        file.read_exact_at(pixels, (self.layout.pixels_at() + index * self.layout.image_bytes()) as u64)?;
        if crc32fast::hash(pixels) == self.checksums[index] { Ok(()) } else { Err(Damage::Image { index }) }
    }
}

/// Opens a file, and nothing else: a pipe would be waited for, and a folder is no file.
pub(super) fn open_regular(path: &Path) -> io::Result<File> {
    if fs::metadata(path)?.is_file() { File::open(path) } else { Err(io::ErrorKind::NotFound.into()) }
}
