//! The fairness certificate: whether every arm had the same chances, as far as records can show it.

use maud::{Markup, html};

use super::check::{Check, mark};
use super::data;
use crate::material::Material;
use crate::shown;
use crate::words::number::{NONE, counted, percent};
use nt_analysis::{Analysis, CellKind, CellResult, RungGap, SourceNetworks, Survival, Wording};
use nt_records::number::text;
use nt_records::record::Status;
use nt_scenario::{ChoiceOf, SearchOf};

/// What the records show.
pub(crate) fn checks(analysis: &Analysis) -> Vec<Check> {
    let mut checks = vec![
        budget(analysis),
        edges(analysis),
        fresh_runs(analysis),
        replicates(analysis),
        openings(analysis),
        ladder(analysis),
        placebo(analysis),
    ];
    if !analysis.networks.is_empty() {
        checks.insert(2, sources(analysis));
    }
    checks.extend(data::checks(analysis));
    checks.push(confounding());
    checks
}

/// Whether the sources had equal search, and room in it.
fn sources(analysis: &Analysis) -> Check {
    let searched = || analysis.networks.iter().filter(|networks| networks.num_rates > 0);
    let all = counted(analysis.networks.len(), "source");
    let rates = || searched().map(|networks| networks.num_rates);
    let on_edge: Vec<&str> = searched().filter(|of| of.is_on_edge).map(|of| of.name.as_str()).collect();
    let (holds, finding) = match (rates().min(), rates().max()) {
        (Some(least), Some(most)) => {
            let tried =
                if least == most { counted(least, "rate") } else { format!("{least} to {}", counted(most, "rate")) };
            let edge = match on_edge.as_slice() {
                [] => "none did best at the smallest or largest rate tried".to_owned(),
                names => format!("{} did best at the smallest or largest rate tried: widen the grid", names.join(", ")),
            };
            let searched = searched().count();
            (Some(on_edge.is_empty()), format!("{searched} of {all} were searched, {tried} each; {edge}"))
        }
        _ => (Some(true), format!("none of {all} was searched for, because the scenario fixes their rates")),
    };
    Check { subject: "search of the sources", holds, finding }
}

fn budget(analysis: &Analysis) -> Check {
    let searches: Vec<(usize, usize)> = analysis
        .cells
        .iter()
        .map(|cell| analysis.searches.get(&cell.key).map_or((0, 0), |search| (search.num_rates, search.num_runs)))
        .collect();
    let (least, most) = (searches.iter().min().copied(), searches.iter().max().copied());
    let untrained: usize = analysis.searches.values().map(|search| search.num_untrained).sum();
    let arms = counted(searches.len(), "arm");
    let (holds, mut finding) = match (least, most) {
        (Some((0, _)), Some((0, _))) | (None, _) | (_, None) => {
            (Some(true), format!("none of {arms} was searched for, because the scenario fixes the rates"))
        }
        (Some(least), Some(most)) if least == most => (
            Some(true),
            format!("all {arms} tried {} in {} each", counted(least.0, "setting"), counted(least.1, "run")),
        ),
        (Some(least), Some(most)) => {
            let extension = analysis.study.extension as usize;
            let beyond = if extension > 0 { ", more if the best was on an edge of the grid" } else { "" };
            (
                Some(most.0 - least.0 <= 2 * extension),
                format!(
                    "from {} in {} runs to {} in {} runs{beyond}",
                    counted(least.0, "setting"),
                    least.1,
                    counted(most.0, "setting"),
                    most.1
                ),
            )
        }
    };
    if untrained > 0 {
        finding.push_str(&format!("; {} diverged while searching", counted(untrained, "run")));
    }
    Check { subject: "equal search (gate 1)", holds, finding }
}

fn edges(analysis: &Analysis) -> Check {
    let on_edge = |cell: &&CellResult| {
        let count = cell.all_runs().filter(|run| run.setting_on_edge).count();
        2 * count > cell.all_runs().count()
    };
    let count = analysis.cells.iter().filter(on_edge).count();
    Check {
        subject: "edge of the search (gate 1)",
        holds: Some(count == 0),
        finding: format!(
            "{} of {} arms did best at the smallest or largest setting tried, in most of their replicates{}",
            count,
            analysis.cells.len(),
            if count == 0 { "" } else { "; their verdicts, and those against such a scratch, are one step down" }
        ),
    }
}

/// Whether what is judged is a run that nothing was chosen by.
fn fresh_runs(analysis: &Analysis) -> Check {
    let study = &analysis.study;
    let search = match study.search_of {
        Some(SearchOf::EachReplicate) => "settings were found in every replicate, by runs that are not judged",
        Some(SearchOf::Once) => "one search served all replicates, so that verdicts hold at the settings it gave",
        None => "settings are fixed, so that verdicts hold at these",
    };
    let makes_choices = analysis.quadrants.iter().any(|quadrant| quadrant.chosen.is_some());
    let choice = match study.choice {
        _ if !makes_choices => "nothing was chosen between treatments",
        ChoiceOf::Once => "treatments were chosen once a quadrant, by runs that are not judged",
        ChoiceOf::EachReplicate => {
            "treatments were chosen in every replicate by the runs that are judged, which rewards luck"
        }
    };
    let holds = study.search_of != Some(SearchOf::Once) && (study.choice == ChoiceOf::Once || !makes_choices);
    Check { subject: "fresh runs (gate 2)", holds: Some(holds), finding: format!("{search}; {choice}") }
}

fn replicates(analysis: &Analysis) -> Check {
    let complete = analysis.cells.iter().filter(|cell| cell.is_complete()).count();
    let all = analysis.cells.len();
    Check {
        subject: "equal replicates",
        holds: Some(complete == all),
        finding: format!("{complete} of {all} arms have all {} replicates", analysis.study.replicates),
    }
}

fn openings(analysis: &Analysis) -> Check {
    let runs = || analysis.cells.iter().flat_map(CellResult::all_runs);
    let (done, once) = runs()
        .filter(|run| run.status == Status::Done)
        .fold((0_usize, 0_usize), |(done, once), run| (done + 1, once + usize::from(run.test_openings == 1)));
    let tuning: u32 = analysis.searches.values().map(|search| search.test_openings).sum();
    Check {
        subject: "test lock (gate 5)",
        holds: Some(done == once && tuning == 0),
        finding: format!(
            "{once} of {done} finished runs of the arms opened the test labels once, after training; the searches opened them {} times",
            tuning
        ),
    }
}

fn ladder(analysis: &Analysis) -> Check {
    let subject = "scratch ladder (gate 3)";
    if analysis.ladders.is_empty() {
        return Check {
            subject,
            holds: None,
            finding:
                "scratch was trained at one length; only a ladder (`[training] ladder`) shows whether it would gain \
                by more"
                    .to_owned(),
        };
    }
    let unit = Wording::of(analysis.study.metric).unit;
    let rungs = analysis.ladders.iter().map(|(scratch, rungs)| {
        let lengths = rungs.iter().map(|rung| format!("{} {unit} at {}×", percent(rung.mean), text(rung.budget)));
        format!("{} {}: {}", scratch.target, scratch.size, lengths.collect::<Vec<_>>().join(", "))
    });
    let rungs = shown::named(rungs.collect(), shown::most_named(analysis));
    let held_to: Vec<&RungGap> =
        analysis.cells.iter().flat_map(|cell| &cell.ladder).filter(|rung| rung.is_better_baseline).collect();
    let count = |survival| held_to.iter().filter(|rung| rung.survival == Some(survival)).count();
    let (whole, sign, lost) = (count(Survival::Whole), count(Survival::Sign), count(Survival::Lost));
    let and_sign = if sign > 0 { format!(", {sign} only the sign") } else { String::new() };
    Check {
        subject,
        holds: Some(sign + lost == 0),
        finding: format!(
            "scratch scores {}; of {} held against lengths that do better on validation {whole} keep all that they claim{and_sign}, \
             and {lost} {} undecided for it",
            rungs.join("; "),
            counted(whole + sign + lost, "verdict"),
            if lost == 1 { "is" } else { "are" },
        ),
    }
}

fn placebo(analysis: &Analysis) -> Check {
    let placebos: Vec<&CellResult> =
        analysis.cells.iter().filter(|cell| cell.kind == CellKind::Placebo && cell.decision.is_some()).collect();
    let is_alarm = |verdict: nt_stats::Verdict| verdict.is_negative() || verdict.is_positive();
    let alarms = placebos.iter().filter(|cell| cell.verdict().is_some_and(is_alarm)).count();
    let finding = match placebos.len() {
        0 => "this study has none; an untrained source with nothing frozen would be one".to_owned(),
        count => format!(
            "scratch against scratch with other initial weights gave {} in {count}",
            counted(alarms, "false alarm")
        ),
    };
    Check { subject: "A/A placebo", holds: (!placebos.is_empty()).then_some(alarms == 0), finding }
}

fn confounding() -> Check {
    Check {
        subject: "confounding (gate 8)",
        holds: None,
        finding: "records cannot show this; it depends on how the scenario chose sizes, sources and targets".to_owned(),
    }
}

/// A row of the table of arms, one for each cell.
pub(crate) struct ArmRow {
    pub target: String,
    pub size: String,
    pub source: String,
    pub treatment: String,
    pub rates: usize,
    pub search_runs: usize,
    pub setting: String,
    pub is_on_edge: bool,
    pub runs: String,
    pub test_openings: u32,
}

/// Every arm with its budget.
pub(crate) fn arms(analysis: &Analysis) -> impl Iterator<Item = ArmRow> {
    analysis.cells.iter().map(|cell| arm(analysis, cell))
}

fn arm(analysis: &Analysis, cell: &CellResult) -> ArmRow {
    let search = analysis.searches.get(&cell.key);
    let mut rates: Vec<f64> = cell.runs.iter().filter_map(|run| Some(run.setting?.value())).collect();
    rates.sort_by(f64::total_cmp);
    rates.dedup();
    let rates: Vec<String> = rates.into_iter().map(text).collect();
    ArmRow {
        target: cell.key.target.clone(),
        size: cell.key.size.clone(),
        source: cell.key.source.clone().unwrap_or_else(|| "scratch".to_owned()),
        treatment: cell.treatment_words.clone(),
        rates: search.map_or(0, |search| search.num_rates),
        search_runs: search.map_or(0, |search| search.num_runs),
        setting: if rates.is_empty() { NONE.to_owned() } else { rates.join(", ") },
        is_on_edge: cell.runs.iter().any(|run| run.setting_on_edge),
        runs: format!(
            "{}/{}",
            cell.all_runs().filter(|run| run.status == Status::Done).count(),
            cell.num_planned * if cell.kind == CellKind::Scratch { analysis.study.reference_runs as usize } else { 1 }
        ),
        test_openings: cell.all_runs().map(|run| run.test_openings).sum(),
    }
}

/// The certificate.
pub(crate) fn section(material: &Material) -> Markup {
    let analysis = &material.analysis;
    html! {
        section.prose aria-labelledby="fairness" {
            h2 #fairness { "Fairness certificate" }
            ul.checks {
                @for check in checks(analysis) {
                    li {
                        (mark(check.holds)) " " strong { (check.subject) } ": " (check.finding) "."
                    }
                }
            }
            @if !analysis.networks.is_empty() { (source_networks(analysis)) }
            details {
                summary { "Budget of every arm" }
                div.scroll tabindex="0" role="region" aria-label="Budget of every arm" {
                    table {
                        thead {
                            tr {
                                @for name in ["target", "size", "source", "treatment"] { th scope="col" { (name) } }
                                @for name in ["settings tried", "search runs", "rate or L2 strength", "runs", "test openings"] {
                                    th.number scope="col" { (name) }
                                }
                            }
                        }
                        tbody { @for (_, cell) in material.listed_cells() { (arm_row(&arm(analysis, cell))) } }
                    }
                }
            }
        }
    }
}

/// The table of the networks that layers are copied from.
fn source_networks(analysis: &Analysis) -> Markup {
    let words = Wording::of(analysis.study.metric);
    let own_task = format!("{} on its own test images, {}", words.title, words.unit);
    html! {
        details {
            summary { "Source networks" }
            div.scroll tabindex="0" role="region" aria-label="Source networks" {
                table {
                    thead {
                        tr {
                            th scope="col" { "source" }
                            @for name in ["networks", "rates tried", "search runs", "rate"] { th.number scope="col" { (name) } }
                            th.number scope="col" { (own_task) }
                        }
                    }
                    tbody { @for networks in &analysis.networks { (source_row(networks)) } }
                }
            }
        }
    }
}

fn source_row(networks: &SourceNetworks) -> Markup {
    let rates: Vec<String> = networks.learning_rates.iter().copied().map(text).collect();
    let value = |value: f64| percent(Some(value));
    let own_task = match networks.own_task {
        None => NONE.to_owned(),
        Some((least, greatest)) if value(least) == value(greatest) => value(least),
        Some((least, greatest)) => format!("{} to {}", value(least), value(greatest)),
    };
    html! {
        tr {
            td { (networks.name) }
            td.number {
                (networks.num_networks) @if networks.num_untrained > 0 { " (" (networks.num_untrained) " untrained)" }
            }
            td.number { (networks.num_rates) } td.number { (networks.num_runs) }
            td.number { (rates.join(", ")) @if networks.is_on_edge { " (edge)" } }
            td.number { (own_task) }
        }
    }
}

fn arm_row(row: &ArmRow) -> Markup {
    html! {
        tr {
            td { (row.target) } td { (row.size) } td { (row.source) } td { (row.treatment) }
            td.number { (row.rates) } td.number { (row.search_runs) }
            td.number { (row.setting) @if row.is_on_edge { " (edge)" } }
            td.number { (row.runs) } td.number { (row.test_openings) }
        }
    }
}
