//! Every statistic against SciPy and statsmodels: `fixtures/reference.json`, made by `fixtures/make_reference.py`.
#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use nt_stats::bootstrap::bca_interval;
use nt_stats::distribution::beta::regularized_beta;
use nt_stats::distribution::{
    noncentral_t_cdf, normal_cdf, normal_quantile, normal_survival, student_t_cdf, student_t_quantile,
    student_t_survival,
};
use nt_stats::effect::standardized_difference;
use nt_stats::equivalence::tost;
use nt_stats::multiplicity::{benjamini_hochberg, holm};
use nt_stats::paired::paired;
use nt_stats::power::power;
use nt_stats::sign_flip::{Flips, ReplicateGaps, max_t};
use nt_stats::wilcoxon::wilcoxon;
use nt_stats::{Differences, Spread, binomial, crossed, mcnemar};
use serde_json::Value;

const RELATIVE: f64 = 1e-9;

fn reference() -> Value {
    serde_json::from_str(include_str!("fixtures/reference.json")).unwrap()
}

fn rows<'a>(value: &'a Value, path: &[&str]) -> Vec<&'a Value> {
    path.iter().fold(value, |value, key| &value[*key]).as_array().unwrap().iter().collect()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

#[track_caller]
fn assert_close(got: f64, expected: f64, what: &str) {
    let error = (got - expected).abs();
    assert!(error <= RELATIVE * expected.abs() + 1e-300, "{what}: got {got:e}, SciPy says {expected:e}");
}

#[test]
fn fixture_names_its_makers() {
    let made_by = &reference()["made_by"];
    assert_eq!(made_by["scipy"], "1.17.1");
    assert_eq!(made_by["statsmodels"], "0.15.0");
}

#[test]
fn student_t_matches_scipy_in_both_tails() {
    let reference = reference();
    for row in rows(&reference, &["distributions", "t_survival"]) {
        let [t, df, expected] = numbers(row).try_into().unwrap();
        assert_close(student_t_survival(t, df), expected, &format!("sf({t}, {df})"));
        assert_close(student_t_cdf(-t, df), expected, &format!("cdf(-{t}, {df})"));
    }
    for row in rows(&reference, &["distributions", "t_quantile"]) {
        let [tail, df, expected] = numbers(row).try_into().unwrap();
        assert_close(-student_t_quantile(tail, df), expected, &format!("isf({tail}, {df})"));
    }
    assert_eq!(student_t_quantile(0.5, 3.0), 0.0);
    assert_eq!(student_t_quantile(0.0, 3.0), f64::NEG_INFINITY);
    assert_eq!(student_t_quantile(1.0, 3.0), f64::INFINITY);
    assert_eq!(student_t_survival(f64::INFINITY, 3.0), 0.0);
}

#[test]
fn normal_and_beta_match_scipy() {
    let reference = reference();
    for row in rows(&reference, &["distributions", "normal"]) {
        let [z, cdf, survival] = numbers(row).try_into().unwrap();
        assert_close(normal_cdf(z), cdf, &format!("cdf({z})"));
        assert_close(normal_survival(z), survival, &format!("sf({z})"));
    }
    for row in rows(&reference, &["distributions", "normal_quantile"]) {
        let [p, expected] = numbers(row).try_into().unwrap();
        assert_close(normal_quantile(p), expected, &format!("ppf({p})"));
    }
    for row in rows(&reference, &["distributions", "beta"]) {
        let [a, b, x, expected] = numbers(row).try_into().unwrap();
        assert_close(regularized_beta(a, b, x, 1.0 - x), expected, &format!("betainc({a}, {b}, {x})"));
    }
}

#[test]
fn noncentral_t_matches_scipy() {
    let reference = reference();
    for row in rows(&reference, &["distributions", "noncentral_t"]) {
        let [t, df, noncentrality, expected] = numbers(row).try_into().unwrap();
        let got = noncentral_t_cdf(t, df, noncentrality);
        // Far tails are sums that cancel, there and here: absolute below 1e-11.
        let tolerance = RELATIVE * expected + 1e-11;
        assert!(
            (got - expected).abs() <= tolerance,
            "nct({t}, {df}, {noncentrality}): {got:e}, SciPy says {expected:e}"
        );
    }
}

#[test]
fn noncentral_t_goes_on_past_its_series() {
    // At such noncentralities the distribution of T / noncentrality no longer changes.
    for (t, df) in [(400.0, 3.0), (900.0, 1.0), (430.0, 20.0)] {
        let series = noncentral_t_cdf(t, df, 440.0);
        assert!((noncentral_t_cdf(1.1 * t, df, 1.1 * 440.0) - series).abs() < 2e-5);
    }
}

#[test]
fn power_matches_statsmodels() {
    let reference = reference();
    for row in rows(&reference, &["power"]) {
        let [effect, count, alpha, expected] = numbers(row).try_into().unwrap();
        let spread = Spread::student(1.0 / count.sqrt(), count - 1.0);
        assert_close(power(effect, spread, alpha), expected, &format!("power({effect}, {count}, {alpha})"));
    }
}

#[test]
fn adjusted_p_values_match_statsmodels_and_scipy() {
    let reference = reference();
    for row in rows(&reference, &["multiplicity"]) {
        let p: Vec<Option<f64>> = numbers(&row["p"]).into_iter().map(Some).collect();
        let expected = numbers(&row["holm"]).into_iter().zip(numbers(&row["benjamini_hochberg"]));
        for ((holm, screened), (expected_holm, expected_screened)) in
            holm(&p).into_iter().zip(benjamini_hochberg(&p)).zip(expected)
        {
            assert_close(holm, expected_holm, "holm");
            assert_close(screened, expected_screened, "benjamini_hochberg");
        }
    }
}

#[test]
fn paired_t_tost_and_hedges_match_scipy_and_statsmodels() {
    let reference = reference();
    for row in rows(&reference, &["paired"]) {
        let x = numbers(&row["x"]);
        let expected = |key: &str| row[key].as_f64().unwrap();
        let estimate = paired(&x).unwrap();
        assert_close(estimate.t_statistic(0.0).unwrap(), expected("t"), "t");
        assert_close(estimate.p_two_sided(0.0).unwrap(), expected("p"), "p");
        assert_close(estimate.p_below(0.0).unwrap(), expected("p_below"), "p below");
        assert_close(estimate.p_above(0.0).unwrap(), expected("p_above"), "p above");
        let (low, high) = estimate.interval(0.9).unwrap();
        assert_close(low, expected("low90"), "low");
        assert_close(high, expected("high90"), "high");
        assert_close(tost(&estimate, expected("margin")).unwrap(), expected("tost"), "tost");
        let effect = standardized_difference(&x, 0.95).unwrap();
        assert_close(effect.cohen_d, expected("cohen_d"), "d");
        assert_close(effect.hedges_g, expected("hedges_g"), "g");
        if let Some(interval) = row["hedges_interval"].as_array() {
            assert_close(effect.low, interval[0].as_f64().unwrap(), "low of g");
            assert_close(effect.high, interval[1].as_f64().unwrap(), "high of g");
        }
    }
}

#[test]
fn signed_ranks_match_scipy_with_and_without_ties() {
    let reference = reference();
    for row in rows(&reference, &["wilcoxon"]) {
        assert_close(wilcoxon(&numbers(&row["x"])).p_value, row["p"].as_f64().unwrap(), "wilcoxon");
    }
}

#[test]
fn counts_match_scipy_and_statsmodels() {
    let reference = reference();
    for row in rows(&reference, &["counts", "mcnemar"]) {
        let [lost, won, expected] = numbers(row).try_into().unwrap();
        assert_close(mcnemar::mcnemar(lost as u64, won as u64), expected, "mcnemar");
    }
    for row in rows(&reference, &["counts", "binomial"]) {
        let [hits, trials, chance, above, below] = numbers(row).try_into().unwrap();
        assert_close(binomial::above_chance(hits as u64, trials as u64, chance), above, "above chance");
        assert_close(binomial::below_chance(hits as u64, trials as u64, chance), below, "below chance");
    }
}

#[test]
fn bca_matches_scipy_on_its_resamples() {
    let reference = reference();
    for row in rows(&reference, &["bca"]) {
        let x = numbers(&row["x"]);
        let (sum, count) = (x.iter().sum::<f64>(), x.len() as f64);
        let leave_one_out: Vec<f64> = x.iter().map(|value| (sum - value) / (count - 1.0)).collect();
        let (low, high) = bca_interval(sum / count, &numbers(&row["resampled"]), &leave_one_out, 0.9).unwrap();
        assert_close(low, row["low"].as_f64().unwrap(), "low");
        assert_close(high, row["high"].as_f64().unwrap(), "high");
    }
}

#[test]
fn crossed_effects_match_the_two_way_anova() {
    let reference = reference();
    for row in rows(&reference, &["crossed"]) {
        let [n, size] = ["n", "size"].map(|key| row[key].as_u64().unwrap() as usize);
        let values = numbers(&row["d"]);
        let mut matrices = vec![Differences::from_scores(n, size, values.clone()).unwrap()];
        if values.iter().all(|value| value.fract() == 0.0) {
            let bytes = values.iter().map(|value| *value as i8).collect();
            matrices.push(Differences::from_correctness(n, size, bytes).unwrap());
        }
        for differences in matrices {
            let crossed = crossed(&differences);
            let estimate = crossed.with_satterthwaite_tails();
            let spread = estimate.spread.unwrap();
            assert_close(spread.standard_error, row["se"].as_f64().unwrap(), "standard error");
            assert_close(spread.degrees_of_freedom, row["df"].as_f64().unwrap(), "degrees of freedom");
            let expected_mean = row["mean"].as_f64().unwrap();
            assert!((estimate.mean - expected_mean).abs() < 1e-14, "mean {} against {expected_mean}", estimate.mean);
            // A mean that is rounding away from zero has p = 1 to as many digits as it has itself.
            assert!((estimate.p_two_sided(0.0).unwrap() - row["p"].as_f64().unwrap()).abs() < 1e-9);
            assert_close(crossed.estimate.p_two_sided(0.1).unwrap(), row["p_mixed"].as_f64().unwrap(), "mixed tails");
        }
    }
}

#[test]
fn sign_flips_match_scipy_and_enumeration() {
    let reference = reference();
    for row in rows(&reference, &["sign_flip"]) {
        let cells = row["d"].as_array().unwrap().iter().map(numbers).collect();
        let test = max_t(&ReplicateGaps::new(cells).unwrap(), &Flips { num_flips: 10_000, seed: 1 });
        assert!(test.exact);
        for (got, expected) in test.p_values.iter().zip(numbers(&row["p"])) {
            assert_close(*got, expected, "one cell");
        }
        for (got, expected) in test.p_adjusted.iter().zip(numbers(&row["max_t"])) {
            assert_close(*got, expected, "max-T");
        }
    }
}
