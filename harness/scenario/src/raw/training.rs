//! `[training]`.

use toml::de::DeTable;

use crate::place::{Located, Span};
use crate::reader::{Key, Report, TableReader, optional, required};
use crate::recipe::{WrittenSettings, learning_rate};

/// `[training]`.
#[derive(Debug)]
pub(crate) struct RawTraining {
    pub(crate) header: Span,
    pub(crate) settings: WrittenSettings,
    pub(crate) learning_rate: Option<Located<f64>>,
    /// Whether `learning_rate` is written, be it right or wrong.
    pub(crate) has_learning_rate: bool,
    /// Lengths of scratch as multiples of every other arm's.
    pub(crate) ladder: Option<Located<Vec<Located<f64>>>>,
}

/// Required where no recipe is named that gives them.
const GIVEN_BY_A_RECIPE: [(&str, &str); 4] =
    [("batch", "32"), ("momentum", "0.9"), ("weight_decay", "0.0005"), ("schedule", "\"cosine\"")];

fn keys(has_recipe: bool) -> Vec<Key> {
    let given =
        GIVEN_BY_A_RECIPE.map(|(name, example)| if has_recipe { optional(name) } else { required(name, example) });
    let others =
        WrittenSettings::OPTIONAL_KEYS.iter().filter(|key| given.iter().all(|given| given.name() != key.name()));
    given.iter().chain(others).copied().chain([optional("learning_rate"), optional("ladder")]).collect()
}

pub(super) fn read(table: &DeTable<'_>, header: Span, report: &mut Report) -> RawTraining {
    let has_recipe = table.contains_key("recipe");
    let reader = TableReader::open(table, header.clone(), "[training]", &keys(has_recipe), report);
    let rungs = "at least 1, at most 64: scratch is never trained for less than the arms that it is compared with";
    RawTraining {
        header,
        settings: WrittenSettings::read(&reader, report),
        learning_rate: learning_rate(&reader, report),
        has_learning_rate: reader.has("learning_rate"),
        ladder: reader.reals("ladder", rungs, |rung| (1.0..=64.0).contains(&rung), report),
    }
}
