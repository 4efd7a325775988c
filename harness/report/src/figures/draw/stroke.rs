//! How lines are dashed.

use plotters::prelude::*;

use super::super::canvas::Canvas;
use super::super::palette::{INK, SOFT_INK};
use super::super::spec::{SeriesKind, Stroke};
use super::Drawn;

const DOTS: [f64; 2] = [1.8, 5.4];

/// Draws a reference from one end to the other.
pub(super) fn stroke<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, stroke: Stroke, ends: [(f64, f64); 2]) -> Drawn<DB> {
    match stroke {
        Stroke::Dotted => canvas.dashed(&ends, SOFT_INK.to_rgba(), 1.4, &DOTS),
        Stroke::Solid => canvas.line(&ends, INK.to_rgba(), 1.4),
    }
}

/// Dashes of a curve: those of its source, except for controls and trainings, which have their own.
pub(super) fn pattern(index: usize, kind: SeriesKind) -> &'static [f64] {
    match (kind, index) {
        (SeriesKind::Untrained, _) => &[3.0, 3.0],
        (SeriesKind::Scratch, _) => &[7.0, 4.0],
        (SeriesKind::Depth, _) | (_, 0) => &[],
        (_, 1) => &[9.0, 4.0],
        _ => &[9.0, 3.0, 2.0, 3.0],
    }
}
