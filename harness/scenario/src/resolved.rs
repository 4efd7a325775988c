//! The scenario written out again with every default, for `resolved.toml`.

use toml_edit::{Array, DocumentMut, Item, Table, value};

use crate::choice::SearchOf;
use crate::raw::Version;
use crate::scenario::{Primary, Scenario, Target, TreatmentRange};
use crate::source::Source;
use crate::writer::{insert_classes, insert_count, insert_reals, insert_some, insert_tables};

impl Scenario {
    /// The scenario as TOML with every default written out; it parses to an equal scenario.
    pub fn to_toml(&self) -> String {
        let mut document = DocumentMut::new();
        let root = document.as_table_mut();
        insert_count(root, "version", Version::LATEST.number());
        root.insert("study", Item::Table(self.study_table()));
        root.insert("model", Item::Table(self.model_table()));
        let mut data = Table::new();
        data.set_implicit(true);
        for (name, dataset) in &self.data {
            data.insert(name, Item::Table(dataset.to_table()));
        }
        root.insert("data", Item::Table(data));
        insert_tables(root, "source", self.sources.iter().map(Source::to_table));
        insert_tables(root, "target", self.targets.iter().map(target_table));
        insert_tables(root, "treatment", self.treatments.iter().map(|treatment| self.treatment_table(treatment)));
        let mut training = Table::new();
        self.training.settings.insert_into(&mut training);
        insert_some(&mut training, "learning_rate", self.training.learning_rate);
        if !self.training.ladder.is_empty() {
            insert_reals(&mut training, "ladder", &self.training.ladder);
        }
        root.insert("training", Item::Table(training));
        if let Some(tuning) = &self.tuning {
            let mut table = Table::new();
            insert_reals(&mut table, "learning_rates", &tuning.learning_rates);
            table.insert("search", value(tuning.search.word()));
            if tuning.search == SearchOf::Once {
                insert_count(&mut table, "replicates", u64::from(tuning.replicates));
            }
            insert_count(&mut table, "extend", u64::from(tuning.extend));
            if tuning.sources {
                table.insert("sources", value(true));
            }
            root.insert("tuning", Item::Table(table));
        }
        let mut verdict = Table::new();
        verdict.insert("margin_pp", value(self.verdict.margin_pp));
        verdict.insert("alpha", value(self.verdict.alpha));
        verdict.insert("metric", value(self.verdict.metric.word()));
        verdict.insert("choice", value(self.verdict.choice.word()));
        verdict.insert("primary", value(self.verdict.primary.iter().map(Primary::word).collect::<Array>()));
        root.insert("verdict", Item::Table(verdict));
        document.to_string()
    }

    fn study_table(&self) -> Table {
        let mut table = Table::new();
        table.insert("name", value(&self.study.name));
        table.insert("question", value(&self.study.question));
        insert_count(&mut table, "seed", self.study.seed);
        insert_count(&mut table, "replicates", u64::from(self.study.replicates));
        if let Some(looks) = &self.study.looks {
            table.insert("looks", value(looks.iter().map(|&look| i64::from(look)).collect::<Array>()));
        }
        insert_count(&mut table, "reference_runs", u64::from(self.study.reference_runs));
        table
    }

    fn model_table(&self) -> Table {
        let mut table = Table::new();
        table.insert("architecture", value(self.model.architecture.word()));
        table.insert("width", value(self.model.width));
        insert_count(&mut table, "input", self.model.input as u64);
        table.insert("initialiser", value(self.model.initialiser.word()));
        table.insert("dropout", value(self.model.dropout));
        table.insert("precision", value(self.model.precision.word()));
        table
    }

    fn treatment_table(&self, treatment: &TreatmentRange) -> Table {
        let sources = treatment.sources.iter().map(|&source| self.sources[source].name.as_str());
        treatment.fit.to_table(&treatment.name, &treatment.copied, &treatment.frozen, sources.collect())
    }
}

fn target_table(target: &Target) -> Table {
    let mut table = Table::new();
    table.insert("name", value(&target.name));
    table.insert("data", value(&target.data));
    insert_classes(&mut table, target.classes.as_ref());
    if let Some(count) = target.test_per_class {
        insert_count(&mut table, "test_per_class", count as u64);
    }
    table.insert("validation_fraction", value(target.validation_fraction));
    let sizes = target.sizes.iter().map(|size| {
        let mut table = Table::new();
        table.insert("name", value(&size.name));
        size.train_images.insert_into(&mut table);
        size.length.insert_into(&mut table);
        table
    });
    insert_tables(&mut table, "size", sizes);
    table
}
