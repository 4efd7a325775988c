//! The two sides of a folder of images: which are for training, and which for testing.

use super::files::{count_images, folders, images_below};
use super::left_out::{IgnoreReason, Ignored};
use super::order::order;
use crate::data::error::MissingSides;
use crate::data::{DataError, Split};
use nt_scenario::ClusterPattern;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Names of the training side, whatever their case. The first that exists and holds folders is taken.
const TRAIN_FOLDERS: [&str; 2] = ["train", "training"];

/// Names of the test side, likewise; the third is ImageNet's.
const TEST_FOLDERS: [&str; 5] = ["test", "testing", "val", "valid", "validation"];

/// Where the classes of each split lie.
pub(super) struct Sides {
    pub train: PathBuf,
    pub test: SideOfTest,
}

/// Where test images come from.
pub(super) enum SideOfTest {
    Folder(PathBuf),
    Fraction(f64),
}

impl Sides {
    /// Finds the sides below `root`.
    pub fn find(root: &Path, fraction: Option<f64>, ignored: &mut Vec<Ignored>) -> Result<Self, DataError> {
        let mut beside = Vec::new();
        let names = folders(root, &mut beside)?;
        let Some(train) = side(root, &names, &TRAIN_FOLDERS)? else {
            // What lies in the data set's own folder is noted with its classes.
            return match fraction {
                Some(fraction) => Ok(Self { train: root.to_owned(), test: SideOfTest::Fraction(fraction) }),
                None if names.is_empty() => Err(DataError::NoClasses { root: root.to_owned() }),
                None => Err(DataError::NoSides { missing: without_training(root, &names)? }),
            };
        };
        let test = side(root, &names, &TEST_FOLDERS)?;
        let others: Vec<&String> = names.iter().filter(|&name| *name != train && Some(name) != test.as_ref()).collect();
        let test = match (test, fraction) {
            (Some(folder), None) => SideOfTest::Folder(root.join(folder)),
            (Some(folder), Some(_)) => return Err(DataError::TestFractionUnneeded { root: root.to_owned(), folder }),
            (None, Some(fraction)) => SideOfTest::Fraction(fraction),
            (None, None) => {
                let beside = others.into_iter().cloned().collect();
                return Err(DataError::NoSides {
                    missing: MissingSides::OnlyTraining { train: root.join(train), beside },
                });
            }
        };
        ignored.append(&mut beside);
        for name in others {
            let path = root.join(name);
            let images = count_images(&path)?;
            ignored.push(Ignored { path, reason: IgnoreReason::BesideTheSides { images } });
        }
        Ok(Self { train: root.join(train), test })
    }

    /// The folder that holds the classes of a side.
    pub fn folder(&self, split: Split) -> &Path {
        match (split, &self.test) {
            (Split::Test, SideOfTest::Folder(test)) => test,
            (Split::Train, _) | (Split::Test, SideOfTest::Fraction(_)) => &self.train,
        }
    }

    /// The images of each class, in order: those for training, then those for testing.
    pub fn images(
        &self,
        classes: &[String],
        cluster: Option<&ClusterPattern>,
        ignored: &mut Vec<Ignored>,
    ) -> Result<[Vec<Vec<PathBuf>>; 2], DataError> {
        let of = |side: &Path| classes.iter().map(|class| side.join(class)).collect::<Vec<_>>();
        let (sides, mut class_folders) = match &self.test {
            SideOfTest::Folder(test) => (vec![self.train.as_path(), test], of(&self.train)),
            SideOfTest::Fraction(_) => (vec![self.train.as_path()], of(&self.train)),
        };
        if let SideOfTest::Folder(test) = &self.test {
            class_folders.extend(of(test));
        }
        let mut all = images_below(&sides, &class_folders, ignored)?;
        match (&self.test, cluster) {
            (SideOfTest::Folder(_), _) => {
                let test = all.split_off(classes.len());
                Ok([all, test])
            }
            (SideOfTest::Fraction(fraction), None) => {
                let parted = classes.iter().zip(all).map(|(class, all)| part(&self.train.join(class), all, *fraction));
                let (train, test) = parted.unzip();
                Ok([train, test])
            }
            (SideOfTest::Fraction(fraction), Some(pattern)) => {
                let clusters = clusters(&self.train, &all, pattern)?;
                Ok(deal(all, &clusters, *fraction))
            }
        }
    }

    /// The cluster of every image of both sides.
    pub fn clusters(
        &self,
        [train, test]: &[Vec<Vec<PathBuf>>; 2],
        pattern: &ClusterPattern,
    ) -> Result<[Vec<Vec<String>>; 2], DataError> {
        let of = |split, images| clusters(self.folder(split), images, pattern);
        Ok([of(Split::Train, train)?, of(Split::Test, test)?])
    }
}

/// What a folder without a training side holds instead.
fn without_training(root: &Path, names: &[String]) -> Result<MissingSides, DataError> {
    if let [only] = names {
        let folder = root.join(only);
        if side(&folder, &folders(&folder, &mut Vec::new())?, &TRAIN_FOLDERS)?.is_some() {
            return Ok(MissingSides::Deeper { folder });
        }
    }
    let root = root.to_owned();
    Ok(match side(&root, names, &TEST_FOLDERS)? {
        Some(test) => MissingSides::OnlyTest { root, test },
        None => MissingSides::Classes { root },
    })
}

/// The first folder of these names, in their order, that holds folders: a class may be called `train`. A name of the very letters
/// comes before one in capitals.
fn side(root: &Path, names: &[String], known: &[&str]) -> Result<Option<String>, DataError> {
    for known in known {
        let mut found: Vec<&String> = names.iter().filter(|name| name.eq_ignore_ascii_case(known)).collect();
        found.sort_by_key(|name| name.as_str() != *known);
        for name in found {
            if !folders(&root.join(name), &mut Vec::new())?.is_empty() {
                return Ok(Some(name.clone()));
            }
        }
    }
    Ok(None)
}

/// The cluster of every image, by its path below `folder`.
fn clusters(folder: &Path, images: &[Vec<PathBuf>], pattern: &ClusterPattern) -> Result<Vec<Vec<String>>, DataError> {
    let below =
        |image: &PathBuf| String::from_utf8_lossy(&order(image.strip_prefix(folder).unwrap_or(image))).into_owned();
    let mut without = images.iter().flatten().map(below).filter(|path| pattern.cluster_of(path).is_none());
    if let Some(first) = without.next() {
        let (count, all) = (1 + without.count(), images.iter().map(Vec::len).sum());
        return Err(DataError::NoCluster { count, all, path: first.into() });
    }
    let cluster = |image: &PathBuf| pattern.cluster_of(&below(image)).unwrap_or_default();
    Ok(images.iter().map(|images| images.iter().map(cluster).collect()).collect())
}

/// Parts a class's images into training and test.
fn part(folder: &Path, images: Vec<PathBuf>, fraction: f64) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let num_test = num_test(images.len(), fraction);
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

/// Images of a class for testing: the nearest whole number to the fraction, at least one and never all.
fn num_test(images: usize, fraction: f64) -> usize {
    ((fraction * images as f64).round() as usize).clamp(1, images.saturating_sub(1).max(1))
}

/// Parts the images of all classes into training and test, so that no cluster is on both sides. Clusters are taken for testing in
/// the order of their hashes, each if one of its classes still lacks test images and none would be left without training images.
fn deal(images: Vec<Vec<PathBuf>>, clusters: &[Vec<String>], fraction: f64) -> [Vec<Vec<PathBuf>>; 2] {
    let sizes: Vec<usize> = images.iter().map(Vec::len).collect();
    // cluster → its images of each class
    let mut counts: BTreeMap<&str, BTreeMap<usize, usize>> = BTreeMap::new();
    for (class, cluster) in clusters.iter().enumerate().flat_map(|(at, of_class)| of_class.iter().map(move |c| (at, c)))
    {
        *counts.entry(cluster).or_default().entry(class).or_default() += 1;
    }
    let hash = |cluster: &str| {
        *blake3::Hasher::new().update(b"nt/test-side/1").update(cluster.as_bytes()).finalize().as_bytes()
    };
    let mut ranked: Vec<(&str, &BTreeMap<usize, usize>)> =
        counts.iter().map(|(cluster, counts)| (*cluster, counts)).collect();
    ranked.sort_by_cached_key(|(cluster, _)| hash(cluster));
    let (mut for_test, mut taken) = (BTreeSet::new(), vec![0; sizes.len()]);
    for (cluster, counts) in ranked {
        let lacks = counts.keys().any(|&class| taken[class] < num_test(sizes[class], fraction));
        let leaves = counts.iter().all(|(&class, count)| taken[class] + count < sizes[class]);
        if lacks && leaves {
            for_test.insert(cluster);
            counts.iter().for_each(|(&class, count)| taken[class] += count);
        }
    }
    let mut sides = [Vec::new(), Vec::new()];
    for (images, clusters) in images.into_iter().zip(clusters) {
        let (test, train): (Vec<_>, Vec<_>) =
            images.into_iter().zip(clusters).partition(|(_, cluster)| for_test.contains(cluster.as_str()));
        for (side, images) in sides.iter_mut().zip([train, test]) {
            side.push(images.into_iter().map(|(image, _)| image).collect());
        }
    }
    sides
}
