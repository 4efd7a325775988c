//! Why a command ends early, and with which exit code.

use crate::terminal::tell;
use std::error::Error;
use std::process::ExitCode;

/// Why a command did not do all that was asked.
#[derive(Debug)]
pub(super) enum Failure {
    /// Exit code 1: it ran, but some jobs did not end well, or a difference was found.
    Incomplete(String),
    /// Exit code 2: the input or the device is wrong, and nothing was run or changed.
    Input(String),
    /// Exit code 3: the folder is busy, or the system or a GPU refused.
    System(String),
    /// Exit code 130: the user stopped it.
    Interrupted(String),
}

impl Failure {
    /// A wrong input, from an error and its causes.
    pub(super) fn input(error: &dyn Error) -> Self {
        Self::Input(chain(error))
    }

    /// A refusal of the system, from an error and its causes.
    pub(super) fn system(error: &dyn Error) -> Self {
        Self::System(chain(error))
    }

    /// Prints it to standard error.
    pub(super) fn tell(&self) {
        match self {
            Self::Incomplete(text) | Self::Interrupted(text) => tell(text),
            Self::Input(text) if text.starts_with("error[") || text.starts_with("note[") => tell(text),
            Self::Input(text) | Self::System(text) => tell(format!("error: {text}")),
        }
    }

    /// The exit code.
    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Incomplete(_) => 1,
            Self::Input(_) => 2,
            Self::System(_) => 3,
            Self::Interrupted(_) => 130,
        })
    }
}

/// An error's message, followed by those of its causes that it does not already contain.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !text.contains(&message) {
            text = format!("{text}\n  because: {message}");
        }
        cause = error.source();
    }
    text
}
