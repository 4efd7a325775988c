//! A scenario named on the command line.

use super::Failure;
use crate::terminal::tell;
use nt_scenario::{Scenario, apply_set};
use std::io::{Error, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// A scenario's file, and the values that the command line replaces.
#[derive(clap::Args)]
pub(super) struct ScenarioFile {
    /// The scenario, a TOML file.
    #[arg(value_name = "SCENARIO")]
    path: PathBuf,
    /// Replace a value: `--set study.replicates=3`. May be given several times.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
}

impl ScenarioFile {
    /// Reads and checks the scenario, and prints its notes to standard error.
    pub(super) fn read(&self) -> Result<Scenario, Failure> {
        let file = self.path.display().to_string();
        let text = bounded(&self.path).map_err(|error| {
            Failure::Input(format!(
                "cannot read the scenario {file}: {error}; {}, or name another TOML file, such as scenarios/smoke.toml",
                nt_disk::advice(&error)
            ))
        })?;
        let text = apply_set(&text, &self.sets).map_err(|fault| Failure::Input(fault.to_string()))?;
        let file = if self.sets.is_empty() { file } else { format!("{file} with --set") };
        let scenario = Scenario::parse(&text, &file).map_err(|faults| Failure::Input(faults.to_string()))?;
        scenario.notes().iter().for_each(tell);
        Ok(scenario)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The folder that the scenario's relative paths start from.
    pub(super) fn base(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }
}

/// The text of a file that a user names, which may be a pipe: at most as long as any scenario is.
fn bounded(path: &Path) -> std::io::Result<String> {
    /// Bytes.
    const MOST: u64 = 64 << 20;
    let mut text = Vec::new();
    std::fs::File::open(path)?.take(MOST + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MOST {
        return Err(Error::new(ErrorKind::InvalidInput, "it is longer than 64 MiB, as no file with a scenario is"));
    }
    String::from_utf8(text).map_err(|_| ErrorKind::InvalidData.into())
}
