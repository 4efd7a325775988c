//! Making a shard: rendered in parallel, written under a temporary name, synced, renamed.

use super::PixelSource;
use super::shard::Layout;
use crate::data::error::BrokenImage;
use crate::data::{DataError, Split};
use nt_disk::{move_aside, remove_unfinished, unfinished};
use rayon::prelude::*;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::SystemTime;

/// Bytes of the images that are rendered at a time.
const RENDERED_AT_A_TIME: usize = 8 << 20;

/// On how many threads a shard is rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rendering {
    /// On all threads of the pool.
    Parallel,
    /// On this thread alone. Callers that hold a lock need that, since a thread of the pool that waits for others takes
    /// up other work, which may want the same lock.
    Sequential,
}

/// Makes the folder of a cache, and removes from it what killed processes left unfinished.
///
/// # Errors
/// [`DataError::CacheFolder`].
pub(crate) fn prepare(folder: &Path) -> Result<(), DataError> {
    let began = SystemTime::now();
    std::fs::create_dir_all(folder).map_err(|source| DataError::CacheFolder { path: folder.to_owned(), source })?;
    remove_unfinished(folder, began);
    Ok(())
}

/// Makes the shard of one class in one split.
///
/// # Errors
/// [`DataError::BrokenImages`] with every broken image of the class; [`DataError::CacheWrite`] where the disk is full or
/// cannot be written.
pub(super) fn write_shard(
    source: &dyn PixelSource,
    (split, class): (Split, usize),
    path: &Path,
    key: &[u8; 32],
    layout: Layout,
    rendering: Rendering,
) -> Result<(), DataError> {
    let refused = |source| DataError::CacheWrite { path: path.to_owned(), needed: layout.file_bytes() as u64, source };
    let folder = path.parent().unwrap_or(Path::new("."));
    // Somebody may have emptied the cache since it was opened.
    std::fs::create_dir_all(folder).map_err(refused)?;
    let file = unfinished(path).map_err(refused)?;
    let mut to = file.as_file();
    to.seek(SeekFrom::Start(layout.pixels_at() as u64)).map_err(refused)?;

    let image_bytes = layout.image_bytes();
    let (mut hasher, mut checksums, mut broken) = (blake3::Hasher::new(), Vec::new(), Vec::new());
    let at_a_time = (RENDERED_AT_A_TIME / image_bytes.max(1)).clamp(1, layout.num_images.max(1));
    let mut pixels = vec![0; at_a_time * image_bytes];
    for first in (0..layout.num_images).step_by(at_a_time) {
        let count = (layout.num_images - first).min(at_a_time);
        let pixels = &mut pixels[..count * image_bytes];
        broken.extend(render(source, (split, class), first, pixels.chunks_exact_mut(image_bytes).collect(), rendering));
        // After the first broken image nothing will be kept. The rest is rendered only to name all broken images.
        if broken.is_empty() {
            hasher.update(pixels);
            checksums.extend(pixels.chunks_exact(image_bytes).map(crc32fast::hash));
            to.write_all(pixels).map_err(refused)?;
        }
    }
    if !broken.is_empty() {
        return Err(DataError::BrokenImages { images: broken });
    }
    let header = layout.header(key, hasher.finalize().as_bytes(), &checksums);
    to.seek(SeekFrom::Start(0)).and_then(|_| to.write_all(&header)).and_then(|()| to.sync_all()).map_err(refused)?;
    if path.is_dir() {
        move_aside(path).map_err(|error| refused(error.source))?;
    }
    file.persist(path).map_err(|error| refused(error.error))?;
    Ok(())
}

/// Renders the images of a class from `first` on. Returns the broken ones, in order.
fn render(
    source: &dyn PixelSource,
    (split, class): (Split, usize),
    first: usize,
    images: Vec<&mut [u8]>,
    rendering: Rendering,
) -> Vec<BrokenImage> {
    let one = |(offset, image): (usize, &mut [u8])| source.render(split, class, first + offset, image).err();
    match rendering {
        Rendering::Parallel => images.into_par_iter().enumerate().filter_map(one).collect(),
        Rendering::Sequential => images.into_iter().enumerate().filter_map(one).collect(),
    }
}
