//! Faults with their places, and all faults of a file as they are listed.

use std::collections::HashMap;
use std::fmt;

use thiserror::Error;

use super::Fault;

/// The most faults that are listed. Further ones are only counted.
const MOST_LISTED: usize = 100;

/// The most faults of one cause that are listed.
const MOST_OF_CAUSE: usize = 4;

impl Fault {
    /// What faults of one cause have in common: their kind, and the column or the columns that tell them apart.
    fn cause(&self) -> String {
        let kind = std::mem::discriminant(self);
        if let Self::Value { column, .. }
        | Self::NoValue { column, .. }
        | Self::Correctness { column, .. }
        | Self::Status { column, .. }
        | Self::EmptyCell { column }
        | Self::NoDomain { column }
        | Self::SummaryRow { column, .. } = self
        {
            return format!("{kind:?} {column}");
        }
        if let Self::Duplicate { differing, .. } = self {
            return format!("{kind:?} {}", differing.join(","));
        }
        let is_one = matches!(
            self,
            Self::Ragged { .. }
                | Self::OutOfRange { .. }
                | Self::MixedUnits { .. }
                | Self::NegativeLoss { .. }
                | Self::SmallPerplexity { .. }
                | Self::Examples { .. }
                | Self::TwoClusters { .. }
                | Self::EmptyKey { .. }
                | Self::NoReference { .. }
                | Self::TwoReferences { .. }
                | Self::Unpaired { .. }
                | Self::NothingTrained { .. }
        );
        if is_one { format!("{kind:?}") } else { self.to_string() }
    }
}

/// A fault and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFault {
    /// The line, from 1; `None` if the fault concerns the whole file.
    pub line: Option<usize>,
    /// The column of characters, from 1, if it is known.
    pub column: Option<usize>,
    /// What is wrong.
    pub fault: Fault,
}

impl TableFault {
    /// A fault of one line.
    pub(crate) fn at(line: usize, fault: Fault) -> Self {
        Self { line: Some(line), column: None, fault }
    }

    /// A fault of the whole file.
    pub(crate) fn of_file(fault: Fault) -> Self {
        Self { line: None, column: None, fault }
    }
}

/// Every fault of one file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct TableFaults {
    /// The file.
    pub file: String,
    /// Its faults, by line.
    pub faults: Vec<TableFault>,
    /// Whether what is counted are rows, since the file has no lines.
    pub in_rows: bool,
}

impl TableFaults {
    pub(crate) fn new(file: &str, mut faults: Vec<TableFault>) -> Self {
        faults.sort_by_key(|fault| (fault.line, fault.column));
        Self { file: file.to_owned(), faults, in_rows: false }
    }
}

impl fmt::Display for TableFaults {
    /// One line for each fault: `runs.csv:37: what is wrong`, and of a file without lines `runs.parquet: row 37: what is wrong`. Of many
    /// with one cause a few, and how many more there are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.faults.len();
        write!(f, "{count} fault{} in {}; nothing was judged", if count == 1 { "" } else { "s" }, self.file)?;
        let mut of_cause: HashMap<String, usize> = HashMap::new();
        for fault in &self.faults {
            *of_cause.entry(fault.fault.cause()).or_default() += 1;
        }
        let mut told: HashMap<String, usize> = HashMap::new();
        let mut num_listed = 0;
        for TableFault { line, column, fault } in &self.faults {
            let cause = fault.cause();
            let (all, told) = (of_cause[&cause], told.entry(cause).or_default());
            *told += 1;
            if *told > MOST_OF_CAUSE && all > MOST_OF_CAUSE + 1 || num_listed == MOST_LISTED {
                continue;
            }
            num_listed += 1;
            write!(f, "\n{}", self.file)?;
            let mut message = fault.to_string();
            match line {
                Some(row) if self.in_rows => {
                    message = message.replace("in line ", "in row ").replace("on line ", "on row ");
                    write!(f, ": row {row}")?;
                }
                _ => {
                    for place in [line, column].into_iter().flatten() {
                        write!(f, ":{place}")?;
                    }
                }
            }
            write!(f, ": {message}")?;
            if *told == MOST_OF_CAUSE && all > MOST_OF_CAUSE + 1 {
                write!(f, "\n… and {} more of this cause", all - MOST_OF_CAUSE)?;
            }
        }
        Ok(())
    }
}
