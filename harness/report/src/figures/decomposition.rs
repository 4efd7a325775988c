//! The parts of a drop, depth by depth: a curve and a simultaneous band for each part, and one panel for each source.

use super::depth::depth_axis;
use super::spec::FIGURE_VERSION;
use super::words::{fitted, gap_mark, metric_words, name, round4, subtitle};
use super::{FigureSpec, Form, Note, Panel, Point, Reference, Series, SeriesKind, Sign, Stroke};
use crate::shown;
use nt_analysis::{Analysis, BAND_LEVEL, BAND_REPLICATES, Component, Decomposition, DepthPart, Part, Wording};

/// The figure of one target; `None` if there is no decomposition.
///
/// # Units
/// Differences in percentage points; depth in learned layers.
/// # Source
/// Yosinski, Clune, Bengio and Lipson, NIPS 2014, figure 2. Departure: its curves are split into the differences that
/// section 4 names, with simultaneous bands for the fixed test set.
pub fn decomposition(analysis: &Analysis, target: &str, parameters: Option<u64>) -> Option<FigureSpec> {
    let study = &analysis.study;
    let shown: Vec<&Decomposition> = shown::drawn_decompositions(analysis, target);
    if shown.is_empty() {
        return None;
    }
    let num_sizes = study.targets.iter().find(|one| one.name == target).map_or(1, |one| one.sizes.len());
    let panels: Vec<Panel> = shown.iter().map(|one| panel(analysis, one, num_sizes > 1)).collect();
    let level = 100.0 * BAND_LEVEL;
    let has_few = shown.iter().flat_map(|one| &one.parts).any(|part| part.replicates.len() < BAND_REPLICATES);
    let caution = if has_few { format!(" (not reached below {BAND_REPLICATES} replicates)") } else { String::new() };
    Some(FigureSpec {
        schema_version: FIGURE_VERSION,
        name: name(study, "decomposition", target),
        title: format!("{}: what the change at depth n is made of, on {target}", study.name),
        subtitle: subtitle(analysis, target, parameters),
        description: shown
            .iter()
            .map(|one| sentence(one, Wording::of(study.metric).gap_unit))
            .collect::<Vec<_>>()
            .join(" "),
        form: Form::Bands,
        x: depth_axis(study),
        y: fitted(
            format!("Difference in {} ({})", metric_words(study), Wording::of(study.metric).gap_unit),
            &reach(&shown),
            gap_mark,
        ),
        scale: None,
        num_columns: panels.len().clamp(1, 2),
        notes: vec![
            Note::new(Sign::Filling, "filled: the band lies beyond zero; hollow: zero is in it"),
            Note::new(
                Sign::Band,
                format!("covers all depths of its curve at once, {level:.0} %{caution}, this test set"),
            ),
            Note::new(Sign::Replicate, "each replicate"),
        ],
        panels,
    })
}

/// The range of the axis. Bands of too few replicates reach farther than any difference, and are cut off.
fn reach(shown: &[&Decomposition]) -> Vec<f64> {
    let of_depth = |part: &Part, depth: &DepthPart| {
        let band = depth.band_pp.filter(|_| part.replicates.len() >= BAND_REPLICATES);
        let ends = band.map_or([0.0; 2], |(low, high)| [low, high]);
        ends.into_iter().chain([depth.mean_pp]).chain(depth.replicates_pp.iter().copied()).collect::<Vec<_>>()
    };
    let parts = shown.iter().flat_map(|one| &one.parts);
    parts.flat_map(|part| part.depths.iter().flat_map(move |depth| of_depth(part, depth))).collect()
}

fn panel(analysis: &Analysis, shown: &Decomposition, has_sizes: bool) -> Panel {
    let size = if has_sizes { format!("{} · ", shown.size) } else { String::new() };
    let planned = analysis.study.replicates as usize;
    let least = shown.parts.iter().map(|part| part.replicates.len()).min().unwrap_or(0);
    Panel {
        title: format!("{size}A: {} · B: {}", shown.source, shown.selffer),
        incomplete: (least < planned).then(|| format!("{least} of {planned} replicates")),
        ticks: Vec::new(),
        band: None,
        references: vec![Reference { label: "no difference".to_owned(), y: 0.0, stroke: Stroke::Solid }],
        series: shown.parts.iter().map(|part| series(part, &shown.source, planned)).collect(),
    }
}

fn series(part: &Part, source: &str, num_planned: usize) -> Series {
    let point = |depth: &DepthPart| Point {
        x: f64::from(depth.depth),
        copied: depth.depth,
        frozen: if part.component == Component::Recovery { 0 } else { depth.depth },
        mean: Some(round4(depth.mean_pp)),
        across: None,
        low: depth.band_pp.map(|(low, _)| round4(low)),
        high: depth.band_pp.map(|(_, high)| round4(high)),
        replicates: depth.replicates_pp.iter().copied().map(round4).collect(),
        num_planned,
        verdict: None,
        differs: depth.differs(),
    };
    let (kind, pattern) = match part.component {
        Component::CoAdaptation => (SeriesKind::CoAdaptation, 0),
        Component::Specificity => (SeriesKind::Specificity, 1),
        Component::Recovery => (SeriesKind::Recovery, 2),
    };
    Series {
        label: format!("{}: {}", part.component.words(), part.component.difference()),
        kind,
        source: source.to_owned(),
        pattern,
        points: part.depths.iter().map(point).collect(),
    }
}

fn sentence(shown: &Decomposition, unit: &str) -> String {
    let of_part = |part: &Part| {
        let worst = part.depths.iter().max_by(|a, b| a.mean_pp.abs().total_cmp(&b.mean_pp.abs()));
        let worst =
            worst.map_or(String::new(), |depth| format!(", {:+.1} {unit} at depth {}", depth.mean_pp, depth.depth));
        let differing = part.depths.iter().filter(|depth| depth.differs()).count();
        format!("{} differs from zero at {differing} of {} depths{worst}", part.component.words(), part.depths.len())
    };
    let parts: Vec<String> = shown.parts.iter().map(of_part).collect();
    format!("{} {}, source {}: {}.", shown.target, shown.size, shown.source, parts.join("; "))
}
