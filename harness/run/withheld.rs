//! What is not run because a source, or scratch, learns nothing.

use super::Progress;
use super::scheduler::{Scheduler, State};
use nt_records::Status;
use nt_scenario::{Initialiser, Job, Named, Role, Scenario, SettingChoice, Warmup};
use std::collections::BTreeSet;

/// The trials of one search.
struct Search {
    /// Those of the grid.
    of_grid: BTreeSet<usize>,
    /// All, those beyond an edge of the grid among them.
    all: BTreeSet<usize>,
}

impl Scheduler<'_> {
    /// Decides what becomes of jobs that learned nothing, after a job has ended, recorded or not. A job that is no trial is
    /// withheld. A trial waits until the search has an answer: one trial that learned something, and the others go on to
    /// their end, since a rate may learn nothing, which tuning is to find out; or none at all, and the search is withheld.
    pub(super) fn settle(&self, state: &mut State<'_>, index: usize, dependents: &[Vec<usize>], progress: &Progress) {
        if state.doomed.contains(&index) {
            // It ran when its search was withheld.
            if state.at_chance.remove(&index).is_some() && state.left.remove(&index) {
                state.tally.withheld += 1;
                progress.withhold(std::iter::once(&self.plan.jobs[index]));
            }
            return;
        }
        if self.plan.jobs[index].role != Role::Tuning {
            if let Some(what) = state.at_chance.remove(&index) {
                self.withhold(state, &BTreeSet::from([index]), &what, dependents, progress);
            }
            return;
        }
        let Some(search) = self.search_of(index, &dependents[index]) else {
            let ended = BTreeSet::from([index]);
            return self.go_on(state, &Search { of_grid: ended.clone(), all: ended });
        };
        let status = |state: &State<'_>, trial: usize| {
            state.ledger.get(self.plan.jobs[trial].id).map(|record| record.status.clone())
        };
        let learned = search.all.iter().any(|&trial| status(state, trial) == Some(Status::Done));
        let is_unknown = |&trial: &usize| !state.left.contains(&trial) && status(state, trial).is_none();
        if learned || search.of_grid.iter().any(is_unknown) {
            return self.go_on(state, &search);
        }
        let has_ended = |trial: &usize| state.at_chance.contains_key(trial) || status(state, *trial).is_some();
        let hopeless: BTreeSet<usize> =
            search.of_grid.iter().copied().filter(|trial| state.at_chance.contains_key(trial)).collect();
        if let (Some(first), true) = (hopeless.first(), search.of_grid.iter().all(has_ended)) {
            let what = state.at_chance[first].clone();
            state.at_chance.retain(|trial, _| !hopeless.contains(trial));
            self.withhold(state, &hopeless, &what, dependents, progress);
        }
    }

    /// Lets the trials of a search train to their end, those that were stopped among them.
    fn go_on(&self, state: &mut State<'_>, search: &Search) {
        state.goes_on.extend(search.all.iter().map(|&trial| self.plan.jobs[trial].id));
        let stopped = search.all.iter().filter(|trial| state.at_chance.remove(trial).is_some());
        let stopped: Vec<_> = stopped.map(|&trial| self.turn(trial)).collect();
        state.ready.extend(stopped);
    }

    /// The search that a trial belongs to; none where nothing that is still to run rests on it.
    fn search_of(&self, trial: usize, dependents: &[usize]) -> Option<Search> {
        dependents.iter().find_map(|&dependent| match self.plan.jobs[dependent].work.setting() {
            SettingChoice::Tuned { grid, trials } if trials.iter().any(|tried| tried.jobs.contains(&trial)) => {
                let of_grid = trials.iter().filter(|tried| grid.contains(&tried.value));
                Some(Search {
                    of_grid: of_grid.flat_map(|tried| tried.jobs.iter().copied()).collect(),
                    all: trials.iter().flat_map(|tried| tried.jobs.iter().copied()).collect(),
                })
            }
            SettingChoice::Tuned { .. } | SettingChoice::Fixed(_) | SettingChoice::NotTrained => None,
        })
    }

    /// Withholds jobs that learn nothing, and what depends on them: jobs that need them; beside scratch every job of the same
    /// target and size, since scratch is what they are compared with; and sources that nothing else needs. Says so at once.
    fn withhold(
        &self,
        state: &mut State<'_>,
        hopeless: &BTreeSet<usize>,
        what: &str,
        dependents: &[Vec<usize>],
        progress: &Progress,
    ) {
        let mut withheld = hopeless.clone();
        for scratch in hopeless.iter().filter_map(|&job| self.plan.jobs[job].work.target()) {
            let is_compared = |&&job: &&usize| {
                let other = self.plan.jobs[job].work.target();
                other.is_some_and(|task| (task.target, task.size) == (scratch.target, scratch.size))
            };
            withheld.extend(state.left.iter().filter(is_compared));
        }
        let mut unseen: Vec<usize> = withheld.iter().copied().collect();
        while let Some(job) = unseen.pop() {
            unseen.extend(dependents[job].iter().filter(|&&dependent| withheld.insert(dependent)));
        }
        loop {
            let serves_none = |&&job: &&usize| {
                let served = &dependents[job];
                !served.is_empty() && !withheld.contains(&job) && served.iter().all(|job| withheld.contains(job))
            };
            let useless: Vec<usize> = state.left.iter().filter(serves_none).copied().collect();
            if useless.is_empty() {
                break;
            }
            withheld.extend(useless);
        }
        state.doomed.extend(&withheld);
        // What runs already is recorded, unless it learns nothing either.
        let withheld: BTreeSet<usize> = withheld.difference(&state.running).copied().collect();
        let withheld: BTreeSet<usize> = withheld.intersection(&state.left).copied().collect();
        for job in &withheld {
            state.left.remove(job);
            state.ready.remove(&self.turn(*job));
            state.at_chance.remove(job);
        }
        state.tally.withheld += withheld.len();
        progress.withhold(withheld.iter().map(|&job| &self.plan.jobs[job]));
        if let Some(job) = hopeless.first().map(|&job| &self.plan.jobs[job]) {
            let told = told(job, what, withheld.len().saturating_sub(hopeless.len()));
            tracing::info!(job = %job.id, name = %job.name, what, withheld = withheld.len(), "job learns nothing");
            let is_first = state.tally.told.is_empty();
            progress.tell(&if is_first { format!("{told}\n{}", helps(self.scenario, job)) } else { told.clone() });
            state.tally.told.push(told);
        }
    }
}

/// What is told of a job that learns nothing; of a trial, that none of its search learns.
fn told(job: &Job, what: &str, others: usize) -> String {
    let others = match others {
        0 => String::new(),
        1 => ", and one job that depends on it is not run".to_owned(),
        others => format!(", and {others} jobs that depend on it are not run"),
    };
    match job.name.rsplit_once('/').filter(|_| job.role == Role::Tuning) {
        Some((search, trial)) => {
            format!("{search}: no learning rate of the grid learns. {trial} is {what}. The search is stopped{others}.")
        }
        None => format!("{} is {what}. It is stopped{others}.", job.name),
    }
}

/// What usually helps a job that learns nothing.
fn helps(scenario: &Scenario, job: &Job) -> String {
    let recipe = job.work.recipe();
    let settings = &recipe.settings;
    let mut helps = Vec::new();
    if settings.warmup == Warmup::Off && settings.clip_norm.is_none() {
        let named = if scenario.model.input < 128 { Named::AlexNet64 } else { Named::AlexNet224 };
        // The recipes warm up for 300 steps.
        let shorter = if recipe.steps < 1000 { " with warmup = 0.1" } else { "" };
        helps.push(format!("recipe = {:?}{shorter} (a warm-up and a limit on the gradient's norm)", named.word()));
    }
    if scenario.model.initialiser != Initialiser::HeNormal {
        helps.push("initialiser = \"he-normal\"".to_owned());
    }
    if recipe.dropout > 0.0 {
        helps.push("dropout = 0.0".to_owned());
    }
    helps.push("a smaller or a larger learning rate".to_owned());
    format!(
        "  what usually helps: {}; see scenarios/recipes.md\n  some networks learn after a long plateau: --keep-going trains all to \
         its end",
        helps.join(", ")
    )
}
