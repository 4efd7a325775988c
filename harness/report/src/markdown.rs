//! `report.md`: the answer and its tables, for pasting elsewhere.

use std::fmt::Write;

use crate::material::Material;
use crate::page::{data, decomposition, quadrants, rules};
use crate::shown;
use crate::words::answer;
use crate::words::answer::Side;
use crate::words::families::{families, intervals};
use crate::words::number::{NONE, gap, judged_interval, percent};
use nt_analysis::{Analysis, CellResult, Quadrant, Trial, Wording};

/// The report as Markdown.
pub(crate) fn document(material: &Material) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut text, material);
    text
}

fn write(text: &mut String, material: &Material) -> std::fmt::Result {
    let (analysis, study) = (&material.analysis, &material.analysis.study);
    let words = Wording::of(study.metric);
    writeln!(text, "# {}\n\n{}\n", escaped(&study.name), escaped(&study.question))?;
    if !material.damage.is_empty() {
        writeln!(
            text,
            "**Damaged: this report is drawn of what is left.** These files and records are not as they were written:\n"
        )?;
        for words in &material.damage {
            writeln!(text, "* {}", escaped(words))?;
        }
        writeln!(text)?;
    }
    if material.is_exploratory {
        writeln!(text, "**EXPLORATORY (CHANGED AFTER DATA)**\n")?;
    }
    for sentence in answer::sentences(analysis) {
        writeln!(text, "{}\n", escaped(&sentence))?;
    }
    for note in analysis.notes.iter().chain(&material.warnings) {
        writeln!(text, "> {}\n", escaped(note))?;
    }
    writeln!(
        text,
        "| quadrant | use (chosen on validation) | its gap | helps | harms | equivalent, open, invalid | best on test |"
    )?;
    writeln!(text, "|---|---|--:|---|---|---|---|")?;
    for quadrant in shown::listed_quadrants(analysis) {
        quadrant_row(text, analysis, quadrant)?;
    }
    writeln!(
        text,
        "\nGaps to scratch in {}. {} {} {}\n",
        words.gaps_of,
        families(analysis),
        intervals(analysis),
        escaped(&quadrants::sample(analysis))
    )?;
    rules(text, analysis)?;
    for figure in &material.figures {
        writeln!(text, "![{}](figures/{}.png)\n", escaped(&figure.title), figure.name)?;
    }
    decompositions(text, analysis)?;
    writeln!(
        text,
        "| target | size | source | treatment | {} ({}) | gap | adjusted interval | verdict | in words | n |",
        words.title, words.unit
    )?;
    writeln!(text, "|---|---|---|---|--:|--:|--:|---|---|--:|")?;
    for (_, cell) in material.listed_cells() {
        row(text, cell, &words)?;
    }
    write!(text, "{}", data::markdown(analysis))?;
    let completeness = &material.completeness;
    let unneeded = match completeness.unneeded {
        0 => String::new(),
        count => format!(" ({count} were not needed)"),
    };
    writeln!(
        text,
        "\n{} of {} jobs done{unneeded}. Result digest `{}`.",
        completeness.done, completeness.planned, material.result_digest
    )?;
    for (name, data) in material.manifest.iter().flat_map(|manifest| &manifest.data) {
        for remark in &data.remarks {
            writeln!(text, "\nData {}: {}.", escaped(name), escaped(remark))?;
        }
    }
    for told in material.manifest.iter().flat_map(|manifest| &manifest.withheld) {
        writeln!(text, "\n{told}")?;
    }
    Ok(())
}

fn rules(text: &mut String, analysis: &Analysis) -> std::fmt::Result {
    let (tried, without): (Vec<&Trial>, Vec<&Trial>) =
        shown::listed_trials(analysis).into_iter().partition(|trial| trial.rule.is_ok());
    if !tried.is_empty() {
        writeln!(
            text,
            "Rules of thumb (CS231n) on trial, on this data, with this network. A comparison with scratch is that of the cell; \
             the others were decided together with the cells:\n"
        )?;
        writeln!(text, "| quadrant | rule | outcome | what tested it |\n|---|---|---|---|")?;
        for trial in tried {
            writeln!(
                text,
                "| {} | {} | {} | {} |",
                escaped(&rules::place(analysis, trial)),
                rules::advice(trial),
                rules::outcome(trial),
                escaped(&rules::line(analysis, trial))
            )?;
        }
        writeln!(text)?;
    }
    for reason in rules::reasons(analysis, &without) {
        writeln!(text, "{}\n", escaped(&reason))?;
    }
    Ok(())
}

fn decompositions(text: &mut String, analysis: &Analysis) -> std::fmt::Result {
    if analysis.decompositions.is_empty() {
        return Ok(());
    }
    for words in decomposition::prose(analysis) {
        writeln!(text, "{}\n", escaped(&words))?;
    }
    for one in shown::listed_decompositions(analysis) {
        let heads: Vec<String> = one.parts.iter().map(decomposition::head).collect();
        writeln!(text, "{}\n", escaped(&decomposition::title(analysis, one)))?;
        writeln!(text, "| depth | {} |", heads.join(" | "))?;
        writeln!(text, "|--:|{}", "--:|".repeat(heads.len()))?;
        for depth in decomposition::depths(one) {
            let entry = |part| escaped(&decomposition::entry(part, depth));
            let entries: Vec<String> = one.parts.iter().map(entry).collect();
            writeln!(text, "| {depth} | {} |", entries.join(" | "))?;
        }
        writeln!(text)?;
    }
    Ok(())
}

fn quadrant_row(text: &mut String, analysis: &Analysis, quadrant: &Quadrant) -> std::fmt::Result {
    let side = |side| {
        answer::listed(analysis, quadrant, side)
            .map_or(NONE.to_owned(), |listed| format!("{}: {} ({})", listed.count, listed.treatments, listed.gaps))
    };
    let tally = &quadrant.tally;
    let neither = side(Side::Neither);
    let mut open = match (tally.equivalent, tally.undecided) {
        (0, 0) => neither,
        (0, _) => format!("open {neither}"),
        (_, 0) => format!("equivalent {neither}"),
        (equivalent, _) => format!("open or equivalent {neither}, {equivalent} of them equivalent"),
    };
    if quadrant.tally.invalid > 0 {
        open = format!("{open}; invalid {}", side(Side::Invalid));
    }
    if let Some(lacking) = answer::lacking(analysis, quadrant) {
        open = format!("{open}; {lacking}");
    }
    let chosen = quadrant.chosen.as_ref();
    let advice = chosen.map_or(NONE.to_owned(), |chosen| {
        let of_transfer = if chosen.decision.verdict.is_negative() { quadrants::BEST_OF_TRANSFER } else { "" };
        let picks = answer::picks(analysis, quadrant, chosen).join(", ");
        format!("{}: {of_transfer}{picks}", answer::advice(chosen))
    });
    let best = answer::best_on_test(analysis, quadrant).unwrap_or_else(|| NONE.to_owned());
    let optimism = chosen.and_then(|chosen| chosen.optimism_pp);
    writeln!(
        text,
        "| {} | {} | {} | {} | {} | {} | {best} (optimism {}) |",
        escaped(&answer::name(analysis, quadrant)),
        escaped(&advice),
        chosen.map_or(NONE.to_owned(), answer::chosen_gap),
        escaped(&side(Side::Better)),
        escaped(&side(Side::Worse)),
        escaped(&open),
        gap(optimism)
    )
}

fn row(text: &mut String, cell: &CellResult, words: &Wording) -> std::fmt::Result {
    writeln!(
        text,
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
        escaped(&cell.key.target),
        escaped(&cell.key.size),
        escaped(cell.key.source.as_deref().unwrap_or("scratch")),
        cell.treatment_words,
        percent(cell.mean),
        gap(cell.gap_pp()),
        judged_interval(cell.decision.as_ref()),
        cell.verdict().map_or("reference", |verdict| verdict.name()),
        escaped(
            &[Some(cell.words(words.gap)), cell.decision.as_ref().and_then(answer::early_call)]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join("; ")
        ),
        cell.completeness_words()
    )
}

/// Escapes the characters that have a meaning in Markdown.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '\\' | '|' | '*' | '_' | '`' | '<' | '[' | ']' | '#') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}
