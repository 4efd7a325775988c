//! `index.html`: one file, no network, no script.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Material, answer, method, sections};
use crate::SCHEMA_VERSION;

const STYLE: &str = include_str!("../../assets/page.css");

/// The page.
pub(super) fn document(material: &Material) -> String {
    let study = &material.analysis.study;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content="nt";
                meta name="schema_version" content=(SCHEMA_VERSION);
                title { (study.name) " · negative transfer" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    p.kind { "Negative-transfer study" }
                    h1 { (study.name) }
                    p.question { (study.question) }
                }
                main {
                    (alerts(material))
                    (the_answer(material))
                    (figures(material))
                    (sections::contact_sheets(material))
                    (sections::cells(material))
                    (method::section(material))
                    (sections::provenance(material))
                }
            }
        }
    };
    page.into_string() + "\n"
}

/// What must not be overlooked.
fn alerts(material: &Material) -> Markup {
    let completeness = &material.completeness;
    let finished = completeness.done + completeness.diverged + completeness.failed;
    html! {
        @if material.is_exploratory {
            p.alert {
                strong { "EXPLORATORY (CHANGED AFTER DATA)." }
                " Contrasts, metric, margin or scope are not those fixed before the first job."
            }
        }
        @if finished < completeness.planned {
            p.alert {
                strong { "Incomplete: " (finished) " of " (completeness.planned) " jobs." }
                " Run the same command again to go on."
            }
        }
        @if completeness.diverged + completeness.failed > 0 {
            p.alert {
                (completeness.diverged) " jobs diverged and " (completeness.failed) " failed; their cells say so."
            }
        }
        @for warning in &material.warnings {
            p.alert { (warning) }
        }
        @for note in &material.analysis.notes {
            p.note { (note) }
        }
    }
}

fn the_answer(material: &Material) -> Markup {
    let analysis = &material.analysis;
    html! {
        section aria-labelledby="answer" {
            h2 #answer { "The answer" }
            @for sentence in answer::sentences(analysis) {
                p.answer { (sentence) }
            }
            (sections::quadrants(material))
        }
    }
}

fn figures(material: &Material) -> Markup {
    html! {
        section aria-labelledby="figures" {
            h2 #figures { "Accuracy by depth" }
            @for (name, svg) in &material.figures {
                figure.chart {
                    div.scroll { (PreEscaped(svg)) }
                    figcaption {
                        "Depth n: how many layers, counted from the input. Grey: training from scratch. Also as "
                        a href={ "figures/" (name) ".svg" } { "SVG" } ", "
                        a href={ "figures/" (name) ".png" } { "PNG" } ", "
                        a href={ "figures/" (name) ".csv" } { "CSV" } " and "
                        a href={ "figures/" (name) ".json" } { "JSON" } "."
                    }
                }
            }
        }
    }
}
