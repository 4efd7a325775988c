//! `index.html`: one file with one small script, which loads nothing from the network.

mod cells;
mod check;
pub(crate) mod data;
pub(crate) mod decomposition;
mod drawer;
pub(crate) mod fairness;
mod method;
pub(crate) mod quadrants;
pub(crate) mod rules;
mod sections;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use nt_analysis::Wording;

use crate::figures::Form;
use crate::material::{Figure, Material};
use crate::pictures;
use crate::shown;
use crate::words::answer;

/// The version of the page's layout.
const PAGE_VERSION: u32 = 1;

const STYLE: &str = include_str!("../../assets/page.css");
const SCRIPT: &str = include_str!("../../assets/page.js");

/// The page.
pub(crate) fn document(material: &Material) -> String {
    let study = &material.analysis.study;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content="nt";
                meta name="schema_version" content=(PAGE_VERSION);
                title { (study.name) " · negative transfer" }
                style { (PreEscaped(STYLE)) (PreEscaped(pictures::style(&material.thumbnails))) }
            }
            body {
                a.skip href="#answer" { "Skip to the answer" }
                header {
                    div.bar {
                        p.kind { "Negative-transfer study" }
                        button.quiet #theme type="button" hidden { "Theme: auto" }
                    }
                    h1 { (study.name) }
                    p.question { (study.question) }
                }
                main {
                    (warnings(material))
                    (the_answer(material))
                    (remarks(material))
                    (contents(material))
                    (rules::section(material))
                    (figures(material))
                    (decomposition::section(material))
                    (cells::section(material))
                    (data::section(material))
                    (pictures::contact_sheets_section(&material.contact_sheets))
                    (pictures::filters_section(&material.first_layers, material.analysis.study.depth_name(1)))
                    (method::section(material))
                    (fairness::section(material))
                    (sections::provenance(material))
                }
                (drawer::templates(material))
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string() + "\n"
}

/// Warnings that a reader must see before the answer.
fn warnings(material: &Material) -> Markup {
    let completeness = &material.completeness;
    let finished = completeness.planned - completeness.missing();
    // A job that a look did not need is not missing.
    let is_settled = material.analysis.look.as_ref().is_some_and(|look| look.is_settled);
    let withheld = material.manifest.as_ref().map_or(&[][..], |manifest| &manifest.withheld);
    html! {
        @if !material.damage.is_empty() {
            p.alert {
                strong { "Damaged: this page is drawn of what is left." }
                " These files and records are not as they were written:"
                ul { @for words in &material.damage { li { (words) } } }
            }
        }
        @if material.is_exploratory {
            p.alert {
                strong { "EXPLORATORY (CHANGED AFTER DATA)." }
                " Contrasts, metric, margin or scope differ from those fixed before the first job."
            }
        }
        @if finished < completeness.planned && !is_settled {
            p.alert {
                strong { "Incomplete: " (finished) " of " (completeness.planned) " jobs." }
                @if withheld.is_empty() { " Run the same command again to resume." }
                @else {
                    " These were stopped, and what depends on them was not run. Change their training, or run the same "
                    "command with --keep-going:"
                    ul { @for told in withheld { li { (told) } } }
                }
            }
        }
        @for warning in &material.warnings {
            p.alert { (warning) }
        }
    }
}

/// Further notes for the reader.
fn remarks(material: &Material) -> Markup {
    let completeness = &material.completeness;
    html! {
        @if completeness.diverged + completeness.failed > 0 {
            p.alert {
                (completeness.diverged) " jobs diverged and " (completeness.failed) " failed. Their cells say which."
            }
        }
        @for note in &material.analysis.notes {
            p.note { (note) }
        }
    }
}

fn the_answer(material: &Material) -> Markup {
    let analysis = &material.analysis;
    html! {
        section.first aria-labelledby="answer" {
            h2.hidden #answer { "The answer" }
            @for (at, sentence) in answer::sentences(analysis).into_iter().enumerate() {
                p.answer.lead[at == 0] { (sentence) }
            }
            (quadrants::table(material))
        }
    }
}

/// Links to the parts of the page.
fn contents(material: &Material) -> Markup {
    let has_parts = !material.analysis.decompositions.is_empty();
    let parts = [
        ("rules", "Rules of thumb"),
        ("figures", "Figures"),
        ("parts", "What the change is made of"),
        ("cells", "Every cell"),
        ("method", "Method"),
        ("fairness", "Fairness"),
        ("provenance", "Provenance"),
    ];
    html! {
        nav aria-label="Parts of this page" {
            ul { @for (id, name) in parts.into_iter().filter(|(id, _)| has_parts || *id != "parts") { li { a href={ "#" (id) } { (name) } } } }
        }
    }
}

fn figures(material: &Material) -> Markup {
    let gap_unit = Wording::of(material.analysis.study.metric).gap_unit;
    let is_whole = shown::is_whole(&material.analysis);
    html! {
        section aria-labelledby="figures" {
            h2 #figures { "Figures" }
            @for Figure { name, title, form, svg, .. } in &material.figures {
                figure.chart {
                    div.scroll tabindex="0" role="region" aria-label=(title) { (PreEscaped(svg)) }
                    figcaption {
                        (caption(*form, gap_unit, is_whole)) " Also as "
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

/// How to read a figure of this form. `gap_unit` is what gaps are counted in, and `is_whole` whether it shows everything.
fn caption(form: Form, gap_unit: &str, is_whole: bool) -> String {
    let words = match form {
        Form::Curves => "Depth n is the number of layers, counted from the input.",
        Form::Bands => {
            "Depth n is the number of layers copied, counted from the input. The shaded band is simultaneous."
        }
        Form::Paths => {
            "Further left is cheaper: frozen layers need no gradient. Scratch trained longer is shown if it was run."
        }
        Form::Lines => "The training loss, averaged over replicates. The colour shows how many layers are frozen.",
        Form::Rows if !is_whole => {
            "The contrasts that come first, each with its interval, adjusted over the whole family. Left of the line is harm."
        }
        Form::Points if !is_whole => {
            "The deepest treatments of the sources that come first, by the distance of their training images from the target's."
        }
        Form::Rows => "Every contrast of the family with its adjusted interval. Left of the line is harm.",
        Form::Points => {
            "The deepest treatments of every source, by the distance of its training images from the target's."
        }
        Form::Tiles => {
            return format!(
                "Layers copied run across, and how many of them are frozen upwards. The number is the gap in {gap_unit}."
            );
        }
    };
    words.to_owned()
}
