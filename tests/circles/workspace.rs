//! The crates of the workspace, as Cargo knows them: a new or renamed one is found without being told.

use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

/// A library, binary, example or benchmark.
pub struct Target {
    /// `package, kind name`
    pub name: String,
    pub root: PathBuf,
}

/// Every target of every workspace member, but for integration tests and build scripts.
pub fn targets() -> Vec<Target> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata writes JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let targets: Vec<Target> = packages.iter().flat_map(of_package).collect();
    assert!(targets.len() > 5, "cargo metadata names {} targets only", targets.len());
    targets
}

fn of_package(package: &Value) -> Vec<Target> {
    let text = |value: &Value| value.as_str().expect("a text in cargo metadata").to_owned();
    let targets = package["targets"].as_array().expect("targets of a package");
    let kind = |target: &Value| text(&target["kind"][0]);
    targets
        .iter()
        .filter(|target| !["test", "custom-build"].contains(&kind(target).as_str()))
        .map(|target| Target {
            name: format!("{}, {} {}", text(&package["name"]), kind(target), text(&target["name"])),
            root: PathBuf::from(text(&target["src_path"])),
        })
        .collect()
}

/// The text with files named from the workspace's root.
pub fn relative(text: &str) -> String {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().nth(2).expect("this member lies two folders deep").display().to_string();
    text.replace(&format!("{root}/"), "")
}
