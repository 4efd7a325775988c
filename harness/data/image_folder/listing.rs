//! What a folder of images holds: names and numbers, before any image is decoded.

use crate::data::{DataError, Split};
use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};

/// Endings of the file names of images, in lower case.
const IMAGE_EXTENSIONS: [&str; 5] = ["jpg", "jpeg", "jpe", "jfif", "png"];
/// Names of the test side. The first that exists is taken; the second is ImageNet's.
const TEST_FOLDERS: [&str; 2] = ["test", "val"];

/// The images of a folder, by split and class.
#[derive(Clone, Debug)]
pub struct Listing {
    root: PathBuf,
    classes: Vec<String>,
    /// `[split][class]`: images in order.
    images: [Vec<Vec<PathBuf>>; 2],
    ignored: Vec<Ignored>,
}

/// A file or folder that is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// What is left out.
    pub path: PathBuf,
    /// Why.
    pub reason: IgnoreReason,
}

/// Why something is left out of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IgnoreReason {
    /// Its name begins with a dot.
    Hidden,
    /// Its name does not end as a JPEG's or a PNG's.
    NotAnImage,
    /// A class folder of the test side that the training side lacks, or a second test side.
    NotInTraining,
}

impl std::fmt::Display for IgnoreReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Hidden => "its name begins with a dot",
            Self::NotAnImage => "its name does not end in .jpg, .jpeg or .png",
            Self::NotInTraining => "the training side has no such class",
        })
    }
}

impl Listing {
    /// Lists the images below `root`, in one of two layouts: `train/<class>/…` beside `test/<class>/…` (or, as ImageNet
    /// has it, `val/<class>/…`); or `<class>/…`, each class parted by `test_fraction`. Images may lie at any depth below
    /// their class. `classes` chooses classes and their order; without it all are taken, in order of name.
    ///
    /// A class's images are in the byte order of their paths, so that the order does not depend on the file system. A
    /// fraction is split off by a hash of the path within the class: the `round(fraction · n)` images with the smallest
    /// hashes are for testing, at least one and never all. So class sizes are exact, and an added image moves at most
    /// one other to the other side.
    ///
    /// # Errors
    /// [`DataError`] for a layout that is not one of the two, a class that does not exist, or one without images.
    pub fn scan(root: &Path, classes: Option<&[String]>, test_fraction: Option<f64>) -> Result<Self, DataError> {
        if let Some(fraction) = test_fraction.filter(|&fraction| !(fraction > 0.0 && fraction < 1.0)) {
            return Err(DataError::TestFractionOutOfRange { fraction });
        }
        let mut ignored = Vec::new();
        let sides = Sides::find(root, test_fraction, &mut ignored)?;
        let known = folders(&sides.train, &mut ignored)?;
        if known.is_empty() {
            return Err(DataError::NoClasses { root: root.to_owned() });
        }
        let classes = choose(known, classes)?;
        if let SideOfTest::Folder(test) = &sides.test {
            let extra = folders(test, &mut ignored)?.into_iter().filter(|name| !sides.train.join(name).is_dir());
            ignored.extend(extra.map(|name| Ignored { path: test.join(name), reason: IgnoreReason::NotInTraining }));
        }
        let mut images = [Vec::new(), Vec::new()];
        for class in &classes {
            let folder = sides.train.join(class);
            let all = images_below(&folder, &mut ignored)?;
            let (train, test, test_folder) = match &sides.test {
                SideOfTest::Folder(test) if test.join(class).is_dir() => {
                    (all, images_below(&test.join(class), &mut ignored)?, test.join(class))
                }
                SideOfTest::Folder(test) => (all, Vec::new(), test.join(class)),
                SideOfTest::Fraction(fraction) => {
                    let (train, test) = part(&folder, all, *fraction);
                    (train, test, folder.clone())
                }
            };
            for (split, side, path) in [(Split::Train, train, folder), (Split::Test, test, test_folder)] {
                if side.is_empty() {
                    return Err(DataError::EmptyClass { class: class.clone(), split, path });
                }
                images[split as usize].push(side);
            }
        }
        Ok(Self { root: root.to_owned(), classes, images, ignored })
    }

    /// The folder listed.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Names of the classes, in the order of their indices.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Number of images of a class.
    pub fn num_images(&self, split: Split, class: usize) -> usize {
        self.images(split, class).len()
    }

    /// Paths of the images of a class, in the order of their indices.
    pub fn images(&self, split: Split, class: usize) -> &[PathBuf] {
        self.images[split as usize].get(class).map_or(&[], Vec::as_slice)
    }

    /// What was left out. It deserves a warning, since it may have been left out by mistake.
    pub fn ignored(&self) -> &[Ignored] {
        &self.ignored
    }
}

/// Where the classes of each split lie.
struct Sides {
    train: PathBuf,
    test: SideOfTest,
}

enum SideOfTest {
    Folder(PathBuf),
    Fraction(f64),
}

impl Sides {
    fn find(root: &Path, fraction: Option<f64>, ignored: &mut Vec<Ignored>) -> Result<Self, DataError> {
        let names = folders(root, ignored)?;
        // A class may be called `train`. The folder is the training side only if it holds folders.
        let train = root.join("train");
        let has_train = names.iter().any(|name| name == "train") && !folders(&train, &mut Vec::new())?.is_empty();
        let mut tests = TEST_FOLDERS.into_iter().filter(|&folder| has_train && names.iter().any(|name| name == folder));
        let train = if has_train { train } else { root.to_owned() };
        match (tests.next(), fraction) {
            (Some(folder), None) => {
                ignored.extend(
                    tests.map(|second| Ignored { path: root.join(second), reason: IgnoreReason::NotInTraining }),
                );
                Ok(Self { train, test: SideOfTest::Folder(root.join(folder)) })
            }
            (Some(folder), Some(_)) => Err(DataError::TestFractionUnneeded { root: root.to_owned(), folder }),
            (None, Some(fraction)) => Ok(Self { train, test: SideOfTest::Fraction(fraction) }),
            (None, None) if names.is_empty() => Err(DataError::NoClasses { root: root.to_owned() }),
            (None, None) => Err(DataError::NoTestSide { root: root.to_owned() }),
        }
    }
}

/// The chosen classes, or all.
fn choose(known: Vec<String>, wanted: Option<&[String]>) -> Result<Vec<String>, DataError> {
    let Some(wanted) = wanted else { return Ok(known) };
    for (position, name) in wanted.iter().enumerate() {
        if !known.contains(name) {
            return Err(DataError::UnknownClass { name: name.clone(), known });
        }
        if wanted[..position].contains(name) {
            return Err(DataError::DuplicateClass { name: name.clone() });
        }
    }
    Ok(wanted.to_vec())
}

/// Parts a class's images into training and test.
fn part(folder: &Path, images: Vec<PathBuf>, fraction: f64) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let num_test = ((fraction * images.len() as f64).round() as usize).clamp(1, images.len().saturating_sub(1).max(1));
    let hash = |image: &PathBuf| {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"nt/test-side/1");
        hasher.update(&order(image.strip_prefix(folder).unwrap_or(image)));
        *hasher.finalize().as_bytes()
    };
    let mut ranked: Vec<_> = images.iter().map(hash).collect();
    ranked.sort_unstable();
    let Some(last) = ranked.get(num_test - 1) else { return (images, Vec::new()) };
    images.into_iter().partition(|image| hash(image) > *last)
}

/// Names of the folders in `path`, in order. Hidden ones are noted.
fn folders(path: &Path, ignored: &mut Vec<Ignored>) -> Result<Vec<String>, DataError> {
    let mut names = Vec::new();
    for entry in entries(path)? {
        if !entry.path().is_dir() {
            continue;
        }
        let Ok(name) = entry.file_name().into_string() else { return Err(DataError::NotUtf8 { path: entry.path() }) };
        if name.starts_with('.') {
            ignored.push(Ignored { path: entry.path(), reason: IgnoreReason::Hidden });
        } else {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Images at any depth below a folder, in the byte order of their paths. Other files are noted.
fn images_below(folder: &Path, ignored: &mut Vec<Ignored>) -> Result<Vec<PathBuf>, DataError> {
    let (mut images, mut pending) = (Vec::new(), vec![folder.to_owned()]);
    let first_ignored = ignored.len();
    while let Some(folder) = pending.pop() {
        for entry in entries(&folder)? {
            let path = entry.path();
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                ignored.push(Ignored { path, reason: IgnoreReason::Hidden });
            } else if is_image(&path) {
                // A folder of such a name is refused by name, as all that is no regular file.
                images.push(path);
            } else if path.is_dir() {
                pending.push(path);
            } else {
                ignored.push(Ignored { path, reason: IgnoreReason::NotAnImage });
            }
        }
    }
    images.sort_by_cached_key(|path| order(path));
    ignored[first_ignored..].sort_by_cached_key(|ignored| order(&ignored.path));
    Ok(images)
}

fn is_image(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    extension.is_some_and(|extension| IMAGE_EXTENSIONS.contains(&extension.as_str()))
}

/// The bytes by which paths are sorted: parts joined by `/` on every system.
fn order(path: &Path) -> Vec<u8> {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().as_encoded_bytes()).collect();
    parts.join(&b'/')
}

fn entries(path: &Path) -> Result<Vec<DirEntry>, DataError> {
    let refused = |source| DataError::Io { action: "list", path: path.to_owned(), source };
    fs::read_dir(path).map_err(refused)?.collect::<Result<_, _>>().map_err(refused)
}
