//! `nt-cuda`, the program that lies beside `nt` and is linked with CUDA.
//!
//! A program linked with CUDA does not even start where its libraries are missing, so `nt` is not: it looks for what
//! `nt-cuda` needs, says what is missing, and else becomes it.

use super::Failure;
use nt_kernels::driver::number_of_gpus;
use std::path::{Path, PathBuf};
use std::process::Command;

const NAME: &str = "nt-cuda";

/// Becomes `nt-cuda` with this program's words. Comes back only with why it could not.
pub(super) fn become_it(device: &str) -> Failure {
    match find().and_then(|program| ready(&program).map(|()| program)) {
        Ok(program) => {
            let mut command = Command::new(&program);
            command.args(std::env::args_os().skip(1));
            let error = replace_with(&mut command);
            Failure::System(format!("--device {device}: cannot start {}: {error}", program.display()))
        }
        Err(reason) => Failure::Input(format!("--device {device}: {reason}")),
    }
}

#[cfg(unix)]
fn replace_with(command: &mut Command) -> std::io::Error {
    use std::os::unix::process::CommandExt;
    command.exec()
}

#[cfg(not(unix))]
fn replace_with(_: &mut Command) -> std::io::Error {
    std::io::ErrorKind::Unsupported.into()
}

/// The program beside this one.
fn find() -> Result<PathBuf, String> {
    let this = std::env::current_exe().map_err(|error| format!("cannot tell where nt lies: {error}"))?;
    let program = this.with_file_name(NAME);
    if program.is_file() {
        return Ok(program);
    }
    Err(format!(
        "there is no {NAME} beside {}; build it with: cargo build --release --features cuda --bin {NAME} (needs nvcc), or \
         leave --device out",
        this.display()
    ))
}

/// Whether driver, GPU and libraries are there.
fn ready(program: &Path) -> Result<(), String> {
    number_of_gpus().map_err(|error| error.to_string())?;
    // The loader itself knows best which libraries of which versions the program needs, and names one that it lacks.
    let started = Command::new(program).arg("--version").output();
    let output = started.map_err(|error| format!("cannot start {}: {error}", program.display()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(match missing_library(&said) {
        Some(library) => format!(
            "{NAME} needs {library}, which is not found: install {}, or add the folder that holds it to LD_LIBRARY_PATH",
            package_of(library)
        ),
        None => format!("{} does not start: {said}", program.display()),
    })
}

/// The library in a loader's complaint: `nt-cuda: error while loading shared libraries: libcudnn.so.9: cannot open …`.
fn missing_library(said: &str) -> Option<&str> {
    let (_, rest) = said.split_once("error while loading shared libraries: ")?;
    rest.split_once(':').map(|(library, _)| library)
}

/// What a person installs to have a library.
fn package_of(library: &str) -> &'static str {
    if library.starts_with("libcudnn") {
        "cuDNN of the version that its name ends in (https://developer.nvidia.com/cudnn, or pip's nvidia-cudnn)"
    } else if library.starts_with("libcuda.") {
        "the NVIDIA driver"
    } else {
        "the CUDA toolkit of the version that its name ends in"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loaders_complaint_is_understood() {
        let said = "nt-cuda: error while loading shared libraries: libcudnn.so.9: cannot open shared object file: No such \
                    file or directory";
        assert_eq!(missing_library(said), Some("libcudnn.so.9"));
        assert!(package_of("libcudnn.so.9").starts_with("cuDNN"));
        assert!(package_of("libcublas.so.13").contains("toolkit"));
        assert_eq!(missing_library("Segmentation fault"), None);
    }
}
