//! A source whose every weight tensor was drawn from a normal with the mean and variance of another source's (Raghu et
//! al., NeurIPS 2019): it keeps the scale of that network and nothing else.

use toml_edit::{Table, value};

use crate::data::KnownByName;
use crate::diagnostic::Code;
use crate::identity::Meaning;
use crate::place::Located;
use crate::reader::{Report, TableReader, required};
use crate::suggest;

use super::{
    ClassesOf, Defaults, Kind, Learning, NetworkKind, Similarity, SourceKind, SourceNetwork, Standing, Surroundings,
    WrittenNetwork, WrittenSource,
};

/// A network drawn with the mean and variance of each weight tensor of another source's network.
#[derive(Clone, Debug, PartialEq)]
pub struct MeanAndVariance {
    /// Name of the other source, which has a training on data of its own.
    pub of: String,
}

impl MeanAndVariance {
    pub(super) const KIND: Kind = Kind {
        word: "mean-and-variance",
        keys: &[&[required("similarity", "\"similar\""), required("of", "\"near\"")]],
        similarity: Similarity::Told,
        read,
    };
}

impl NetworkKind for MeanAndVariance {
    fn kind(&self) -> SourceKind {
        SourceKind::MeanAndVariance { of: self.of.clone() }
    }

    fn learning(&self) -> Learning<'_> {
        Learning::OtherSource(&self.of)
    }

    fn standing(&self) -> Standing {
        Standing::Knowledge
    }

    fn meaning(&self, source: &str) -> Meaning {
        // All else that it depends on is in the identity of the job it needs.
        Meaning::of("source moments").text("source", source)
    }

    fn insert_into(&self, table: &mut Table) {
        table.insert("of", value(&self.of));
    }
}

#[derive(Debug)]
struct Written {
    of: Option<Located<String>>,
}

fn read(reader: &TableReader<'_, '_>, report: &mut Report) -> Box<dyn WrittenNetwork> {
    Box::new(Written { of: reader.value("of", report) })
}

impl WrittenNetwork for Written {
    fn classes(&self) -> ClassesOf<'_> {
        ClassesOf::Source(self.of.as_ref())
    }

    fn check(&self, _source: &WrittenSource, surroundings: &Surroundings<'_>, report: &mut Report) {
        let Some(of) = &self.of else { return };
        // A source whose kind could not be read may be a trained one.
        let may_be_trained = |other: &&WrittenSource| {
            other.network.as_ref().is_none_or(|network| matches!(network.classes(), ClassesOf::Own { .. }))
        };
        let trained = surroundings.sources.iter().filter(may_be_trained);
        let names: Vec<&str> = trained.filter_map(|other| Some(other.name.as_ref()?.value.as_str())).collect();
        let is_declared =
            surroundings.sources.iter().any(|other| other.name.as_ref().is_some_and(|name| name.value == of.value));
        if is_declared && !names.contains(&of.value.as_str()) {
            let message =
                format!("source {:?} is not trained, so it has neither mean nor variance of its own", of.value);
            report.fault(
                Code::UnknownReference,
                &of.span,
                message,
                format!("trained: {}", suggest::all_of(&names)),
                None,
            );
        } else {
            report.undeclared("trained source", "[[source]]", of, &names);
        }
    }

    fn check_known(&self, _known: &KnownByName<'_>, _report: &mut Report) {
        // It sees no image itself.
    }

    fn resolve(&self, _defaults: &Defaults<'_>) -> Option<SourceNetwork> {
        Some(SourceNetwork::MeanAndVariance(MeanAndVariance { of: self.of.as_ref()?.value.clone() }))
    }
}
