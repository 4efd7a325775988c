//! The audit of the data: overlap, and measured similarity.

use maud::{Markup, html};

use super::check::{Check, mark};
use crate::material::Material;
use crate::shown;
use crate::words::number::{NONE, counted, gap, interval, test_images};
use nt_analysis::audit::{Confirmation, OrderFinding, look_alikes, order_findings};
use nt_analysis::{Analysis, WithoutOverlap};
use nt_records::audit::{Audit, Distance, MATERIAL_SHARE, MeasuredOn, Overlap, Similarity, TargetAudit};
use nt_records::number::thousands;
use nt_stats::verdict::Decision;

/// The lines of the certificate on gates 6 and 7.
pub(crate) fn checks(analysis: &Analysis) -> [Check; 2] {
    let Some(audit) = &analysis.audit else {
        let unchecked = |subject| Check {
            subject,
            holds: None,
            finding: "the study was run without an audit of its data; run nt audit to make one".to_owned(),
        };
        return [unchecked(OVERLAP), unchecked(SIMILARITY)];
    };
    [overlap(analysis, audit), similarity(analysis, audit)]
}

const OVERLAP: &str = "overlap (gate 6)";
const SIMILARITY: &str = "measured similarity (gate 7)";

fn overlap(analysis: &Analysis, audit: &Audit) -> Check {
    let overlaps = || audit.targets.iter().flat_map(|target| &target.overlaps);
    let exact: usize = overlaps().map(Overlap::num_exact).sum();
    let candidates: usize = overlaps().map(Overlap::num_candidates).sum();
    let failed = count_failed(analysis, nt_stats::verdict::Gate::Overlap);
    let mut finding = format!(
        "compared {} of training images with the test images: {} with an exact copy, {} by look",
        counted(overlaps().count(), "set"),
        counted(exact, "test image"),
        counted(candidates, "candidate")
    );
    if exact + candidates > 0 {
        finding.push_str(&format!(
            "; the drawers give the gaps without them, which hold back {}",
            counted(failed, "verdict")
        ));
    }
    Check { subject: OVERLAP, holds: Some(failed == 0), finding }
}

fn similarity(analysis: &Analysis, audit: &Audit) -> Check {
    let findings: Vec<OrderFinding> =
        audit.targets.iter().flat_map(|target| order_findings(target, &analysis.study)).collect();
    let count = |standing| findings.iter().filter(|finding| finding.standing == standing).count();
    let reversed = count(Confirmation::Reversed);
    let finding = if findings.is_empty() {
        "measured, but no source is called similar beside one called dissimilar, so there is no declared order to check"
            .to_owned()
    } else {
        format!(
            "of {} of a similar and a dissimilar source {} as declared, {} not told apart, {reversed} the reverse{}",
            counted(findings.len(), "pair"),
            count(Confirmation::AsDeclared),
            count(Confirmation::NotToldApart),
            if reversed > 0 { "; verdicts of their sources are one step down" } else { "" }
        )
    };
    let holds = if findings.is_empty() || count(Confirmation::NotToldApart) == findings.len() {
        None
    } else {
        Some(reversed == 0)
    };
    Check { subject: SIMILARITY, holds, finding }
}

fn count_failed(analysis: &Analysis, gate: nt_stats::verdict::Gate) -> usize {
    let fails = |cell: &&nt_analysis::CellResult| {
        cell.decision.as_ref().is_some_and(|decision| decision.failed_gates.iter().any(|failure| failure.gate == gate))
    };
    analysis.cells.iter().filter(fails).count()
}

/// The gates that this study could check.
pub(crate) fn checked_gates(analysis: &Analysis) -> &'static str {
    if analysis.audit.is_some() { "1, 3, 5, 6, 7" } else { "1, 3, 5" }
}

/// "Without 12 test images … the gap is +3.1 [+0.2, +6.0]".
pub(crate) fn without_words(without: &WithoutOverlap, decision: &Decision) -> String {
    let images = without.left_out_in_words();
    match (&without.gap, without.verdict) {
        (Some(estimate), Some(verdict)) => format!(
            "Without {images} the gap is {} {} ({}{})",
            gap(Some(estimate.mean_pp)),
            interval(estimate.low_pp, estimate.high_pp),
            verdict.name(),
            if decision.failed_gates.is_empty() { "" } else { ", before gates" }
        ),
        _ => format!("Without {images} no test image is left to judge by"),
    }
}

/// The section of the page; empty for a study without an audit.
pub(crate) fn section(material: &Material) -> Markup {
    let analysis = &material.analysis;
    html! {
        @if let Some(audit) = &analysis.audit {
            section.prose aria-labelledby="similarity" {
                h2 #similarity { "Similarity and overlap, measured" }
                p {
                    "Measured before the first job, on training images alone, by " (audit.measured_by) ". A random "
                    "network favours no source. It sees look, not meaning, so other objects with the same look lie near. "
                    "The proxy A-distance is 0 if a linear classifier cannot tell source from target, and 2 if it "
                    "always can."
                }
                @for target in &audit.targets { (of_target(analysis, target)) }
            }
        }
    }
}

fn of_target(analysis: &Analysis, target: &TargetAudit) -> Markup {
    let rows = target.similarities.iter().map(|similarity| row(analysis, target, similarity));
    html! {
        div.scroll tabindex="0" role="region" aria-label={ "Sources against " (target.target) } {
            table {
                caption {
                    (target.target) ", " (thousands(target.num_test_images as u64)) " test images"
                    @if let Some(count) = target.num_images { "; " (count) " training images of each side" }
                }
                thead { tr { @for name in COLUMNS { th scope="col" { (name) } } } }
                tbody { @for cells in rows { tr { @for cell in cells { td { (cell) } } } } }
            }
        }
        @let (findings, others) = told_findings(analysis, target);
        @for finding in findings {
            p { (mark(standing_holds(finding.standing))) " " (finding_words(&finding)) "." }
        }
        @if others > 0 { p { (others_words(others)) } }
        @for words in independence(analysis, target) { p { (words) } }
        @if let Some(own) = target.overlap(None) {
            p { "The target's own training images: " (overlap_words(target, own)) "." }
        }
    }
}

/// The pairs of sources that are told, and how many are not: of very many, those that are the reverse of what is declared come
/// first, then those that are not told apart.
fn told_findings(analysis: &Analysis, target: &TargetAudit) -> (Vec<OrderFinding>, usize) {
    let mut findings = order_findings(target, &analysis.study);
    let others = findings.len().saturating_sub(shown::most_named(analysis));
    if others > 0 {
        findings.sort_by_key(|finding| match finding.standing {
            Confirmation::Reversed => 0,
            Confirmation::NotToldApart => 1,
            Confirmation::AsDeclared => 2,
        });
        findings.truncate(findings.len() - others);
    }
    (findings, others)
}

fn others_words(others: usize) -> String {
    format!("And {} of sources, in audit.json.", counted(others, "pair"))
}

/// Which test images are not independent of one another, or may not be; a sentence or two each.
fn independence(analysis: &Analysis, target: &TargetAudit) -> Vec<String> {
    let clusters = analysis.test_sets.get(&target.target).filter(|test| test.clusters.is_some());
    let told =
        clusters.map(|test| format!("{} of {}: intervals are for new clusters.", test_images(test), target.target));
    told.into_iter().chain(look_alikes(target)).collect()
}

const COLUMNS: [&str; 7] =
    ["source", "declared", "proxy A-distance", "MMD² (p)", "Fréchet distance", "CORAL distance", "test images found"];

fn standing_holds(standing: Confirmation) -> Option<bool> {
    match standing {
        Confirmation::AsDeclared => Some(true),
        Confirmation::NotToldApart => None,
        Confirmation::Reversed => Some(false),
    }
}

fn finding_words(finding: &OrderFinding) -> String {
    let ends = finding.interval.map_or(String::new(), |(low, high)| format!(" [{low:+.2}, {high:+.2}]"));
    format!(
        "{} lies farther than {} by a proxy A-distance of {:+.2}{ends}: {}",
        finding.far,
        finding.near,
        finding.difference,
        finding.standing.words()
    )
}

fn overlap_words(target: &TargetAudit, overlap: &Overlap) -> String {
    let share = 100.0 * overlap.num_exact() as f64 / target.num_test_images.max(1) as f64;
    format!(
        "{} exact ({share:.1} %; the gate allows {} %), {} alike",
        overlap.num_exact(),
        100.0 * MATERIAL_SHARE,
        overlap.num_candidates()
    )
}

/// A row of the table of sources, as text.
fn row(analysis: &Analysis, target: &TargetAudit, similarity: &Similarity) -> [String; 7] {
    let declared =
        analysis.study.source(&similarity.source).map_or(NONE.to_owned(), |source| source.similarity.clone());
    let found =
        target.overlap(Some(&similarity.source)).map_or(NONE.to_owned(), |overlap| overlap_words(target, overlap));
    let name = match &similarity.measured_on {
        MeasuredOn::ImagesOf(base) => format!("{} (images of {base})", similarity.source),
        MeasuredOn::OwnImages | MeasuredOn::TheTarget | MeasuredOn::Nothing | MeasuredOn::Elsewhere => {
            similarity.source.clone()
        }
    };
    let Some(distances) = &similarity.distances else {
        let why = match similarity.measured_on {
            MeasuredOn::Nothing => "saw no image",
            MeasuredOn::Elsewhere => "its images are not here",
            MeasuredOn::TheTarget => "the target itself: 0",
            MeasuredOn::OwnImages | MeasuredOn::ImagesOf(_) => "too few images",
        };
        return [name, declared, why.to_owned(), NONE.to_owned(), NONE.to_owned(), NONE.to_owned(), found];
    };
    [
        name,
        declared,
        with_interval(&distances.proxy_a, 2),
        format!("{} ({:.3})", with_interval(&distances.mmd_squared, 4), distances.mmd_p_value),
        with_interval(&distances.frechet, 2),
        with_interval(&distances.coral, 4),
        found,
    ]
}

/// "0.61 [0.37, 0.84]", with a true minus.
pub(crate) fn with_interval(distance: &Distance, decimals: usize) -> String {
    let number = |value: f64| {
        let scale = 10f64.powi(decimals as i32);
        // Never minus zero.
        let value = (value * scale).round() / scale + 0.0;
        format!("{value:.decimals$}").replace('-', "−")
    };
    match (distance.low, distance.high) {
        (Some(low), Some(high)) => format!("{} [{}, {}]", number(distance.value), number(low), number(high)),
        _ => number(distance.value),
    }
}

/// The section of `report.md`; empty for a study without an audit.
pub(crate) fn markdown(analysis: &Analysis) -> String {
    let Some(audit) = &analysis.audit else { return String::new() };
    let mut text = format!("\nMeasured before the first job by {}; 95 % intervals.\n", audit.measured_by);
    for target in &audit.targets {
        text.push_str(&format!("\n| {} |\n|{}\n", COLUMNS.join(" | "), "---|".repeat(COLUMNS.len())));
        for similarity in &target.similarities {
            text.push_str(&format!(
                "| {} |\n",
                row(analysis, target, similarity).map(|cell| cell.replace('|', "\\|")).join(" | ")
            ));
        }
        let (findings, others) = told_findings(analysis, target);
        for finding in findings {
            text.push_str(&format!("\n{}: {}.\n", target.target, finding_words(&finding)));
        }
        if others > 0 {
            text.push_str(&format!("\n{}: {}\n", target.target, others_words(others)));
        }
        if let Some(own) = target.overlap(None) {
            text.push_str(&format!("\n{}: its own training images: {}.\n", target.target, overlap_words(target, own)));
        }
    }
    text
}
