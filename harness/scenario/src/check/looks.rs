//! Looks: when verdicts may be given before the last replicate.

use crate::diagnostic::Code;
use crate::raw::RawScenario;
use crate::reader::Report;

pub(super) fn check(raw: &RawScenario, report: &mut Report) {
    let Some((study, looks)) = raw.study.as_ref().and_then(|study| Some((study, study.looks.as_ref()?))) else {
        return;
    };
    if looks.value.is_empty() {
        report.fault(
            Code::Looks,
            &looks.span,
            "looks is empty",
            "list numbers of replicates, such as [8, 12, 16], or leave it out",
            None,
        );
    }
    for pair in looks.value.windows(2) {
        let [before, look] = pair else { continue };
        if look.value <= before.value {
            let message = format!("the look at replicate {} is not later than the one before it", look.value);
            report.fault(
                Code::Looks,
                &look.span,
                message,
                format!("write looks in ascending order: above {}", before.value),
                None,
            );
        }
    }
    let Some(replicates) = study.replicates.as_ref().map(|replicates| replicates.value) else { return };
    if let Some(last) = looks.value.last().filter(|last| last.value != replicates) {
        let message = format!("the last look is at replicate {}, not at the last one", last.value);
        let label = format!("`replicates` is {replicates}");
        let help = format!("set replicates = {}, or end looks with {}", last.value, replicates);
        report.fault(Code::Looks, &last.span, message, label, Some(help));
    }
}
