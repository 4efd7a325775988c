//! A forest plot: one row for each contrast, with its mean and interval across the page.

use plotters::prelude::*;

use super::super::canvas::{Align, Canvas};
use super::super::marker;
use super::super::palette::series_colour;
use super::super::spec::{Panel, Point, SeriesKind};
use super::layout::Frame;
use super::stroke;
use super::{Drawn, REPLICATE_RADIUS, TICK};

/// How far below its row a replicate's point lies.
const BELOW: f64 = 6.0;

pub(super) fn draw<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, panel: &Panel, frame: &Frame) -> Drawn<DB> {
    for reference in &panel.references {
        let x = frame.across(reference.y);
        stroke::stroke(canvas, reference.stroke, [(x, frame.top), (x, frame.bottom())])?;
    }
    for series in &panel.series {
        let ink = series_colour(series.kind, series.pattern);
        series.points.iter().try_for_each(|point| row(canvas, point, frame, series.kind, ink))?;
    }
    Ok(())
}

fn row<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    point: &Point,
    frame: &Frame,
    kind: SeriesKind,
    ink: RGBColor,
) -> Drawn<DB> {
    let y = frame.row(point.x);
    let Some(mean) = point.mean else {
        return canvas.text("no pair of runs yet", (frame.left + 8.0, y + 4.4), Align::Left, TICK);
    };
    for &value in &point.replicates {
        canvas.disc((frame.across(value), y + BELOW), REPLICATE_RADIUS, ink.mix(0.5))?;
    }
    if let (Some(low), Some(high)) = (point.low, point.high) {
        let (left, right) = (frame.across(low), frame.across(high));
        let ends = [left.max(frame.left), right.min(frame.right())];
        canvas.line(&[(ends[0], y), (ends[1], y)], ink.to_rgba(), 1.5)?;
        // What is cut off has no end.
        let mut within = [left, right].into_iter().filter(|x| ends.contains(x));
        within.try_for_each(|x| canvas.line(&[(x, y - 3.0), (x, y + 3.0)], ink.to_rgba(), 1.3))?;
    }
    marker::draw(canvas, kind, (frame.across(mean), y), ink, point.differs)
}
