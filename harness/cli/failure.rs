//! What ends a command early, and the exit code it has.

use std::error::Error;
use std::process::ExitCode;

/// Why a command did not do all that was asked.
#[derive(Debug)]
pub(super) enum Failure {
    /// It ran, but some jobs did not end well, or a difference was found: 1.
    Incomplete(String),
    /// The input or the device asked for is wrong; nothing was run or changed: 2.
    Input(String),
    /// The folder is busy, or the system or a GPU refused: 3.
    System(String),
    /// The user stopped it: 130.
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

    /// Says it on standard error.
    pub(super) fn tell(&self) {
        match self {
            Self::Incomplete(text) | Self::Interrupted(text) => eprintln!("{text}"),
            Self::Input(text) if text.starts_with("error[") || text.starts_with("note[") => eprintln!("{text}"),
            Self::Input(text) | Self::System(text) => eprintln!("error: {text}"),
        }
    }

    /// What the shell is told.
    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Incomplete(_) => 1,
            Self::Input(_) => 2,
            Self::System(_) => 3,
            Self::Interrupted(_) => 130,
        })
    }
}

/// An error's message with those of its causes that it does not already repeat.
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
