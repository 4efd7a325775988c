//! What was decided together, at which level, and what an interval beside a verdict is.

use nt_analysis::{Analysis, CellKind, CellResult};

use crate::words::number::counted;

/// How the family-wise error is spent.
pub(crate) fn families(analysis: &Analysis) -> String {
    let spent = match &analysis.look {
        Some(_) => " What an earlier look decided was tested at the levels of that look.",
        None => "",
    };
    format!("{}{}{spent}", families_now(analysis), other_families(analysis))
}

/// The families beside that of the treatments that are judged.
fn other_families(analysis: &Analysis) -> String {
    let count = |kinds: &[CellKind]| {
        let is = |cell: &&CellResult| kinds.contains(&cell.kind) && cell.decision.is_some();
        analysis.cells.iter().filter(is).count()
    };
    let (untrained, twin) = (count(&[CellKind::Control]), count(&[CellKind::Twin]));
    let controls = match (untrained, twin) {
        (_, 0) => "of the untrained source",
        (0, _) => "of the twin",
        _ => "of the untrained source and the twin",
    };
    let others = [(untrained + twin, controls), (count(&[CellKind::Placebo]), "of placebos")];
    let level = level(analysis.study.alpha);
    let told = others.into_iter().filter(|(count, _)| *count > 0);
    let told: Vec<String> = told.map(|(count, what)| format!("{} {what}", counted(count, "contrast"))).collect();
    match told.as_slice() {
        [] => String::new(),
        [one] => format!(" {one}: a family of its own, at {level}."),
        several => format!(" {}: families of their own, at {level} each.", several.join(", ")),
    }
}

/// What every interval beside a verdict is.
pub(crate) fn intervals(analysis: &Analysis) -> &'static str {
    let has_collapsed = |cell: &CellResult| cell.decision.as_ref().is_some_and(|decision| decision.collapsed.is_some());
    match analysis.cells.iter().any(has_collapsed) {
        false => "Each interval agrees with the adjusted test of its own row; they do not cover all at once.",
        true => {
            "Each interval agrees with the adjusted test of its own row, unless runs collapsed: then it is that of the runs that \
             trained, and the test asks the gap with all runs, too. They do not cover all at once."
        }
    }
}

fn families_now(analysis: &Analysis) -> String {
    let alpha = analysis.study.alpha;
    match analysis.family_sizes {
        [0, 1] | [1, 0] => format!("1 contrast, tested at {}.", level(alpha)),
        [0, all] | [all, 0] => format!("{} adjusted together (Holm, {}).", counted(all, "contrast"), level(alpha)),
        [primary, secondary] => format!(
            "{} at {} and {} at {}, adjusted each among themselves (Holm); a family that is rejected whole passes its half on.",
            counted(primary, "primary contrast"),
            level(alpha / 2.0),
            counted(secondary, "secondary one"),
            level(alpha / 2.0)
        ),
    }
}

/// A level of error with three digits that count: "0.025", "0.0132".
pub(crate) fn level(alpha: f64) -> String {
    let decimals = (2.0 - libm::log10(alpha).floor()).clamp(1.0, 12.0) as usize;
    let digits = format!("{alpha:.decimals$}");
    digits.trim_end_matches('0').to_owned()
}
