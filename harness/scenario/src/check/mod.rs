//! Holds the values of a scenario against each other, and makes the scenario where nothing is wrong.

mod build;
mod defaults;
mod input;
mod known;
mod labels;
mod learning_rate;
mod looks;
mod names;
mod notes;
mod references;
mod treatments;

use std::sync::Arc;

use crate::data::{Known, KnownByName};
use crate::diagnostic::{Code, Diagnostic, Faults, sort};
use crate::facts::Facts;
use crate::place::Document;
use crate::raw::{self, RawScenario, Version};
use crate::reader::Report;
use crate::scenario::Scenario;

impl Scenario {
    /// The scenario of a text, `file` being the name that diagnostics show.
    ///
    /// # Errors
    /// Every fault that can be seen without looking at data, in the order of the file.
    pub fn parse(text: &str, file: &str) -> Result<Self, Faults> {
        Self::parse_as(text, file, None)
    }

    /// The scenario of a study's folder, whose `resolved.toml` is `resolved`. Where that was written before every replicate
    /// searched for itself, a scenario of version 2 still meant what version 1 means.
    ///
    /// # Errors
    /// As [`Scenario::parse`].
    pub fn parse_kept(text: &str, file: &str, resolved: &str) -> Result<Self, Faults> {
        Self::parse_as(text, file, Self::is_of_one_search(resolved).then_some(Version::One))
    }

    /// Whether a `resolved.toml` was written before every replicate searched for itself, when version 2 meant what version 1 means.
    fn is_of_one_search(resolved: &str) -> bool {
        let document = Document::new("", resolved);
        let (raw, _) = raw::read(&document);
        raw.study.is_some_and(|study| study.reference_runs.is_none())
    }

    fn parse_as(text: &str, file: &str, meant: Option<Version>) -> Result<Self, Faults> {
        let document = Document::new(file, text);
        let (mut raw, mut report) = raw::read(&document);
        raw.version.value = meant.unwrap_or(raw.version.value);
        let read_to_the_end = !report.diagnostics.iter().any(|d| matches!(d.code, Code::Syntax | Code::Version));
        if read_to_the_end {
            check(&raw, &mut report);
        }
        let mut diagnostics = report.diagnostics;
        if diagnostics.is_empty() {
            match build::scenario(raw, Arc::new(document)) {
                Some(scenario) => return Ok(scenario),
                None => diagnostics.push(Diagnostic::new(
                    Code::MissingKey,
                    "the scenario is incomplete, and nt cannot say where: this is a fault of nt",
                    "please report it with the scenario",
                )),
            }
        }
        sort(&mut diagnostics);
        Err(Faults(diagnostics))
    }

    /// Faults that show only when the data are looked at: a folder that is not there, a class that does not exist, a
    /// split larger than the data.
    ///
    /// `facts` has an entry for every dataset of [`Scenario::data`] and every source that is read from a file; one without an
    /// entry is a fault too.
    pub fn check_data(&self, facts: &Facts) -> Vec<Diagnostic> {
        let mut report = Report::new(&self.origin.document);
        known::unreadable(&self.origin.raw, facts, &mut report);
        let known: KnownByName<'_> = facts
            .data
            .iter()
            .filter_map(|(name, facts)| Some((name.as_str(), Known::of_facts(facts.as_ref().ok()?))))
            .collect();
        known::check(&self.origin.raw, &known, &mut report);
        labels::check(&self.origin.raw, &known, &mut report);
        sort(&mut report.diagnostics);
        report.diagnostics
    }

    /// What its author should know although it is not a fault: pools left out, sources and data never used.
    pub fn notes(&self) -> Vec<Diagnostic> {
        let mut report = Report::new(&self.origin.document);
        notes::report(self, &mut report);
        sort(&mut report.diagnostics);
        report.diagnostics
    }

    /// The text it was parsed from.
    pub fn text(&self) -> &str {
        &self.origin.document.text
    }
}

/// Every fault that can be seen without looking at data.
fn check(raw: &RawScenario, report: &mut Report) {
    names::check(raw, report);
    references::check(raw, report);
    learning_rate::check(raw, report);
    looks::check(raw, report);
    treatments::check(raw, report);
    input::check(raw, report);
    let declared = raw.data.iter().filter_map(|data| {
        let name = data.name.value.as_str();
        Some((name, data.body.as_ref()?.resolve(name).known()))
    });
    let declared = declared.collect();
    known::check(raw, &declared, report);
    labels::check(raw, &declared, report);
}
