//! One cache file: the pixels of one class in one split, with checksums.
//!
//! Little-endian, in this order: [`MAGIC`], schema version `u32`, side `u32`, number of images `u64`, key `[u8; 32]`,
//! digest of all pixels `[u8; 32]`, CRC-32 of each block `u32 …`, CRC-32 of all before `u32`; zeros up to a multiple of
//! [`PAGE`] bytes; the images. A block is a whole number of images, about 1 MiB.

use super::map::Map;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use thiserror::Error;

/// First bytes of a cache file.
const MAGIC: &[u8; 8] = b"nt-shard";
/// Version of the format, and part of every key.
pub(super) const SCHEMA_VERSION: u32 = 1;
/// Pixels begin at a multiple of this, bytes.
const PAGE: usize = 4096;
/// Intended size of a block, bytes.
const BLOCK: usize = 1 << 20;
/// Bytes before the checksums of the blocks.
const FIXED: usize = 8 + 4 + 4 + 8 + 32 + 32;

/// What is wrong with a cache file.
#[derive(Debug, Error)]
pub(super) enum Damage {
    /// The file does not exist, or cannot be read.
    #[error("{0}")]
    Unreadable(#[from] io::Error),
    /// The file is shorter or longer than it should be.
    #[error("{found} bytes instead of {expected}")]
    Length { found: usize, expected: usize },
    /// The header is damaged, or not that of this shard.
    #[error("damaged header")]
    Header,
    /// A block does not have its checksum.
    #[error("damaged block {block}")]
    Block { block: usize },
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

    pub(super) fn images_per_block(self) -> usize {
        (BLOCK / self.image_bytes().max(1)).max(1)
    }

    fn num_blocks(self) -> usize {
        self.num_images.div_ceil(self.images_per_block())
    }

    /// Bytes of the header that count.
    fn header_bytes(self) -> usize {
        FIXED + 4 * self.num_blocks() + 4
    }

    /// Offset of the first image, bytes.
    pub(super) fn pixels_at(self) -> usize {
        self.header_bytes().next_multiple_of(PAGE)
    }

    /// Length of the file, bytes.
    pub(super) fn file_bytes(self) -> usize {
        self.pixels_at() + self.num_images * self.image_bytes()
    }

    /// The header of a shard with these checksums, one a block.
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

/// A mapped shard. Its header is checked when it is opened, and a block when it is first read.
pub(super) struct Shard {
    map: Map,
    layout: Layout,
    digest: [u8; 32],
    checksums: Vec<u32>,
    checked: Vec<AtomicBool>,
}

impl Shard {
    /// Opens the shard with this key and layout.
    ///
    /// # Errors
    /// [`Damage`] where the file is missing, has another length or another header.
    pub(super) fn open(path: &Path, key: &[u8; 32], layout: Layout) -> Result<Self, Damage> {
        let map = Map::open(path)?;
        let (found, expected) = (map.bytes().len(), layout.file_bytes());
        if found != expected {
            return Err(Damage::Length { found, expected });
        }
        let header = &map.bytes()[..layout.pixels_at()];
        let digest = header[FIXED - 32..FIXED].try_into().map_err(|_| Damage::Header)?;
        let words = header[FIXED..FIXED + 4 * layout.num_blocks()].chunks_exact(4);
        let checksums: Vec<u32> = words.map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect();
        if *header != layout.header(key, &digest, &checksums)[..] {
            return Err(Damage::Header);
        }
        let checked = checksums.iter().map(|_| AtomicBool::new(false)).collect();
        Ok(Self { map, layout, digest, checksums, checked })
    }

    /// Hash of all pixels.
    pub(super) fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// The bytes of image `index`, which must exist.
    ///
    /// # Errors
    /// [`Damage::Block`] where the block that holds it does not have its checksum.
    pub(super) fn image(&self, index: usize) -> Result<&[u8], Damage> {
        let (image_bytes, per_block) = (self.layout.image_bytes(), self.layout.images_per_block());
        let pixels = &self.map.bytes()[self.layout.pixels_at()..];
        let block = index / per_block;
        if !self.checked[block].load(Ordering::Relaxed) {
            let end = ((block + 1) * per_block).min(self.layout.num_images);
            if crc32fast::hash(&pixels[block * per_block * image_bytes..end * image_bytes]) != self.checksums[block] {
                return Err(Damage::Block { block });
            }
            self.checked[block].store(true, Ordering::Relaxed);
        }
        Ok(&pixels[index * image_bytes..(index + 1) * image_bytes])
    }
}
