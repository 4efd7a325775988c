//! Writes a study of very many cells, as runs would have left it, to measure what `nt report` takes of it:
//! `cargo run --release -p nt-report --example many_cells -- FOLDER TARGETS SIZES SOURCES TEST_IMAGES`.

use std::error::Error;
use std::path::PathBuf;

use nt_analysis::mock::ManyCells;

fn main() -> Result<(), Box<dyn Error>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let [dir, targets, sizes, sources, test_images] = given.as_slice() else {
        return Err("give FOLDER TARGETS SIZES SOURCES TEST_IMAGES".into());
    };
    let shape = ManyCells {
        targets: targets.parse()?,
        sizes: sizes.parse()?,
        sources: sources.parse()?,
        test_images: test_images.parse()?,
    };
    let dir = PathBuf::from(dir);
    shape.write(&dir);
    println!("{} cells: nt report {}", shape.num_cells(), dir.display());
    Ok(())
}
