//! Jobs of which one at least has to learn something before what rests on them is worth running.

use nt_scenario::{Plan, Role, SettingChoice, Work};
use std::collections::BTreeMap;

/// A target and one of its sizes, by index.
type Size = (usize, usize);

/// Jobs that stand for one another: the trials of a search, the replicates of a source, or those of scratch at a size.
pub(super) struct Group {
    /// Those that are watched for learning nothing.
    pub(super) members: Vec<usize>,
    /// All that go on to their end once one of them has learned: trials beyond an edge of a grid, too.
    pub(super) all: Vec<usize>,
    /// The jobs that wait until one has learned, or all have ended: what is compared with scratch.
    pub(super) gated: Vec<usize>,
}

/// The groups of a plan.
#[derive(Default)]
pub(super) struct Groups {
    groups: Vec<Group>,
    of_job: BTreeMap<usize, usize>,
}

impl Groups {
    /// What is withheld must not depend on which of two jobs ends first. So all replicates are watched alike, and what is
    /// compared with scratch waits for it.
    pub(super) fn of(plan: &Plan) -> Self {
        let mut groups = Self::default();
        let mut searches: BTreeMap<usize, Group> = BTreeMap::new();
        let mut sources: BTreeMap<(usize, Option<Size>), Vec<usize>> = BTreeMap::new();
        let mut scratch: BTreeMap<Size, Vec<usize>> = BTreeMap::new();
        let mut others: BTreeMap<Size, Vec<usize>> = BTreeMap::new();
        for (at, job) in plan.jobs.iter().enumerate() {
            let is_watched = match &job.work {
                Work::TrainSource(task) => {
                    if let Some(size) = task.for_target {
                        others.entry(size).or_default().push(at);
                    }
                    if job.role == Role::Source {
                        sources.entry((task.source, task.for_target)).or_default().push(at);
                    }
                    true
                }
                Work::TrainTarget(task) => {
                    let is_scratch = task.treatment.is_scratch() && task.budget == 1.0;
                    let size = (task.target, task.size);
                    match (is_scratch, job.role) {
                        (true, Role::Final) => scratch.entry(size).or_default().push(at),
                        (true, _) => {}
                        (false, _) => others.entry(size).or_default().push(at),
                    }
                    is_scratch
                }
            };
            if let (true, SettingChoice::Tuned { grid, trials }) = (is_watched, job.work.setting()) {
                let of_grid = trials.iter().filter(|trial| grid.contains(&trial.value));
                let members: Vec<usize> = of_grid.flat_map(|trial| trial.jobs.iter().copied()).collect();
                let all = trials.iter().flat_map(|trial| trial.jobs.iter().copied()).collect();
                if let Some(&first) = members.first() {
                    searches.entry(first).or_insert(Group { members, all, gated: Vec::new() });
                }
            }
        }
        searches.into_values().for_each(|group| groups.push(group));
        for members in sources.into_values() {
            groups.push(Group { all: members.clone(), members, gated: Vec::new() });
        }
        for (size, members) in scratch {
            let gated = others.remove(&size).unwrap_or_default();
            groups.push(Group { all: members.clone(), members, gated });
        }
        groups
    }

    fn push(&mut self, group: Group) {
        self.of_job.extend(group.members.iter().map(|&job| (job, self.groups.len())));
        self.groups.push(group);
    }

    /// The group that a job is a member of.
    pub(super) fn of_job(&self, job: usize) -> Option<&Group> {
        self.of_job.get(&job).map(|&at| &self.groups[at])
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Group> {
        self.groups.iter()
    }
}
