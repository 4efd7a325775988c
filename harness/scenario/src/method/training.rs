//! Plain training: the layers past the frozen ones are trained by gradient descent.

use toml_edit::{Array, Table, value};

use crate::architecture::Architecture;
use crate::diagnostic::Code;
use crate::identity::Meaning;
use crate::labels::LabelKind;
use crate::place::Located;
use crate::reader::{Report, TableReader, optional, required};
use crate::recipe::{Recipe, learning_rate};
use crate::writer::insert_some;

use super::depths::{self, FrozenDepths, WrittenFrozen, listed};
use super::effort::{Effort, Estimate};
use super::{Fit, FitKind, Kind, Method, SOURCES, SettingName, WrittenFit};

/// Training by gradient descent.
#[derive(Clone, Debug, PartialEq)]
pub struct Training {
    /// Its own learning rate, where rates are fixed and it names one.
    pub learning_rate: Option<f64>,
}

impl Training {
    pub(super) const KIND: Kind = Kind {
        method: Method::Training,
        keys: &[&[required("copied", "3"), required("frozen", "\"copied\""), SOURCES, optional("learning_rate")]],
        read,
        setting: SettingName::LearningRate,
        is_gradient_descent: true,
        // Softmax: one class an image.
        labels: &[LabelKind::OneClass],
        point: |copied, frozen| format!("({copied},{frozen})"),
        words,
        name_in_job: |copied, frozen| format!("({copied},{frozen})"),
    };
}

fn words(copied: u8, frozen: u8, num_layers: usize) -> String {
    match (copied, frozen) {
        (0, 0) => "nothing copied".to_owned(),
        (_, frozen) if usize::from(frozen) == num_layers => "the source network as it is".to_owned(),
        (copied, 0) => format!("{copied} copied, none frozen"),
        (copied, frozen) if copied == frozen => format!("{copied} copied and frozen"),
        (copied, frozen) => format!("{copied} copied, {frozen} frozen"),
    }
}

impl FitKind for Training {
    fn method(&self) -> Method {
        Method::Training
    }

    fn searched<'a>(&'a self, learning_rates: &'a [f64]) -> &'a [f64] {
        learning_rates
    }

    fn fixed(&self, learning_rate: Option<f64>) -> Option<f64> {
        self.learning_rate.or(learning_rate)
    }

    fn meaning(&self, meaning: Meaning, recipe: &Recipe, is_trained: bool) -> Meaning {
        // Where no layer is trained, no recipe has a part in the score.
        if is_trained { meaning.part("recipe", recipe.meaning()) } else { meaning }
    }

    fn estimate(&self, effort: &Effort<'_>) -> Estimate {
        let image_steps = if effort.is_trained { effort.image_steps } else { 0 };
        let multiply_accumulates = effort.per_image.total(effort.frozen, image_steps, effort.num_evaluated);
        Estimate { image_steps, multiply_accumulates }
    }

    fn insert_into(&self, copied: &[u8], frozen: &FrozenDepths, sources: Array, table: &mut Table) {
        table.insert("copied", listed(copied));
        table.insert("frozen", frozen.to_item());
        table.insert("sources", value(sources));
        insert_some(table, "learning_rate", self.learning_rate);
    }
}

#[derive(Debug)]
struct Written {
    copied: Option<Vec<Located<u8>>>,
    frozen: Option<WrittenFrozen>,
    learning_rate: Option<Located<f64>>,
}

fn read(reader: &TableReader<'_, '_>, architecture: Option<Architecture>, report: &mut Report) -> Box<dyn WrittenFit> {
    Box::new(Written {
        copied: depths::copied(reader, architecture, report),
        frozen: WrittenFrozen::read(reader, architecture, report),
        learning_rate: learning_rate(reader, report),
    })
}

impl WrittenFit for Written {
    fn method(&self) -> Method {
        Method::Training
    }

    fn copied(&self) -> Option<&[Located<u8>]> {
        self.copied.as_deref()
    }

    fn frozen(&self) -> Option<&WrittenFrozen> {
        self.frozen.as_ref()
    }

    fn own_learning_rate(&self) -> Option<f64> {
        self.learning_rate.as_ref().map(|rate| rate.value)
    }

    fn check(&self, is_tuned: bool, report: &mut Report) {
        if let Some(rate) = self.learning_rate.as_ref().filter(|_| is_tuned) {
            let message = "a treatment fixes its learning rate, but [tuning] searches those of the other arms";
            let label = "remove it: every arm has the same search";
            report.fault(Code::LearningRate, &rate.span, message, label, None);
        }
    }

    fn resolve(&self, _is_tuned: bool) -> Fit {
        Fit::Training(Training { learning_rate: self.own_learning_rate() })
    }
}
