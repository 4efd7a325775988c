//! Means over an axis: curves with markers, intervals and replicates, or lines alone.

use plotters::prelude::*;

use super::super::canvas::Canvas;
use super::super::marker;
use super::super::palette::{REFERENCE, series_colour};
use super::super::spec::{Band, FigureSpec, Form, Panel, Point, Series};
use super::layout::Frame;
use super::stroke::{pattern, stroke};
use super::{Drawn, REPLICATE_RADIUS};

pub(super) fn draw<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    spec: &FigureSpec,
    panel: &Panel,
    frame: &Frame,
) -> Drawn<DB> {
    if let Some(band) = &panel.band {
        self::band(canvas, band, frame)?;
    }
    for reference in &panel.references {
        let y = frame.at_y(reference.y);
        stroke(canvas, reference.stroke, [(frame.left, y), (frame.right(), y)])?;
    }
    if spec.form == Form::Lines {
        return panel.series.iter().try_for_each(|series| line(canvas, series, frame, 0.0));
    }
    // Points that were measured along the axis are drawn at their measured places.
    let offsets = if spec.form == Form::Paths { vec![0.0; panel.series.len()] } else { offsets(panel.series.len()) };
    // Replicates are drawn in the gap to the right of their interval.
    let aside = spacing(panel.series.len()) / 2.0;
    for (series, offset) in panel.series.iter().zip(&offsets) {
        if spec.form == Form::Bands {
            ribbon(canvas, series, frame, *offset)?;
        }
        curve(canvas, series, frame, (*offset, aside), spec.form != Form::Bands)?;
    }
    for (series, offset) in panel.series.iter().zip(&offsets) {
        markers(canvas, series, frame, *offset)?;
    }
    Ok(())
}

fn band<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, band: &Band, frame: &Frame) -> Drawn<DB> {
    if let (Some(low), Some(high)) = (band.low, band.high) {
        let (top, bottom) = (frame.at_y(high).max(frame.top), frame.at_y(low).min(frame.bottom()));
        canvas.rectangle((frame.left, top), (frame.right(), bottom), REFERENCE.mix(0.25))?;
    }
    let y = frame.at_y(band.mean);
    canvas.line(&[(frame.left, y), (frame.right(), y)], REFERENCE.to_rgba(), 1.8)?;
    band.replicates
        .iter()
        .try_for_each(|&value| canvas.disc(frame.at(band.at, value), REPLICATE_RADIUS, REFERENCE.mix(0.8)))
}

/// Distance of neighbouring curves at one depth. They stand side by side, so that their intervals do not cover each
/// other.
fn spacing(num_curves: usize) -> f64 {
    const WIDEST: f64 = 0.24;
    WIDEST.min(0.84 / num_curves.max(1) as f64)
}

fn offsets(num_curves: usize) -> Vec<f64> {
    let middle = (num_curves.max(1) - 1) as f64 / 2.0;
    (0..num_curves).map(|index| (index as f64 - middle) * spacing(num_curves)).collect()
}

fn line<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, series: &Series, frame: &Frame, offset: f64) -> Drawn<DB> {
    let ink = series_colour(series.kind, series.pattern);
    let means: Vec<(f64, f64)> =
        series.points.iter().filter_map(|point| Some(frame.at(point.x + offset, point.mean?))).collect();
    canvas.dashed(&means, ink.mix(0.75), 1.8, pattern(series.pattern, series.kind))
}

fn curve<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    series: &Series,
    frame: &Frame,
    (offset, aside): (f64, f64),
    has_bars: bool,
) -> Drawn<DB> {
    line(canvas, series, frame, offset)?;
    let ink = series_colour(series.kind, series.pattern);
    for point in &series.points {
        let x = frame.at_x(point.x + offset);
        if has_bars {
            interval(canvas, point, frame, x, ink)?;
        }
        for &value in &point.replicates {
            canvas.disc(frame.at(point.x + offset + aside, value), REPLICATE_RADIUS, ink.mix(0.5))?;
        }
    }
    Ok(())
}

/// The intervals of neighbouring points as one shaded band, cut off where the panel ends.
fn ribbon<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, series: &Series, frame: &Frame, offset: f64) -> Drawn<DB> {
    let ink = series_colour(series.kind, series.pattern);
    let inside = |y: f64| frame.at_y(y).clamp(frame.top, frame.bottom());
    let ends: Vec<(f64, f64, f64)> = series
        .points
        .iter()
        .filter_map(|point| Some((frame.at_x(point.x + offset), inside(point.low?), inside(point.high?))))
        .collect();
    if ends.len() < 2 {
        return Ok(());
    }
    let lower = ends.iter().map(|&(x, low, _)| (x, low));
    let upper = ends.iter().rev().map(|&(x, _, high)| (x, high));
    canvas.polygon(&lower.chain(upper).collect::<Vec<_>>(), ink.mix(0.16))
}

pub(super) fn interval<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    point: &Point,
    frame: &Frame,
    x: f64,
    ink: RGBColor,
) -> Drawn<DB> {
    let (Some(low), Some(high)) = (point.low, point.high) else { return Ok(()) };
    let (top, bottom) = (frame.at_y(high), frame.at_y(low));
    let ends = [top.max(frame.top), bottom.min(frame.bottom())];
    canvas.line(&[(x, ends[0]), (x, ends[1])], ink.to_rgba(), 1.3)?;
    // What is cut off has no end.
    let mut within = [top, bottom].into_iter().filter(|y| ends.contains(y));
    within.try_for_each(|y| canvas.line(&[(x - 3.0, y), (x + 3.0, y)], ink.to_rgba(), 1.3))
}

fn markers<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, series: &Series, frame: &Frame, offset: f64) -> Drawn<DB> {
    let ink = series_colour(series.kind, series.pattern);
    series.points.iter().try_for_each(|point| match point.mean {
        Some(mean) => marker::draw(canvas, series.kind, frame.at(point.x + offset, mean), ink, point.differs),
        None => Ok(()),
    })
}
