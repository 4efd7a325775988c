//! What an audit's findings mean for a study. A source that it calls similar must measure nearer than one that it calls
//! dissimilar. Does a gate fail?

use nt_stats::Spread;
use serde::{Deserialize, Serialize};

use crate::study::Study;
use nt_records::audit::{Audit, MATERIAL_SHARE, MatchKind, Overlap, TargetAudit};
use nt_records::number::thousands;

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
    /// What a word claims; `None` if it claims no order, as `other-task` does not.
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
    /// Proxy A-distance of the far one minus that of the near one.
    pub difference: f64,
    /// Its interval, at 95 % for all comparisons of the target together (Bonferroni); `None` without variation.
    pub interval: Option<(f64, f64)>,
    /// What the interval shows.
    pub standing: Confirmation,
}

/// Whether the measured distances confirm the scenario's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confirmation {
    /// The interval lies above zero: as declared.
    AsDeclared,
    /// It contains zero: the two are not told apart.
    NotToldApart,
    /// It lies below zero: the reverse of what is declared.
    Reversed,
}

impl Confirmation {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::AsDeclared => "as declared",
            Self::NotToldApart => "not told apart",
            Self::Reversed => "the reverse of what is declared",
        }
    }
}

/// Compares every source called near with every source called far.
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
            Some((low, _)) if low > 0.0 => Confirmation::AsDeclared,
            Some((_, high)) if high < 0.0 => Confirmation::Reversed,
            _ => Confirmation::NotToldApart,
        };
        OrderFinding { near: near.to_owned(), far: far.to_owned(), difference, interval, standing }
    };
    claims.iter().map(finding).collect()
}

/// The gates that fail whatever the gaps are, a sentence each: there are more exact copies than gate 6 allows, or a similarity is
/// the reverse of what the study declares. Candidates, and sources that are not told apart, fail no gate.
pub fn failed_gates(audit: &Audit, study: &Study) -> Vec<String> {
    let of_target = |target: &TargetAudit| {
        // What is told of the target's own images need not be told of every source.
        let own = target.is_overlap_material(None);
        let is_news = |overlap: &&Overlap| overlap.source.is_none() || !own || overlap.num_exact() > 0;
        let material = target.overlaps.iter().filter(|overlap| target.is_overlap_material(overlap.source.as_deref()));
        let material = material.filter(is_news);
        let overlaps = material.map(|overlap| {
            let source = overlap.source.as_deref();
            let copies = target.test_ids(source, |kind| kind == MatchKind::Exact).len();
            let whose = source.map_or("the target".to_owned(), |source| format!("the target and of source {source}"));
            format!(
                "gate 6 (overlap): {} of {} test images of {} are pixel-for-pixel copies of training images of {whose}, more than {} %; \
                 remove them from the training images",
                thousands(copies as u64),
                thousands(target.num_test_images as u64),
                target.target,
                100.0 * MATERIAL_SHARE
            )
        });
        let findings = order_findings(target, study);
        let reversed = findings.iter().filter(|finding| finding.standing == Confirmation::Reversed).map(|finding| {
            format!(
                "gate 7 (similarity): for {}, {} is declared farther than {} and measured nearer; correct `similarity`, or choose \
                 other sources",
                target.target, finding.far, finding.near
            )
        });
        overlaps.chain(reversed).collect::<Vec<_>>()
    };
    audit.targets.iter().flat_map(of_target).collect()
}

/// The groups of test images that look alike and are in no common cluster, and what to do; `None` without any.
pub fn look_alikes(target: &TargetAudit) -> Option<String> {
    let first = target.look_alikes.first()?;
    let images: usize = target.look_alikes.iter().map(|group| group.tests.len()).sum();
    let shown: Vec<&str> = first.tests.iter().take(3).map(String::as_str).collect();
    Some(format!(
        "{} test images of {} look alike, in {}, such as {}. If they belong together, say so with `cluster` in their [data] table, or \
         keep one of each group: intervals take images that are not in one cluster for independent.",
        thousands(images as u64),
        target.target,
        match target.look_alikes.len() {
            1 => "one group".to_owned(),
            groups => format!("{groups} groups"),
        },
        shown.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use nt_records::audit::MatchKind;
    use nt_records::mock::{audit, with_matches};

    use super::*;
    use crate::mock::Mock;

    #[test]
    fn a_claim_of_order_is_borne_out_left_open_or_refuted() {
        let study = Mock::four_quadrants(|_| 0.8).study;
        let standing = |difference, standard_error| {
            let findings = order_findings(&audit(difference, standard_error).targets[0], &study);
            let [finding] = findings.as_slice() else { panic!("one claim: {findings:?}") };
            assert_eq!((finding.near.as_str(), finding.far.as_str()), ("near", "far"));
            finding.standing
        };
        assert_eq!(standing(1.0, 0.1), Confirmation::AsDeclared);
        assert_eq!(standing(0.1, 0.1), Confirmation::NotToldApart);
        assert_eq!(standing(0.0, 0.0), Confirmation::NotToldApart);
        assert_eq!(standing(-1.0, 0.1), Confirmation::Reversed);
    }

    #[test]
    fn words_that_claim_no_order_are_measured_and_nothing_more() {
        let mut study = Mock::four_quadrants(|_| 0.8).study;
        study.sources[1].similarity = "other-task".to_owned();
        assert_eq!(order_findings(&audit(-1.0, 0.1).targets[0], &study), []);
        study.sources[0].similarity = "far".to_owned();
        study.sources[1].similarity = "near".to_owned();
        let findings = order_findings(&audit(-1.0, 0.1).targets[0], &study);
        assert_eq!((findings[0].standing, findings[0].near.as_str()), (Confirmation::AsDeclared, "far"));
    }

    #[test]
    fn reversal_and_more_exact_copies_than_allowed_fail_a_gate_and_candidates_do_not() {
        let study = Mock::four_quadrants(|_| 0.8).study;
        let fails = |audit: Audit| !failed_gates(&audit, &study).is_empty();
        assert!(!fails(audit(1.0, 0.1)));
        assert!(!fails(audit(0.0, 0.1)), "not told apart");
        assert!(fails(audit(-1.0, 0.1)));
        let found = |source, kind, count| with_matches(audit(1.0, 0.1), source, kind, count);
        for source in [None, Some("far")] {
            // One in a hundred of 640 is 6.4.
            assert!(
                !fails(found(source, MatchKind::Exact, 6)) && fails(found(source, MatchKind::Exact, 7)),
                "{source:?}"
            );
            assert!(
                !fails(found(source, MatchKind::Perceptual, 640)) && !fails(found(source, MatchKind::Mirrored, 640))
            );
        }
        // The target's own copies and a source's count together, each test image once.
        let mut both = with_matches(found(None, MatchKind::Exact, 4), Some("far"), MatchKind::Exact, 6);
        assert!(!fails(both.clone()), "six test images in all");
        let far = both.targets[0].overlaps.last_mut().unwrap();
        far.matches.iter_mut().for_each(|found| found.test_id += 300);
        assert!(fails(both), "ten in all");
    }
}
