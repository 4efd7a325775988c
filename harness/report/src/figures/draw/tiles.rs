//! The lattice of treatments as tiles: how deep is copied, and how much of that is frozen.

use plotters::prelude::*;

use super::super::canvas::{Align, Canvas, Type};
use super::super::font::Weight;
use super::super::marker::glyph;
use super::super::palette::{GRID, tile, tile_ink};
use super::super::spec::{Axis, FigureSpec, Panel, Point, Sign};
use super::Drawn;
use super::layout::{Frame, TILE};
use nt_records::number::signed;

/// Room between tiles.
const GAP: f64 = 2.0;

pub(super) fn draw<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    spec: &FigureSpec,
    panel: &Panel,
    frame: &Frame,
) -> Drawn<DB> {
    // Draws every possible point, so that a point that is not in the study is seen to be missing.
    let (least, most) = (spec.x.low.ceil() as u8, spec.x.high.floor() as u8);
    for copied in least..=most {
        for frozen in 0..=copied.min(spec.y.high.floor() as u8) {
            outline(canvas, frame.at(f64::from(copied), f64::from(frozen)))?;
        }
    }
    let points = panel.series.iter().flat_map(|series| &series.points);
    points.into_iter().try_for_each(|point| cell(canvas, spec.scale.as_ref(), point, frame))
}

fn corners((x, y): (f64, f64)) -> [(f64, f64); 2] {
    let half = (TILE.0 / 2.0 - GAP / 2.0, TILE.1 / 2.0 - GAP / 2.0);
    [(x - half.0, y - half.1), (x + half.0, y + half.1)]
}

fn outline<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, centre: (f64, f64)) -> Drawn<DB> {
    let [(left, top), (right, bottom)] = corners(centre);
    let path = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
    canvas.line(&path, GRID.to_rgba(), 1.0)
}

fn cell<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, scale: Option<&Axis>, point: &Point, frame: &Frame) -> Drawn<DB> {
    let (x, y) = frame.at(f64::from(point.copied), f64::from(point.frozen));
    let most = scale.map_or(1.0, |scale| scale.high.max(-scale.low)).max(f64::MIN_POSITIVE);
    let share = point.mean.map_or(0.0, |mean| mean / most);
    let [upper_left, lower_right] = corners((x, y));
    canvas.rectangle(upper_left, lower_right, tile(share).to_rgba())?;
    let ink = tile_ink(share);
    let look = Type { em_px: 12.0, weight: Weight::Bold, colour: ink };
    match point.mean {
        None => canvas.text("no run", (x, y + 4.4), Align::Centre, Type { weight: Weight::Regular, ..look }),
        Some(mean) => {
            canvas.text(&signed(mean), (x, y - 2.0), Align::Centre, look)?;
            glyph(canvas, verdict_sign(point), (x, y + 10.5), ink)
        }
    }
}

/// The sign of a verdict, by its name as tables print it.
fn verdict_sign(point: &Point) -> Sign {
    match point.verdict.as_deref() {
        Some(verdict) if verdict.ends_with("NEGATIVE") => Sign::Worse,
        Some(verdict) if verdict.ends_with("POSITIVE") => Sign::Better,
        Some("EQUIVALENT") => Sign::Equivalent,
        Some("INVALID") => Sign::Invalid,
        _ => Sign::Undecided,
    }
}
