//! Scenarios for tests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "only tests build it")]

use std::fmt::Write;

/// The text of a scenario, in which a test says only what it is about.
///
/// It begins as a narrow AlexNet at 40 px, on two replicates with one run of scratch each, trained at a fixed
/// rate, without data, sources, targets and
/// treatments.
///
/// ```ignore
/// let text = TestScenario::new("tiny")
///     .synthetic("shapes", 30, 20)
///     .source("near", "data = \"shapes\"\nsimilarity = \"similar\"\ntrain_per_class = 20\nsteps = 60")
///     .target("shapes", "data = \"shapes\"")
///     .size("small", "train_per_class = 8\nsteps = 40")
///     .treatment("frozen", "copied = [1, 4, 7]\nfrozen = \"copied\"")
///     .text();
/// ```
#[derive(Clone, Debug)]
pub struct TestScenario {
    study: Keys,
    model: Keys,
    training: Keys,
    tables: Vec<Table>,
}

/// A table's keys with their values, both as TOML.
#[derive(Clone, Debug)]
struct Keys(Vec<(String, String)>);

#[derive(Clone, Debug)]
struct Table {
    header: String,
    lines: String,
}

impl Keys {
    fn of<const N: usize>(keys: [(&str, &str); N]) -> Self {
        Self(keys.map(|(key, value)| (key.to_owned(), value.to_owned())).into())
    }

    fn set(&mut self, key: &str, value: &str) {
        match self.0.iter_mut().find(|(known, _)| known == key) {
            Some((_, old)) => value.clone_into(old),
            None => self.0.push((key.to_owned(), value.to_owned())),
        }
    }

    fn write_to(&self, header: &str, text: &mut String) {
        let lines: Vec<String> = self.0.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        write_table(header, &lines.join("\n"), text);
    }
}

fn write_table(header: &str, lines: &str, text: &mut String) {
    // A String takes everything.
    let _ = write!(text, "\n{header}\n{}\n", lines.trim());
}

impl TestScenario {
    /// A scenario of that name.
    pub fn new(name: &str) -> Self {
        let name = format!("{name:?}");
        Self {
            study: Keys::of([
                ("name", &name),
                ("question", "\"What does this test ask?\""),
                ("seed", "7"),
                ("replicates", "2"),
                ("reference_runs", "1"),
            ]),
            model: Keys::of([
                ("architecture", "\"alexnet\""),
                ("width", "0.04"),
                ("input", "40"),
                ("initialiser", "\"he-normal\""),
            ]),
            training: Keys::of([
                ("batch", "8"),
                ("momentum", "0.9"),
                ("weight_decay", "0.0005"),
                ("schedule", "\"cosine\""),
                ("learning_rate", "0.01"),
            ]),
            tables: Vec::new(),
        }
    }

    /// Sets a key of `[study]` to a value, as TOML.
    pub fn study(mut self, key: &str, value: &str) -> Self {
        self.study.set(key, value);
        self
    }

    /// Sets a key of `[model]` to a value, as TOML.
    pub fn model(mut self, key: &str, value: &str) -> Self {
        self.model.set(key, value);
        self
    }

    /// Sets a key of `[training]` to a value, as TOML.
    pub fn training(mut self, key: &str, value: &str) -> Self {
        self.training.set(key, value);
        self
    }

    /// Tunes with these lines of `[tuning]` in place of a fixed rate.
    pub fn tuned(mut self, lines: &str) -> Self {
        self.training.0.retain(|(key, _)| key != "learning_rate");
        self.table("[tuning]", lines)
    }

    /// Adds a table with these lines.
    pub fn table(mut self, header: &str, lines: &str) -> Self {
        self.tables.push(Table { header: header.to_owned(), lines: lines.to_owned() });
        self
    }

    /// Adds a built-in domain of shapes with so many images a class in training and in test.
    pub fn synthetic(self, name: &str, train_per_class: usize, test_per_class: usize) -> Self {
        self.domain(name, "0.0", train_per_class, test_per_class)
    }

    /// The same at a look distance.
    pub fn domain(self, name: &str, look_distance: &str, train_per_class: usize, test_per_class: usize) -> Self {
        let lines = format!(
            "kind = \"synthetic\"\nlook_distance = {look_distance}\nlabel = \"shape\"\n\
             train_per_class = {train_per_class}\ntest_per_class = {test_per_class}"
        );
        self.table(&format!("[data.{name}]"), &lines)
    }

    /// Adds a source with these lines beside its name.
    pub fn source(self, name: &str, lines: &str) -> Self {
        self.named("[[source]]", name, lines)
    }

    /// Adds a target with these lines beside its name.
    pub fn target(self, name: &str, lines: &str) -> Self {
        self.named("[[target]]", name, lines)
    }

    /// Adds a size with these lines beside its name to the target added last.
    pub fn size(self, name: &str, lines: &str) -> Self {
        self.named("[[target.size]]", name, lines)
    }

    /// Adds a treatment with these lines beside its name.
    pub fn treatment(self, name: &str, lines: &str) -> Self {
        self.named("[[treatment]]", name, lines)
    }

    fn named(self, header: &str, name: &str, lines: &str) -> Self {
        self.table(header, &format!("name = {name:?}\n{}", lines.trim()))
    }

    /// The text.
    pub fn text(&self) -> String {
        let mut text = "version = 2\n".to_owned();
        self.study.write_to("[study]", &mut text);
        self.model.write_to("[model]", &mut text);
        for table in &self.tables {
            write_table(&table.header, &table.lines, &mut text);
        }
        self.training.write_to("[training]", &mut text);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scenario;

    #[test]
    fn the_scenario_of_a_test_has_no_fault() {
        let scenario = TestScenario::new("tiny")
            .study("seed", "3")
            .synthetic("shapes", 30, 20)
            .source("untrained", "kind = \"untrained\"")
            .target("shapes", "data = \"shapes\"\nvalidation_fraction = 0.25")
            .size("small", "train_per_class = 8\nsteps = 4")
            .treatment("frozen", "copied = 3\nfrozen = \"copied\"");
        let parsed = Scenario::parse(&scenario.text(), "tiny.toml").unwrap();
        assert_eq!((parsed.study.name.as_str(), parsed.study.seed, parsed.study.replicates), ("tiny", 3, 2));
        let tuned = scenario.tuned("learning_rates = [0.01, 0.1]");
        assert!(Scenario::parse(&tuned.text(), "tuned.toml").unwrap().tuning.is_some());
    }
}
