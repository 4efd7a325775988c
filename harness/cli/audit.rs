//! `nt audit`.

use super::Failure;
use super::output::{has_keys, not_over_others, say};
use super::run::{CacheDir, failure, open_study};
use super::scenario_file::ScenarioFile;
use super::study_folder;
use nt_analysis::audit::{failed_gates, look_alikes, order_findings};
use nt_analysis::clusters_of;
use nt_records::audit::{AUDIT_FILE, Audit, Distance, MatchKind, MeasuredOn, Overlap, Similarity, TargetAudit};
use std::fmt::Write;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(super) struct Audits {
    #[command(flatten)]
    scenario: ScenarioFile,
    #[command(flatten)]
    cache: CacheDir,
    /// Write audit.json into this folder. A study's own audit is made by nt run.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The whole audit as JSON: every distance, every image found.
    #[arg(long)]
    json: bool,
}

/// The most images found that the terminal lists for each training set.
const MOST_LISTED: usize = 10;

impl Audits {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        if let Some(dir) = &self.out {
            study_folder::not_over_a_study(dir)?;
            let keys = ["schema_version", "targets"];
            not_over_others(&dir.join(AUDIT_FILE), |found| has_keys(found, &keys))?;
        }
        let study = open_study(&self.scenario, &self.cache)?;
        for warning in study.warnings() {
            tracing::warn!("{warning}");
        }
        let audit = study.audit().map_err(|error| failure(&error))?;
        if let Some(dir) = &self.out {
            audit.write(dir).map_err(|error| Failure::system(&error))?;
        }
        let declared = study.declared();
        if self.json {
            let json = audit.to_json().map_err(|error| Failure::system(&error))?;
            say(String::from_utf8_lossy(&json).trim_end())?;
        } else {
            say(text(&audit, &declared).trim_end())?;
        }
        let failed = failed_gates(&audit, &declared);
        if failed.is_empty() {
            return Ok(());
        }
        Err(Failure::Incomplete(format!("{}\nverdicts that rest on it go one step down", failed.join("\n"))))
    }
}

fn text(audit: &Audit, declared: &nt_analysis::Study) -> String {
    let mut text = String::new();
    for target in &audit.targets {
        // Writing to a String cannot fail.
        let _ = write_target(&mut text, audit, target, declared);
    }
    text
}

fn write_target(
    text: &mut String,
    audit: &Audit,
    target: &TargetAudit,
    declared: &nt_analysis::Study,
) -> std::fmt::Result {
    writeln!(text, "Overlap with the {} test images of {}", target.num_test_images, target.target)?;
    let mut rows = vec![["training images of", "looked at", "exact", "candidates"].map(str::to_owned)];
    rows.extend(target.overlaps.iter().map(|overlap| {
        let whose = overlap.source.clone().unwrap_or_else(|| format!("{} (the target itself)", target.target));
        let counts = [overlap.num_train_images, overlap.num_exact(), overlap.num_candidates()];
        let [looked_at, exact, candidates] = counts.map(|count| count.to_string());
        [whose, looked_at, exact, candidates]
    }));
    write_table(text, &rows)?;
    target.overlaps.iter().try_for_each(|overlap| write_matches(text, overlap))?;
    if let Some(clusters) = clusters_of(target) {
        writeln!(text, "\nThe {} test images of {} form {clusters}", target.num_test_images, target.target)?;
    }
    if let Some(words) = look_alikes(target) {
        writeln!(text, "\n{words}")?;
        target
            .look_alikes
            .iter()
            .take(MOST_LISTED)
            .try_for_each(|group| writeln!(text, "  {}", group.tests.join(", ")))?;
    }
    match target.num_images {
        None => writeln!(text, "\nSimilarity to {}: no source has enough images to be measured\n", target.target)?,
        Some(count) => writeln!(
            text,
            "\nSimilarity to {}: {count} training images of each, by {}; 95 % intervals",
            target.target, audit.measured_by
        )?,
    }
    let mut rows = vec![["source", "declared", "proxy A-distance", "MMD²", "p", "Fréchet", "CORAL"].map(str::to_owned)];
    rows.extend(target.similarities.iter().map(|similarity| distances(similarity, declared)));
    write_table(text, &rows)?;
    for finding in order_findings(target, declared) {
        let ends = finding.interval.map_or(String::new(), |(low, high)| format!(" [{low:+.2}, {high:+.2}]"));
        writeln!(
            text,
            "{} against {}: proxy A-distance {:+.2}{ends} farther: {}",
            finding.far,
            finding.near,
            finding.difference,
            finding.standing.words()
        )?;
    }
    writeln!(text)
}

fn write_matches(text: &mut String, overlap: &Overlap) -> std::fmt::Result {
    for found in overlap.matches.iter().take(MOST_LISTED) {
        let how = match found.kind {
            MatchKind::Exact => "exact".to_owned(),
            kind @ (MatchKind::Perceptual | MatchKind::Mirrored) => {
                format!("{}, {} of 128 signs differ", kind.word(), found.distance)
            }
        };
        writeln!(text, "  {} is {} ({how})", found.test, found.train)?;
    }
    match overlap.matches.len().saturating_sub(MOST_LISTED) {
        0 => Ok(()),
        more => writeln!(text, "  … and {more} more; --json lists them all"),
    }
}

fn distances(similarity: &Similarity, declared: &nt_analysis::Study) -> [String; 7] {
    let word = declared.source(&similarity.source).map_or(String::new(), |source| source.similarity.clone());
    let Some(distances) = &similarity.distances else {
        let why = match &similarity.measured_on {
            MeasuredOn::Nothing => "saw no image",
            MeasuredOn::Elsewhere => "its images are not here",
            MeasuredOn::TheTarget => "the target itself: 0",
            MeasuredOn::OwnImages | MeasuredOn::ImagesOf(_) => "too few images",
        };
        return [&similarity.source, &word, why, "", "", "", ""].map(|cell| cell.to_string());
    };
    let name = match &similarity.measured_on {
        MeasuredOn::ImagesOf(base) => format!("{} (images of {base})", similarity.source),
        MeasuredOn::OwnImages | MeasuredOn::TheTarget | MeasuredOn::Nothing | MeasuredOn::Elsewhere => {
            similarity.source.clone()
        }
    };
    [
        name,
        word,
        interval(&distances.proxy_a, 2),
        interval(&distances.mmd_squared, 4),
        format!("{:.3}", distances.mmd_p_value),
        interval(&distances.frechet, 2),
        interval(&distances.coral, 4),
    ]
}

fn interval(distance: &Distance, decimals: usize) -> String {
    let number = |value: f64| {
        // No minus before a zero.
        let text = format!("{value:.decimals$}");
        if text.trim_start_matches('-').chars().all(|digit| matches!(digit, '0' | '.')) {
            text.trim_start_matches('-').to_owned()
        } else {
            text
        }
    };
    match (distance.low, distance.high) {
        (Some(low), Some(high)) => format!("{} [{}, {}]", number(distance.value), number(low), number(high)),
        _ => number(distance.value),
    }
}

/// Writes columns as wide as their widest cell, aligned to the left.
fn write_table<const COLUMNS: usize>(text: &mut String, rows: &[[String; COLUMNS]]) -> std::fmt::Result {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..COLUMNS).map(width).collect();
    rows.iter().try_for_each(|row| {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}"));
        writeln!(text, "  {}", cells.collect::<Vec<_>>().join("  ").trim_end())
    })
}
