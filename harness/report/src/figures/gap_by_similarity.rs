//! The gap against the measured similarity of its source: does a nearer source transfer better?

use crate::shown;
use nt_analysis::study::StudySize;

use super::gap_by_depth::{axis_label, notes, point, references};
use super::spec::FIGURE_VERSION;
use super::words::{fitted, name, subtitle};
use super::{Axis, FigureSpec, Form, Panel, Point, Series, SeriesKind, words};
use nt_analysis::{Analysis, CellKind, CellResult};
use nt_records::audit::{Distance, MeasuredOn, Similarity, TargetAudit};

/// What represents a source: its deepest treatment of each kind.
const KINDS: [(SeriesKind, &str); 2] = [
    (SeriesKind::Frozen, "most layers copied, all of them frozen"),
    (SeriesKind::FineTuned, "most layers copied, none frozen (fine-tuned)"),
];

/// The figure of one target, with one panel for each size; `None` for a study without an audit, or if no source was
/// measured.
///
/// # Units
/// Across: proxy A-distance, 0 to 2, with its 95 % interval. Upwards: gaps in percentage points.
pub fn gap_by_similarity(analysis: &Analysis, target: &str, parameters: Option<u64>) -> Option<FigureSpec> {
    let study = &analysis.study;
    let audit = analysis.audit.as_ref()?.target(target)?;
    let sizes = &study.targets.iter().find(|its| its.name == target)?.sizes;
    let panel = |size: &StudySize| Panel {
        title: format!("{} ({})", size.name, size.words()),
        incomplete: None,
        ticks: Vec::new(),
        band: None,
        references: references(study),
        series: series(analysis, audit, &size.name),
    };
    let panels: Vec<Panel> = sizes.iter().take(shown::num_drawn_sizes(analysis)).map(panel).collect();
    if panels.iter().all(|panel| panel.series.is_empty()) {
        return None;
    }
    let (reach, is_cut) = words::gap_range(&panels, study.margin_pp);
    let points = || panels.iter().flat_map(|panel| &panel.series).flat_map(|series| &series.points);
    let mut across: Vec<f64> = points().flat_map(|point| point.across.map_or(vec![point.x], Vec::from)).collect();
    across.extend([0.0, 2.0]);
    Some(FigureSpec {
        schema_version: FIGURE_VERSION,
        name: name(study, "gap_by_similarity", target),
        title: format!("{}: gap to scratch on {target} by measured similarity", study.name),
        subtitle: subtitle(analysis, target, parameters),
        description: description(audit),
        form: Form::Points,
        x: axis(&across),
        y: fitted(axis_label(study), &reach, super::words::gap_mark),
        scale: None,
        num_columns: 2.min(panels.len()),
        notes: notes(is_cut),
        panels,
    })
}

/// The axis of distances, with room for markers at both ends. The largest distance is 2, and it is often reached.
fn axis(across: &[f64]) -> Axis {
    const ROOM: f64 = 0.1;
    let label = "proxy A-distance of source and target, 95 % interval (0: not told apart)".to_owned();
    let fitted = fitted(label, across, |at| format!("{at:.1}").replace('-', "−"));
    Axis { low: words::round4(fitted.low - ROOM), high: words::round4(fitted.high + ROOM), ..fitted }
}

fn description(audit: &TargetAudit) -> String {
    let measured = audit.similarities.iter().filter_map(|similarity| {
        let distance = similarity.distances.as_ref()?.proxy_a;
        Some(format!("{} {:.2}", similarity.source, distance.value))
    });
    format!("Proxy A-distances from {}: {}.", audit.target, measured.collect::<Vec<_>>().join(", "))
}

/// One series for each kind and source, with one point each.
fn series(analysis: &Analysis, audit: &TargetAudit, size: &str) -> Vec<Series> {
    let mut series = Vec::new();
    let all: Vec<&Similarity> = audit.similarities.iter().collect();
    let here = analysis.cells_of(&audit.target, size);
    for similarity in shown::drawn_sources(analysis, all, |similarity| &similarity.source, || Box::new(here.iter())) {
        let place = match (&similarity.distances, &similarity.measured_on) {
            (Some(distances), _) => place(&distances.proxy_a),
            // They are the same images, so the distance is zero by construction.
            (None, MeasuredOn::TheTarget) => (0.0, None),
            (None, MeasuredOn::OwnImages | MeasuredOn::ImagesOf(_) | MeasuredOn::Nothing | MeasuredOn::Elsewhere) => {
                continue;
            }
        };
        for (kind, label) in KINDS {
            if let Some(cell) = deepest(analysis, audit, size, &similarity.source, kind) {
                let (x, across) = place;
                series.push(Series {
                    label: label.to_owned(),
                    kind,
                    source: similarity.source.clone(),
                    pattern: 0,
                    points: vec![Point { across, ..point(analysis, x, cell) }],
                });
            }
        }
    }
    series
}

fn place(distance: &Distance) -> (f64, Option<[f64; 2]>) {
    let four = super::words::round4;
    (four(distance.value), distance.low.zip(distance.high).map(|(low, high)| [four(low), four(high)]))
}

fn deepest<'a>(
    analysis: &'a Analysis,
    audit: &TargetAudit,
    size: &str,
    source: &str,
    kind: SeriesKind,
) -> Option<&'a CellResult> {
    let is_of = |cell: &&CellResult| {
        let key = &cell.key;
        let is_kind = if kind == SeriesKind::Frozen { key.copied == key.frozen } else { key.frozen == 0 };
        cell.kind == CellKind::Transfer
            && key.method.is_gradient_descent()
            && (key.target.as_str(), key.size.as_str(), key.source.as_deref()) == (&*audit.target, size, Some(source))
            && key.copied <= analysis.study.top_depth()
            && is_kind
    };
    analysis.cells_of(&audit.target, size).iter().filter(is_of).max_by_key(|cell| cell.key.copied)
}
