//! Draws the report of a study's folder again, as `nt report` does, without building what trains:
//! `cargo run --release -p nt-report --example report -- reports/smoke`.

use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let dir: PathBuf = std::env::args_os().nth(1).ok_or("give the folder that `nt run` wrote")?.into();
    let summary = nt_report::report(&dir)?;
    println!("{}\n{}", summary.terminal_table(), summary.page.display());
    Ok(())
}
