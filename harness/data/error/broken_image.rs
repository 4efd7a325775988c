//! Images that cannot be decoded.

use crate::data::decode::DecodeError;
use crate::terminal::one_line;
use std::path::PathBuf;

/// One image that cannot be used.
#[derive(Debug)]
pub struct BrokenImage {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub reason: DecodeError,
}

/// Every image that cannot be used. What is to be done is said once if it is the same for all, and of each otherwise.
pub(super) fn told(images: &[BrokenImage]) -> String {
    let step = |image: &BrokenImage| image.reason.step();
    let common = images.first().map(step).filter(|first| images.iter().all(|image| step(image) == *first));
    let count = if images.len() == 1 { "1 image".to_owned() } else { format!("{} images", images.len()) };
    let next_step = match common {
        Some("") | None => String::new(),
        Some(step) if images.len() == 1 => format!("; {step}"),
        Some(step) => format!("; {}", step.replace("remove it", "remove them").replace("save it", "save each")),
    };
    let line = |image: &BrokenImage| {
        let own = Some(step(image)).filter(|step| common.is_none() && !step.is_empty());
        format!(
            "\n  {}: {}{}",
            one_line(&image.path),
            image.reason,
            own.map(|step| format!("; {step}")).unwrap_or_default()
        )
    };
    format!("{count} cannot be used{next_step}:{}", images.iter().map(line).collect::<String>())
}
