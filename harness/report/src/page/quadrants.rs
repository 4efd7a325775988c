//! The answer for each quadrant: what to use, what helps, what harms, what is open.

use std::collections::BTreeSet;

use maud::{Markup, html};

use nt_stats::verdict::GateFailure;

use crate::material::Material;
use crate::shown;
use crate::words::answer::{self, Listed, Side};
use crate::words::families::{families, intervals};
use crate::words::number::{counted, gap, test_images};
use nt_analysis::{Analysis, Chosen, Quadrant, Wording};

/// What stands behind the gaps: replicates, runs of scratch, test images, and what is therefore spoken of.
pub(crate) fn sample(analysis: &Analysis) -> String {
    let mut parts = vec![format!("n = {}", counted(analysis.study.replicates as usize, "replicate"))];
    if analysis.study.reference_runs > 1 {
        parts.push(format!("each against the mean of {} runs of scratch", analysis.study.reference_runs));
    }
    let tested = analysis.test_sets.iter().map(|(target, test)| format!("{} of {target}", test_images(test)));
    parts.extend(shown::named(tested.collect(), shown::most_named(analysis)));
    let scope = scope(analysis).map(|scope| format!(" Scope: {scope}.")).unwrap_or_default();
    format!("{}.{scope}", parts.join(", "))
}

/// One row for each quadrant.
pub(crate) fn table(material: &Material) -> Markup {
    let analysis = &material.analysis;
    html! {
        div.scroll tabindex="0" role="region" aria-label="The answer by quadrant" {
            table.quadrants {
                caption {
                    "Gaps to training from scratch in " (Wording::of(analysis.study.metric).gaps_of)
                    "; below zero is harm. " (families(analysis)) " " (intervals(analysis)) " " (sample(analysis))
                }
                thead {
                    tr {
                        th scope="col" { "target size & source" }
                        th scope="col" { "use (chosen on validation images)" }
                        th scope="col" { "helps" }
                        th scope="col" { "harms" }
                        th scope="col" { "equivalent, open or invalid" }
                    }
                }
                tbody {
                    @for quadrant in shown::listed_quadrants(analysis) { (row(analysis, quadrant)) }
                }
            }
        }
    }
}

/// What verdicts are about: one or several, where one source is a single network and another is not.
pub(super) fn scope(analysis: &Analysis) -> Option<String> {
    let scopes: BTreeSet<String> =
        analysis.cells.iter().filter_map(|cell| Some(cell.decision.as_ref()?.gap.scope.to_string())).collect();
    // Of sources that are one network each, and of others, results hold for other things.
    (!scopes.is_empty()).then(|| scopes.into_iter().collect::<Vec<_>>().join("; "))
}

fn row(analysis: &Analysis, quadrant: &Quadrant) -> Markup {
    let side = |side| answer::listed(analysis, quadrant, side);
    html! {
        tr {
            th scope="row" {
                (answer::name(analysis, quadrant))
                span.soft { (quadrant.images.words()) }
                span.soft { (counted(quadrant.tally.total(), "treatment")) }
            }
            td data-label="use" { (choice(analysis, quadrant)) }
            td data-label="helps" { (list(side(Side::Better).as_ref(), "better", quadrant)) }
            td data-label="harms" { (list(side(Side::Worse).as_ref(), "worse", quadrant)) }
            td data-label="open" { (open(analysis, quadrant, side(Side::Neither).as_ref())) }
        }
    }
}

fn choice(analysis: &Analysis, quadrant: &Quadrant) -> Markup {
    let Some(chosen) = &quadrant.chosen else {
        return html! { span.soft { "no choice: no run that could choose has validation images" } };
    };
    let picks = answer::picks(analysis, quadrant, chosen);
    let is_negative = chosen.decision.verdict.is_negative();
    html! {
        span class={ "badge " (class(chosen)) } { (answer::advice(chosen)) }
        " " b.gap { (answer::chosen_gap(chosen)) }
        span.detail {
            @if is_negative { (BEST_OF_TRANSFER) }
            @for (at, pick) in picks.iter().enumerate() {
                @if at > 0 { "; " }
                @if at == 0 { strong { (pick) } } @else { (pick) }
            }
        }
        @if let (Some(optimism), Some(best)) = (chosen.optimism_pp, answer::best_on_test(analysis, quadrant)) {
            span.soft { "best on test: " (best) " (optimism " (gap(Some(optimism))) ")" }
        }
        @if let Some(findable) = answer::findable(&chosen.decision, &Wording::of(analysis.study.metric)) { span.soft { (findable) } }
        @if let Some(selection) = answer::selection(analysis, chosen) { span.soft { (selection) } }
        @if chosen.decision.taken_by_gates().is_some() {
            @let is_held = chosen.decision.verdict != chosen.decision.verdict_before_gates;
            span.soft { @if is_held { "held back by " } @else { "not equivalent, by " } (gates(chosen)) }
        }
    }
}

/// What stands before a choice that is worse than scratch.
pub(crate) const BEST_OF_TRANSFER: &str = "the best of transfer: ";

fn gates(chosen: &Chosen) -> String {
    let words = |failure: &GateFailure| {
        let bias = failure.bias.map_or(String::new(), |bias| format!(", which {bias}"));
        format!("{}: {}{bias}", failure.gate, failure.detail)
    };
    let mut gates: Vec<String> = chosen.decision.failed_gates.iter().map(words).collect();
    gates.dedup();
    gates.join("; ")
}

fn class(chosen: &Chosen) -> &'static str {
    match chosen.decision.verdict {
        verdict if verdict.is_positive() => "better",
        verdict if verdict.is_negative() => "worse",
        _ => "open",
    }
}

fn list(listed: Option<&Listed>, class: &str, quadrant: &Quadrant) -> Markup {
    let Some(listed) = listed else { return html! { span.soft { "none shown" } } };
    let is_all = listed.count == quadrant.tally.total();
    html! {
        span class={ "badge " (class) } { @if is_all { "all " } (listed.count) }
        " " b.gap { (listed.gaps) }
        span.detail { (listed.treatments) }
        span.soft { @if class == "worse" { "at worst " } @else { "at best " } (listed.extreme) }
        @if !listed.causes.is_empty() { span.soft { (listed.causes) } }
    }
}

fn open(analysis: &Analysis, quadrant: &Quadrant, listed: Option<&Listed>) -> Markup {
    let tally = &quadrant.tally;
    let counts = [(tally.equivalent, "equivalent"), (tally.undecided, "undecided")];
    html! {
        @match listed {
            None => { span.soft { "none" } }
            Some(listed) => {
                @for (count, word) in counts.into_iter().filter(|(count, _)| *count > 0) {
                    span.badge.open { (count) " " (word) } " "
                }
                span.detail { (listed.treatments) }
                @if let Some(lacking) = answer::lacking(analysis, quadrant) { span.soft { (lacking) } }
            }
        }
        @if let Some(invalid) = answer::listed(analysis, quadrant, Side::Invalid) {
            span.badge.invalid { (invalid.count) " invalid" } " "
            span.detail { (invalid.treatments) }
            span.soft { (answer::why_invalid(analysis, quadrant)) }
        }
    }
}
