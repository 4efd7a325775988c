//! The pages for people: the book lists its chapters, links lead somewhere, and the architecture names every folder.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::collections::BTreeSet;
use std::fs::{read_dir, read_to_string};
use std::path::{Path, PathBuf};

/// The top of the repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a folder holds, in the order of its names.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// A path's last part.
fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

/// The Markdown files of a folder.
fn pages(folder: &Path) -> Vec<PathBuf> {
    entries(folder).into_iter().filter(|path| name(path).ends_with(".md")).collect()
}

/// The lines of a page that are no code block.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// The targets of a page's links, `](target)`, code left out.
fn links(text: &str) -> Vec<String> {
    let without_code = prose(text).map(|line| line.split('`').step_by(2).collect::<String>());
    without_code
        .flat_map(|line| {
            line.split("](").skip(1).map(|rest| rest.split(')').next().unwrap().to_owned()).collect::<Vec<_>>()
        })
        .collect()
}

/// What a heading is linked by: its words in small letters, joined by hyphens.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// Why a relative link of a page leads nowhere, if it does.
fn fault(page: &Path, link: &str) -> Option<String> {
    if link.contains("://") {
        return None;
    }
    let (file, heading) = link.split_once('#').unwrap_or((link, ""));
    let target = if file.is_empty() { page.to_path_buf() } else { page.parent().unwrap().join(file) };
    let is_there = target.exists()
        && (heading.is_empty()
            || prose(&read_to_string(&target).unwrap()).any(|line| line.starts_with('#') && anchor(line) == heading));
    (!is_there).then(|| format!("{}: {link}", page.strip_prefix(root()).unwrap().display()))
}

#[test]
fn the_summary_lists_every_chapter_and_nothing_else() {
    let docs = root().join("docs");
    let listed: Vec<String> = links(&read_to_string(docs.join("SUMMARY.md")).unwrap());
    let once: BTreeSet<&str> = listed.iter().map(String::as_str).collect();
    assert_eq!(once.len(), listed.len(), "a chapter stands in docs/SUMMARY.md twice");
    let found = pages(&docs);
    let found: BTreeSet<&str> = found.iter().map(|path| name(path)).filter(|name| *name != "SUMMARY.md").collect();
    assert_eq!(once, found, "left: docs/SUMMARY.md; right: the pages in docs");
}

#[test]
fn every_relative_link_leads_somewhere() {
    let mut all = vec![root().join("scenarios/README.md")];
    all.extend(pages(root()));
    all.extend(pages(&root().join("docs")));
    let (mut checked, mut faults) = (0, Vec::new());
    for page in all {
        for link in links(&read_to_string(&page).unwrap()) {
            checked += 1;
            faults.extend(fault(&page, &link));
        }
    }
    assert!(checked > 10, "only {checked} links were found: is `links` broken?");
    assert!(faults.is_empty(), "these links lead nowhere:\n{}", faults.join("\n"));
}

#[test]
fn a_link_to_nothing_is_found() {
    let page = root().join("docs/introduction.md");
    let text = "See [a `page`](method.md), [none](no-such-page.md), `[code](code.md)`.\n```\n[code](code.md)\n```\n";
    assert_eq!(links(text), ["method.md", "no-such-page.md"]);
    assert_eq!(fault(&page, "method.md#two-gaps-three-counterfactuals"), None);
    assert_eq!(fault(&page, "https://example.org"), None);
    assert!(fault(&page, "method.md#no-such-heading").is_some());
    assert!(fault(&page, "no-such-page.md").is_some());
}

/// The folders below one that hold files, themselves or further down; test data and build outputs left out.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let is_code = |path: &PathBuf| {
        path.is_dir() && !name(path).starts_with('.') && !["fixtures", "snapshots", "target"].contains(&name(path))
    };
    let mut found = Vec::new();
    for below in entries(folder).into_iter().filter(is_code) {
        let deeper = folders(&below);
        if !deeper.is_empty() || entries(&below).iter().any(|path| path.is_file()) {
            found.push(below);
        }
        found.extend(deeper);
    }
    found
}

#[test]
fn the_architecture_names_every_folder() {
    let text = read_to_string(root().join("docs/architecture.md")).unwrap();
    // A room's row begins with its path; the folders in it stand in the same row, without `src`.
    let is_named = |room: &str, folder: &str| {
        let row = text.lines().find(|line| line.starts_with(&format!("| `{room}` |")));
        row.is_some_and(|row| folder.is_empty() || row.contains(&format!("`{folder}`")))
    };
    let mut missing: Vec<String> = [".ci", "docs", "reports", "scenarios", "tests"]
        .iter()
        .filter(|top| !is_named(top, ""))
        .map(ToString::to_string)
        .collect();
    let of_tests = ["fixtures", "snapshots"].into_iter().filter(|folder| !text.contains(&format!("`{folder}`")));
    missing.extend(of_tests.map(str::to_owned));
    for path in folders(&root().join("harness")) {
        let path = path.strip_prefix(root()).unwrap().to_str().unwrap();
        let parts: Vec<&str> = path.split('/').collect();
        let folder: Vec<&str> = parts[2..].iter().copied().filter(|part| *part != "src").collect();
        if !is_named(&parts[..2].join("/"), &folder.join("/")) {
            missing.push(path.to_owned());
        }
    }
    assert!(missing.is_empty(), "docs/architecture.md does not name:\n{}", missing.join("\n"));
}
