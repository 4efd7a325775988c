//! The plan as a table for a person.

use std::fmt::Write;

use crate::count::thousands;
use crate::job::{Role, Work};
use crate::network::LearnedLayer;
use crate::scenario::Scenario;

use super::{Cost, Plan};

impl Plan {
    /// What `nt plan` prints: jobs and cost by role, then for each target and size its arms.
    pub fn summary(&self, scenario: &Scenario) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write_summary(scenario, &mut text);
        text
    }

    fn write_summary(&self, scenario: &Scenario, text: &mut String) -> std::fmt::Result {
        let shape = scenario.model.shape(2);
        writeln!(text, "{}: {}", scenario.study.name, scenario.study.question)?;
        let num_parameters = |layer: &LearnedLayer| layer.num_weights() + layer.num_biases();
        let below: usize = shape.layers.iter().rev().skip(1).map(num_parameters).sum();
        writeln!(
            text,
            "{} cells × {} replicates; {} px, {} parameters below {}\n",
            self.cells.len(),
            self.replicates,
            scenario.model.input,
            thousands(below as u64),
            scenario.model.architecture.last_layer(),
        )?;
        self.write_roles(text)?;
        writeln!(text)?;
        self.write_images(scenario, text)?;
        writeln!(text)?;
        self.write_arms(scenario, text)
    }

    /// The images that each target learns from, size by size.
    fn write_images(&self, scenario: &Scenario, text: &mut String) -> std::fmt::Result {
        for cell in self.cells.iter().filter(|cell| cell.source.is_none()) {
            let jobs = cell.final_jobs.first().and_then(|&job| self.jobs.get(job));
            let Some(Work::TrainTarget(task)) = jobs.map(|job| &job.work) else { continue };
            let (target, num_classes) = (&scenario.targets[cell.target], task.classes.len());
            let (train, validation) = (&task.train_per_class, task.validation_per_class.total(num_classes));
            writeln!(
                text,
                "{}/{}: {} classes, {}; {} train, {} validate",
                target.name,
                target.sizes[cell.size].name,
                num_classes,
                train.words(num_classes),
                thousands((train.total(num_classes) - validation) as u64),
                thousands(validation as u64),
            )?;
        }
        Ok(())
    }

    fn write_roles(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "{:<10} {:>9} {:>16} {:>22}", "role", "jobs", "image steps", "multiply–accumulates")?;
        let rows = Role::ALL.iter().map(|&role| (role.word(), self.cost_of(role)));
        for (word, cost) in rows.filter(|(_, cost)| cost.jobs > 0).chain([("all", self.cost())]) {
            let Cost { jobs, image_steps, multiply_accumulates } = cost;
            let (jobs, image_steps) = (thousands(jobs as u64), thousands(image_steps));
            writeln!(text, "{word:<10} {jobs:>9} {image_steps:>16} {multiply_accumulates:>22.3e}")?;
        }
        Ok(())
    }

    fn write_arms(&self, scenario: &Scenario, text: &mut String) -> std::fmt::Result {
        let header = ["target", "size", "source", "treatment", "points"].map(str::to_owned);
        let mut rows = vec![header];
        for cell in &self.cells {
            let target = &scenario.targets[cell.target];
            let source = cell.source.map_or("-", |source| &scenario.sources[source].name);
            let name = [&target.name, &target.sizes[cell.size].name, source, &cell.treatment_name].map(str::to_owned);
            match rows.last_mut() {
                Some(row) if row[..4] == name => row[4] = format!("{} {}", row[4], cell.treatment),
                _ => {
                    let [target, size, source, treatment] = name;
                    rows.push([target, size, source, treatment, cell.treatment.to_string()]);
                }
            }
        }
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths = [width(0), width(1), width(2), width(3)];
        for [target, size, source, treatment, points] in &rows {
            let [w0, w1, w2, w3] = widths;
            writeln!(text, "{target:<w0$}  {size:<w1$}  {source:<w2$}  {treatment:<w3$}  {points}")?;
        }
        Ok(())
    }
}
