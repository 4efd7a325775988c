//! Writes the seeds of a format into a folder: `nt-fuzz-seeds FORMAT DIR`.

use nt_fuzz::Format;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [format, dir] = words.as_slice() else {
        eprintln!("give a format and a folder: nt-fuzz-seeds scenario target/fuzz/scenario");
        return ExitCode::from(2);
    };
    let Some(format) = Format::ALL.into_iter().find(|known| known.name() == format) else {
        eprintln!("there is no format {format}; choose among {}", Format::ALL.map(Format::name).join(", "));
        return ExitCode::from(2);
    };
    let write = |(number, seed): (usize, Vec<u8>)| std::fs::write(Path::new(dir).join(format!("seed-{number}")), seed);
    match std::fs::create_dir_all(dir).and_then(|()| format.seeds().into_iter().enumerate().try_for_each(write)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot write into {dir}: {error}");
            ExitCode::from(3)
        }
    }
}
