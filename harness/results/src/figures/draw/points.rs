//! Points with an interval in both directions, each source named above its place.

use plotters::prelude::*;

use super::super::canvas::{Align, Canvas};
use super::super::marker;
use super::super::palette::{GRID, series_colour};
use super::super::spec::{Panel, SeriesKind};
use super::layout::Frame;
use super::{Drawn, TICK, curves};

/// Half the distance of two kinds of one source, figure pixels.
const ASIDE: f64 = 4.0;
/// Lines that names are dealt over, so that neighbours do not cover each other.
const NAME_LINES: usize = 3;

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
        curves::stroke(canvas, reference.stroke, [(frame.left, y), (frame.right(), y)])?;
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
            marker::draw(canvas, series.kind, (x, y), ink, point.differs)?;
        }
    }
    for (index, (name, x)) in named.into_iter().enumerate() {
        let baseline = frame.top + 12.0 + 14.0 * (index % NAME_LINES) as f64;
        // Near an edge a name stands on the inner side of its line.
        let (align, nudge) = if x > frame.right() - 60.0 { (Align::Right, -5.0) } else { (Align::Left, 5.0) };
        canvas.text(name, (x + nudge, baseline), align, TICK)?;
    }
    Ok(())
}
