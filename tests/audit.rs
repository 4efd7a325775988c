//! The audit of a study's data, with the real binary: from pictures on disk to gates in the report.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod support;

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use support::{Workplace, assert_exit, said, tiny};

fn audit_of(dir: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(dir.join("audit.json")).unwrap()).unwrap()
}

/// Every verdict's gates and words, from the page.
fn page(workplace: &Workplace, out: &str) -> String {
    std::fs::read_to_string(workplace.path(out).join("index.html")).unwrap()
}

/// A study of pictures whose target's classes and source's classes are folders of grids of soft boxes.
fn pictures() -> Workplace {
    let scenario = tiny()
        .replace("[data.shapes]\nkind = \"synthetic\"\nlook_distance = 0.0\nlabel = \"shape\"\ntrain_per_class = 30\ntest_per_class = 20", "[data.shapes]\nkind = \"image-folder\"\npath = \"pictures\"");
    let workplace = Workplace::with(&scenario);
    let mut seed = 1;
    for (split, count) in [("train", 30), ("test", 20)] {
        for class in ["arrow", "heart", "drop", "star", "ring", "cross"] {
            let folder = workplace.path(&format!("pictures/{split}/{class}"));
            std::fs::create_dir_all(&folder).unwrap();
            for number in 0..count {
                seed += 1;
                picture(seed).save(folder.join(format!("{number:02}.png"))).unwrap();
            }
        }
    }
    workplace
}

/// Twelve by twelve boxes of random grey, blown up and blurred by the resizing that loading does.
fn picture(seed: u64) -> image::RgbImage {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    let boxes: Vec<[u8; 3]> = (0..144).map(|_| [next(), next(), next()]).collect();
    image::RgbImage::from_fn(60, 60, |x, y| image::Rgb(boxes[(y / 5 * 12 + x / 5) as usize]))
}

#[test]
fn planted_copies_among_pictures_are_named() {
    let workplace = pictures();
    let clean = workplace.nt(&["audit", "study.toml", "--cache-dir", "cache"]).output().unwrap();
    assert_exit(&clean, 0);
    // Of one of the source's a brighter and a mirrored copy, and one cut by a pixel at each edge: candidates, to look at.
    let path = |name: &str| workplace.path(&format!("pictures/{name}.png"));
    let of_source = image::open(path("train/heart/11")).unwrap();
    of_source.brighten(12).save(path("test/star/02")).unwrap();
    of_source.fliph().save(path("test/cross/05")).unwrap();
    of_source.crop_imm(1, 1, 58, 58).save(path("test/cross/06")).unwrap();
    let candidates = workplace.nt(&["audit", "study.toml", "--cache-dir", "cache"]).output().unwrap();
    assert_exit(&candidates, 0);
    let told = String::from_utf8_lossy(&candidates.stdout).into_owned();
    assert!(told.contains("test/cross/05.png is train/heart/11.png (mirrored"), "{told}");
    // One exact copy in sixty test images is more than the gate allows.
    std::fs::copy(path("train/star/04"), path("test/ring/07")).unwrap();
    let found = workplace.nt(&["audit", "study.toml", "--cache-dir", "cache", "--out", "found"]).output().unwrap();
    assert_exit(&found, 1);
    assert!(said(&found).contains("gate 6 (overlap): 1 of 60 test images of shapes"), "{}", said(&found));
    let told = String::from_utf8_lossy(&found.stdout).into_owned();
    assert!(told.contains("test/ring/07.png is train/star/04.png (exact)"), "{told}");
    let audit = audit_of(&workplace.path("found"));
    let matches = audit["targets"][0]["overlaps"][1]["matches"].as_array().unwrap();
    let found: BTreeSet<(&str, &str)> =
        matches.iter().map(|found| (found["test"].as_str().unwrap(), found["kind"].as_str().unwrap())).collect();
    let expected =
        [("test/cross/05.png", "mirrored"), ("test/cross/06.png", "perceptual"), ("test/star/02.png", "perceptual")];
    assert_eq!(found, expected.into());
    assert!(matches.iter().all(|found| found["train"] == "train/heart/11.png"), "{matches:?}");
}

#[test]
fn a_run_audits_once_and_its_report_shows_what_was_found() {
    let workplace = Workplace::tiny();
    assert_exit(&workplace.run("out", &[]), 0);
    let first = std::fs::metadata(workplace.path("out/audit.json")).unwrap().modified().unwrap();
    let digest = workplace.digest("out");
    assert_exit(&workplace.run("out", &[]), 0);
    assert_eq!(std::fs::metadata(workplace.path("out/audit.json")).unwrap().modified().unwrap(), first);
    let page_with = page(&workplace, "out");
    assert!(page_with.contains("Similarity and overlap, measured") && page_with.contains("overlap (gate 6)"));
    // An older study has no audit: its records are the same, and its page says what was not checked.
    std::fs::remove_file(workplace.path("out/audit.json")).unwrap();
    let mut manifest = support::manifest(&workplace.path("out"));
    manifest["files"].as_array_mut().unwrap().retain(|file| file["path"] != "audit.json");
    // Nor has its manifest a checksum.
    manifest["schema_version"] = 2.into();
    manifest.as_object_mut().unwrap().remove("checksum");
    std::fs::write(workplace.path("out/manifest.json"), manifest.to_string()).unwrap();
    assert_exit(&workplace.nt(&["report", "out"]).output().unwrap(), 0);
    let page_without = page(&workplace, "out");
    assert!(page_without.contains("the study was run without an audit of its data"));
    assert!(!page_without.contains("Similarity and overlap, measured"));
    assert_eq!(workplace.digest("out"), digest);
}

#[test]
fn a_reversed_claim_of_similarity_is_told_by_the_audit_and_fails_gate_7_in_the_report() {
    // The far source is called near, and the near one far.
    let scenario = tiny()
        .replace(
            "[[source]]\nname = \"near\"",
            "[data.micrographs]\nkind = \"synthetic\"\nlook_distance = 1.0\nlabel = \"texture\"\ntrain_per_class = 30\n\
             test_per_class = 20\n\n[[source]]\nname = \"micro\"\ndata = \"micrographs\"\nsimilarity = \"similar\"\n\
             train_per_class = 10\nsteps = 20\nlearning_rate = 0.01\n\n[[source]]\nname = \"near\"",
        )
        .replace(
            "classes = [\"arrow\", \"heart\", \"drop\"]\nsimilarity = \"similar\"",
            "classes = [\"arrow\", \"heart\", \"drop\"]\nsimilarity = \"dissimilar\"",
        );
    let workplace = Workplace::with(&scenario);
    let output = workplace.nt(&["audit", "study.toml", "--cache-dir", "cache"]).output().unwrap();
    assert_exit(&output, 1);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("the reverse of what is declared"), "{told}");
    assert!(
        said(&output).contains("gate 7 (similarity): for shapes, near is declared farther than micro"),
        "{}",
        said(&output)
    );
    assert_exit(&workplace.run("out", &[]), 0);
    let page = page(&workplace, "out");
    assert!(page.contains("gate 7 (similarity): micro is declared nearer than near, and near measures nearer"));
    let json = workplace.nt(&["audit", "study.toml", "--cache-dir", "cache", "--json"]).output().unwrap();
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json, audit_of(&workplace.path("out")));
}
