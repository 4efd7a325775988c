//! The rules of thumb on trial.

use maud::{Markup, html};
use nt_stats::p_value::PrintedP;
use nt_stats::verdict::{Claim, Decision, RuleVerdict};

use crate::material::Material;
use crate::shown;
use crate::words::answer;
use crate::words::number::{NONE, gap, judged_interval};
use nt_analysis::{Analysis, Trial, TrialContrast, Wording};

/// The trials; empty if no quadrant has a rule.
pub(crate) fn section(material: &Material) -> Markup {
    let analysis = &material.analysis;
    let (tried, without): (Vec<&Trial>, Vec<&Trial>) =
        shown::listed_trials(analysis).into_iter().partition(|trial| trial.rule.is_ok());
    html! {
        section aria-labelledby="rules" {
            h2 #rules { "Rules of thumb on trial" }
            p.soft {
                "CS231n's advice for each quadrant, tested on this data, with this network. A comparison is the "
                "advised treatment minus its alternative, on the same replicates and test images, in "
                (Wording::of(analysis.study.metric).gaps_of)
                ". A comparison with scratch is that of the cell below and has its verdict; the others were decided "
                "together with the cells."
            }
            @if !tried.is_empty() {
                div.scroll tabindex="0" role="region" aria-label="Rules of thumb on trial" {
                    table.rules {
                        thead {
                            tr {
                                th scope="col" { "quadrant" }
                                th scope="col" { "the rule" }
                                th scope="col" { "outcome" }
                                th scope="col" { "what tested it" }
                            }
                        }
                        tbody { @for trial in &tried { (row(analysis, trial)) } }
                    }
                }
            }
            @for words in reasons(analysis, &without) { p.soft { (words) } }
        }
    }
}

fn row(analysis: &Analysis, trial: &Trial) -> Markup {
    let most = shown::most_named(analysis);
    html! {
        tr {
            th scope="row" { (place(analysis, trial)) }
            td { (advice(trial)) }
            td { (badge(trial)) }
            td {
                @if trial.contrasts.is_empty() { span.soft { "no treatment copies from such a source" } }
                @for contrast in trial.contrasts.iter().take(most) { (tested(analysis, trial, contrast)) }
                @if trial.contrasts.len() > most { span.soft { (trial.contrasts.len() - most) " more in " a href="rules.csv" { "rules.csv" } } }
            }
        }
    }
}

fn badge(trial: &Trial) -> Markup {
    let class = match trial.verdict {
        Some(RuleVerdict::Supported) => "better",
        Some(RuleVerdict::Refuted) => "worse",
        _ => "open",
    };
    html! { span class={ "badge " (class) } { (outcome(trial)) } }
}

fn tested(analysis: &Analysis, trial: &Trial, contrast: &TrialContrast) -> Markup {
    html! {
        span.detail { (comparison(analysis, trial, contrast)) ": "
            @match &contrast.decision {
                Ok(decision) => { b.gap { (found(decision)) } " " (decision.verdict) }
                Err(_) => { "not tested" }
            }
        }
        span.soft {
            @match &contrast.decision {
                Ok(decision) => {
                    "p " (PrintedP(decision.p_adjusted)) ", n = " (decision.gap.num_replicates) "; " (decision.words(Wording::of(analysis.study.metric).gap))
                    @if let Some(layers) = layers(contrast) { "; " (layers) }
                }
                Err(missing) => { (missing) }
            }
        }
    }
}

/// The quadrant's name.
pub(crate) fn place(analysis: &Analysis, trial: &Trial) -> String {
    answer::name(analysis, &analysis.quadrants[trial.quadrant])
}

/// What the rule advises; empty if there is no rule.
pub(crate) fn advice(trial: &Trial) -> &'static str {
    trial.rule.as_ref().map_or("", |rule| rule.advice)
}

/// "SUPPORTED".
pub(crate) fn outcome(trial: &Trial) -> String {
    trial.verdict.map_or("NOT APPLICABLE".to_owned(), |verdict| verdict.to_string())
}

/// "full fine-tuning against training from scratch", preceded by the source if there are several.
pub(crate) fn comparison(analysis: &Analysis, trial: &Trial, contrast: &TrialContrast) -> String {
    let has_sources = trial.contrasts.iter().any(|other| other.source != contrast.source);
    let source = if has_sources { format!("{}: ", contrast.source) } else { String::new() };
    let claim = match contrast.claim {
        Claim::Better => String::new(),
        Claim::AtLeastAsGood => format!(
            " (claimed: at least as good, within ±{} {})",
            analysis.study.margin_pp,
            Wording::of(analysis.study.metric).gap_unit
        ),
    };
    format!("{source}{} against {}{claim}", contrast.advised.words(), contrast.alternative.words())
}

/// "+3.1 [+0.4, +5.8]".
pub(crate) fn found(decision: &Decision) -> String {
    let caveats = answer::caveats(Some(decision));
    format!("{} {}{caveats}", gap(Some(decision.gap.mean_pp)), judged_interval(Some(decision)))
}

fn layers(contrast: &TrialContrast) -> Option<String> {
    let words: Vec<String> = contrast.layers.iter().map(|(layer, count)| format!("layer {layer} in {count}")).collect();
    (!words.is_empty()).then(|| format!("validation chose {}", words.join(", ")))
}

/// Why quadrants have no rule, each reason once.
pub(crate) fn reasons(analysis: &Analysis, without: &[&Trial]) -> Vec<String> {
    let mut told: Vec<(&str, Vec<String>)> = Vec::new();
    for trial in without {
        let Err(reason) = &trial.rule else { continue };
        match told.iter_mut().find(|(known, _)| known == reason) {
            Some((_, places)) => places.push(place(analysis, trial)),
            None => told.push((reason, vec![place(analysis, trial)])),
        }
    }
    let named = |places| shown::named(places, shown::most_named(analysis)).join(", ");
    told.into_iter().map(|(reason, places)| format!("No rule for {}: {reason}.", named(places))).collect()
}

/// The comparisons of a trial on one line, for Markdown.
pub(crate) fn line(analysis: &Analysis, trial: &Trial) -> String {
    let told = |contrast: &TrialContrast| {
        let found = match &contrast.decision {
            Ok(decision) => {
                let taken = decision.taken_by_gates().map_or(String::new(), |taken| format!(" ({taken})"));
                let withheld = decision.withheld_equivalence().unwrap_or_default();
                format!("{} {}{taken}{withheld}", found(decision), decision.verdict)
            }
            Err(missing) => format!("not tested: {missing}"),
        };
        format!("{}: {found}", comparison(analysis, trial, contrast))
    };
    let most = shown::most_named(analysis);
    let mut lines: Vec<String> = trial.contrasts.iter().take(most).map(told).collect();
    if trial.contrasts.len() > most {
        lines.push(format!("{} more in rules.csv", trial.contrasts.len() - most));
    }
    if lines.is_empty() { NONE.to_owned() } else { lines.join("; ") }
}
