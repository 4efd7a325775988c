//! DomainBed's `results.jsonl`: a record for each checkpoint of each run, of which its own rule chooses.

use std::collections::BTreeMap;

use super::Table;
use crate::fault::{Fault, TableFault};
use crate::key::Key;
use crate::notation::Notation;

/// The columns of the chosen table, beside that of the accuracy.
pub(crate) const CHOSEN: [&str; 4] = ["args.dataset", "args.algorithm", "args.test_envs", "args.trial_seed"];

/// The column of the chosen accuracy.
pub(crate) const ACCURACY: &str = "accuracy";

/// Of a draw of hyperparameters, the best checkpoint: its validation, its accuracy and its row.
type Best = (f64, f64, usize);

/// The table with one row a run that DomainBed would report, and how it was made; `None` where the records are not DomainBed's.
///
/// Of each algorithm, data set, test domain and trial, the checkpoint with the best training-domain validation counts: the mean accuracy
/// on the held-out parts of the other domains, over all checkpoints of a draw of hyperparameters, then over draws. Its accuracy on the
/// test domain is that on the larger part ("in"). Of equal checkpoints the first counts, of equal draws the one of the highest seed.
///
/// # Source
/// Gulrajani & Lopez-Paz 2021 (In Search of Lost Domain Generalization), `IIDAccuracySelectionMethod`.
pub(crate) fn chosen(table: &Table, faults: &mut Vec<TableFault>) -> Option<(Table, String)> {
    let places = CHOSEN.map(|name| table.column(name));
    let [Some(_), Some(_), Some(test_envs), Some(_)] = places else { return None };
    let hparams_seed = table.column("args.hparams_seed")?;
    let places: Vec<usize> = places.into_iter().flatten().collect();
    let env = |number: usize, part: &str| table.column(&format!("env{number}_{part}_acc"));
    let out: Vec<usize> = (0..).map_while(|number| env(number, "out")).collect();
    if out.is_empty() {
        return None;
    }
    // For each run that is reported, by its draws of hyperparameters.
    let mut best: BTreeMap<Vec<Key>, BTreeMap<Key, Best>> = BTreeMap::new();
    let mut num_skipped = 0;
    for row in 0..table.num_rows() {
        // Records of two test domains serve leave-one-domain-out validation.
        let Ok(test_env) = table.text(row, test_envs).parse::<usize>() else {
            num_skipped += 1;
            continue;
        };
        let number = |column: usize| {
            let value = table.text(row, column).to_owned();
            let number = Notation::PLAIN.number(&value);
            number.ok_or_else(|| Fault::Value { column: table.header()[column].clone(), value })
        };
        let in_domain = env(test_env, "in");
        let in_domain = in_domain.ok_or_else(|| Fault::NoDomain { column: format!("env{test_env}_in_acc") });
        // Another data set of the sweep may have more domains.
        let is_there = |(_, column): &(usize, &usize)| !table.text(row, **column).is_empty();
        let domains = out.iter().enumerate().take_while(is_there);
        let others: Result<Vec<f64>, Fault> =
            domains.filter(|(at, _)| *at != test_env).map(|(_, column)| number(*column)).collect();
        match (others, in_domain.and_then(number)) {
            (Ok(others), Ok(accuracy)) => {
                let validation = others.iter().sum::<f64>() / others.len() as f64;
                let key = places.iter().map(|column| Key::new(table.text(row, *column))).collect();
                let draw = Key::new(table.text(row, hparams_seed));
                let draws = best.entry(key).or_default();
                let known = draws.entry(draw).or_insert((validation, accuracy, row));
                if validation > known.0 {
                    *known = (validation, accuracy, row);
                }
            }
            (Err(fault), _) | (_, Err(fault)) => faults.push(TableFault::at(table.line(row), fault)),
        }
    }
    let header = CHOSEN.into_iter().chain([ACCURACY]).map(str::to_owned).collect();
    let mut of_runs = Table::with_header(header);
    for draws in best.values() {
        let better = |one: Best, other: &Best| if other.0 >= one.0 { *other } else { one };
        let Some((_, accuracy, row)) = draws.values().copied().reduce(|one, other| better(one, &other)) else {
            continue;
        };
        let accuracy = accuracy.to_string();
        let keys = places.iter().map(|column| table.text(row, *column));
        of_runs.push(table.line(row), keys.chain([accuracy.as_str()]));
    }
    let skipped = match num_skipped {
        0 => String::new(),
        1 => "; 1 record of several test domains is not used".to_owned(),
        count => format!("; {count} records of several test domains are not used"),
    };
    let how = format!(
        "DomainBed's records: of each run's checkpoints and draws of hyperparameters, the one of the best training-domain validation counts, \
         with its accuracy on the test domain{skipped}"
    );
    Some((of_runs, how))
}
