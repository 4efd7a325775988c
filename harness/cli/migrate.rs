//! `nt migrate`.

use super::Failure;
use super::output::say;
use nt_disk::{FileError, shell_word, write_atomic};
use nt_scenario::{Migration, Version};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Writes a scenario of an older version as the latest one.
#[derive(clap::Args)]
pub(super) struct Migrate {
    /// The scenario, a TOML file. All but what the new version changes stays as it is, comments and layout too.
    #[arg(value_name = "SCENARIO")]
    path: PathBuf,
    /// Change nothing; end with 1 if there is something to change.
    #[arg(long, conflicts_with = "stdout")]
    check: bool,
    /// Print the new text and leave the file as it is.
    #[arg(long)]
    stdout: bool,
}

impl Migrate {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        let file = self.path.display().to_string();
        let text = std::fs::read_to_string(&self.path).map_err(|error| {
            Failure::Input(format!("cannot read the scenario {file}: {error}; {}", nt_disk::advice(&error)))
        })?;
        let latest = Version::LATEST.number();
        let migration = Migration::of(&text, &file)
            .map_err(|faults| Failure::Input(format!("{faults}\n{file} was left as it is")))?;
        let Migration::Rewritten { from, text: rewritten, changes } = migration else {
            if self.stdout {
                return say(without_last_newline(&text));
            }
            return say(format_args!("{file}: version {latest} already, nothing to change"));
        };
        if self.stdout {
            return say(without_last_newline(&rewritten));
        }
        let changes = changes.join("\n  ");
        if self.check {
            return Err(Failure::Incomplete(format!(
                "{file} is of version {}, and the current version is {latest}; `nt migrate {}` would change\n  {changes}",
                from.number(),
                shell_word(&self.path)
            )));
        }
        replace(&self.path, &rewritten)?;
        say(format_args!("{file}\n  {changes}"))
    }
}

/// Replaces a file in one step. A link stays a link: the file that it leads to is replaced, and its permissions are kept.
/// A file that is read-only, or that has several names, which would no longer be one file, is left as it is.
fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: FileError| Failure::system(&error);
    if !path.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Err(Failure::Input(format!(
            "{} is not a regular file, so it cannot be rewritten; print the new text: `nt migrate {} --stdout`",
            path.display(),
            shell_word(path)
        )));
    }
    let real = path.canonicalize().map_err(FileError::at("find", path)).map_err(failed)?;
    let metadata = std::fs::metadata(&real).map_err(FileError::at("read the permissions of", &real)).map_err(failed)?;
    let (file, word) = (path.display(), shell_word(path));
    if metadata.permissions().readonly() {
        return Err(Failure::Input(format!(
            "{file} is read-only and was left as it is; `chmod u+w {word}` first, or print the new text: `nt migrate \
             {word} --stdout`"
        )));
    }
    if metadata.nlink() > 1 {
        return Err(Failure::Input(format!(
            "{file} is one of {} names of a file (hard links) and was left as it is, because the others would keep the \
             old text; print the new text: `nt migrate {word} --stdout`",
            metadata.nlink()
        )));
    }
    write_atomic(&real, text.as_bytes()).map_err(failed)?;
    let kept = std::fs::set_permissions(&real, metadata.permissions());
    kept.map_err(FileError::at("set the permissions of", &real)).map_err(failed)
}

/// What is printed with a newline after it, so that the text comes out as it is.
fn without_last_newline(text: &str) -> &str {
    text.strip_suffix('\n').unwrap_or(text)
}
