//! The scenario's words held against the distances measured: what it calls similar must lie nearer than what it calls
//! dissimilar.

use nt_stats::Spread;
use serde::{Deserialize, Serialize};

use super::TargetAudit;
use crate::study::Study;

/// Words for a source that lies near its target, and for one that lies far.
const NEAR: [&str; 3] = ["similar", "near", "close"];
const FAR: [&str; 3] = ["dissimilar", "far", "distant"];

/// Error of all comparisons of a target together, two-sided.
const ALPHA: f64 = 0.05;

/// What a scenario's word claims of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closeness {
    /// It lies near.
    Near,
    /// It lies far.
    Far,
}

impl Closeness {
    /// What a word claims; none where it claims no order, as `other-task` does.
    pub fn of(word: &str) -> Option<Self> {
        match word {
            word if NEAR.contains(&word) => Some(Self::Near),
            word if FAR.contains(&word) => Some(Self::Far),
            _ => None,
        }
    }
}

/// A source called near and one called far, and which of them lies nearer.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderFinding {
    /// The source called near.
    pub near: String,
    /// The source called far.
    pub far: String,
    /// Proxy A-distance of the far one less that of the near one.
    pub difference: f64,
    /// Its interval, at 95 % for all comparisons of the target together (Bonferroni); none without variation.
    pub interval: Option<(f64, f64)>,
    /// What that says.
    pub standing: Standing,
}

/// Whether measured distances bear a word out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// The interval lies above zero: as declared.
    AsDeclared,
    /// It holds zero: the two are not told apart.
    NotToldApart,
    /// It lies below zero: the reverse of what is declared.
    Reversed,
}

impl Standing {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::AsDeclared => "as declared",
            Self::NotToldApart => "not told apart",
            Self::Reversed => "the reverse of what is declared",
        }
    }
}

/// Every source called near against every source called far.
pub fn order_findings(target: &TargetAudit, study: &Study) -> Vec<OrderFinding> {
    let closeness = |name: &str| study.source(name).and_then(|source| Closeness::of(&source.similarity));
    let claims: Vec<(&str, &str, f64, f64, f64)> = target
        .comparisons
        .iter()
        .filter_map(|comparison| {
            let (first, second) = (comparison.first.as_str(), comparison.second.as_str());
            let (near, far, sign) = match (closeness(first)?, closeness(second)?) {
                (Closeness::Near, Closeness::Far) => (first, second, 1.0),
                (Closeness::Far, Closeness::Near) => (second, first, -1.0),
                _ => return None,
            };
            Some((near, far, sign * comparison.difference, comparison.standard_error, comparison.degrees_of_freedom))
        })
        .collect();
    let alpha = ALPHA / claims.len().max(1) as f64;
    let finding = |&(near, far, difference, standard_error, degrees): &(&str, &str, f64, f64, f64)| {
        let margin = (standard_error > 0.0).then(|| Spread::student(standard_error, degrees).margin(alpha));
        let interval = margin.map(|margin| (difference - margin, difference + margin));
        let standing = match interval {
            Some((low, _)) if low > 0.0 => Standing::AsDeclared,
            Some((_, high)) if high < 0.0 => Standing::Reversed,
            _ => Standing::NotToldApart,
        };
        OrderFinding { near: near.to_owned(), far: far.to_owned(), difference, interval, standing }
    };
    claims.iter().map(finding).collect()
}
