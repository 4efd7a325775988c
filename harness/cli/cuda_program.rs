//! `nt-cuda`, the program beside `nt` that is linked with CUDA.
//!
//! A program linked with CUDA does not even start if its libraries are missing, so `nt` is not linked with it. `nt`
//! checks what `nt-cuda` needs. If something is missing, it says what; otherwise the process becomes `nt-cuda`.

use super::Failure;
use nt_kernels::driver::number_of_gpus;
use std::path::{Path, PathBuf};
use std::process::Command;

const NAME: &str = "nt-cuda";

/// Replaces this process by `nt-cuda`, with the same arguments. Returns only if that failed, and says why.
pub(super) fn become_it(device: &str) -> Failure {
    let gpus = number_of_gpus().map_err(|error| error.to_string());
    let program = find().and_then(|program| finds_its_libraries(&program).map(|()| program));
    match (gpus, program) {
        (Ok(_), Ok(program)) => {
            let mut command = Command::new(&program);
            command.args(std::env::args_os().skip(1));
            let error = replace_with(&mut command);
            Failure::System(format!(
                "--device {device}: cannot start {}: {error}; {}",
                program.display(),
                nt_disk::advice(&error)
            ))
        }
        (gpus, program) => {
            // Everything that is missing, at once.
            let faults: Vec<String> = [gpus.err(), program.err()].into_iter().flatten().collect();
            Failure::Input(format!("--device {device}: {}", faults.join("\n  and ")))
        }
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
    let this = std::env::current_exe().map_err(|error| format!("cannot find the folder of nt: {error}"))?;
    let program = this.with_file_name(NAME);
    if program.is_file() {
        return Ok(program);
    }
    Err(format!(
        "there is no {NAME} beside {}: build it with cargo build --release --features cuda --bin {NAME} (needs nvcc)",
        this.display()
    ))
}

/// Whether the program finds its libraries. The loader knows which libraries it needs, in which versions, and where to
/// look for them. With this variable set, it lists them instead of starting the program.
fn finds_its_libraries(program: &Path) -> Result<(), String> {
    let cannot =
        |error: std::io::Error| format!("cannot start {}: {error}; {}", program.display(), nt_disk::advice(&error));
    let listed = Command::new(program).env("LD_TRACE_LOADED_OBJECTS", "1").output().map_err(cannot)?;
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    // The message about the driver already names the driver's own library.
    let missing: Vec<&str> = missing_libraries(&listed).filter(|library| !library.starts_with("libcuda.")).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let needs: Vec<String> = missing.iter().map(|name| format!("{name} ({})", package_of(name))).collect();
    let needs = needs.join(", ");
    Err(format!("{NAME} does not find {needs}: install them, or add the folders that hold them to LD_LIBRARY_PATH"))
}

/// The libraries that the loader's list marks as not found: `libcudnn.so.9 => not found`.
fn missing_libraries(listed: &str) -> impl Iterator<Item = &str> {
    listed.lines().filter_map(|line| line.split_once("=> not found").map(|(library, _)| library.trim()))
}

/// What a person installs to get a library. Most libraries of the toolkit carry its version. cuRAND has its own.
fn package_of(library: &str) -> String {
    let version = library.rsplit_once(".so.").map_or("", |(_, version)| version);
    match library {
        _ if library.starts_with("libcudnn") => format!("cuDNN {version}, from developer.nvidia.com/cudnn"),
        _ if library.starts_with("libcublas") || library.starts_with("libcudart") => {
            format!("of the CUDA {version} toolkit")
        }
        _ => "of the CUDA toolkit".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loaders_list_is_understood() {
        let listed = "\tlinux-vdso.so.1 (0x00007ffd)\n\tlibcudnn.so.9 => not found\n\tlibcublas.so.13 => not found\n\
                      \tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f)\n";
        assert_eq!(missing_libraries(listed).collect::<Vec<_>>(), ["libcudnn.so.9", "libcublas.so.13"]);
        assert!(package_of("libcudnn.so.9").starts_with("cuDNN 9"));
        assert!(package_of("libcublas.so.13").contains("CUDA 13"));
        assert!(package_of("libcurand.so.10").contains("CUDA toolkit"));
    }
}
