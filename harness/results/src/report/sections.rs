//! The sections of the page that are tables and prose.

use maud::{Markup, html};
use nt_stats::p_value::PrintedP;
use nt_stats::verdict::Attribution;

use super::number::{NONE, gap, interval, percent};
use super::{Material, answer};
use crate::analysis::{CellKind, CellResult, Quadrant, Tally};
use crate::figures::accuracy_by_depth::thousands;

/// One row a quadrant.
pub(super) fn quadrants(material: &Material) -> Markup {
    let analysis = &material.analysis;
    html! {
        div.scroll {
            table.quadrants {
                caption {
                    "One row a quadrant: treatments counted by their verdict; gaps to scratch in points of "
                    (answer::metric(analysis.study.metric)) ", with intervals adjusted over all "
                    (analysis.family_size) " contrasts"
                    " (n = " (analysis.study.replicates) " replicates)."
                }
                thead {
                    tr {
                        th scope="col" { "quadrant" }
                        th scope="col" { "verdict" }
                        th.number scope="col" { "helped" }
                        th.number scope="col" { "harmed by the source" }
                        th.number scope="col" { "worse by freezing" }
                        th.number scope="col" { "worse, cause open" }
                        th.number scope="col" { "equivalent" }
                        th.number scope="col" { "undecided" }
                        th scope="col" { "best" }
                        th scope="col" { "worst" }
                    }
                }
                tbody {
                    @for quadrant in &analysis.quadrants {
                        (quadrant_row(material, quadrant))
                    }
                }
            }
        }
    }
}

fn quadrant_row(material: &Material, quadrant: &Quadrant) -> Markup {
    let (analysis, tally) = (&material.analysis, &quadrant.tally);
    let extreme = |at| answer::extreme_with_interval(analysis, at).unwrap_or_else(|| NONE.to_owned());
    html! {
        tr {
            th scope="row" {
                (answer::name(analysis, quadrant))
                span.soft { (quadrant.train_per_class) " images a class" }
            }
            td { span class={ "badge " (tally_class(tally)) } { (answer::verdict(tally)) } }
            td.number { (tally.helped) }
            td.number { (tally.harmed_by_source) }
            td.number { (tally.harmed_by_freezing) }
            td.number { (tally.harmed) }
            td.number { (tally.equivalent) }
            td.number { (tally.undecided) @if tally.invalid > 0 { " + " (tally.invalid) " invalid" } }
            td { (extreme(quadrant.best)) }
            td { (extreme(quadrant.worst)) }
        }
    }
}

fn tally_class(tally: &Tally) -> &'static str {
    match (tally.helped > 0, tally.worse() > 0) {
        (true, false) => "better",
        (false, true) => "worse",
        (true, true) => "mixed",
        (false, false) => "open",
    }
}

/// The pictures that the study is about.
pub(super) fn contact_sheets(material: &Material) -> Markup {
    html! {
        @if !material.contact_sheets.is_empty() {
            section aria-labelledby="data" {
                h2 #data { "The data" }
                div.sheets {
                    @for sheet in &material.contact_sheets {
                        figure {
                            img src=(sheet.address) alt={ "Images of the dataset " (sheet.name) ", one row a class" };
                            figcaption { (sheet.name) ": one row a class" }
                        }
                    }
                }
            }
        }
    }
}

/// Every cell of the study.
pub(super) fn cells(material: &Material) -> Markup {
    let analysis = &material.analysis;
    let has_targets = analysis.study.targets.len() > 1;
    html! {
        section aria-labelledby="cells" {
            h2 #cells { "Every cell" }
            div.scroll {
                table.cells {
                    caption {
                        "Accuracy in per cent; gaps in points. Gap: to scratch, same replicates, same test images. "
                        "Source gap: to the "
                        "same treatment from an untrained source. Cells of the untrained source are controls and form "
                        "a family of their own."
                    }
                    thead {
                        tr {
                            @if has_targets { th scope="col" { "target" } }
                            th scope="col" { "size" }
                            th scope="col" { "source" }
                            th scope="col" { "treatment" }
                            th.number scope="col" { "accuracy" }
                            th.number scope="col" { "gap" }
                            th.number scope="col" { "adjusted interval" }
                            th.number scope="col" { "p" }
                            th.number scope="col" { "source gap" }
                            th scope="col" { "verdict" }
                            th scope="col" { "in words" }
                            th.number scope="col" { "n" }
                        }
                    }
                    tbody {
                        @for cell in &analysis.cells {
                            (cell_row(cell, has_targets))
                        }
                    }
                }
            }
        }
    }
}

fn cell_row(cell: &CellResult, has_targets: bool) -> Markup {
    let decision = cell.decision.as_ref();
    let source_gap = decision.and_then(|decision| decision.source_gap.as_ref()).map(|estimate| estimate.mean_pp);
    let range = decision.map_or(NONE.to_owned(), |decision| interval(decision.gap.low_pp, decision.gap.high_pp));
    let class = if cell.kind == CellKind::Scratch { "reference" } else { "" };
    html! {
        tr class=(class) {
            @if has_targets { td.whole { (cell.key.target) } }
            td { (cell.key.size) }
            td {
                (cell.key.source.as_deref().unwrap_or("scratch"))
                @if let Some(similarity) = &cell.similarity { span.soft { (similarity) } }
            }
            td.whole { (answer::point(cell.key.copied, cell.key.frozen)) }
            td.number { (percent(cell.mean)) }
            td.number { (gap(cell.gap_pp())) }
            td.number { (range) }
            td.number { (decision.map_or(NONE.to_owned(), |decision| PrintedP(decision.p_adjusted).to_string())) }
            td.number { (gap(source_gap)) }
            td { (verdict_badge(cell)) }
            td.words {
                (cell.words())
                @for failure in decision.map(|decision| &decision.failed_gates).into_iter().flatten() {
                    span.soft { (failure.gate) ": " (failure.detail) }
                }
            }
            td.number { (runs(cell)) }
        }
    }
}

fn runs(cell: &CellResult) -> String {
    if cell.is_complete() { cell.num_planned.to_string() } else { cell.completeness_words() }
}

fn verdict_badge(cell: &CellResult) -> Markup {
    let Some(verdict) = cell.verdict() else { return html! { span.soft { "reference" } } };
    let class = match verdict {
        verdict if verdict.is_negative() => "worse",
        verdict if verdict.is_positive() => "better",
        nt_stats::Verdict::Equivalent => "equal",
        nt_stats::Verdict::Invalid => "invalid",
        _ => "open",
    };
    let attribution = cell.decision.as_ref().and_then(|decision| decision.attribution);
    html! {
        span class={ "badge " (class) } { (verdict) }
        @if let (Some(attribution), CellKind::Transfer) = (attribution, cell.kind) {
            span.soft { (cause(attribution)) }
        }
    }
}

fn cause(attribution: Attribution) -> &'static str {
    match attribution {
        Attribution::Source => "by the source",
        Attribution::Freezing => "by freezing",
        Attribution::Undecided => "cause undecided",
    }
}

/// What produced the numbers.
pub(super) fn provenance(material: &Material) -> Markup {
    let completeness = &material.completeness;
    html! {
        section.prose aria-labelledby="provenance" {
            h2 #provenance { "Where it comes from" }
            dl {
                dt { "result digest" } dd { code { (material.result_digest) } }
                dt { "completeness" }
                dd {
                    (completeness.done) " of " (completeness.planned) " jobs done, " (completeness.diverged) " "
                    "diverged, "
                    (completeness.failed) " failed, " (completeness.missing()) " not yet run"
                }
                @if let Some(manifest) = &material.manifest {
                    dt { "numerics" } dd { (manifest.numerics) }
                    dt { "ran on" } dd { (manifest.host.system) ", " (manifest.host.device) }
                    dt { "seed" } dd { (manifest.seed) }
                    dt { "pre-registration" } dd { code { (manifest.preregistration) } }
                    dt { "test labels opened" } dd { (manifest.test_openings) " times" }
                    dt { "versions" }
                    dd { @for (name, version) in &manifest.versions { span.item { (name) " " (version) } } }
                    @for (target, count) in &manifest.parameters {
                        dt { "parameters for " (target) } dd { (thousands(*count)) }
                    }
                    @for (name, data) in &manifest.data {
                        dt { "data " (name) }
                        dd {
                            (thousands(data.train_images)) " training and " (thousands(data.test_images)) " test "
                            "images of "
                            (data.classes.len()) " classes, " code { (data.digest) }
                        }
                    }
                }
            }
            p {
                "Beside this page: " a href="runs.csv" { "runs.csv" } ", " a href="verdicts.csv" { "verdicts.csv" } ", "
                a href="verdicts.json" { "verdicts.json" } ", " a href="report.md" { "report.md" } ", and the records "
                "they come from."
            }
        }
    }
}
