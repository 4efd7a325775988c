//! Titles and axes, which several figures share.

use super::depth::{all_sources, sources};
use super::{Axis, Panel, Point, Tick};
use crate::shown;
use crate::words::number::test_images;
use nt_analysis::study::Study;
use nt_analysis::{Analysis, Quadrant, Wording};
use nt_records::number::thousands;

/// What filled and hollow markers mean. A gate can hold back a gap whose interval excludes zero, so hollow covers both.
pub(super) const FILLING: &str =
    "filled: differs from scratch (adjusted); hollow: not shown to differ, or held back by a gate";

/// The name of a figure's files, with the target if there are several.
pub(super) fn name(study: &Study, stem: &str, target: &str) -> String {
    if study.targets.len() == 1 { stem.to_owned() } else { format!("{stem}-{target}") }
}

/// The deciding metric: "top-1 accuracy".
pub(super) fn metric_words(study: &Study) -> &'static str {
    study.metric.words()
}

/// Network, replicates, test images.
pub(super) fn subtitle(analysis: &Analysis, target: &str, parameters: Option<u64>) -> String {
    let study = &analysis.study;
    let mut parts = vec![study.network.clone()];
    parts.extend(parameters.map(|count| format!("{} parameters", thousands(count))));
    parts.push(format!("n = {} replicates", study.replicates));
    if let Some(test) = analysis.test_sets.get(target) {
        parts.push(format!("{} of {} classes", test_images(test), test.num_classes));
    }
    parts.join(" · ")
}

/// "small (20 images a class) · similar: near".
pub(super) fn panel_title(analysis: &Analysis, quadrant: &Quadrant) -> String {
    let names: Vec<&str> = sources(analysis, quadrant).iter().map(|source| source.name.as_str()).collect();
    let share = shown::share(names.len(), all_sources(analysis, quadrant).len(), "sources");
    format!("{} ({}) · {}: {}{share}", quadrant.size, quadrant.images.words(), quadrant.similarity, names.join(", "))
}

/// A quadrant's result, for readers who cannot see the figure.
pub(super) fn sentence(analysis: &Analysis, quadrant: &Quadrant) -> String {
    let tally = quadrant.tally;
    let gap = |at: Option<usize>| at.and_then(|at| analysis.cells[at].gap_pp());
    let gaps = gap(quadrant.worst).zip(gap(quadrant.best)).map(|(worst, best)| {
        format!("; gaps from {worst:+.1} to {best:+.1} {}", Wording::of(analysis.study.metric).gap_unit)
    });
    format!(
        "{} {}, {} source: of {} treatments {} are better than scratch and {} worse{}.",
        quadrant.target,
        quadrant.size,
        quadrant.similarity,
        tally.total(),
        tally.helped,
        tally.worse(),
        gaps.unwrap_or_default(),
    )
}

/// The range of a panel's points and band, without references.
pub(super) fn extent(panels: &[Panel]) -> Vec<f64> {
    let of_point = |point: &Point| {
        let ends = [point.mean, point.low, point.high];
        ends.into_iter().flatten().chain(point.replicates.iter().copied()).collect::<Vec<_>>()
    };
    let of_panel = |panel: &Panel| {
        let mut values = Vec::new();
        values.extend(panel.band.iter().flat_map(|band| [band.low, band.high, Some(band.mean)]).flatten());
        values.extend(panel.series.iter().flat_map(|series| &series.points).flat_map(of_point));
        values
    };
    panels.iter().flat_map(of_panel).filter(|value| value.is_finite()).collect()
}

/// How often the farthest gap an interval may reach before it is cut off: one of too few replicates dwarfs all others.
const FARTHEST: f64 = 3.0;

/// The range of an axis of gaps: every gap, the margin on both sides, and intervals as far as they are not cut off. And whether
/// any is.
pub(super) fn gap_range(panels: &[Panel], margin_pp: f64) -> (Vec<f64>, bool) {
    let points = || panels.iter().flat_map(|panel| &panel.series).flat_map(|series| &series.points);
    let mut values: Vec<f64> =
        points().flat_map(|point| point.mean.into_iter().chain(point.replicates.iter().copied())).collect();
    values.extend([-margin_pp, margin_pp]);
    let most = FARTHEST * values.iter().map(|value| value.abs()).filter(|value| value.is_finite()).fold(0.0, f64::max);
    let ends: Vec<f64> = points().flat_map(|point| [point.low, point.high]).flatten().collect();
    let is_cut = ends.iter().any(|end| end.abs() > most);
    values.extend(ends.iter().map(|end| end.clamp(-most, most)));
    values.retain(|value| value.is_finite());
    (values, is_cut)
}

/// The most marks of an axis.
const MOST_MARKS: f64 = 7.0;

/// An axis from the mark below the least value to the mark above the largest, with marks at a round distance.
pub(super) fn fitted(label: String, values: &[f64], write: fn(f64) -> String) -> Axis {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min).min(f64::MAX);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max).max(f64::MIN);
    let (least, most) = if least < most { (least, most) } else { (0.0, 1.0) };
    let distances = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0];
    let step = distances.into_iter().find(|step| (most - least) / step <= MOST_MARKS - 1.0).unwrap_or(most - least);
    let (first, last) = ((least / step).floor(), (most / step).ceil());
    let num_marks = (last - first).round().max(1.0) as u32;
    let marks = (0..=num_marks).map(|mark| (first + f64::from(mark)) * step);
    let ticks = marks.map(|at| Tick { at: round4(at), label: write(at) }).collect();
    let high = round4((first + f64::from(num_marks)) * step);
    Axis { label, low: round4(first * step), high, is_logarithmic: false, ticks }
}

/// Rounds to four decimals, because further digits of an interval may differ between machines. Never gives minus zero.
pub(super) fn round4(value: f64) -> f64 {
    (value * 1e4).round() / 1e4 + 0.0
}

/// A gap's mark: "−20", "0", "+20".
pub(super) fn gap_mark(at: f64) -> String {
    let number = format!("{:.0}", at.abs());
    match at {
        at if number == "0" || at == 0.0 => "0".to_owned(),
        at if at < 0.0 => format!("−{number}"),
        _ => format!("+{number}"),
    }
}
