//! What a folder of images holds: names and numbers, before any image is decoded.

use super::files::{count_images, folders};
use super::left_out::{IgnoreReason, Ignored, sentences};
use super::sides::{SideOfTest, Sides};
use crate::data::error::EmptyClass;
use crate::data::{DataError, Split};
use nt_scenario::ClusterPattern;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use unicode_normalization::UnicodeNormalization;

/// The images of a folder, by split and class.
#[derive(Clone, Debug)]
pub struct Listing {
    root: PathBuf,
    classes: Vec<String>,
    /// `[split][class]`: images in order.
    images: [Vec<Vec<PathBuf>>; 2],
    /// `[split][class]`: the cluster of every image; `None` where each was drawn for itself.
    clusters: Option<[Vec<Vec<String>>; 2]>,
    ignored: Vec<Ignored>,
}

/// What is to be listed of a folder.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// Classes and their order; all, in order of name, if `None`.
    pub classes: Option<&'a [String]>,
    /// Share of each class that is set aside for testing, where the folder has no test side.
    pub test_fraction: Option<f64>,
    /// Which images belong together.
    pub cluster: Option<&'a ClusterPattern>,
}

impl Listing {
    /// Lists the images below `root`, in one of two layouts: `train/<class>/…` beside `test/<class>/…` (or, as ImageNet
    /// has it, `val/<class>/…`); or `<class>/…`, each class parted by a test fraction. Images may lie at any depth below
    /// their class.
    ///
    /// A class's images are in the byte order of their paths, so that the order does not depend on the file system. A
    /// fraction is split off by a hash of the path within the class: the `round(fraction · n)` images with the smallest
    /// hashes are for testing, at least one and never all. So class sizes are exact, and an added image moves at most
    /// one other to the other side. Where images have clusters, clusters are dealt out whole, in the order of their hashes, until
    /// each class has its share.
    ///
    /// # Errors
    /// [`DataError`] for a layout that is not one of the two, a class that does not exist, one without images, or an image
    /// without a cluster.
    pub fn scan(root: &Path, wanted: Wanted<'_>) -> Result<Self, DataError> {
        let fraction = wanted.test_fraction;
        if let Some(fraction) = fraction.filter(|&fraction| !(fraction > 0.0 && fraction < 1.0)) {
            return Err(DataError::TestFractionOutOfRange { fraction });
        }
        let mut ignored = Vec::new();
        let sides = Sides::find(root, fraction, &mut ignored)?;
        let known = folders(&sides.train, &mut ignored)?;
        if known.is_empty() {
            return Err(DataError::NoClasses { root: root.to_owned() });
        }
        let classes = choose(known, wanted.classes)?;
        if let SideOfTest::Folder(test) = &sides.test {
            let extra = folders(test, &mut ignored)?.into_iter().filter(|name| !sides.train.join(name).is_dir());
            ignored.extend(extra.map(|name| Ignored { path: test.join(name), reason: IgnoreReason::NotInTraining }));
        }
        let images = sides.images(&classes, wanted.cluster, &mut ignored)?;
        let empty = empty_classes(&sides, &classes, &images, wanted.cluster.is_some())?;
        if !empty.is_empty() {
            return Err(DataError::EmptyClasses { classes: empty, left_out: sentences(root, &ignored, &images_in) });
        }
        if wanted.classes.is_none() && classes.len() > 1 && classes.iter().all(|class| is_a_side(class)) {
            return Err(DataError::NamedAsSides { root: sides.train.clone(), classes });
        }
        // That a class has folders within it, its clusters say, or that it is named as a class.
        if classes.len() > 1 && wanted.classes.is_none() && wanted.cluster.is_none() {
            let folders = only_folders(&sides, &classes, &images);
            if !folders.is_empty() {
                return Err(DataError::OnlyFolders { root: sides.train.clone(), folders, classes });
            }
        }
        let clusters = wanted.cluster.map(|pattern| sides.clusters(&images, pattern)).transpose()?;
        Ok(Self { root: root.to_owned(), classes, images, clusters, ignored })
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

    /// The cluster that an image belongs to; `None` where each was drawn for itself.
    pub fn cluster_of(&self, split: Split, class: usize, index: usize) -> Option<&str> {
        self.clusters.as_ref()?[split as usize].get(class)?.get(index).map(String::as_str)
    }

    /// In words, that clusters of test images have images in training too, if any has.
    pub fn shared_clusters(&self) -> Option<String> {
        let [train, test] =
            self.clusters.as_ref()?.each_ref().map(|side| side.iter().flatten().collect::<BTreeSet<_>>());
        let shared: Vec<&&String> = test.intersection(&train).collect();
        let first = shared.first()?;
        Some(format!(
            "{} of {} clusters of test images have training images too, such as {first:?}: a test on them says little of new \
             clusters",
            shared.len(),
            test.len()
        ))
    }

    /// In words, that classes have one name but for capitals or the Unicode form of a letter, each group once.
    fn alike_classes(&self) -> Vec<String> {
        let mut groups: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for class in &self.classes {
            groups.entry(folded(class)).or_default().push(class);
        }
        let alike = groups.into_values().filter(|names| names.len() > 1);
        let told = alike.map(|names| {
            let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
            format!(
                "the classes {} have one name but for capitals or the Unicode form of a letter: if they are one class, put their images \
                 into one folder",
                names.join(" and ")
            )
        });
        told.collect()
    }

    /// What was left out. It deserves a warning, since it may have been left out by mistake.
    pub fn ignored(&self) -> &[Ignored] {
        &self.ignored
    }

    /// What the author of the data should know: what was left out, a sentence for each folder and kind, and clusters that are on
    /// both sides. Paths are below the data set's folder.
    pub fn warnings(&self) -> Vec<String> {
        sentences(&self.root, &self.ignored, &images_in)
            .into_iter()
            .chain(self.alike_classes())
            .chain(self.shared_clusters())
            .collect()
    }
}

/// The images below a folder that is left out; none where it cannot be listed.
fn images_in(folder: &Path) -> usize {
    count_images(folder).unwrap_or(0)
}

/// Every class without an image on a side.
fn empty_classes(
    sides: &Sides,
    classes: &[String],
    images: &[Vec<Vec<PathBuf>>; 2],
    in_clusters: bool,
) -> Result<Vec<EmptyClass>, DataError> {
    let mut empty = Vec::new();
    for (split, side) in [(Split::Train, &images[0]), (Split::Test, &images[1])] {
        let folder = sides.folder(split);
        let mut others: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for other in folders(folder, &mut Vec::new())? {
            others.entry(folded(&other)).or_default().push(other);
        }
        for (at, class) in classes.iter().enumerate().filter(|&(at, _)| side[at].is_empty()) {
            let alike = others.get(&folded(class)).and_then(|alike| alike.iter().find(|other| *other != class));
            let path = folder.join(class);
            // Only one side is filled where a fraction parts a class.
            let is_parted = matches!(sides.test, SideOfTest::Fraction(_));
            let num_images = if is_parted { images.iter().map(|side| side[at].len()).sum() } else { 0 };
            let in_clusters = is_parted && in_clusters;
            empty.push(EmptyClass {
                class: class.clone(),
                split,
                path,
                alike: alike.cloned(),
                num_images,
                in_clusters,
            });
        }
    }
    Ok(empty)
}

/// A name without what the eye does not tell apart in it, or tells apart by capitals alone: forms of letters, spaces of other kinds or at
/// its ends, letters without width.
fn folded(name: &str) -> String {
    let has_width = |letter: &char| !matches!(letter, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{ad}');
    let letters: String = name.nfkc().filter(has_width).collect();
    letters.to_lowercase().replace('ß', "ss").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a folder is called as people call the sides of a data set.
fn is_a_side(name: &str) -> bool {
    const SIDES: [&str; 16] = [
        "train",
        "training",
        "trn",
        "tr",
        "test",
        "testing",
        "tst",
        "te",
        "val",
        "valid",
        "validation",
        "dev",
        "eval",
        "holdout",
        "query",
        "gallery",
    ];
    SIDES.iter().any(|side| name.eq_ignore_ascii_case(side))
}

/// Class folders without an image of their own, whose images lie in folders within: classes may lie one folder deeper.
fn only_folders(sides: &Sides, classes: &[String], images: &[Vec<Vec<PathBuf>>; 2]) -> Vec<String> {
    let folder = &sides.train;
    let has_own = |class: &String, images: &[PathBuf]| {
        images.iter().any(|image| image.parent() == Some(folder.join(class).as_path()))
    };
    let of_class = classes.iter().enumerate();
    let nested = of_class.filter(|&(at, class)| images.iter().all(|side| !has_own(class, &side[at])));
    nested.map(|(_, class)| class.clone()).collect()
}

/// The chosen classes, or all.
fn choose(known: Vec<String>, wanted: Option<&[String]>) -> Result<Vec<String>, DataError> {
    let Some(wanted) = wanted else { return Ok(known) };
    let (all, mut seen): (BTreeSet<&String>, _) = (known.iter().collect(), BTreeSet::new());
    for name in wanted {
        if !all.contains(name) {
            return Err(DataError::UnknownClass { name: name.clone(), known });
        }
        if !seen.insert(name) {
            return Err(DataError::DuplicateClass { name: name.clone() });
        }
    }
    Ok(wanted.to_vec())
}
