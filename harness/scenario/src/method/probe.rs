//! A probe: the network ends after its frozen layers, and a linear softmax classifier is fitted to their codes.

use toml_edit::{Array, Table, value};

use crate::architecture::Architecture;
use crate::diagnostic::Code;
use crate::identity::Meaning;
use crate::labels::LabelKind;
use crate::place::Located;
use crate::reader::{Report, TableReader, ascends, optional, required};
use crate::recipe::Recipe;
use crate::writer::insert_reals;

use super::depths::{self, FrozenDepths, WrittenFrozen, listed};
use super::effort::{Effort, Estimate};
use super::{Fit, FitKind, Kind, Method, SOURCES, SettingName, WrittenFit};

/// A linear classifier on the codes of the frozen layers.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// Strengths of L2 regularisation, ascending: tried in tuning, or the only one where nothing is tuned.
    pub l2: Vec<f64>,
}

/// Passes over its codes that fitting a probe takes, about: each reads them once forward and once back.
const PASSES: f64 = 200.0;

impl Probe {
    /// The strengths that a probe tries unless the scenario names others: as many as there are learning rates by
    /// default, from hardly any to strong, for standardised codes.
    pub const DEFAULT_L2: [f64; 5] = [0.0001, 0.001, 0.01, 0.1, 1.0];

    pub(super) const KIND: Kind = Kind {
        method: Method::Probe,
        keys: &[&[required("layers", "3"), SOURCES, optional("l2")]],
        read,
        setting: SettingName::L2,
        is_gradient_descent: false,
        // Softmax: one class an image.
        labels: &[LabelKind::OneClass],
        point: |_, frozen| format!("probe({frozen})"),
        words: |_, frozen, _| format!("probe after {frozen}"),
        name_in_job: |_, frozen| format!("({frozen})"),
    };
}

impl FitKind for Probe {
    fn method(&self) -> Method {
        Method::Probe
    }

    fn searched<'a>(&'a self, _learning_rates: &'a [f64]) -> &'a [f64] {
        &self.l2
    }

    fn fixed(&self, _learning_rate: Option<f64>) -> Option<f64> {
        self.l2.first().copied()
    }

    fn meaning(&self, meaning: Meaning, _recipe: &Recipe, _is_trained: bool) -> Meaning {
        meaning.text("method", Method::Probe.word())
    }

    fn estimate(&self, effort: &Effort<'_>) -> Estimate {
        let Effort { per_image, frozen, num_train_images, num_evaluated, .. } = *effort;
        let multiply_accumulates = per_image.classifier(frozen, PASSES, num_train_images, num_evaluated);
        Estimate { image_steps: 0, multiply_accumulates }
    }

    fn insert_into(&self, copied: &[u8], _frozen: &FrozenDepths, sources: Array, table: &mut Table) {
        table.insert("layers", listed(copied));
        table.insert("sources", value(sources));
        insert_reals(table, "l2", &self.l2);
    }
}

#[derive(Debug)]
struct Written {
    /// Depths that it is fitted after: all layers before are copied and frozen.
    layers: Option<Vec<Located<u8>>>,
    /// Strengths of L2 regularisation.
    l2: Option<Located<Vec<Located<f64>>>>,
}

fn read(reader: &TableReader<'_, '_>, architecture: Option<Architecture>, report: &mut Report) -> Box<dyn WrittenFit> {
    let l2 = reader.reals("l2", "above 0, at most 1e6", |l2| l2 > 0.0 && l2 <= 1e6, report);
    Box::new(Written { layers: depths::layers(reader, architecture, report), l2 })
}

impl WrittenFit for Written {
    fn method(&self) -> Method {
        Method::Probe
    }

    fn copied(&self) -> Option<&[Located<u8>]> {
        self.layers.as_deref()
    }

    fn frozen(&self) -> Option<&WrittenFrozen> {
        Some(&WrittenFrozen::Copied)
    }

    fn own_learning_rate(&self) -> Option<f64> {
        None
    }

    /// Strengths are searched where learning rates are, and one is given where they are fixed.
    fn check(&self, is_tuned: bool, report: &mut Report) {
        let Some(l2) = &self.l2 else { return };
        ascends("strength", &l2.value, report);
        let (message, label) = match (is_tuned, l2.value.len()) {
            (true, 0) => ("a probe without a strength cannot be fitted", "give at least two strengths"),
            (true, 1) => {
                ("a probe with one strength is not searched like the other arms", "give at least two strengths")
            }
            (false, count) if count != 1 => (
                "a probe's strengths are searched only where learning rates are",
                "give one strength, or a table `[tuning]`",
            ),
            _ => return,
        };
        report.fault(Code::Grid, &l2.span, message, label, None);
    }

    fn resolve(&self, is_tuned: bool) -> Fit {
        let l2 = match (&self.l2, is_tuned) {
            (Some(given), _) => given.value.iter().map(|strength| strength.value).collect(),
            (None, true) => Probe::DEFAULT_L2.to_vec(),
            (None, false) => vec![Probe::DEFAULT_L2[Probe::DEFAULT_L2.len() / 2]],
        };
        Fit::Probe(Probe { l2 })
    }
}
