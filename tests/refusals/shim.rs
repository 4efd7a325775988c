//! The library that lets a call to the disk fail.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub(crate) struct Shim {
    folder: tempfile::TempDir,
}

impl Shim {
    /// Compiles it with the C compiler that Rust links with; `None`, with a message, where there is none.
    pub(crate) fn build() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/refusals/shim.c");
        let library = folder.path().join("shim.so");
        let built =
            Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).arg("-ldl").output();
        match built {
            Ok(built) if built.status.success() => Some(Self { folder }),
            Ok(built) => panic!("{}", String::from_utf8_lossy(&built.stderr)),
            Err(error) => {
                eprintln!("not run: there is no C compiler ({error})");
                None
            }
        }
    }

    fn preloaded<'c>(&self, command: &'c mut Command, watched: &[PathBuf]) -> &'c mut Command {
        let folders: Vec<String> = watched.iter().map(|folder| folder.display().to_string()).collect();
        command.env("LD_PRELOAD", self.folder.path().join("shim.so")).env("NT_FAULT_UNDER", folders.join(":"))
    }

    /// Runs the command, and counts what it asks of files below these folders.
    pub(crate) fn count(&self, command: &mut Command, watched: &[PathBuf]) -> (Output, usize) {
        let counted = self.folder.path().join("count");
        let output = self.preloaded(command, watched).env("NT_FAULT_COUNT", &counted).output().unwrap();
        (output, std::fs::read_to_string(counted).unwrap().trim().parse().unwrap())
    }

    /// Runs the command, of whose calls that of this number fails.
    pub(crate) fn refuse(
        &self,
        command: &mut Command,
        watched: &[PathBuf],
        call: usize,
        error: i32,
        lasting: bool,
    ) -> Output {
        let command = self.preloaded(command, watched);
        command.env("NT_FAULT_AT", call.to_string()).env("NT_FAULT_ERRNO", error.to_string());
        if lasting {
            command.env("NT_FAULT_LASTING", "1");
        }
        command.output().unwrap()
    }

    /// Runs the command on a file system without locks, which says so with this error.
    pub(crate) fn without_locks(&self, command: &mut Command, error: i32) -> Output {
        self.preloaded(command, &[]).env("NT_FAULT_LOCKS", error.to_string()).output().unwrap()
    }
}
