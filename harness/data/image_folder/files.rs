//! Folders and images on disk, in an order that does not depend on the file system.

use super::left_out::{IgnoreReason, Ignored};
use super::order::order;
use crate::data::DataError;
use nt_disk::is_of_nothing;
use std::collections::BTreeSet;
use std::fs::{self, DirEntry, Metadata};
use std::path::{Path, PathBuf};

/// Endings of the file names of images, in lower case.
const IMAGE_EXTENSIONS: [&str; 5] = ["jpg", "jpeg", "jpe", "jfif", "png"];

/// Folders that systems and programs make among the data: Synology and QNAP drives, macOS archives, Windows, file systems.
const OF_SYSTEMS: [&str; 17] = [
    "@eaDir",
    "@tmp",
    "@Recycle",
    "#recycle",
    "#snapshot",
    "__MACOSX",
    "lost+found",
    "$RECYCLE.BIN",
    "System Volume Information",
    "RECYCLER",
    "RECYCLED",
    "Network Trash Folder",
    "Temporary Items",
    "@Recently-Snapshot",
    "@sharebin",
    "__pycache__",
    "desktop.ini",
];

/// Names of the folders in `path`, in order. All else there is noted.
pub(super) fn folders(path: &Path, ignored: &mut Vec<Ignored>) -> Result<Vec<String>, DataError> {
    let mut names = Vec::new();
    for entry in entries(path)? {
        let mut note = |reason| ignored.push(Ignored { path: entry.path(), reason });
        if let Some(reason) = by_name(&entry) {
            note(reason);
            continue;
        }
        match target(&entry.path())? {
            Some(target) if target.is_dir() && is_a_study(&entry.path()) => note(IgnoreReason::OfAStudy),
            Some(target) if target.is_dir() => match entry.file_name().into_string() {
                Ok(name) => names.push(name),
                Err(_) => return Err(DataError::NotUtf8 { path: entry.path() }),
            },
            None => note(IgnoreReason::LeadsNowhere),
            Some(_) if is_image(&entry.path()) => note(IgnoreReason::InNoClass),
            Some(_) => note(IgnoreReason::NotAnImage),
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Images at any depth below each of these folders, in the byte order of their paths. All else is noted.
///
/// Links are followed, each folder once: one that leads above the classes, or to what another class or an earlier link holds, is
/// left out, so that no image is counted twice and none enters another class. `sides` hold the folders of classes, those that are
/// not asked for among them.
///
/// # Shape
/// A list of images for every folder; empty for a folder that does not exist.
pub(super) fn images_below(
    sides: &[&Path],
    folders: &[PathBuf],
    ignored: &mut Vec<Ignored>,
) -> Result<Vec<Vec<PathBuf>>, DataError> {
    let sides: Vec<PathBuf> = sides.iter().map(|side| canonical(side)).collect::<Result<_, _>>()?;
    let mut walk = Walk {
        above: sides.clone(),
        seen: BTreeSet::new(),
        identities: BTreeSet::new(),
        found: vec![Vec::new(); folders.len()],
        links: BTreeSet::new(),
        linked_files: BTreeSet::new(),
        ignored: Vec::new(),
    };
    let mut present: Vec<(usize, &PathBuf)> = Vec::new();
    for (at, folder) in folders.iter().enumerate() {
        if target(folder)?.is_some_and(|target| target.is_dir()) {
            walk.above.push(canonical(folder)?);
            present.push((at, folder));
        }
    }
    for (at, folder) in present {
        walk.folder(at, folder, &canonical(folder)?)?;
    }
    while let Some((at, _, link)) = walk.links.pop_first() {
        match canonical(&link)? {
            target if walk.leads_back(&target) => walk.note(link, IgnoreReason::LeadsBack),
            target if sides.iter().any(|side| target.starts_with(side)) => {
                let reason = if walk.is_seen(&target) { IgnoreReason::Counted } else { IgnoreReason::ToLeftOut };
                walk.note(link, reason);
            }
            target => walk.folder(at, &link, &target)?,
        }
    }
    walk.take_linked_files()?;
    for images in &mut walk.found {
        images.sort_by_cached_key(|path| order(path));
    }
    walk.ignored.sort_by_cached_key(|ignored| order(&ignored.path));
    ignored.extend(walk.ignored);
    Ok(walk.found)
}

/// Images below a folder, links left aside.
pub(super) fn count_images(folder: &Path) -> Result<usize, DataError> {
    let (mut count, mut pending) = (0, vec![folder.to_owned()]);
    while let Some(folder) = pending.pop() {
        for entry in entries(&folder)? {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            match is_folder {
                true => pending.push(entry.path()),
                false => count += usize::from(is_image(&entry.path())),
            }
        }
    }
    Ok(count)
}

/// The folders of a data set as they are walked through.
struct Walk {
    /// The sides and their class folders, without links in their paths.
    above: Vec<PathBuf>,
    /// Folders that were walked through, without links in their paths.
    seen: BTreeSet<PathBuf>,
    /// The same by what the system knows them by, since one may be mounted at two places.
    identities: BTreeSet<(u64, u64)>,
    /// The images of each class.
    found: Vec<Vec<PathBuf>>,
    /// Links to folders that are still to be followed, by class and order.
    links: BTreeSet<(usize, Vec<u8>, PathBuf)>,
    /// Links to images, likewise.
    linked_files: BTreeSet<(usize, Vec<u8>, PathBuf)>,
    ignored: Vec<Ignored>,
}

impl Walk {
    fn note(&mut self, path: PathBuf, reason: IgnoreReason) {
        self.ignored.push(Ignored { path, reason });
    }

    /// Whether a folder is walked through for the first time, under whatever name.
    fn is_new(&mut self, canonical: &Path) -> Result<bool, DataError> {
        let is_new =
            target(canonical)?.and_then(|target| identity(&target)).is_none_or(|id| self.identities.insert(id));
        Ok(is_new && self.seen.insert(canonical.to_owned()))
    }

    /// Whether a folder was walked through.
    fn is_seen(&self, canonical: &Path) -> bool {
        self.seen.contains(canonical)
    }

    /// Whether a folder holds the data set, or one of its classes.
    fn leads_back(&self, target: &Path) -> bool {
        !self.seen.contains(target) && self.above.iter().any(|folder| folder.starts_with(target))
    }

    /// Takes what lies below a folder, called `path`, into a class. `canonical` is its path without links.
    fn folder(&mut self, at: usize, path: &Path, canonical: &Path) -> Result<(), DataError> {
        if !self.is_new(canonical)? {
            self.note(path.to_owned(), IgnoreReason::Counted);
            return Ok(());
        }
        if is_a_study(canonical) {
            self.note(path.to_owned(), IgnoreReason::OfAStudy);
            return Ok(());
        }
        let mut pending = vec![(path.to_owned(), canonical.to_owned())];
        while let Some((folder, canonical)) = pending.pop() {
            for entry in entries(&folder)? {
                let path = entry.path();
                let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
                if let Some(reason) = by_name(&entry) {
                    self.note(path, reason);
                } else if is_link {
                    self.link(at, path)?;
                } else if is_image(&path) {
                    // A folder of such a name is refused by name, as all that is no regular file.
                    self.found[at].push(path);
                } else if target(&path)?.is_some_and(|target| target.is_dir()) {
                    if is_a_study(&path) {
                        self.note(path, IgnoreReason::OfAStudy);
                        continue;
                    }
                    let canonical = canonical.join(entry.file_name());
                    match self.is_new(&canonical)? {
                        true => pending.push((path, canonical)),
                        false => self.note(path, IgnoreReason::Counted),
                    }
                } else {
                    self.note(path, IgnoreReason::NotAnImage);
                }
            }
        }
        Ok(())
    }

    fn link(&mut self, at: usize, path: PathBuf) -> Result<(), DataError> {
        let target = target(&path)?;
        let key = (at, order(&path), path);
        match target {
            // What has an image's name is refused by name if it is none.
            Some(target) if is_image(&key.2) && target.is_file() => drop(self.linked_files.insert(key)),
            Some(_) | None if is_image(&key.2) => self.found[at].push(key.2),
            Some(target) if target.is_dir() => drop(self.links.insert(key)),
            Some(_) => self.note(key.2, IgnoreReason::NotAnImage),
            None => self.note(key.2, IgnoreReason::LeadsNowhere),
        }
        Ok(())
    }

    /// Takes linked images that are counted nowhere else.
    fn take_linked_files(&mut self) -> Result<(), DataError> {
        let mut taken = BTreeSet::new();
        for (at, _, path) in std::mem::take(&mut self.linked_files) {
            let target = canonical(&path)?;
            let is_listed = is_image(&target)
                && !is_hidden(&target)
                && target.parent().is_some_and(|folder| self.seen.contains(folder));
            if is_listed || !taken.insert(target) {
                self.note(path, IgnoreReason::Counted);
            } else {
                self.found[at].push(path);
            }
        }
        Ok(())
    }
}

/// What lies at the end of a path, links followed; `None` if nothing does. That a disk fails is not taken for nothing.
fn target(path: &Path) -> Result<Option<Metadata>, DataError> {
    match fs::metadata(path) {
        Ok(target) => Ok(Some(target)),
        Err(error) if is_of_nothing(&error) => Ok(None),
        Err(source) => Err(DataError::Io { action: "look at", path: path.to_owned(), source }),
    }
}

/// What the system knows a folder by, wherever it is mounted; `None` where it does not say.
#[cfg(unix)]
fn identity(folder: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    // File systems without inodes call them all 0.
    Some((folder.dev(), folder.ino())).filter(|(_, inode)| *inode != 0)
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Option<(u64, u64)> {
    None
}

/// Why an entry is left out whatever it is.
fn by_name(entry: &DirEntry) -> Option<IgnoreReason> {
    let name = entry.file_name();
    if is_hidden(&entry.path()) {
        Some(IgnoreReason::Hidden)
    } else if OF_SYSTEMS.iter().any(|known| name.eq_ignore_ascii_case(known)) {
        Some(IgnoreReason::OfASystem)
    } else {
        None
    }
}

/// Whether `nt run` wrote a folder. Its figures are no images of a class: a study in a class folder would learn from itself.
fn is_a_study(folder: &Path) -> bool {
    let has = |name: &str| folder.join(name).exists();
    has("resolved.toml") && ["manifest.json", "preregistration.json", "runs.jsonl"].into_iter().any(has)
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

fn is_image(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    extension.is_some_and(|extension| IMAGE_EXTENSIONS.contains(&extension.as_str()))
}

fn canonical(path: &Path) -> Result<PathBuf, DataError> {
    fs::canonicalize(path).map_err(|source| DataError::Io { action: "list", path: path.to_owned(), source })
}

fn entries(path: &Path) -> Result<Vec<DirEntry>, DataError> {
    let refused = |source| DataError::Io { action: "list", path: path.to_owned(), source };
    fs::read_dir(path).map_err(refused)?.collect::<Result<_, _>>().map_err(refused)
}
