//! Curves over depth, which several figures share.

use nt_scenario::Method;

use super::{Axis, Point, Series, SeriesKind, Tick};
use crate::shown;
use nt_analysis::study::{CellKey, Study, StudySource};
use nt_analysis::{Analysis, CellResult, Quadrant};

/// Room to the left of the first depth and to the right of the last, in depths.
const X_ROOM: f64 = 0.5;

/// What a figure shows of a cell at a depth.
pub(super) type PointOf = fn(&Analysis, u8, &CellResult) -> Point;

/// Depths from none to the last layer before the classifier.
pub(super) fn depth_axis(study: &Study) -> Axis {
    let tick = |depth: u8| Tick { at: f64::from(depth), label: format!("{depth}\n{}", study.depth_name(depth)) };
    let ticks = (0..=study.top_depth()).map(tick);
    Axis {
        label: "depth n (learned layers, from the input up)".to_owned(),
        low: -X_ROOM,
        high: f64::from(study.top_depth()) + X_ROOM,
        is_logarithmic: false,
        ticks: ticks.collect(),
    }
}

/// Every curve of a quadrant's panel: those of its sources, and those of the untrained source.
pub(super) fn curves(analysis: &Analysis, quadrant: &Quadrant, point: PointOf) -> Vec<Series> {
    let sources = sources(analysis, quadrant);
    let untrained: Vec<&StudySource> = analysis.study.sources.iter().filter(|source| source.is_untrained()).collect();
    let mut series = Vec::new();
    for pattern in 0..sources.len() {
        for kind in [SeriesKind::Frozen, SeriesKind::Partial, SeriesKind::FineTuned, SeriesKind::Probe] {
            series.extend(curve(analysis, quadrant, (pattern, &sources), kind, point));
        }
    }
    for pattern in 0..untrained.len() {
        series.extend(curve(analysis, quadrant, (pattern, &untrained), SeriesKind::Untrained, point));
    }
    series
}

/// The trained sources of a quadrant's similarity.
pub(super) fn all_sources<'a>(analysis: &'a Analysis, quadrant: &Quadrant) -> Vec<&'a StudySource> {
    let in_quadrant = |source: &&StudySource| !source.is_untrained() && source.similarity == quadrant.similarity;
    analysis.study.sources.iter().filter(in_quadrant).collect()
}

/// Of them, those that a figure shows.
pub(super) fn sources<'a>(analysis: &'a Analysis, quadrant: &Quadrant) -> Vec<&'a StudySource> {
    let cells =
        || -> Box<dyn Iterator<Item = &CellResult>> { Box::new(quadrant.cells.iter().map(|&at| &analysis.cells[at])) };
    shown::drawn_sources(analysis, all_sources(analysis, quadrant), |source| &source.name, cells)
}

/// "12 of 20 runs" for curves that lack some; `None` if they are complete.
pub(super) fn incomplete(series: &[Series]) -> Option<String> {
    let points = series.iter().flat_map(|series| &series.points);
    let (done, planned) =
        points.fold((0, 0), |(done, planned), point| (done + point.replicates.len(), planned + point.num_planned));
    (done < planned).then(|| format!("{done} of {planned} runs"))
}

/// The cells of a source that a kind of curve passes through; empty if there is no such cell.
fn curve(
    analysis: &Analysis,
    quadrant: &Quadrant,
    (pattern, sources): (usize, &[&StudySource]),
    kind: SeriesKind,
    point: PointOf,
) -> Option<Series> {
    let source = *sources.get(pattern)?;
    let of_source = |cell: &&CellResult| {
        cell.key.target == quadrant.target
            && cell.key.size == quadrant.size
            && cell.key.source.as_deref() == Some(source.name.as_str())
            && cell.key.copied <= analysis.study.top_depth()
    };
    let here = analysis.cells_of(&quadrant.target, &quadrant.size);
    let cells: Vec<&CellResult> = here.iter().filter(of_source).collect();
    let most = cells.iter().map(|cell| cell.key.copied).max()?;
    let mut chosen: Vec<(u8, &CellResult)> =
        cells.into_iter().filter_map(|cell| depth(&cell.key, kind, most).map(|depth| (depth, cell))).collect();
    chosen.sort_by_key(|(depth, _)| *depth);
    // (most, most) belongs to two curves. Alone it is not a curve of partial freezing, and (most, 0) alone is not one
    // of fine-tuning.
    let is_curve = match kind {
        SeriesKind::Frozen | SeriesKind::Untrained | SeriesKind::Probe => !chosen.is_empty(),
        SeriesKind::Partial => chosen.iter().any(|(_, cell)| cell.key.frozen < most),
        SeriesKind::FineTuned => chosen.iter().any(|(_, cell)| cell.key.copied < most),
        SeriesKind::Other
        | SeriesKind::Scratch
        | SeriesKind::Depth
        | SeriesKind::CoAdaptation
        | SeriesKind::Specificity
        | SeriesKind::Recovery => false,
    };
    let label = label(kind, most, &source.name, sources.len());
    is_curve.then(|| Series {
        label,
        kind,
        source: source.name.clone(),
        pattern,
        points: chosen.into_iter().map(|(depth, cell)| point(analysis, depth, cell)).collect(),
    })
}

fn depth(key: &CellKey, kind: SeriesKind, most: u8) -> Option<u8> {
    let is_of_method = match key.method {
        Method::Probe => kind == SeriesKind::Probe,
        Method::Training => kind != SeriesKind::Probe,
    };
    if !is_of_method {
        return None;
    }
    match kind {
        SeriesKind::Probe => Some(key.frozen),
        SeriesKind::Frozen | SeriesKind::Untrained => (key.copied == key.frozen).then_some(key.frozen),
        SeriesKind::Partial => (key.copied == most).then_some(key.frozen),
        SeriesKind::FineTuned => (key.frozen == 0).then_some(key.copied),
        SeriesKind::Other
        | SeriesKind::Scratch
        | SeriesKind::Depth
        | SeriesKind::CoAdaptation
        | SeriesKind::Specificity
        | SeriesKind::Recovery => None,
    }
}

/// A kind of curve in words, with its source if there are several.
pub(super) fn label(kind: SeriesKind, most: u8, source: &str, num_sources: usize) -> String {
    let words = match kind {
        SeriesKind::Frozen => "first n copied and frozen, rest new".to_owned(),
        SeriesKind::Partial => format!("{most} copied, first n frozen"),
        SeriesKind::FineTuned => "first n copied, all trained".to_owned(),
        SeriesKind::Probe => "linear probe after the first n".to_owned(),
        SeriesKind::Untrained => "first n random and frozen".to_owned(),
        SeriesKind::Other | SeriesKind::Depth => "other depths".to_owned(),
        SeriesKind::Scratch => "from scratch".to_owned(),
        SeriesKind::CoAdaptation => "co-adaptation".to_owned(),
        SeriesKind::Specificity => "specificity".to_owned(),
        SeriesKind::Recovery => "recovery".to_owned(),
    };
    if num_sources > 1 { format!("{words} ({source})") } else { words }
}
