//! The drawer behind a row of the table: everything that is known about one cell.

use std::collections::BTreeMap;

use maud::{Markup, html};
use nt_stats::p_value::PrintedP;
use nt_stats::verdict::{Collapsed, Consequence, Decision, Estimate, Verdict};

use super::{cells, data};
use crate::material::Material;
use crate::pictures;
use crate::words::number;
use crate::words::number::{NONE, gap, interval, percent};
use nt_analysis::{Analysis, CROSS_CHECK_LEVEL, CellKind, CellResult, Checks, CrossCheck, Effects, Wording};
use nt_records::number::{signed, text};

/// The drawers of all cells, which are inert until the script opens one.
pub(crate) fn templates(material: &Material) -> Markup {
    html! {
        dialog.drawer #drawer aria-labelledby="drawer-title" {
            form method="dialog" { button.close aria-label="Close" { "×" } }
            div #drawer-contents {}
        }
        @for (at, cell) in material.listed_cells() {
            template id={ "cell-" (at) } { (contents(material, cell)) }
        }
    }
}

fn contents(material: &Material, cell: &CellResult) -> Markup {
    let words = Wording::of(material.analysis.study.metric);
    let key = &cell.key;
    html! {
        p.kind {
            (key.target) " · " (key.size) " · " (key.source.as_deref().unwrap_or("scratch"))
            @if let Some(similarity) = cell.similarity.as_ref().filter(|word| key.source.as_ref() != Some(word)) {
                " (" (similarity) ")"
            }
        }
        h2 #drawer-title { (cell.treatment_words) }
        @if cell.kind == CellKind::Scratch { p { "The reference: trained from scratch." } } @else {
            p { (cells::badge(cell)) " " (cell.words(words.gap)) "." }
        }
        @if let Some(decision) = &cell.decision {
            (the_gap(cell, decision, words.gap_unit))
            @if let Some(checks) = &cell.checks { (second_opinions(checks)) }
            (gates(&material.analysis, cell, decision))
        }
        (replicates(material, cell))
        @if let Some(effects) = &cell.effects {
            (sizes(effects, words.gap_unit, material.analysis.study.reference_runs))
            (classes(material, cell, effects))
            (images(material, cell, effects))
        }
        (provenance(material, cell))
    }
}

fn the_gap(cell: &CellResult, decision: &Decision, unit: &str) -> Markup {
    let estimate = &decision.gap;
    let probability = |p: Option<f64>| p.map_or(NONE.to_owned(), |p| PrintedP(p).to_string());
    html! {
        dl {
            dt { "gap to scratch" }
            dd {
                b { (gap(Some(estimate.mean_pp))) " " (unit) }
                @if decision.verdict == Verdict::Invalid {
                    ", and no interval, since nothing can be judged"
                } @else {
                    " " (interval(estimate.low_pp, estimate.high_pp)) ", at "
                    (text((1e4 * estimate.level).round() / 1e2)) " %, "
                    @if decision.collapsed.is_some() {
                        "among runs that trained; the test asks the gap with all runs, too"
                    } @else {
                        "to agree with the adjusted test of this row"
                    }
                }
            }
            @if let Some(replicates) = decision.called_early_at {
                dt { "called early, after " (replicates) " replicates" }
                dd {
                    @match decision.gap_corrected_for_an_early_call() {
                        Some(corrected) => {
                            "a gap that is called as soon as it is large enough is larger than the true one on average; corrected in part: "
                            (gap(Some(corrected)))
                        }
                        None => { "no later look takes it back" }
                    }
                }
            }
            @if let Some(collapsed) = &decision.collapsed { (collapse(cell, collapsed)) }
            (counterfactual("gap to an untrained source", decision.source_gap.as_ref()))
            (counterfactual("gap to the twin", decision.specificity_gap.as_ref()))
            (counterfactual("gap of the twin to scratch", decision.freezing_gap.as_ref()))
            @for rung in &cell.ladder {
                dt { "gap to scratch trained " (text(rung.budget)) "× as long" }
                dd {
                    (gap(Some(rung.gap.mean_pp)))
                    @if decision.verdict != Verdict::Invalid {
                        " " (interval(rung.gap.low_pp, rung.gap.high_pp)) ", " (text(100.0 * rung.gap.level)) " %, this gap alone"
                    }
                    @if !rung.is_better_baseline { " (not a better baseline on validation)" }
                }
            }
            dt { "p, adjusted" } dd { (probability(Some(decision.p_adjusted))) }
            dt { "p of equivalence within ±" (decision.margin_pp) } dd { (PrintedP(decision.equivalence_p_adjusted)) }
            @if let Some(effect) = decision.minimum_detectable_effect_pp.filter(|_| decision.is_for_data_to_decide()) {
                dt { "found four times in five" } dd { "true gaps of " (format!("{effect:.1}")) " " (unit) " or more" }
            }
            @if let Some(need) = decision.need.filter(|_| decision.is_for_data_to_decide()) {
                dt { "to find ±" (decision.margin_pp) " " (unit) " as often" } dd { (number::need(need, estimate.num_replicates)) }
            }
            dt { "q, a screen" } dd { (PrintedP(decision.screen_q)) " (Benjamini–Hochberg; exploratory, decides nothing)" }
            dt { "what would flip it" } dd { (flips(decision, unit)) }
            dt { "scope" } dd { (estimate.scope) ", by " (estimate.method) }
        }
    }
}

/// Runs that collapsed, and the gap with them.
fn collapse(cell: &CellResult, collapsed: &Collapsed) -> Markup {
    let [treatment, reference] = [collapsed.treatment, collapsed.reference];
    html! {
        dt { "runs that collapsed" }
        dd {
            (treatment[0]) " of " (treatment[1]) " of the treatment, " (reference[0]) " of " (reference[1]) " of scratch, p "
            (PrintedP(collapsed.p_value)) " (Fisher; with so few runs a large p shows nothing)"
        }
        @if let Some(all) = &collapsed.gap_of_all {
            dt { "gap with the runs that collapsed" }
            dd {
                (gap(Some(all.mean_pp))) " " (interval(all.low_pp, all.high_pp)) ", at "
                (text((1e4 * all.level).round() / 1e2)) " %; a sign needs that this excludes zero, too"
            }
        }
        @if let Some(rate) = cell.effects.as_ref().and_then(|effects| effects.vanishing_rate) {
            @let better = if cell.gap_pp().is_some_and(|gap| gap < 0.0) { "scratch" } else { "the treatment" };
            dt { "the gap would vanish" }
            dd { "if " (percent(Some(rate))) " % of the runs of " (better) " collapsed, and none of the other arm" }
        }
    }
}

/// What the same treatment does from elsewhere.
fn counterfactual(name: &str, estimate: Option<&Estimate>) -> Markup {
    html! {
        @if let Some(estimate) = estimate {
            dt { (name) }
            dd {
                (gap(Some(estimate.mean_pp))) " " (interval(estimate.low_pp, estimate.high_pp)) ", "
                (text((1e4 * estimate.level).round() / 1e2)) " %, this gap alone"
            }
        }
    }
}

/// What other methods say. They decide nothing.
fn second_opinions(checks: &Checks) -> Markup {
    html! {
        h3 { "Other methods" }
        dl {
            @match &checks.cross_check {
                Some(check) => { (cross_check(check)) }
                None => {
                    dt { "two-way bootstrap" }
                    dd { "not drawn: to bound its time, it is drawn only for the cells nearest to another verdict" }
                }
            }
            dt { "these test images only" }
            dd {
                @match checks.fixed_test_set {
                    Some(fixed) => {
                        "p " (PrintedP(fixed.p_adjusted)) " by joint sign flips, adjusted (at least "
                        (PrintedP(fixed.attainable_p)) " with these replicates)"
                    }
                    None => { "a replicate is missing, so its signs cannot be flipped together with the other cells'" }
                }
            }
            @if let Some(networks) = checks.mcnemar {
                dt { "one pair of networks" }
                dd {
                    "replicate " (networks.replicate) ", run 1 of scratch: " (networks.lost) " images lost, " (networks.won)
                    " won, p " (PrintedP(networks.p)) " (McNemar; about these two networks, not the recipe)"
                }
            }
        }
    }
}

fn cross_check(check: &CrossCheck) -> Markup {
    let ends = |(low, high): (f64, f64)| interval(Some(low), Some(high));
    html! {
        dt { "unadjusted, " (percent(Some(CROSS_CHECK_LEVEL))) " %" }
        dd {
            (ends(check.crossed_pp)) " crossed, " (ends(check.bootstrap_pp)) " two-way bootstrap"
            @if check.is_narrow { " (too narrow with so few replicates)" }
            @if check.disagrees() {
                "; " strong { "they disagree about the sign" } ": treat it as open"
            }
        }
    }
}

/// What would change the verdict.
fn flips(decision: &Decision, unit: &str) -> String {
    let verdict = decision.verdict;
    if verdict != decision.verdict_before_gates {
        return format!("the gates: if they held, it would be {}", decision.verdict_before_gates);
    }
    let open = decision.need.filter(|_| verdict == Verdict::Inconclusive);
    let need = open.map(|need| format!("to find the margin, {}", number::need(need, decision.gap.num_replicates)));
    let edge = match (decision.gap.low_pp, decision.gap.high_pp) {
        (_, Some(high)) if verdict.is_negative() => Some(-high),
        (Some(low), _) if verdict.is_positive() => Some(low),
        _ => None,
    };
    match (edge, need) {
        (Some(edge), _) => format!("a bias of more than {edge:.1} {unit} towards zero"),
        (None, Some(need)) => need,
        (None, None) => "this study cannot say".to_owned(),
    }
}

fn gates(analysis: &Analysis, cell: &CellResult, decision: &Decision) -> Markup {
    html! {
        h3 { "Gates" }
        @if let Some(without) = &cell.without_overlap { p { (data::without_words(without, decision)) "." } }
        @if decision.failed_gates.is_empty() {
            p { "The gates that were checked (" (data::checked_gates(analysis)) ") held." }
        } @else {
            ul {
                @for failure in &decision.failed_gates {
                    li {
                        (failure.gate) ": " (failure.detail) " ("
                        @match failure.consequence {
                            Consequence::Invalid => { "no verdict" }
                            Consequence::Downgrade => { "one step down" }
                            Consequence::Undecided => { "undecided" }
                            Consequence::NotEquivalent => { "not equivalent" }
                        }
                        @if let Some(bias) = failure.bias { "; " (bias) }
                        ")"
                    }
                }
            }
        }
    }
}

fn replicates(material: &Material, cell: &CellResult) -> Markup {
    let is_scratch = cell.kind == CellKind::Scratch;
    let gaps: BTreeMap<u32, f64> = material.analysis.gaps_pp(cell).into_iter().collect();
    html! {
        h3 { "Replicates" }
        @if cell.runs.is_empty() { p { "None has been run." } } @else {
            table {
                thead {
                    tr {
                        th scope="col" { "no." }
                        th scope="col" { (Wording::of(material.analysis.study.metric).title) }
                        @if !is_scratch { th scope="col" { "gap" } }
                        th scope="col" { "validation" }
                        th scope="col" { "rate or L2 strength" }
                        th scope="col" { "ended" }
                    }
                }
                tbody {
                    @for run in cell.all_runs() {
                        tr {
                            td { (run.replicate) @if run.run > 0 { ", run " (run.run + 1) } }
                            td { (percent(run.value)) }
                            @if !is_scratch { td { (gap(gaps.get(&run.replicate).copied())) } }
                            td { (percent(run.validation)) }
                            td {
                                @if let Some(setting) = run.setting { (text(setting.value())) } @else { (NONE) }
                                @if run.setting_on_edge { " (edge)" }
                            }
                            td { (run.status.word()) @if run.has_collapsed { ", collapsed" } }
                        }
                    }
                }
            }
        }
    }
}

fn sizes(effects: &Effects, unit: &str, num_reference_runs: u32) -> Markup {
    html! {
        h3 { "Effect sizes" }
        dl {
            dt { "log-odds" }
            dd { (effects.log_odds.map_or(NONE.to_owned(), |odds| format!("{odds:+.2}").replace('-', "−"))) }
            dt { "error, relative to scratch's" }
            dd { (effects.relative_error.map_or(NONE.to_owned(), |change| format!("{} %", signed(100.0 * change)))) }
            dt { "Hedges' g" }
            dd {
                @match &effects.standardized {
                    Some(size) => {
                        (format!("{:+.2} [{:+.2}, {:+.2}]", size.hedges_g, size.low, size.high).replace('-', "−"))
                        ", " (text(100.0 * size.level)) " %, this one alone"
                    }
                    None => { (NONE) }
                }
            }
            dt { "interquartile mean" } dd { (gap(effects.interquartile_pp)) " " (unit) ", over all runs" }
            dt { "probability of improvement" }
            dd { "better than scratch in " (percent(effects.probability_of_improvement)) " % of replicates" }
            @if let Some(flips) = effects.flips {
                dt { "test images, by the guess" }
                dd {
                    (percent(Some(flips.negative))) " % lost, " (percent(Some(flips.positive))) " % won"
                    @if num_reference_runs > 1 {
                        ", against run 1 of scratch in each replicate: the gap is to the mean of " (num_reference_runs)
                        ", so that the two may differ, in sign too"
                    }
                }
            }
        }
    }
}

/// The name of a class.
fn class_name(material: &Material, target: &str, class: usize) -> String {
    let name = material.classes.get(target).and_then(|names| names.get(class));
    name.cloned().unwrap_or_else(|| format!("class {class}"))
}

fn classes(material: &Material, cell: &CellResult, effects: &Effects) -> Markup {
    let most = effects.classes.iter().map(|class| class.gap_pp.abs()).fold(1.0, f64::max);
    let name = |class: usize| class_name(material, &cell.key.target, class);
    let unit = Wording::of(effects.class_metric).gap_unit;
    let is_other = effects.class_metric != material.analysis.study.metric;
    html! {
        h3 { "Class by class" @if is_other { ", in " (effects.class_metric.words()) } }
        table.classes {
            thead {
                tr {
                    th scope="col" { "class" }
                    th scope="col" { "gap, " (unit) }
                    th scope="col" { "95 %, unadjusted" }
                    th scope="col" { span.hidden { "bar" } }
                }
            }
            tbody {
                @for class in &effects.classes {
                    tr {
                        td { (name(class.class)) }
                        td { (gap(Some(class.gap_pp))) }
                        td { (interval(class.interval_pp.map(|ends| ends.0), class.interval_pp.map(|ends| ends.1))) }
                        td { (bar(class.gap_pp / most)) }
                    }
                }
            }
        }
    }
}

fn images(material: &Material, cell: &CellResult, effects: &Effects) -> Markup {
    let target = &cell.key.target;
    let name = |class: usize| class_name(material, target, class);
    let num_reference_runs = material.analysis.study.reference_runs;
    pictures::thumbnail_images(&effects.flipped, num_reference_runs, material.thumbnails.get(target), &name)
}

/// A bar from the middle, with its length in pixels: to the left and warm for harm, to the right and cool for help.
fn bar(share: f64) -> Markup {
    let width = (50.0 * share.abs()).min(50.0).round();
    html! { i class=(if share < 0.0 { "harm" } else { "help" }) style={ "--w:" (width) } {} }
}

fn provenance(material: &Material, cell: &CellResult) -> Markup {
    let line = cell.runs.iter().find_map(|run| material.line_of(run.job));
    html! {
        h3 { "Where it comes from" }
        @if let Some(line) = line {
            p { "scenario.toml, line " (line) ":" }
            pre { code { (material.block_at(line)) } }
        }
        @if let Some(run) = cell.runs.first() {
            p { "To trace a number back: " code { "nt explain " (run.job) } }
            details {
                summary { "Jobs" }
                ul.jobs { @for run in &cell.runs { li { code { (run.job) } } } }
            }
        }
    }
}
