//! The table of every cell. The page's script sorts and filters it, and opens a drawer for each row.

use std::collections::HashSet;

use maud::{Markup, html};
use nt_stats::Verdict;
use nt_stats::p_value::PrintedP;
use nt_stats::verdict::{Attribution, Decision, Family};

use crate::material::Material;
use crate::words::answer;
use crate::words::number::{NONE, gap, judged_interval, percent};
use nt_analysis::{CellKind, CellResult, Wording};
use nt_records::number::{text, thousands};

/// The columns: name, and whether they hold numbers. `values` heads the values of the metric.
fn columns(values: &str) -> [(&str, bool); 11] {
    [
        ("target", false),
        ("size", false),
        ("source", false),
        ("treatment", false),
        (values, true),
        ("gap", true),
        ("adjusted interval", true),
        ("p", true),
        ("source gap", true),
        ("verdict", false),
        ("runs", true),
    ]
}

/// Every cell of the study.
pub(crate) fn section(material: &Material) -> Markup {
    let analysis = &material.analysis;
    let study = &analysis.study;
    let words = Wording::of(study.metric);
    let is_whole = material.listed.len() == analysis.cells.len();
    let listed = || material.listed_cells().map(|(_, cell)| cell);
    html! {
        section aria-labelledby="cells" {
            h2 #cells { @if is_whole { "Every cell" } @else { "Cells" } }
            @if !is_whole {
                p.note {
                    (thousands(material.listed.len() as u64)) " of " (thousands(analysis.cells.len() as u64)) " cells are listed. "
                    a href="verdicts.csv" { "verdicts.csv" } " and " a href="verdicts.json" { "verdicts.json" } " hold all."
                }
            }
            p.soft {
                (words.sentence) ". The gap is to scratch, on the same replicates and the "
                "same test images. The source gap is to the same treatment from an untrained source. Cells of "
                "sources that serve as counterfactuals are controls and form a family of their own. Each interval agrees "
                "with the adjusted test of its own row; they do not cover all at once. A treatment's button opens its "
                "replicates, effect sizes, classes, gates and provenance."
            }
            noscript {
                p.note { "Without scripts the table cannot be sorted and no row opens. verdicts.json holds it all." }
            }
            form.filter #filter hidden aria-label="Filter the cells" {
                (choice("target", study.targets.iter().map(|target| target.name.as_str()).collect()))
                (choice("size", distinct(listed().map(|cell| cell.key.size.as_str()))))
                (choice("source", distinct(listed().map(source))))
                (choice("verdict", distinct(listed().map(verdict_word))))
                label { "contains " input type="search" name="text" autocomplete="off"; }
                button type="reset" { "Clear" }
                output.soft #shown aria-live="polite" {}
            }
            div.scroll tabindex="0" role="region" aria-label="Every cell" {
                table.cells #cell-table {
                    thead {
                        tr {
                            @for (name, is_number) in columns(words.title) {
                                th.number[is_number] scope="col" { (name) }
                            }
                        }
                    }
                    tbody {
                        @for (at, cell) in material.listed_cells() { (row(at, cell, &words)) }
                    }
                }
            }
        }
    }
}

fn choice(name: &str, values: Vec<&str>) -> Markup {
    html! {
        @if values.len() > 1 {
            label {
                (name) " "
                select name=(name) {
                    option value="" { "all" }
                    @for value in values { option value=(value) { (value) } }
                }
            }
        }
    }
}

fn distinct<'a>(values: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let (mut distinct, mut known) = (Vec::new(), HashSet::new());
    for value in values {
        if known.insert(value) {
            distinct.push(value);
        }
    }
    distinct
}

fn source(cell: &CellResult) -> &str {
    cell.key.source.as_deref().unwrap_or("scratch")
}

fn verdict_word(cell: &CellResult) -> &'static str {
    cell.verdict().map_or("reference", |verdict| verdict.name())
}

fn row(at: usize, cell: &CellResult, words: &Wording) -> Markup {
    let decision = cell.decision.as_ref();
    let source_gap = decision.and_then(|decision| decision.source_gap.as_ref()).map(|estimate| estimate.mean_pp);
    let p = decision.map(|decision| decision.p_adjusted);
    html! {
        tr.reference[cell.kind == CellKind::Scratch]
            data-target=(cell.key.target) data-size=(cell.key.size) data-source=(source(cell))
            data-verdict=(verdict_word(cell)) {
            td { (cell.key.target) }
            td { (cell.key.size) }
            td {
                (source(cell))
                @if let Some(similarity) = &cell.similarity { span.soft { (similarity) } }
            }
            td.whole data-v=(lattice_order(cell)) {
                button.open-drawer type="button" data-drawer=(at) aria-haspopup="dialog" {
                    (cell.treatment_words)
                }
            }
            td.number data-v=[sortable(cell.mean)] { (percent(cell.mean)) }
            td.number data-v=[sortable(cell.gap_pp())] { (gap(cell.gap_pp())) }
            td.number data-v=[sortable(decision.and_then(|decision| decision.gap.low_pp))] { (judged_interval(decision)) }
            td.number data-v=[sortable(p)] { (p.map_or(NONE.to_owned(), |p| PrintedP(p).to_string())) }
            td.number data-v=[sortable(source_gap)] { (gap(source_gap)) }
            td {
                (badge(cell))
                @if is_primary(cell) { span.soft { "primary" } }
                @if let Some(early) = cell.decision.as_ref().and_then(answer::early_call) { span.soft { (early) } }
                @if let Some(attribution) = attribution(cell) { span.soft { (attribution) } }
                @if let Some(findable) = decision.and_then(|decision| answer::findable(decision, words)) { span.soft { (findable) } }
                @if let Some(trouble) = trouble(cell, words) { span.soft { (trouble) } }
                @else if decision.is_some_and(|decision| !decision.failed_gates.is_empty()) {
                    span.soft { (gate_numbers(cell)) }
                }
            }
            td.number data-v=(cell.num_done()) {
                @if cell.is_complete() && cell.of_those_that_trained().is_none() {
                    (cell.num_planned)
                } @else {
                    (cell.completeness_words())
                }
            }
        }
    }
}

/// Four decimals, which sort as finely as anything that is printed.
fn sortable(value: Option<f64>) -> Option<String> {
    value.map(|value| text((value * 1e4).round() / 1e4 + 0.0))
}

fn lattice_order(cell: &CellResult) -> u32 {
    10 * u32::from(cell.key.copied) + u32::from(cell.key.frozen)
}

/// The verdict as a badge.
pub(crate) fn badge(cell: &CellResult) -> Markup {
    let Some(verdict) = cell.verdict() else { return html! { span.soft { "reference" } } };
    let class = match verdict {
        Verdict::Negative | Verdict::MaterialNegative => "worse",
        Verdict::Positive | Verdict::MaterialPositive => "better",
        Verdict::Equivalent => "equal",
        Verdict::Invalid => "invalid",
        Verdict::Inconclusive | Verdict::InconclusiveOptimisation => "open",
    };
    html! { span class={ "badge " (class) } { (verdict) } }
}

fn attribution(cell: &CellResult) -> Option<&'static str> {
    let attribution = cell.decision.as_ref().and_then(|decision| decision.attribution);
    attribution.filter(|_| cell.kind == CellKind::Transfer).map(|attribution| match attribution {
        Attribution::Source => "by the source",
        Attribution::Mixed => "by what the layers hold and by freezing",
        Attribution::Specificity => "by what the layers hold",
        Attribution::Freezing => "by freezing",
        Attribution::Undecided => "cause undecided",
    })
}

/// Whether the study is about this cell.
fn is_primary(cell: &CellResult) -> bool {
    let family = cell.decision.as_ref().map(|decision| decision.family);
    cell.kind == CellKind::Transfer && family == Some(Family::Primary)
}

/// Why nothing could be judged, or why the sign hangs on runs that collapsed.
fn trouble(cell: &CellResult, words: &Wording) -> Option<String> {
    let is_told = |verdict: &Verdict| matches!(verdict, Verdict::Invalid | Verdict::InconclusiveOptimisation);
    cell.verdict().filter(is_told)?;
    let told = cell.decision.as_ref()?.words(words.gap);
    Some(told.split_once(": ").map_or(told.clone(), |(_, reason)| reason.to_owned()))
}

fn gate_numbers(cell: &CellResult) -> String {
    let words = |decision: &Decision| decision.taken_by_gates().unwrap_or_else(|| decision.gate_words());
    cell.decision.as_ref().map(words).unwrap_or_default()
}
