//! The legend: what every curve, band and sign is, set in as many rows as it takes.

use plotters::prelude::*;

use super::canvas::{Align, Canvas};
use super::draw::BODY;
use super::font;
use super::marker;
use super::palette::{REFERENCE, SOFT_INK, colour};
use super::spec::{FigureSpec, SeriesKind};

const ROW: f64 = 23.0;
const SAMPLE: f64 = 34.0;
const SAMPLE_GAP: f64 = 8.0;
const ENTRY_GAP: f64 = 26.0;

/// The sign of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Band,
    Curve(SeriesKind),
    Chance,
    /// A filled and a hollow marker.
    Filling,
    Replicate,
}

struct Entry {
    sign: Sign,
    label: String,
    /// From the legend's left end.
    left: f64,
    row: usize,
}

/// A legend, laid out.
pub(super) struct Legend {
    entries: Vec<Entry>,
    num_rows: usize,
}

impl Legend {
    pub fn new(spec: &FigureSpec, width: f64) -> Self {
        let mut legend = Legend { entries: Vec::new(), num_rows: 1 };
        let mut at = 0.0;
        for (sign, label) in signs(spec) {
            let entry_width = SAMPLE + SAMPLE_GAP + font::width(&label, BODY.em_px, BODY.weight);
            if at > 0.0 && at + entry_width > width {
                legend.num_rows += 1;
                at = 0.0;
            }
            legend.entries.push(Entry { sign, label, left: at, row: legend.num_rows - 1 });
            at += entry_width + ENTRY_GAP;
        }
        legend
    }

    pub fn height(&self) -> f64 {
        self.num_rows as f64 * ROW
    }
}

fn signs(spec: &FigureSpec) -> Vec<(Sign, String)> {
    let mut signs: Vec<(Sign, String)> = Vec::new();
    let mut add = |sign: Sign, label: &str| {
        if !signs.iter().any(|(_, known)| known == label) {
            signs.push((sign, label.to_owned()));
        }
    };
    let bands = spec.panels.iter().filter_map(|panel| panel.band.as_ref());
    bands.for_each(|band| add(Sign::Band, &band.label));
    let mut kinds: Vec<_> = spec.panels.iter().flat_map(|panel| &panel.series).collect();
    kinds.sort_by_key(|series| (series.kind, series.pattern));
    kinds.into_iter().for_each(|series| add(Sign::Curve(series.kind), &series.label));
    let references = spec.panels.iter().flat_map(|panel| &panel.references);
    references.for_each(|reference| add(Sign::Chance, &reference.label));
    for (note, sign) in spec.notes.iter().zip([Sign::Filling, Sign::Replicate]) {
        add(sign, note);
    }
    signs
}

/// Draws a legend with its upper left corner at `corner`.
pub(super) fn draw<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    legend: &Legend,
    corner: (f64, f64),
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    for entry in &legend.entries {
        let left = corner.0 + entry.left;
        let middle = corner.1 + (entry.row as f64 + 0.5) * ROW;
        sample(canvas, entry.sign, left, middle)?;
        canvas.text(&entry.label, (left + SAMPLE + SAMPLE_GAP, middle + 4.7), Align::Left, BODY)?;
    }
    Ok(())
}

fn sample<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    sign: Sign,
    left: f64,
    y: f64,
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    let ends = [(left, y), (left + SAMPLE, y)];
    let centre = (left + SAMPLE / 2.0, y);
    match sign {
        Sign::Band => {
            canvas.rectangle((left, y - 6.0), (left + SAMPLE, y + 6.0), REFERENCE.mix(0.25))?;
            canvas.line(&ends, REFERENCE.to_rgba(), 1.8)
        }
        Sign::Curve(kind) => {
            let dashes: &[f64] = if kind == SeriesKind::Untrained { &[3.0, 3.0] } else { &[] };
            canvas.dashed(&ends, colour(kind).mix(0.75), 1.8, dashes)?;
            marker::draw(canvas, kind, centre, colour(kind), true)
        }
        Sign::Chance => canvas.dashed(&ends, SOFT_INK.to_rgba(), 1.4, &[1.6, 4.0]),
        Sign::Filling => {
            marker::draw(canvas, SeriesKind::Frozen, (centre.0 - 8.0, y), SOFT_INK, true)?;
            marker::draw(canvas, SeriesKind::Frozen, (centre.0 + 8.0, y), SOFT_INK, false)
        }
        Sign::Replicate => [-7.0, 0.0, 7.0]
            .iter()
            .zip([1.0, -2.5, 2.0])
            .try_for_each(|(dx, dy)| canvas.disc((centre.0 + dx, y + dy), 1.7, SOFT_INK.mix(0.6))),
    }
}
