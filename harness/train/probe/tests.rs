use super::*;
use crate::train::ForTuning;
use nt_scenario::Labels;
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

struct Case {
    codes: Codes,
    classes: usize,
    l2: f64,
    log_loss: Vec<f64>,
}

/// Cases and answers of scikit-learn: `probe.py` beside this file makes them.
fn cases() -> Vec<Case> {
    let file: Value = serde_json::from_str(include_str!("probe.json")).unwrap();
    let case = |case: &Value| {
        let labels: Vec<u32> = numbers(&case["labels"]).into_iter().map(|label| label as u32).collect();
        let rows: Vec<Vec<f64>> = case["codes"].as_array().unwrap().iter().map(numbers).collect();
        let values = rows.iter().flatten().map(|&code| code as f32).collect();
        let ids = (0..labels.len() as u32).collect();
        Case {
            codes: Codes::from_parts(rows[0].len(), values, Labels::OneClass(labels), ids),
            classes: case["classes"].as_u64().unwrap() as usize,
            l2: case["l2"].as_f64().unwrap(),
            log_loss: numbers(&case["log_loss"]),
        }
    };
    file["cases"].as_array().unwrap().iter().map(case).collect()
}

fn fit(case: &Case, stop: Stop) -> Probe<ForTuning> {
    Probe::fit_until(&case.codes, case.classes, case.l2, stop, &AtomicBool::new(false)).unwrap()
}

#[test]
fn agrees_with_scikit_learn() {
    for case in cases() {
        let probe = fit(&case, Stop { largest_slope: 1e-10, most_steps: 10_000 });
        for (prediction, expected) in probe.classify(&case.codes).unwrap().iter().zip(&case.log_loss) {
            let error = (f64::from(prediction.log_loss) - expected).abs();
            assert!(error <= 1e-6 * (1.0 + expected), "{} against {expected}", prediction.log_loss);
        }
    }
}

#[test]
fn the_usual_end_is_close_to_the_minimum() {
    for case in cases() {
        let loss = |stop: Stop| fit(&case, stop).train_loss.unwrap();
        let (usual, exact) = (loss(STOP), loss(Stop { largest_slope: 1e-10, most_steps: 10_000 }));
        assert!((usual - exact).abs() < 2e-3, "{usual} {exact}");
    }
}

#[test]
fn the_slope_is_that_of_the_value() {
    let case = &cases()[0];
    let objective = Objective::new(&case.codes, case.classes, case.l2).unwrap();
    let at: Vec<f64> = (0..objective.num_unknowns()).map(|index| 0.1 * f64::from(index as u32 % 7) - 0.3).collect();
    let mut slope = vec![0.0; at.len()];
    objective.value_and_slope(&at, &mut slope);
    let mut unused = slope.clone();
    for unknown in 0..at.len() {
        let mut value = |step: f64| {
            let mut there = at.clone();
            there[unknown] += step;
            objective.value_and_slope(&there, &mut unused)
        };
        let numeric = (value(1e-5) - value(-1e-5)) / 2e-5;
        assert!((numeric - slope[unknown]).abs() < 1e-8, "unknown {unknown}: {numeric} against {}", slope[unknown]);
    }
}

#[test]
fn the_bits_do_not_depend_on_the_number_of_threads() {
    let case = &cases()[1];
    let losses = [1, 2, 3].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| fit(case, STOP).train_loss.unwrap().to_bits())
    });
    assert!(losses.iter().all(|loss| *loss == losses[0]));
}

#[test]
fn codes_that_are_no_numbers_are_told_and_an_interrupt_is_heard() {
    let codes = Codes::from_parts(1, vec![f32::NAN, 1.0], Labels::OneClass(vec![0, 1]), vec![0, 1]);
    let probe = Probe::<ForTuning>::fit(&codes, 2, 0.1, &AtomicBool::new(false)).unwrap();
    assert_eq!(probe.outcome, Outcome::Diverged { step: 0 });
    let codes = Codes::from_parts(1, vec![0.0, 1.0], Labels::OneClass(vec![0, 1]), vec![0, 1]);
    let stopped = Probe::<ForTuning>::fit(&codes, 2, 0.1, &AtomicBool::new(true));
    assert!(matches!(stopped, Err(TrainError::Interrupted)));
}
