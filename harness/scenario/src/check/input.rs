//! The size that pictures are scaled to, against the network's input.

use crate::diagnostic::Code;
use crate::raw::RawScenario;
use crate::reader::Report;

/// Reports pictures that are scaled to less than the network takes.
pub(super) fn check(raw: &RawScenario, report: &mut Report) {
    let Some(input) = raw.model.as_ref().and_then(|model| model.input.as_ref()) else { return };
    let resizings = raw.data.iter().filter_map(|data| data.body.as_ref()?.resizing());
    for (span, given) in resizings.filter_map(|resizing| resizing.too_short_for(input.value)) {
        let message = format!("a shorter side of {given} px is smaller than the network's input");
        let label = format!("at least {}, the input", input.value);
        report.fault(Code::OutOfRange, span, message, label, None);
    }
}
