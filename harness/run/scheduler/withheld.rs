//! What is not run because a source, or scratch, learns nothing.

use super::groups::{Group, Groups};
use super::{Scheduler, State};
use crate::run::Progress;
use nt_records::Status;
use nt_scenario::{Initialiser, Job, JobId, Named, Role, Scenario, Warmup};
use std::collections::BTreeSet;

impl Scheduler<'_> {
    /// Decides about every group before the first job, by what is recorded.
    pub(super) fn settle_all(&self, state: &mut State<'_>, groups: &Groups) {
        for group in groups.iter() {
            let waits = group.gated.iter().filter(|job| state.left.contains(job));
            for &job in waits {
                state.missing[job] += 1;
                state.ready.remove(&self.turn(job));
            }
        }
        for group in groups.iter() {
            if self.has_learned(state, group) || self.has_ended(state, group) {
                self.go_on(state, group);
            }
        }
    }

    /// Notes that a job was stopped since it learned nothing. It waits for the others of its group: as soon as one of them
    /// has learned something they all go on to their end, since a rate may learn nothing, which tuning is to find out, and a
    /// replicate may be unlucky, which is a result. If none has, they are withheld.
    pub(super) fn stopped_at_chance(
        &self,
        state: &mut State<'_>,
        (index, what): (usize, String),
        (dependents, groups): (&[Vec<usize>], &Groups),
        progress: &Progress,
    ) {
        state.at_chance.insert(index, what.clone());
        let Some(group) = groups.of_job(index) else {
            // None stands beside it, so nothing can tell whether it is hopeless.
            let alone = Group { members: vec![index], all: vec![index], gated: Vec::new() };
            return self.go_on(state, &alone);
        };
        self.settle(state, group, (dependents, groups), progress);
        // A rate that learns nothing is not worth a word while others are tried.
        let job = &self.plan.jobs[index];
        if state.at_chance.contains_key(&index) && job.role != Role::Tuning {
            let is_first = group.members.iter().filter(|job| state.at_chance.contains_key(job)).count() == 1;
            if is_first {
                let told = format!("{} is {what}. It is stopped until another replicate has learned.", job.name);
                self.tell_with_helps(state, job, &told, progress);
            }
        }
    }

    /// Decides what becomes of a group after one of its jobs has ended, recorded or not.
    pub(super) fn settle(
        &self,
        state: &mut State<'_>,
        group: &Group,
        (dependents, groups): (&[Vec<usize>], &Groups),
        progress: &Progress,
    ) {
        if self.has_learned(state, group) {
            return self.go_on(state, group);
        }
        if !self.has_ended(state, group) {
            return;
        }
        let hopeless: Vec<usize> =
            group.members.iter().copied().filter(|job| state.at_chance.contains_key(job)).collect();
        match hopeless.first() {
            None => self.go_on(state, group),
            Some(&first) => {
                let what = state.at_chance[&first].clone();
                self.withhold(state, group, (&hopeless, &what), (dependents, groups), progress);
            }
        }
    }

    /// Tells something of a job that learns nothing, and the first time what usually helps.
    fn tell_with_helps(&self, state: &mut State<'_>, job: &Job, told: &str, progress: &Progress) {
        if state.has_told_helps {
            return progress.tell(told);
        }
        state.has_told_helps = true;
        progress.tell(&format!("{told}\n{}", helps(self.scenario, job)));
    }

    fn status<'s>(&self, state: &'s State<'_>, job: usize) -> Option<&'s Status> {
        state.ledger.get(self.plan.jobs[job].id).map(|record| &record.status)
    }

    fn has_learned(&self, state: &State<'_>, group: &Group) -> bool {
        group.members.iter().any(|&job| self.status(state, job) == Some(&Status::Done))
    }

    /// Whether all jobs of a group have ended, of those that are to be run at all.
    fn has_ended(&self, state: &State<'_>, group: &Group) -> bool {
        group.members.iter().all(|job| !state.left.contains(job) || state.at_chance.contains_key(job))
    }

    /// Lets the jobs of a group train to their end, those that were stopped among them, and what waited for it begin.
    fn go_on(&self, state: &mut State<'_>, group: &Group) {
        let ids: Vec<JobId> = group.all.iter().map(|&job| self.plan.jobs[job].id).collect();
        let goes_on_already = ids.iter().any(|id| state.goes_on.contains(id));
        state.goes_on.extend(ids);
        // One may have been stopped after the group went on, since it began before.
        for &job in &group.all {
            if state.at_chance.remove(&job).is_some() {
                state.ready.insert(self.turn(job));
            }
        }
        for &job in group.gated.iter().filter(|_| !goes_on_already) {
            self.comes_closer(state, job);
        }
    }

    /// Withholds a group that learns nothing, what waits for it, and what needs any of these. Says so at once.
    fn withhold(
        &self,
        state: &mut State<'_>,
        group: &Group,
        (hopeless, what): (&[usize], &str),
        (dependents, groups): (&[Vec<usize>], &Groups),
        progress: &Progress,
    ) {
        let Some(&first) = hopeless.first() else { return };
        // Of a search for scratch, what waits for scratch waits for it.
        let gated = dependents[first].iter().filter_map(|&job| groups.of_job(job)).flat_map(|group| &group.gated);
        let mut withheld: BTreeSet<usize> = hopeless.iter().chain(&group.gated).chain(gated).copied().collect();
        let mut unseen: Vec<usize> = withheld.iter().copied().collect();
        while let Some(job) = unseen.pop() {
            unseen.extend(dependents[job].iter().filter(|&&dependent| withheld.insert(dependent)));
        }
        // Some may be withheld with another group already. They depend on this one as well, whichever is settled first.
        withheld.retain(|&job| self.status(state, job).is_none());
        let others = withheld.len().saturating_sub(hopeless.len());
        let withheld: BTreeSet<usize> = withheld.intersection(&state.left).copied().collect();
        for job in &withheld {
            state.left.remove(job);
            state.ready.remove(&self.turn(*job));
            state.at_chance.remove(job);
        }
        state.tally.withheld += withheld.len();
        progress.withhold(withheld.iter().map(|&job| &self.plan.jobs[job]));
        let job = &self.plan.jobs[first];
        let told = told(job, what, hopeless.len() - 1, others);
        tracing::info!(job = %job.id, name = %job.name, what, withheld = withheld.len(), "job learns nothing");
        self.tell_with_helps(state, job, &told, progress);
        state.tally.told.insert(first, told);
    }
}

/// What is told of a group that learns nothing, by its first job: of a trial, that none of its search learns.
fn told(job: &Job, what: &str, alike: usize, others: usize) -> String {
    let others = match others {
        0 => String::new(),
        1 => ", and one job that depends on it is not run".to_owned(),
        others => format!(", and {others} jobs that depend on it are not run"),
    };
    match (job.name.rsplit_once('/').filter(|_| job.role == Role::Tuning), alike) {
        (Some((search, trial)), _) => {
            format!("{search}: no learning rate of the grid learns. {trial} is {what}. The search is stopped{others}.")
        }
        (None, 0) => format!("{} is {what}. It is stopped{others}.", job.name),
        (None, 1) => format!("{} is {what}, and so is its other replicate. Both are stopped{others}.", job.name),
        (None, alike) => {
            format!("{} is {what}, and so are its {alike} other replicates. All are stopped{others}.", job.name)
        }
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
