//! Classes without an image on one side.

use super::purpose;
use crate::data::Split;
use crate::terminal::one_line;
use std::path::PathBuf;

/// A class without an image on one side.
#[derive(Debug)]
pub struct EmptyClass {
    /// The class.
    pub class: String,
    /// The side that is empty.
    pub split: Split,
    /// Where images were looked for.
    pub path: PathBuf,
    /// A folder there of the same name but for capitals, or for the Unicode form of a letter.
    pub alike: Option<String>,
    /// Its images on both sides together.
    pub num_images: usize,
    /// Whether clusters of images were dealt out whole.
    pub in_clusters: bool,
}

impl std::fmt::Display for EmptyClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { class, split, path, alike, num_images, in_clusters } = self;
        let leave_out = "name the classes to use without it: `classes = [\"…\"]`";
        match (*num_images, in_clusters) {
            (0, _) => {}
            (images, true) => {
                return write!(
                    f,
                    "class `{class}` has no image to {} of {images} in {}: whole clusters are dealt to one side, and its images lie in too \
                     few; write a `cluster` that makes smaller ones, or {leave_out}",
                    purpose(*split),
                    one_line(path)
                );
            }
            (images, false) if self.alike.is_none() && images == 1 => {
                return write!(
                    f,
                    "class `{class}` has no image to {} in {}: it has 1 image, and each side needs one; add images, or {leave_out}",
                    purpose(*split),
                    one_line(path)
                );
            }
            (_, false) => {}
        }
        write!(f, "class `{class}` has no image to {} in {}; ", purpose(*split), one_line(path))?;
        match alike {
            Some(alike) if alike.eq_ignore_ascii_case(class) || alike.to_lowercase() == class.to_lowercase() => {
                write!(f, "the folder {alike:?} there differs in capitals alone: give both sides one name")
            }
            Some(alike) => write!(
                f,
                "the folder \"{}\" there has this name in another Unicode form (\"{}\" here): give both sides one name",
                escaped(alike),
                escaped(class)
            ),
            None => write!(f, "add images, or {leave_out}"),
        }
    }
}

/// A name with every letter written out that is not ASCII.
fn escaped(name: &str) -> String {
    name.chars()
        .map(|letter| if letter.is_ascii() { letter.to_string() } else { letter.escape_unicode().to_string() })
        .collect()
}
