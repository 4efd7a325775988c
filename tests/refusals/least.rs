//! The least study that reads pictures, fills a cache, trains a few networks and writes a report: a tenth of a second.

use crate::support::Workplace;
use nt_scenario::mock::TestScenario;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) struct Least {
    pub(crate) workplace: Workplace,
}

impl Least {
    pub(crate) fn new() -> Self {
        let scenario = TestScenario::new("least")
            .table("[data.trees]", "kind = \"image-folder\"\npath = \"pictures\"")
            .source(
                "near",
                "data = \"trees\"\nclasses = [\"birch\", \"oak\"]\nsimilarity = \"similar\"\ntrain_per_class = 1\n\
                 steps = 3\nlearning_rate = 0.01",
            )
            .target("trees", "data = \"trees\"")
            .size("small", "train_per_class = 1\nsteps = 3")
            .treatment("fine", "copied = 7\nfrozen = 3")
            .text();
        let workplace = Workplace::with(&scenario);
        for (split, number) in [("train", 0_u8), ("train", 1), ("test", 2), ("test", 3)] {
            for (class, name) in ["birch", "oak"].iter().enumerate() {
                let folder = workplace.path(&format!("pictures/{split}/{name}"));
                std::fs::create_dir_all(&folder).unwrap();
                let pixels =
                    (0..24 * 24).flat_map(|at| [(at % 7) as u8 * 30, number * 50, class as u8 * 200]).collect();
                image::RgbImage::from_raw(24, 24, pixels).unwrap().save(folder.join(format!("{number}.png"))).unwrap();
            }
        }
        Self { workplace }
    }

    /// Runs it into a folder, on one thread, so that what it asks of the disk comes in one order.
    pub(crate) fn run_command(&self, out: &str) -> Command {
        let path = |name: &str| self.workplace.path(name).display().to_string();
        let mut command = self.workplace.nt(&[
            "run",
            &path("study.toml"),
            "--cache-dir",
            &path("cache"),
            "--out",
            &path(out),
            "--jobs",
            "1",
        ]);
        command.env("RAYON_NUM_THREADS", "1");
        command
    }

    /// Where it reads and writes.
    pub(crate) fn watched(&self, out: &str) -> Vec<PathBuf> {
        [out, "cache", "pictures"].map(|name| self.workplace.path(name)).into()
    }

    pub(crate) fn digest(&self, out: &str) -> String {
        self.workplace.digest(out)
    }

    pub(crate) fn empty_the_cache(&self) {
        let _ = std::fs::remove_dir_all(self.workplace.path("cache"));
    }

    /// Temporary files that were left behind.
    pub(crate) fn unfinished(&self, out: &str) -> Vec<String> {
        fn below(folder: &Path, found: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    below(&path, found);
                } else if path.extension().is_some_and(|end| end == "tmp") {
                    found.push(path.display().to_string());
                }
            }
        }
        let mut found = Vec::new();
        below(&self.workplace.path(out), &mut found);
        found
    }
}
