//! The search for a setting: every value of a grid is tried, and more beyond an edge where the best value is on it.

use crate::choice::SearchOf;
use crate::identity::{Meaning, Part};
use crate::job::{OnlyIf, Replicate, SettingChoice, Trial};
use crate::method::Method;
use crate::recipe::MOST_LEARNING_RATE;
use crate::scenario::Tuning;

use super::Plan;

/// What is trained with each value of a grid.
pub(super) trait Searched {
    /// How it is made, which says what the setting is.
    fn method(&self) -> Method;

    /// Plans a job that tries a value, and gives its index.
    fn push(&self, replicate: Replicate, tried: &Try, plan: &mut Plan) -> usize;
}

/// A value that is tried.
pub(super) struct Try {
    pub(super) value: f64,
    /// When it is tried at all; always if `None`.
    pub(super) only_if: Option<OnlyIf>,
    /// The meaning of value and condition.
    pub(super) meaning: Part,
    /// Indices of the jobs that the condition asks for.
    pub(super) needs: Vec<usize>,
}

/// A setting: the choice, its meaning, and the jobs that it rests on.
pub(super) struct Chosen {
    pub(super) choice: SettingChoice,
    pub(super) meaning: Part,
    pub(super) trials: Vec<usize>,
}

impl Chosen {
    pub(super) fn not_trained() -> Self {
        let meaning = Meaning::of("not trained").finish();
        Self { choice: SettingChoice::NotTrained, meaning, trials: Vec::new() }
    }

    pub(super) fn fixed(method: Method, value: f64) -> Self {
        let meaning = Meaning::of("fixed").real(method.setting().key_in_meaning(), value).finish();
        Self { choice: SettingChoice::Fixed(value), meaning, trials: Vec::new() }
    }
}

/// What is chosen for every replicate: for each by a search of its own, or one setting for all.
pub(super) enum ChosenSettings {
    OneForAll(Chosen),
    EachReplicate(Vec<Chosen>),
}

impl ChosenSettings {
    /// What is chosen for a replicate of the study; for one that settings are searched on, where one serves all.
    pub(super) fn of(&self, replicate: Replicate) -> Option<&Chosen> {
        match self {
            Self::OneForAll(chosen) => Some(chosen),
            Self::EachReplicate(chosen) => chosen.get(replicate.index as usize),
        }
    }
}

/// Plans the searches over a grid, and gives what is chosen by them.
pub(super) fn search(searched: &impl Searched, grid: &[f64], tuning: &Tuning, plan: &mut Plan) -> ChosenSettings {
    match tuning.search {
        SearchOf::Once => {
            let replicates = (0..tuning.replicates).map(Replicate::tuning).collect();
            ChosenSettings::OneForAll(search_on(replicates, searched, grid, tuning, plan))
        }
        SearchOf::EachReplicate => {
            let replicates = plan.replicates;
            let mut of = |index| search_on(vec![Replicate::search(index)], searched, grid, tuning, plan);
            ChosenSettings::EachReplicate((0..replicates).map(&mut of).collect())
        }
    }
}

/// Plans a run of every replicate at a value that is not searched for, so that treatments are chosen by runs that are judged
/// by nothing else.
pub(super) fn try_once(searched: &impl Searched, value: f64, plan: &mut Plan) {
    for index in 0..plan.replicates {
        let meaning = Chosen::fixed(searched.method(), value).meaning;
        searched.push(Replicate::search(index), &Try { value, only_if: None, meaning, needs: Vec::new() }, plan);
    }
}

fn search_on(
    replicates: Vec<Replicate>,
    searched: &impl Searched,
    grid: &[f64],
    tuning: &Tuning,
    plan: &mut Plan,
) -> Chosen {
    let mut search = Search { searched, replicates, trials: Vec::new() };
    for &value in grid {
        let trial = search.trial(value, None, plan);
        search.trials.push(trial);
    }
    for edge in [Edge::Low, Edge::High] {
        search.extend(edge, grid, tuning.extend, plan);
    }
    search.chosen(grid, plan)
}

/// An edge of a grid.
#[derive(Clone, Copy)]
enum Edge {
    Low,
    High,
}

/// A search on its way into the plan.
struct Search<'s, S> {
    searched: &'s S,
    replicates: Vec<Replicate>,
    trials: Vec<Trial>,
}

impl<S: Searched> Search<'_, S> {
    /// Plans the jobs that try a value.
    fn trial(&self, value: f64, only_if: Option<OnlyIf>, plan: &mut Plan) -> Trial {
        let mut meaning = Chosen::fixed(self.searched.method(), value).meaning;
        let mut needs = Vec::new();
        if let Some(only_if) = &only_if {
            // A job that may end without a training must not pass for one that always trains.
            let condition = Meaning::of("only if").part("setting", meaning).real("best", only_if.best);
            meaning = meaning_of_trials(condition, &only_if.trials, plan).finish();
            needs = jobs_of(&only_if.trials);
        }
        let tried = Try { value, only_if, meaning, needs };
        let jobs = self.replicates.iter().map(|&replicate| self.searched.push(replicate, &tried, plan));
        Trial { value, jobs: jobs.collect() }
    }

    /// Plans the trials beyond an edge: each goes on from the one before by the ratio of the grid's last two values.
    fn extend(&mut self, edge: Edge, grid: &[f64], steps: u32, plan: &mut Plan) {
        let ends = match (edge, grid) {
            (Edge::Low, [first, second, ..]) => (*first, first / second),
            (Edge::High, [.., before, last]) => (*last, last / before),
            _ => return,
        };
        let (mut best, ratio) = ends;
        let mut before: Vec<Trial> = self.trials[..grid.len()].to_vec();
        for _ in 0..steps {
            let only_if = OnlyIf { best, trials: before.as_slice().into() };
            let value = three_digits(best * ratio);
            if self.searched.method() == Method::Training && value > MOST_LEARNING_RATE {
                return;
            }
            let trial = self.trial(value, Some(only_if), plan);
            before.push(trial.clone());
            self.trials.push(trial);
            best = value;
        }
    }

    fn chosen(mut self, grid: &[f64], plan: &Plan) -> Chosen {
        self.trials.sort_by(|a, b| a.value.total_cmp(&b.value));
        let meaning = Meaning::of("tuned").count("rates", self.trials.len() as u64);
        Chosen {
            meaning: meaning_of_trials(meaning, &self.trials, plan).finish(),
            trials: jobs_of(&self.trials),
            choice: SettingChoice::Tuned { grid: grid.into(), trials: self.trials.into() },
        }
    }
}

fn meaning_of_trials(meaning: Meaning, trials: &[Trial], plan: &Plan) -> Meaning {
    trials.iter().fold(meaning, |meaning, trial| {
        let meaning = meaning.real("rate", trial.value);
        trial.jobs.iter().fold(meaning, |meaning, &job| meaning.job("trial", Some(plan.jobs[job].id)))
    })
}

fn jobs_of(trials: &[Trial]) -> Vec<usize> {
    trials.iter().flat_map(|trial| trial.jobs.iter().copied()).collect()
}

/// The number rounded to three significant digits, as a person would write it: .0015, not .0014999999999999998.
fn three_digits(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}
