//! A figure's data as JSON and CSV, for drawing it elsewhere.

use std::io;

use serde::Serialize;

use super::{FigureError, FigureSpec};

/// The whole specification as JSON.
pub(super) fn json(spec: &FigureSpec) -> Result<Vec<u8>, FigureError> {
    let mut json = serde_json::to_vec_pretty(spec)
        .map_err(|error| FigureError::Data { figure: spec.name.clone(), source: error.into() })?;
    json.push(b'\n');
    Ok(json)
}

/// One row for each point.
#[derive(Serialize)]
struct Row<'a> {
    schema_version: u32,
    panel: &'a str,
    series: &'a str,
    source: &'a str,
    x: f64,
    copied: u8,
    frozen: u8,
    mean: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    n: usize,
    n_planned: usize,
    verdict: Option<&'a str>,
}

/// The points as CSV. A panel's band is a series of its own, at the depth at which its replicates are drawn.
pub(super) fn csv(spec: &FigureSpec) -> Result<Vec<u8>, FigureError> {
    let failed = |source: io::Error| FigureError::Data { figure: spec.name.clone(), source };
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut write = |row: Row<'_>| writer.serialize(row).map_err(|error| failed(io::Error::other(error)));
    for panel in &spec.panels {
        let base = Row {
            schema_version: spec.schema_version,
            panel: &panel.title,
            series: "",
            source: "",
            x: 0.0,
            copied: 0,
            frozen: 0,
            mean: None,
            low: None,
            high: None,
            n: 0,
            n_planned: 0,
            verdict: None,
        };
        if let Some(band) = &panel.band {
            let (n, mean) = (band.replicates.len(), Some(band.mean));
            write(Row {
                series: "scratch",
                x: band.at,
                mean,
                low: band.low,
                high: band.high,
                n,
                n_planned: n,
                ..base
            })?;
        }
        for series in &panel.series {
            for point in &series.points {
                write(Row {
                    schema_version: spec.schema_version,
                    panel: &panel.title,
                    series: &series.label,
                    source: &series.source,
                    x: point.x,
                    copied: point.copied,
                    frozen: point.frozen,
                    mean: point.mean,
                    low: point.low,
                    high: point.high,
                    n: point.replicates.len(),
                    n_planned: point.num_planned,
                    verdict: point.verdict.as_deref(),
                })?;
            }
        }
    }
    writer.into_inner().map_err(|error| failed(error.into_error()))
}
