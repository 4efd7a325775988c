//! What can be learned from and judged on the labels of the data.

use crate::data::KnownByName;
use crate::diagnostic::Code;
use crate::labels::LabelKind;
use crate::method::Method;
use crate::metric::Metric;
use crate::place::Located;
use crate::raw::RawScenario;
use crate::reader::Report;
use crate::suggest;

/// Reports targets whose labels the metric or a method cannot use.
pub(super) fn check(raw: &RawScenario, known: &KnownByName<'_>, report: &mut Report) {
    let labelled = raw.targets.iter().filter_map(|target| {
        let data = target.data.as_ref()?;
        Some((data, known.get(data.value.as_str())?.labels?))
    });
    let mut metric_is_reported = false;
    for (data, labels) in labelled {
        if let Some(metric) =
            raw.verdict.metric.as_ref().filter(|metric| !metric.value.fits(labels) && !metric_is_reported)
        {
            metric_is_reported = true;
            metric_does_not_fit(metric, data, labels, report);
        }
        methods_fit(raw, data, labels, report);
    }
}

fn metric_does_not_fit(metric: &Located<Metric>, data: &Located<String>, labels: LabelKind, report: &mut Report) {
    let message = format!("metric {:?} cannot be measured on dataset {:?}", metric.value.word(), data.value);
    let fitting: Vec<&str> =
        Metric::ALL.iter().filter(|metric| metric.fits(labels)).map(|metric| metric.word()).collect();
    let label = format!("it has {}: choose {}", labels.words(), suggest::any_of(&fitting));
    report.fault(Code::Labels, &metric.span, message, label, None);
}

/// Scratch is always trained, so training is among the methods of every target.
fn methods_fit(raw: &RawScenario, data: &Located<String>, labels: LabelKind, report: &mut Report) {
    let asked = raw.treatments.iter().filter_map(|treatment| Some(treatment.fit.as_ref()?.resolve(true).method()));
    let Some(unfit) = asked.chain([Method::Training]).find(|method| !method.fits(labels)) else { return };
    let message = format!("method {:?} cannot learn from dataset {:?}", unfit.word(), data.value);
    let fitting: Vec<&str> =
        Method::ALL.iter().filter(|method| method.fits(labels)).map(|method| method.word()).collect();
    let label = match fitting.is_empty() {
        true => format!("it has {}, and no method learns from these yet: choose a dataset with one", labels.words()),
        false => format!("it has {}: choose {}", labels.words(), suggest::any_of(&fitting)),
    };
    report.fault(Code::Labels, &data.span, message, label, None);
}
