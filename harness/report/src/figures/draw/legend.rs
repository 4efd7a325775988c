//! The legend explains every curve, band and sign, in as many rows as it needs.

use plotters::prelude::*;

use super::super::canvas::{Align, Canvas};
use super::super::font;
use super::super::marker;
use super::super::palette::{INK, REFERENCE, SOFT_INK, series_colour, tile};
use super::super::spec::{FigureSpec, Form, SeriesKind, Sign, Stroke};
use super::stroke::{pattern, stroke};
use super::{BODY, REPLICATE_RADIUS};

const ROW: f64 = 23.0;
const SAMPLE: f64 = 34.0;
const SCALE_SAMPLE: f64 = 150.0;
const SAMPLE_GAP: f64 = 8.0;
const ENTRY_GAP: f64 = 26.0;

/// The drawing before an entry's text.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Sample {
    Band,
    Curve(SeriesKind, usize),
    Line(SeriesKind, usize),
    Row(SeriesKind),
    Reference(Stroke),
    Sign(Sign),
    /// The colours of tiles.
    Scale,
}

impl Sample {
    fn width(self) -> f64 {
        if self == Sample::Scale { SCALE_SAMPLE } else { SAMPLE }
    }
}

struct Entry {
    sample: Sample,
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
        for (sample, label) in samples(spec) {
            let entry_width = sample.width() + SAMPLE_GAP + font::width(&label, BODY.em_px, BODY.weight);
            if at > 0.0 && at + entry_width > width {
                legend.num_rows += 1;
                at = 0.0;
            }
            legend.entries.push(Entry { sample, label, left: at, row: legend.num_rows - 1 });
            at += entry_width + ENTRY_GAP;
        }
        legend
    }

    pub fn height(&self) -> f64 {
        self.num_rows as f64 * ROW
    }
}

fn samples(spec: &FigureSpec) -> Vec<(Sample, String)> {
    let mut samples: Vec<(Sample, String)> = Vec::new();
    let mut add = |sample: Sample, label: &str| {
        if !samples.iter().any(|(_, known)| known == label) {
            samples.push((sample, label.to_owned()));
        }
    };
    let bands = spec.panels.iter().filter_map(|panel| panel.band.as_ref());
    bands.for_each(|band| add(Sample::Band, &band.label));
    let mut kinds: Vec<_> = spec.panels.iter().flat_map(|panel| &panel.series).collect();
    kinds.sort_by_key(|series| (series.kind, series.pattern));
    for series in kinds {
        match spec.form {
            Form::Curves | Form::Bands | Form::Paths => add(Sample::Curve(series.kind, series.pattern), &series.label),
            Form::Lines => add(Sample::Line(series.kind, series.pattern), &series.label),
            Form::Rows | Form::Points => add(Sample::Row(series.kind), &series.label),
            Form::Tiles => {}
        }
    }
    if let Some(scale) = &spec.scale {
        add(Sample::Scale, &scale.label);
    }
    let references = spec.panels.iter().flat_map(|panel| &panel.references);
    references.for_each(|reference| add(Sample::Reference(reference.stroke), &reference.label));
    spec.notes.iter().for_each(|note| add(Sample::Sign(note.sign), &note.label));
    samples
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
        sample(canvas, entry.sample, left, middle)?;
        let text = left + entry.sample.width() + SAMPLE_GAP;
        canvas.text(&entry.label, (text, middle + 4.7), Align::Left, BODY)?;
    }
    Ok(())
}

fn sample<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    sample: Sample,
    left: f64,
    y: f64,
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    let ends = [(left, y), (left + SAMPLE, y)];
    let centre = (left + SAMPLE / 2.0, y);
    match sample {
        Sample::Band => {
            canvas.rectangle((left, y - 6.0), (left + SAMPLE, y + 6.0), REFERENCE.mix(0.25))?;
            canvas.line(&ends, REFERENCE.to_rgba(), 1.8)
        }
        Sample::Line(kind, index) => {
            canvas.dashed(&ends, series_colour(kind, index).mix(0.75), 1.8, pattern(index, kind))
        }
        Sample::Curve(kind, index) => {
            let ink = series_colour(kind, index);
            canvas.dashed(&ends, ink.mix(0.75), 1.8, pattern(index, kind))?;
            marker::draw(canvas, kind, centre, ink, true)
        }
        Sample::Row(kind) => marker::draw(canvas, kind, centre, series_colour(kind, 0), true),
        Sample::Reference(kind) => stroke(canvas, kind, ends),
        Sample::Scale => scale(canvas, left, y),
        Sample::Sign(sign) => self::sign(canvas, sign, centre),
    }
}

fn sign<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    sign: Sign,
    (x, y): (f64, f64),
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    match sign {
        Sign::Filling => {
            marker::draw(canvas, SeriesKind::Frozen, (x - 8.0, y), SOFT_INK, true)?;
            marker::draw(canvas, SeriesKind::Frozen, (x + 8.0, y), SOFT_INK, false)
        }
        Sign::Replicate => [-7.0, 0.0, 7.0]
            .iter()
            .zip([1.0, -2.5, 2.0])
            .try_for_each(|(dx, dy)| canvas.disc((x + dx, y + dy), REPLICATE_RADIUS, SOFT_INK.mix(0.6))),
        Sign::Interval => {
            canvas.line(&[(x - 12.0, y), (x + 12.0, y)], SOFT_INK.to_rgba(), 1.5)?;
            [-12.0, 12.0]
                .iter()
                .try_for_each(|dx| canvas.line(&[(x + dx, y - 3.0), (x + dx, y + 3.0)], SOFT_INK.to_rgba(), 1.3))
        }
        Sign::Band => canvas.rectangle((x - 14.0, y - 6.0), (x + 14.0, y + 6.0), SOFT_INK.mix(0.25)),
        Sign::Missing => {
            let [left, top, right, bottom] = [x - 9.0, y - 7.0, x + 9.0, y + 7.0];
            let path = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
            canvas.line(&path, SOFT_INK.mix(0.6), 1.0)
        }
        verdict @ (Sign::Better | Sign::Worse | Sign::Equivalent | Sign::Undecided | Sign::Invalid) => {
            marker::glyph(canvas, verdict, (x, y), INK)
        }
    }
}

/// The colours of tiles, from harm at its worst to help at its best, in steps too small to see.
fn scale<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    left: f64,
    y: f64,
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    const STEPS: u32 = 50;
    let step = SCALE_SAMPLE / f64::from(STEPS);
    (0..STEPS).try_for_each(|index| {
        let share = 2.0 * (f64::from(index) + 0.5) / f64::from(STEPS) - 1.0;
        let x = left + f64::from(index) * step;
        canvas.rectangle((x, y - 7.0), (x + step, y + 7.0), tile(share).to_rgba())
    })
}
