//! The material of a report's pages.

use std::collections::BTreeMap;

use nt_analysis::{Analysis, CellResult};
use nt_records::manifest::{Completeness, Manifest};
use nt_scenario::JobId;

use crate::{figures, pictures};

/// Everything that the pages are made of.
pub(crate) struct Material {
    pub(crate) analysis: Analysis,
    /// The cells that the pages list, by their places.
    pub(crate) listed: Vec<usize>,
    pub(crate) manifest: Option<Manifest>,
    pub(crate) completeness: Completeness,
    pub(crate) result_digest: String,
    pub(crate) is_exploratory: bool,
    pub(crate) figures: Vec<Figure>,
    pub(crate) contact_sheets: Vec<pictures::ContactSheet>,
    /// The test images that drawers show, by target.
    pub(crate) thumbnails: BTreeMap<String, pictures::ThumbnailSheet>,
    pub(crate) first_layers: Vec<pictures::FirstLayer>,
    /// Names of classes by target, in label order.
    pub(crate) classes: BTreeMap<String, Vec<String>>,
    /// The scenario as it was given, line by line.
    pub(crate) scenario: Vec<String>,
    /// Its line for each job of the plan.
    pub(crate) lines: BTreeMap<JobId, usize>,
    /// What of the folder is not as it was written, in words.
    pub(crate) damage: Vec<String>,
    /// What is wrong with the records, in words.
    pub(crate) warnings: Vec<String>,
}

impl Material {
    /// The cells that the pages list, with their places.
    pub(crate) fn listed_cells(&self) -> impl Iterator<Item = (usize, &CellResult)> {
        self.listed.iter().map(|&at| (at, &self.analysis.cells[at]))
    }

    /// The scenario's line that a job comes from.
    pub(crate) fn line_of(&self, job: JobId) -> Option<usize> {
        self.lines.get(&job).copied()
    }

    /// The lines from that line on, up to the next empty one.
    pub(crate) fn block_at(&self, line: usize) -> String {
        let lines = self.scenario.iter().skip(line.saturating_sub(1)).take_while(|line| !line.trim().is_empty());
        lines.cloned().collect::<Vec<_>>().join("\n")
    }
}

/// A figure that was drawn.
pub(crate) struct Figure {
    /// Name of its files.
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) form: figures::Form,
    pub(crate) svg: String,
}
