//! The gap to scratch against depth, with one panel for each quadrant: the gaps that verdicts are about.

use super::depth::{curves, depth_axis, incomplete};
use super::spec::FIGURE_VERSION;
use super::words::{FILLING, fitted, gap_mark, metric_words, name, panel_title, round4, sentence, subtitle};
use super::{FigureSpec, Form, Note, Panel, Point, Reference, Sign, Stroke, words};
use crate::shown;
use nt_analysis::study::Study;
use nt_analysis::{Analysis, CellKind, CellResult, Quadrant, Wording};
use nt_stats::Verdict;

/// The figure of one target. Rows are its sizes, columns the similarities of its sources.
///
/// # Units
/// Gaps in percentage points; depth in learned layers.
pub fn gap_by_depth(analysis: &Analysis, target: &str, parameters: Option<u64>) -> FigureSpec {
    let study = &analysis.study;
    let quadrants: Vec<&Quadrant> = shown::drawn_quadrants(analysis, target);
    let panels: Vec<Panel> = quadrants.iter().map(|quadrant| panel(analysis, quadrant)).collect();
    let (reach, is_cut) = words::gap_range(&panels, study.margin_pp);
    FigureSpec {
        schema_version: FIGURE_VERSION,
        name: name(study, "gap_by_depth", target),
        title: format!("{}: gap to scratch on {target} by depth of transfer", study.name),
        subtitle: subtitle(analysis, target, parameters),
        description: quadrants.iter().map(|quadrant| sentence(analysis, quadrant)).collect::<Vec<_>>().join(" "),
        form: Form::Curves,
        x: depth_axis(study),
        y: fitted(axis_label(study), &reach, gap_mark),
        scale: None,
        num_columns: study.similarities().len().min(panels.len()).max(1),
        notes: notes(is_cut),
        panels,
    }
}

/// What markers, points and bars of gaps mean, and that bars are cut off where any is.
pub(super) fn notes(is_cut: bool) -> Vec<Note> {
    let cut = if is_cut { "; a bar without an end reaches farther" } else { "" };
    vec![
        Note::new(Sign::Filling, FILLING),
        Note::new(Sign::Interval, format!("interval that agrees with the adjusted test{cut}")),
        Note::new(Sign::Replicate, "each replicate's gap"),
    ]
}

/// "Gap in top-1 accuracy (points)".
pub(super) fn axis_label(study: &Study) -> String {
    format!("Gap to scratch, {} ({})", metric_words(study), Wording::of(study.metric).gap_unit)
}

/// No gap, and the margin on both sides.
pub(super) fn references(study: &Study) -> Vec<Reference> {
    let unit = Wording::of(study.metric).gap_unit;
    let margin = |y| Reference { label: format!("margin of ±{} {unit}", study.margin_pp), y, stroke: Stroke::Dotted };
    let none = Reference { label: "scratch".to_owned(), y: 0.0, stroke: Stroke::Solid };
    vec![none, margin(study.margin_pp), margin(-study.margin_pp)]
}

fn panel(analysis: &Analysis, quadrant: &Quadrant) -> Panel {
    let series = curves(analysis, quadrant, |analysis, depth, cell| point(analysis, f64::from(depth), cell));
    Panel {
        title: panel_title(analysis, quadrant),
        incomplete: incomplete(&series),
        ticks: Vec::new(),
        band: None,
        references: references(&analysis.study),
        series,
    }
}

/// A cell's gap with its adjusted interval and every replicate's.
pub(super) fn point(analysis: &Analysis, x: f64, cell: &CellResult) -> Point {
    let gap = cell.decision.as_ref().map(|decision| &decision.gap);
    let verdict = cell.verdict();
    let judged = gap.filter(|_| verdict != Some(Verdict::Invalid));
    Point {
        x,
        across: None,
        copied: cell.key.copied,
        frozen: cell.key.frozen,
        mean: gap.map(|gap| round4(gap.mean_pp)),
        low: judged.and_then(|gap| gap.low_pp).map(round4),
        high: judged.and_then(|gap| gap.high_pp).map(round4),
        replicates: analysis.gaps_pp(cell).into_iter().map(|(_, gap)| round4(gap)).collect(),
        num_planned: cell.num_planned,
        verdict: verdict.map(|verdict| verdict.name().to_owned()),
        differs: verdict.is_some_and(|verdict| verdict.is_negative() || verdict.is_positive())
            && cell.kind != CellKind::Scratch,
    }
}
