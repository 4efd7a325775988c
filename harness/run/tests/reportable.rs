//! Whatever scenario passes its checks, its study has a report: a fault that only a report finds would be found after days of training.

use super::*;
use nt_records::manifest::{Host, MANIFEST_VERSION, Manifest};
use nt_records::{CurvePoint, Predictions};
use proptest::prelude::*;
use proptest::sample::{Index, subsequence};
use std::collections::BTreeMap;
use std::path::Path;

const CLASSES: [&str; 4] = ["star", "ring", "arrow", "heart"];

/// Parts of scenarios, right and wrong, each with what it takes the place of.
const CHANGES: [(&str, &str); 26] = [
    ("replicates = 2", "replicates = 1"),
    ("replicates = 2", "replicates = 6\nlooks = [3, 6]"),
    ("reference_runs = 1", "reference_runs = 3"),
    ("version = 2", "version = 1"),
    ("extend = 0", "extend = 1"),
    ("learning_rates = [0.001, 0.01]", "learning_rates = [0.01]"),
    ("learning_rates = [0.001, 0.01]", "search = \"once\"\nreplicates = 2\nlearning_rates = [0.001, 0.01]"),
    ("validation_fraction = 0.25", "validation_fraction = 0.0"),
    ("classes = [\"star\", \"ring\"]", "classes = [\"star\", \"ring\", \"arrow\"]"),
    ("steps = 5", "steps = 1"),
    ("steps = 5", "epochs = 3"),
    ("steps = 5", "steps = 1000000000000000000"),
    ("train_per_class = 8", "train_per_class = 4"),
    ("train_per_class = 8", "train_images = 9"),
    ("[[treatment]]", "[[treatment]]\nname = \"deep\"\ncopied = 7\nfrozen = [0, 4]\n\n[[treatment]]"),
    ("[[treatment]]", "[[treatment]]\nname = \"fast\"\ncopied = 7\nfrozen = 7\nlearning_rate = 0.05\n\n[[treatment]]"),
    (
        "[[treatment]]",
        "[[treatment]]\nname = \"probe\"\nkind = \"probe\"\nlayers = [3, 7]\nl2 = [0.01, 0.1]\n\n[[treatment]]",
    ),
    ("copied = [3, 7]", "copied = [1, 2, 3, 4, 5, 6, 7]"),
    ("copied = [3, 7]\nfrozen = \"copied\"", "copied = 7\nfrozen = \"0..=copied\""),
    ("[[target]]", "[[source]]\nname = \"untrained\"\nkind = \"untrained\"\n\n[[target]]"),
    ("[[target]]", "[[source]]\nname = \"self\"\nkind = \"selffer\"\nsteps = 5\nlearning_rate = 0.01\n\n[[target]]"),
    (
        "[[target]]",
        "[[source]]\nname = \"other\"\ndata = \"shapes\"\nsimilarity = \"other\"\ntrain_per_class = 9\nsteps = 5\nlearning_rate = 0.01\n\n[[target]]",
    ),
    ("momentum = 0.9", "momentum = 0.9\nladder = [1, 2]"),
    ("[training]", "[verdict]\nmetric = \"log-loss\"\n\n[training]"),
    ("[training]", "[verdict]\nprimary = [\"choice\"]\nalpha = 0.01\n\n[training]"),
    ("[training]", "[verdict]\nchoice = \"each-replicate\"\nmargin_pp = 3.0\n\n[training]"),
];

/// A study of right answers where a hash of job and image says so.
struct Guesses<'a>(&'a Plan);

impl Executor for Guesses<'_> {
    fn execute(&self, job: &Job, upstream: &dyn Upstream) -> Result<JobOutput, Abandoned> {
        let mut output = Mock::default().execute(job, upstream)?;
        output.metrics.clear();
        output.metrics.push(Measured::new(Measure::Train(Metric::Top1), 0.9, 30));
        output.metrics.push(Measured::new(Measure::TrainLossFirst, 1.5, 1));
        output.metrics.push(Measured::new(Measure::TrainLossLast, 0.5, 1));
        let luck = |of: &str| f64::from(blake3::hash(format!("{} {of}", job.name).as_bytes()).as_bytes()[0]) / 256.0;
        output.metrics.push(Measured::new(Measure::Validation(Metric::Top1), luck("validation"), 30));
        output.metrics.push(Measured::new(Measure::Validation(Metric::LogLoss), luck("loss"), 30));
        let Some(task) = job.work.target() else { return Ok(output) };
        output.artifacts.curve =
            vec![CurvePoint { step: 5, learning_rate: 0.01, train_loss: 0.7, train_top1: 0.8, validation_top1: None }];
        if job.role == Role::Tuning {
            return Ok(output);
        }
        let classes = task.classes.len() as u16;
        let ids: Vec<u32> = (0..u32::from(classes) * 10).collect();
        let label = |id: u32| (id % u32::from(classes)) as u16;
        let guess = |id: u32| if luck(&id.to_string()) < 0.7 { label(id) } else { (label(id) + 1) % classes };
        let guesses = ids.iter().map(|&id| [guess(id), u16::MAX, u16::MAX, u16::MAX, u16::MAX]).collect();
        let losses = ids.iter().map(|&id| if guess(id) == label(id) { 0.3 } else { 1.7 }).collect();
        let predictions = Predictions::new(ids.clone(), ids.iter().map(|&id| label(id)).collect(), guesses, losses);
        output.artifacts.predictions = Some(predictions.unwrap());
        output.test_openings = 1;
        assert!(self.0.find(job.id).is_some());
        Ok(output)
    }
}

/// The report of a scenario's study, trained by nobody.
fn report(dir: &Path, scenario: &Scenario, plan: &Plan) -> Result<(), String> {
    let mut ledger = Ledger::open(dir).unwrap();
    let interrupt = AtomicBool::new(false);
    let scheduler = Scheduler {
        scenario,
        plan,
        jobs: 1,
        threads: 1,
        at_chance: AtChance::GoesOn,
        interrupt: &interrupt,
        numerics: NUMERICS,
    };
    let all: BTreeSet<usize> = (0..plan.jobs.len()).collect();
    scheduler.run(&all, &mut ledger, &Guesses(plan), &Progress::quiet()).unwrap();
    let mut manifest = Manifest {
        schema_version: MANIFEST_VERSION,
        study: scenario.study.name.clone(),
        versions: BTreeMap::new(),
        numerics: NUMERICS.to_owned(),
        host: Host { system: String::new(), device: String::new(), cores: 1, jobs: 1, threads: 1 },
        seed: scenario.study.seed,
        data: BTreeMap::new(),
        parameters: BTreeMap::new(),
        preregistration: String::new(),
        plan: Manifest::plan_of(&plan.jobs),
        completeness: Default::default(),
        withheld: Vec::new(),
        test_openings: 0,
        result_digest: String::new(),
        has_ended: true,
        drawn_of: String::new(),
        files: Vec::new(),
        stripped: Vec::new(),
    };
    manifest.summarise(|job| ledger.get(job));
    manifest.write(dir).unwrap();
    std::fs::write(dir.join("scenario.toml"), scenario.text()).unwrap();
    std::fs::write(dir.join("resolved.toml"), scenario.to_toml()).unwrap();
    nt_report::report(dir).map(drop).map_err(|error| error.to_string())
}

fn facts() -> Facts {
    let facts = DataFacts {
        train_per_class: vec![40; 4],
        test_per_class: vec![10; 4],
        classes: CLASSES.map(str::to_owned).into(),
        standardisation: nt_scenario::Standardisation::IMAGENET,
        digest: [1; 32],
        labels: LabelKind::OneClass,
    };
    Facts::of_data([("shapes".to_owned(), Ok(facts))])
}

/// Whether the scenario passes the checks; if so, its study must have a report.
fn passes(text: &str) -> bool {
    let Ok(scenario) = Scenario::parse(text, "any.toml") else { return false };
    let Ok(plan) = Plan::new(&scenario, &facts(), NUMERICS) else { return false };
    let dir = tempfile::tempdir().unwrap();
    report(dir.path(), &scenario, &plan).unwrap_or_else(|error| panic!("{error}\n{text}"));
    true
}

fn base() -> String {
    scenario().replace("learning_rates = [0.001, 0.01, 0.1]", "learning_rates = [0.001, 0.01]")
}

#[test]
fn every_change_alone_is_refused_or_reported() {
    let refused: Vec<&str> =
        CHANGES.iter().filter(|(from, to)| !passes(&base().replacen(from, to, 1))).map(|(_, to)| *to).collect();
    assert!(passes(&base()));
    assert!(refused.iter().any(|to| to.contains("fast")), "two rates at one point: {refused:?}");
    assert!(refused.iter().any(|to| to.contains("1000000000000000000")), "{refused:?}");
    assert!(refused.len() < CHANGES.len() / 2, "most of them are right: {refused:?}");
    for (from, _) in CHANGES {
        assert!(base().contains(from), "{from}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    #[test]
    fn what_passes_the_checks_is_reported(
        changes in subsequence(CHANGES.to_vec(), 2..5),
        line: Index,
        doubled: bool,
    ) {
        let mut text = base();
        for (from, to) in changes {
            text = text.replacen(from, to, 1);
        }
        passes(&text);
        if doubled {
            let mut lines: Vec<&str> = text.lines().collect();
            lines.remove(line.index(lines.len()));
            passes(&lines.join("\n"));
        }
    }
}
