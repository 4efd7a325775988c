//! Jobs of which one at least has to learn something before what rests on them is worth running.

use nt_scenario::{Plan, Role, SettingChoice, Work};
use std::collections::{BTreeMap, BTreeSet};

/// A target and one of its sizes, by index.
type Size = (usize, usize);

/// What settings are searched for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Searched {
    /// A source, with the target that it is made for, and the size.
    Source(usize, Option<usize>, Option<Size>),
    /// Scratch at a size.
    Scratch(Size),
}

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
        // Searches of one arm are one group, however many replicates search for themselves: the first that learns something
        // shows that there is something to learn.
        let mut searches: BTreeMap<Searched, [BTreeSet<usize>; 2]> = BTreeMap::new();
        let mut sources: BTreeMap<Searched, Vec<usize>> = BTreeMap::new();
        let mut scratch: BTreeMap<Size, Vec<usize>> = BTreeMap::new();
        let mut others: BTreeMap<Size, Vec<usize>> = BTreeMap::new();
        for (at, job) in plan.jobs.iter().enumerate() {
            let searched = match &job.work {
                Work::TrainSource(task) => {
                    if let Some(size) = task.for_target {
                        others.entry(size).or_default().push(at);
                    }
                    let source = Searched::Source(task.source, task.target(), task.for_target);
                    if job.role == Role::Source {
                        sources.entry(source).or_default().push(at);
                    }
                    Some(source)
                }
                Work::TrainTarget(task) => {
                    let is_scratch = task.treatment.is_scratch() && task.budget == 1.0;
                    let size = (task.target, task.size);
                    match (is_scratch, job.role) {
                        (true, Role::Final | Role::Reference) => scratch.entry(size).or_default().push(at),
                        (true, _) => {}
                        (false, _) => others.entry(size).or_default().push(at),
                    }
                    is_scratch.then_some(Searched::Scratch(size))
                }
            };
            if let (Some(searched), SettingChoice::Tuned { grid, trials }) = (searched, job.work.setting()) {
                let [members, all] = searches.entry(searched).or_default();
                let of_grid = trials.iter().filter(|trial| grid.contains(&trial.value));
                members.extend(of_grid.flat_map(|trial| &trial.jobs));
                all.extend(trials.iter().flat_map(|trial| &trial.jobs));
            }
        }
        for [members, all] in searches.into_values() {
            let [members, all] = [members, all].map(|jobs| jobs.into_iter().collect());
            groups.push(Group { members, all, gated: Vec::new() });
        }
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
