//! The scenario written out again with every default, for `resolved.toml`.

use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value, value};

use crate::choice::Choice;
use crate::data::Data;
use crate::raw::VERSION;
use crate::recipe::{Augmentation, Length, Schedule, Settings, StepInterval};
use crate::scenario::{Fit, FrozenDepths, Scenario, Source, SourceNetwork, Target, TreatmentRange};

impl Scenario {
    /// The scenario as TOML with every default written out; it parses to an equal scenario.
    pub fn to_toml(&self) -> String {
        let mut document = DocumentMut::new();
        let root = document.as_table_mut();
        root.insert("version", whole(VERSION));
        root.insert("study", Item::Table(self.study_table()));
        root.insert("model", Item::Table(self.model_table()));
        let mut data = Table::new();
        data.set_implicit(true);
        for (name, dataset) in &self.data {
            data.insert(name, Item::Table(data_table(dataset)));
        }
        root.insert("data", Item::Table(data));
        insert_list(root, "source", self.sources.iter().map(source_table));
        insert_list(root, "target", self.targets.iter().map(target_table));
        insert_list(root, "treatment", self.treatments.iter().map(|treatment| self.treatment_table(treatment)));
        let mut training = Table::new();
        insert_settings(&mut training, &self.training.settings);
        insert_some(&mut training, "learning_rate", self.training.learning_rate);
        if !self.training.ladder.is_empty() {
            training.insert("ladder", value(self.training.ladder.iter().copied().collect::<Array>()));
        }
        root.insert("training", Item::Table(training));
        if let Some(tuning) = &self.tuning {
            let mut table = Table::new();
            table.insert("learning_rates", value(tuning.learning_rates.iter().copied().collect::<Array>()));
            table.insert("replicates", whole(u64::from(tuning.replicates)));
            table.insert("extend", whole(u64::from(tuning.extend)));
            root.insert("tuning", Item::Table(table));
        }
        let mut verdict = Table::new();
        verdict.insert("margin_pp", value(self.verdict.margin_pp));
        verdict.insert("alpha", value(self.verdict.alpha));
        verdict.insert("metric", value(self.verdict.metric.word()));
        root.insert("verdict", Item::Table(verdict));
        document.to_string()
    }

    fn study_table(&self) -> Table {
        let mut table = Table::new();
        table.insert("name", value(&self.study.name));
        table.insert("question", value(&self.study.question));
        table.insert("seed", whole(self.study.seed));
        table.insert("replicates", whole(u64::from(self.study.replicates)));
        if !self.study.looks.is_empty() {
            table.insert("looks", value(self.study.looks.iter().map(|&look| i64::from(look)).collect::<Array>()));
        }
        table
    }

    fn model_table(&self) -> Table {
        let mut table = Table::new();
        table.insert("architecture", value(self.model.architecture.word()));
        table.insert("width", value(self.model.width));
        table.insert("input", whole(self.model.input as u64));
        table.insert("initialiser", value(self.model.initialiser.word()));
        table.insert("dropout", value(self.model.dropout));
        table.insert("precision", value(self.model.precision.word()));
        table
    }

    fn treatment_table(&self, treatment: &TreatmentRange) -> Table {
        let mut table = Table::new();
        table.insert("name", value(&treatment.name));
        table.insert("kind", value(treatment.fit.method().word()));
        if let Fit::Probe { .. } = treatment.fit {
            table.insert("layers", depths(&treatment.copied));
        } else {
            table.insert("copied", depths(&treatment.copied));
            let frozen = match &treatment.frozen {
                FrozenDepths::Copied => value("copied"),
                FrozenDepths::UpToCopied(from) => value(format!("{from}..=copied")),
                FrozenDepths::Depths(listed) => depths(listed),
            };
            table.insert("frozen", frozen);
        }
        let sources = treatment.sources.iter().map(|&source| self.sources[source].name.as_str());
        table.insert("sources", value(sources.collect::<Array>()));
        match &treatment.fit {
            Fit::Training { learning_rate } => insert_some(&mut table, "learning_rate", *learning_rate),
            Fit::Probe { l2 } => {
                table.insert("l2", value(l2.iter().copied().collect::<Array>()));
            }
        }
        table
    }
}

/// Whole numbers of a scenario come from TOML, so that each fits its integers.
fn whole(count: u64) -> Item {
    value(i64::try_from(count).unwrap_or(i64::MAX))
}

fn depths(depths: &[u8]) -> Item {
    value(depths.iter().map(|&depth| i64::from(depth)).collect::<Array>())
}

fn insert_list(root: &mut Table, key: &str, tables: impl Iterator<Item = Table>) {
    let list: ArrayOfTables = tables.collect();
    if !list.is_empty() {
        root.insert(key, Item::ArrayOfTables(list));
    }
}

fn insert_some(table: &mut Table, key: &str, number: Option<f64>) {
    if let Some(number) = number {
        table.insert(key, value(number));
    }
}

fn insert_classes(table: &mut Table, classes: Option<&Vec<String>>) {
    if let Some(classes) = classes {
        table.insert("classes", value(classes.iter().map(String::as_str).collect::<Array>()));
    }
}

fn insert_length(table: &mut Table, length: Length) {
    let (key, count) = length.key_and_count();
    table.insert(key, whole(count));
}

fn data_table(data: &Data) -> Table {
    let mut table = Table::new();
    table.insert("kind", value(data.kind()));
    match data {
        Data::Synthetic(synthetic) => {
            table.insert("look_distance", value(synthetic.look_distance));
            table.insert("label", value(synthetic.label.word()));
            table.insert("train_per_class", whole(synthetic.train_per_class as u64));
            table.insert("test_per_class", whole(synthetic.test_per_class as u64));
            table.insert("seed", whole(synthetic.seed));
        }
        Data::ImageFolder(folder) => {
            table.insert("path", value(&folder.path));
            insert_some(&mut table, "test_fraction", folder.test_fraction);
            insert_classes(&mut table, folder.classes.as_ref());
        }
        Data::Cifar10Binary { path } => {
            table.insert("path", value(path));
        }
    }
    table
}

fn source_table(source: &Source) -> Table {
    let mut table = Table::new();
    table.insert("name", value(&source.name));
    table.insert("kind", value(source.kind().word()));
    table.insert("similarity", value(&source.similarity));
    match &source.network {
        SourceNetwork::Trained(pretraining) | SourceNetwork::ShuffledLabels(pretraining) => {
            table.insert("data", value(&pretraining.data));
            insert_classes(&mut table, pretraining.classes.as_ref());
            table.insert("train_per_class", whole(pretraining.train_per_class as u64));
            insert_length(&mut table, pretraining.length);
            table.insert("learning_rate", value(pretraining.learning_rate));
            insert_settings(&mut table, &pretraining.settings);
        }
        SourceNetwork::Selffer(training) => {
            if let Some(length) = training.length {
                insert_length(&mut table, length);
            }
            table.insert("learning_rate", value(training.learning_rate));
            insert_settings(&mut table, &training.settings);
        }
        SourceNetwork::MeanAndVariance { of } => {
            table.insert("of", value(of));
        }
        SourceNetwork::Untrained => {}
    }
    table
}

fn target_table(target: &Target) -> Table {
    let mut table = Table::new();
    table.insert("name", value(&target.name));
    table.insert("data", value(&target.data));
    insert_classes(&mut table, target.classes.as_ref());
    if let Some(count) = target.test_per_class {
        table.insert("test_per_class", whole(count as u64));
    }
    table.insert("validation_fraction", value(target.validation_fraction));
    let sizes = target.sizes.iter().map(|size| {
        let mut table = Table::new();
        table.insert("name", value(&size.name));
        table.insert("train_per_class", whole(size.train_per_class as u64));
        insert_length(&mut table, size.length);
        table
    });
    insert_list(&mut table, "size", sizes);
    table
}

fn insert_settings(table: &mut Table, settings: &Settings) {
    table.insert("batch", whole(settings.batch as u64));
    table.insert("momentum", value(settings.momentum));
    table.insert("weight_decay", value(settings.weight_decay));
    table.insert("schedule", value(schedule(settings.schedule)));
    table
        .insert("augmentation", value(settings.augmentation.iter().map(|&step| augmentation(step)).collect::<Array>()));
}

fn schedule(schedule: Schedule) -> Value {
    match schedule {
        Schedule::Constant => "constant".into(),
        Schedule::Cosine => "cosine".into(),
        Schedule::Step { every, factor } => {
            let mut table = InlineTable::new();
            table.insert("kind", "step".into());
            match every {
                StepInterval::Fraction(fraction) => table.insert("every_fraction", fraction.into()),
                StepInterval::Steps(steps) => {
                    table.insert("every_steps", i64::try_from(steps).unwrap_or(i64::MAX).into())
                }
            };
            table.insert("factor", factor.into());
            table.into()
        }
    }
}

fn augmentation(augmentation: Augmentation) -> Value {
    let mut table = InlineTable::new();
    table.insert("kind", augmentation.kind().into());
    match augmentation {
        Augmentation::RandomCrop { padding_px } => {
            table.insert("padding_px", i64::from(padding_px).into());
        }
        Augmentation::HorizontalFlip { probability } => {
            table.insert("probability", probability.into());
        }
        Augmentation::ColourJitter { brightness, contrast, saturation } => {
            table.insert("brightness", brightness.into());
            table.insert("contrast", contrast.into());
            table.insert("saturation", saturation.into());
        }
    }
    table.into()
}
