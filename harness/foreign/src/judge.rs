//! Decides contrasts: by which method, within which family and scope.

use nt_stats::decide;
use nt_stats::verdict::{Contrast, Decision, FamilyError, Reach, Scope, Settings, decide_resampled, decide_runs};

use crate::columns::Roles;
use crate::fault::Fault;
use crate::key::{Key, name};
use crate::pairing::Paired;
use crate::reading::Table;
use crate::{FEWEST_FOR_NEGATIVE_TRANSFER, Judged, Labels, Question, TableMethod};

/// Decides the arms of sources that are judged as one family, and those of the untrained source and the twin as another.
pub(crate) fn decide_all(
    pairs: Vec<Paired>,
    table: &Table,
    roles: &Roles,
    method: TableMethod,
    (question, margin_pp): (&Question, f64),
) -> Result<Vec<Judged>, Fault> {
    let mut judged: Vec<Option<Judged>> = pairs.iter().map(|_| None).collect();
    for controls in [false, true] {
        let places: Vec<usize> = (0..pairs.len()).filter(|at| pairs[*at].is_control == controls).collect();
        let family: Vec<Contrast> = places.iter().map(|at| pairs[*at].contrast.clone()).collect();
        let decisions = decide_by(method, &family, &settings(method, question, margin_pp))
            .map_err(|error| Fault::Statistics { message: error.to_string().replace("margin_pp", "--margin-pp") })?;
        for (at, decision) in places.into_iter().zip(decisions) {
            judged[at] = Some(finish(&pairs[at], decision, table, roles, method, question));
        }
    }
    Ok(judged.into_iter().flatten().collect())
}

fn finish(
    paired: &Paired,
    mut decision: Decision,
    table: &Table,
    roles: &Roles,
    method: TableMethod,
    question: &Question,
) -> Judged {
    let scope = scope(method, question);
    for gap in decision.gaps_mut() {
        gap.scope = Scope { in_clusters: gap.scope.in_clusters, ..scope };
        gap.num_examples = paired.num_examples;
    }
    Judged {
        cell: if paired.cell.is_empty() { "all".to_owned() } else { name(&paired.cell) },
        arm: name(&paired.arm),
        labels: labels(paired, table, roles),
        is_control: paired.is_control,
        may_say_negative_transfer: paired.has_untrained
            && question.fresh_sources
            && method != TableMethod::Resampled
            && decision.gap.num_replicates >= FEWEST_FOR_NEGATIVE_TRANSFER,
        num_test_examples: (!roles.judges_runs()).then_some(paired.num_examples),
        clusters: paired.clusters,
        decision,
    }
}

/// What the verdicts are about.
fn scope(method: TableMethod, question: &Question) -> Scope {
    let reach = |wide| if wide { Reach::Population } else { Reach::This };
    Scope {
        test_images: reach(method == TableMethod::Crossed),
        source_network: reach(question.fresh_sources),
        ..Scope::default()
    }
}

fn decide_by(method: TableMethod, family: &[Contrast], settings: &Settings) -> Result<Vec<Decision>, FamilyError> {
    match method {
        TableMethod::PairedT => decide_runs(family, settings),
        TableMethod::Resampled => decide_resampled(family, settings),
        TableMethod::Crossed | TableMethod::SignFlip => decide(family, settings),
    }
}

/// The settings that make [`decide`] use the method.
fn settings(method: TableMethod, question: &Question, margin_pp: f64) -> Settings {
    let test_images = if method == TableMethod::SignFlip { Reach::This } else { Reach::Population };
    Settings {
        margin_pp,
        alpha: question.alpha,
        scope: Scope { test_images, ..Scope::default() },
        ..Settings::default()
    }
}

fn labels(paired: &Paired, table: &Table, roles: &Roles) -> Labels {
    let text = |column: &str| table.column(column).map(|at| table.text(paired.row, at).to_owned()).unwrap_or_default();
    let depth = |column: &str| text(column).trim_end_matches(".0").parse().ok();
    // Columns without a place of their own go into the target and the treatment.
    let rest = |columns: &[usize], keys: &[Key], own: &[&str]| {
        let others = columns.iter().zip(keys).filter(|(at, _)| !own.contains(&table.header()[**at].as_str()));
        name(&others.map(|(_, key)| key.clone()).collect::<Vec<_>>())
    };
    const OWN: [&str; 5] = ["source", "size", "similarity", "copied", "frozen"];
    Labels {
        source: text("source"),
        target: rest(&roles.cell, &paired.cell, &OWN),
        size: text("size"),
        similarity: text("similarity"),
        treatment: rest(&roles.arm, &paired.arm, &OWN),
        copied: depth("copied"),
        frozen: depth("frozen"),
    }
}
