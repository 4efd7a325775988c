//! What a listing leaves out, told once a folder and kind.

use super::order::order;
use crate::terminal::one_line;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Folders of one kind that are told; of more, the rest is counted.
const MOST_TOLD: usize = 20;

/// A file or folder that is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    /// What is left out.
    pub path: PathBuf,
    /// Why.
    pub reason: IgnoreReason,
}

/// Why something is left out of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum IgnoreReason {
    /// Its name begins with a dot.
    Hidden,
    /// A system or a program made it: thumbnails of a network drive, a waste basket.
    OfASystem,
    /// `nt run` wrote it.
    OfAStudy,
    /// Its name does not end as a JPEG's or a PNG's.
    NotAnImage,
    /// An image that lies in no class folder.
    InNoClass,
    /// A class folder of the test side that the training side lacks.
    NotInTraining,
    /// A folder beside the sides that is neither.
    BesideTheSides {
        /// Images below it.
        images: usize,
    },
    /// A link whose target is not there.
    LeadsNowhere,
    /// A link to a folder above the classes.
    LeadsBack,
    /// A link to what is counted at another place.
    Counted,
    /// A link to what is counted nowhere: to a class that is not asked for, or to what is left out itself.
    ToLeftOut,
}

impl std::fmt::Display for IgnoreReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Hidden => f.write_str("names that begin with a dot are not read"),
            Self::OfASystem => f.write_str("a system made it, not the author of the data"),
            Self::OfAStudy => f.write_str("a study's results, not images to learn from"),
            Self::NotAnImage => f.write_str("only .jpg, .jpeg, .jpe, .jfif and .png are read"),
            Self::InNoClass => f.write_str("an image belongs to the class whose folder it lies in"),
            Self::NotInTraining => f.write_str("the training side has no such class"),
            Self::BesideTheSides { images } => {
                let plural = if *images == 1 { "" } else { "s" };
                write!(f, "it is neither the training nor the test side ({images} image{plural} below it)")
            }
            Self::LeadsNowhere => f.write_str("a link that leads nowhere"),
            Self::LeadsBack => f.write_str("a link that leads back to a folder above the classes"),
            Self::Counted => f.write_str("a link to what is counted at another place"),
            Self::ToLeftOut => f.write_str(
                "a link to a class that is not used, or to what is left out itself: its images count nowhere",
            ),
        }
    }
}

/// What was left out below `root`, a sentence for each folder and kind. `images_in` counts the images below a folder.
pub(super) fn sentences(root: &Path, ignored: &[Ignored], images_in: &dyn Fn(&Path) -> usize) -> Vec<String> {
    let mut groups: BTreeMap<(IgnoreReason, String, Vec<u8>), Vec<&Path>> = BTreeMap::new();
    for Ignored { path, reason } in ignored {
        let below = path.strip_prefix(root).unwrap_or(path);
        let ending = below.extension().filter(|_| *reason == IgnoreReason::NotAnImage);
        let ending = ending.map_or(String::new(), |end| end.to_string_lossy().to_lowercase());
        let folder = below.parent().unwrap_or(Path::new(""));
        groups.entry((*reason, ending, order(folder))).or_default().push(below);
    }
    let mut told: BTreeMap<(IgnoreReason, &str), usize> = BTreeMap::new();
    let mut sentences = Vec::new();
    let mut rest: BTreeMap<(IgnoreReason, &str), [usize; 2]> = BTreeMap::new();
    for ((reason, ending, _), paths) in &groups {
        let of_kind = told.entry((*reason, ending)).or_default();
        *of_kind += 1;
        if *of_kind <= MOST_TOLD {
            sentences.push(sentence(*reason, ending, paths) + &below_in_words(root, *reason, paths, images_in));
        } else {
            let [folders, entries] = rest.entry((*reason, ending)).or_default();
            *folders += 1;
            *entries += paths.len();
        }
    }
    let more = rest.into_iter().map(|((reason, ending), [folders, entries])| {
        format!("{} in {folders} more folders are left out: {reason}", things(reason, ending, entries))
    });
    sentences.extend(more);
    sentences
}

/// " (51 images below it)": what lies in folders that are left out, where the reason does not say so itself.
fn below_in_words(root: &Path, reason: IgnoreReason, paths: &[&Path], images_in: &dyn Fn(&Path) -> usize) -> String {
    let may_hold = matches!(reason, IgnoreReason::Hidden | IgnoreReason::OfASystem | IgnoreReason::NotInTraining);
    let folders = paths.iter().map(|path| root.join(path)).filter(|path| may_hold && path.is_dir());
    let images: usize = folders.map(|folder| images_in(&folder)).sum();
    let them = if paths.len() == 1 { "it" } else { "them" };
    match images {
        0 => String::new(),
        1 => format!(" (1 image below {them})"),
        images => format!(" ({images} images below {them})"),
    }
}

fn sentence(reason: IgnoreReason, ending: &str, paths: &[&Path]) -> String {
    let Some(first) = paths.iter().min_by_key(|path| order(path)) else { return String::new() };
    if let [only] = paths {
        return format!("{} is left out: {reason}", one_line(only));
    }
    let name = first.file_name().map_or_else(String::new, |name| one_line(Path::new(name)));
    let folder = first.parent().filter(|folder| !folder.as_os_str().is_empty());
    let place = folder.map_or(String::new(), |folder| format!(" in {}", one_line(folder)));
    format!("{}{place} are left out, such as {name}: {reason}", things(reason, ending, paths.len()))
}

/// "150 files ending in .webp", "2 entries".
fn things(reason: IgnoreReason, ending: &str, count: usize) -> String {
    let what = match (reason, ending) {
        (IgnoreReason::NotAnImage, "") => "files without an ending".to_owned(),
        (IgnoreReason::NotAnImage, ending) => format!("files ending in .{}", one_line(Path::new(ending))),
        (IgnoreReason::InNoClass, _) => "images".to_owned(),
        (IgnoreReason::NotInTraining | IgnoreReason::BesideTheSides { .. } | IgnoreReason::OfAStudy, _) => {
            "folders".to_owned()
        }
        (IgnoreReason::LeadsNowhere | IgnoreReason::LeadsBack | IgnoreReason::Counted | IgnoreReason::ToLeftOut, _) => {
            "links".to_owned()
        }
        (IgnoreReason::Hidden | IgnoreReason::OfASystem, _) => "files or folders".to_owned(),
    };
    format!("{count} {what}")
}
