//! Verdicts on scores that belong to a whole run: no example varies, and only replicates do.

use super::decide::{FamilyError, decide};
use super::family::estimate_at;
use super::{Contrast, Decision, Estimate, Method, Reach, Scope, Settings, Tails};
use crate::paired_gap::PairedGap;
use crate::power::Need;
use std::borrow::Borrow;

/// Decides a family whose differences were made by [`crate::Differences::paired_runs`]: by the paired *t* over replicates,
/// for this test set only.
///
/// # Errors
/// As [`decide`].
/// # Source
/// Student 1908. Two equal columns have no example variance and no residual, so that crossed random effects are the paired
/// *t*: SE² = s²/n with n − 1 degrees of freedom.
pub fn decide_runs<C: Borrow<Contrast> + Sync>(
    contrasts: &[C],
    settings: &Settings,
) -> Result<Vec<Decision>, FamilyError> {
    let mut decisions = decide(contrasts, &as_crossed(settings))?;
    for decision in &mut decisions {
        decision.gaps_mut().for_each(described_as_paired);
        // Values of runs show nothing that more test images could average out.
        if !matches!(decision.need, Some(Need::Replicates(_))) {
            decision.need = None;
        }
    }
    Ok(decisions)
}

/// Decides a family whose differences were made by [`crate::Differences::resampled_runs`]: folds or resampled splits of one data set,
/// which say nothing about another pool of examples, and of which more would not narrow an interval as replicates do.
///
/// # Errors
/// As [`decide`].
pub fn decide_resampled<C: Borrow<Contrast> + Sync>(
    contrasts: &[C],
    settings: &Settings,
) -> Result<Vec<Decision>, FamilyError> {
    let mut decisions = decide_runs(contrasts, settings)?;
    for decision in &mut decisions {
        decision.gaps_mut().for_each(|gap| gap.method = Method::ResampledT);
        decision.need = None;
    }
    Ok(decisions)
}

/// The gap of differences made by [`crate::Differences::paired_runs`], at a level of its own.
pub fn estimate_runs_at(gap: &PairedGap, level: f64, settings: &Settings) -> Estimate {
    let mut gap = estimate_at(gap, level, &as_crossed(settings));
    described_as_paired(&mut gap);
    gap
}

fn as_crossed(settings: &Settings) -> Settings {
    let scope = Scope { test_images: Reach::Population, ..settings.scope };
    Settings { tails: Tails::Satterthwaite, scope, ..*settings }
}

fn described_as_paired(gap: &mut Estimate) {
    gap.scope.test_images = Reach::This;
    gap.method = Method::PairedT;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::differences::Differences;
    use crate::paired::paired;
    use crate::verdict::{Counterfactuals, Family, Reference, Verdict};

    fn contrast(gaps: &[f64]) -> Contrast {
        Contrast {
            name: "near/small".to_owned(),
            reference: Reference::Scratch,
            family: Family::Primary,
            frozen: 0,
            gap: Differences::paired_runs(gaps).unwrap().into(),
            counterfactuals: Counterfactuals::default(),
            collapse: None,
            largest_gap_pp: 100.0,
            failed_gates: Vec::new(),
        }
    }

    #[test]
    fn folds_have_the_corrected_resampled_t() {
        let gaps = [-0.04, -0.06, -0.05, -0.07, -0.03];
        let resampled = Contrast { gap: Differences::resampled_runs(&gaps, 0.25).unwrap().into(), ..contrast(&gaps) };
        let decision = &decide_resampled(&[resampled], &Settings::default()).unwrap()[0];
        // s = .0158114, SE = s·√(1/5 + 1/4) = .0106066, t₄(.975) = 2.776445.
        let half = 100.0 * 0.010_606_602 * 2.776_445;
        assert!((decision.gap.low_pp.unwrap() + 5.0 + half).abs() < 1e-4, "{:?}", decision.gap);
        assert!((decision.gap.high_pp.unwrap() + 5.0 - half).abs() < 1e-4);
        assert_eq!((decision.gap.method, decision.gap.df, decision.need), (Method::ResampledT, Some(4.0), None));
    }

    #[test]
    fn the_interval_of_a_lone_contrast_is_the_paired_ts() {
        let gaps = [-0.04, -0.06, -0.05, -0.07, -0.03, -0.05];
        let decision = &decide_runs(&[contrast(&gaps)], &Settings::default()).unwrap()[0];
        let (low, high) = paired(&gaps).unwrap().interval(0.95).unwrap();
        assert!((decision.gap.low_pp.unwrap() - 100.0 * low).abs() < 1e-9);
        assert!((decision.gap.high_pp.unwrap() - 100.0 * high).abs() < 1e-9);
        assert_eq!((decision.gap.scope.test_images, decision.gap.method), (Reach::This, Method::PairedT));
        assert_eq!(decision.verdict, Verdict::MaterialNegative);
        let again = estimate_runs_at(&contrast(&gaps).gap, decision.gap.level, &Settings::default());
        assert_eq!(again, decision.gap);
    }
}
