//! Points with an interval in both directions. Each source is named above its place.

use plotters::prelude::*;

use super::super::canvas::{Align, Canvas};
use super::super::marker;
use super::super::palette::{GRID, series_colour};
use super::super::spec::{Panel, SeriesKind};
use super::layout::Frame;
use super::{Drawn, REPLICATE_RADIUS, TICK, curves, stroke};

/// Half the distance of two kinds of one source, figure pixels.
const ASIDE: f64 = 4.0;
/// Distance of a point's replicates from it, on its own side.
const REPLICATES_ASIDE: f64 = 6.0;
/// Number of lines over which the names of neighbours are distributed.
const NAME_LINES: usize = 4;
/// Width of a letter of a name, roughly, figure pixels.
const LETTER: f64 = 6.5;
/// Free space after a name.
const NAME_GAP: f64 = 8.0;

pub(super) fn draw<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, panel: &Panel, frame: &Frame) -> Drawn<DB> {
    let mut named: Vec<(&str, f64)> = Vec::new();
    for series in &panel.series {
        let is_known = named.iter().any(|(name, _)| *name == series.source);
        if let Some(point) = series.points.first().filter(|_| !is_known) {
            named.push((&series.source, frame.at_x(point.x)));
        }
    }
    named.sort_by(|first, second| first.1.total_cmp(&second.1));
    for &(_, x) in &named {
        canvas.line(&[(x, frame.top), (x, frame.bottom())], GRID.to_rgba(), 1.0)?;
    }
    for reference in &panel.references {
        let y = frame.at_y(reference.y);
        stroke::stroke(canvas, reference.stroke, [(frame.left, y), (frame.right(), y)])?;
    }
    for series in &panel.series {
        let ink = series_colour(series.kind, series.pattern);
        let aside = if series.kind == SeriesKind::Frozen { -ASIDE } else { ASIDE };
        for point in &series.points {
            let Some(mean) = point.mean else { continue };
            let (x, y) = (frame.at_x(point.x) + aside, frame.at_y(mean));
            if let Some([low, high]) = point.across {
                let ends = [frame.at_x(low).max(frame.left) + aside, frame.at_x(high).min(frame.right()) + aside];
                canvas.line(&[(ends[0], y), (ends[1], y)], ink.mix(0.55), 1.1)?;
            }
            curves::interval(canvas, point, frame, x, ink)?;
            let beside = x + REPLICATES_ASIDE.copysign(aside);
            for &value in &point.replicates {
                canvas.disc((beside, frame.at_y(value)), REPLICATE_RADIUS, ink.mix(0.5))?;
            }
            marker::draw(canvas, series.kind, (x, y), ink, point.differs)?;
        }
    }
    let mut ends = [f64::NEG_INFINITY; NAME_LINES];
    for (name, x) in named {
        let width = LETTER * name.chars().count() as f64;
        // Near an edge a name stands on the inner side of its line.
        let is_at_edge = x + 5.0 + width > frame.right();
        let (align, at, left) =
            if is_at_edge { (Align::Right, x - 5.0, x - 5.0 - width) } else { (Align::Left, x + 5.0, x + 5.0) };
        let line = first_free(&ends, left);
        ends[line] = left + width + NAME_GAP;
        canvas.text(name, (at, frame.top + 12.0 + 14.0 * line as f64), align, TICK)?;
    }
    Ok(())
}

/// The first line that is free from there on, or else the line that becomes free first.
fn first_free(ends: &[f64; NAME_LINES], left: f64) -> usize {
    let soonest = || (0..NAME_LINES).min_by(|first, second| ends[*first].total_cmp(&ends[*second]));
    ends.iter().position(|end| *end <= left).or_else(soonest).unwrap_or(0)
}
