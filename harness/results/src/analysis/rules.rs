//! Rules of thumb on trial: what CS231n advises in each quadrant, held against treatments of this study.
//!
//! A rule compares treatments with each other, not only with scratch. All its contrasts, over all quadrants and
//! sources, are one family, apart from that of the verdicts.

use std::collections::{BTreeMap, BTreeSet};

use nt_scenario::Method;
use nt_scenario::network::NUM_LEARNED_LAYERS;
use nt_stats::verdict::{
    Arm, Claim, Contrast, Decision, FailedRun, FailureReason, GateFailure, Reference, RuleVerdict, decide, judge_rule,
};

use super::chosen::best_on_validation;
use super::gates::{self, Versus};
use super::join::{Joined, Run};
use super::quadrant::quadrants;
use super::{AnalysisError, CellKind, CellResult, Quadrant, audited, settings};
use crate::study::{CellKey, Study};

/// The last layer before the classifier: fc7.
const TOP: u8 = NUM_LEARNED_LAYERS as u8 - 1;

/// A treatment that a rule speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleArm {
    /// A linear classifier on the codes of fc7.
    TopProbe,
    /// A linear classifier on earlier codes, the layer chosen on validation images in every replicate.
    EarlierProbe,
    /// All seven layers copied, all trained.
    FineTuning,
    /// Training from scratch.
    Scratch,
}

impl RuleArm {
    /// The arm in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::TopProbe => "a linear classifier on the top codes",
            Self::EarlierProbe => "a linear classifier on earlier codes, chosen on validation",
            Self::FineTuning => "full fine-tuning",
            Self::Scratch => "training from scratch",
        }
    }

    /// What to add to a scenario that lacks it, for a source.
    fn wanted(self, source: &str) -> String {
        let probe = |layers: &str| format!("add a [[treatment]] with kind = \"probe\", layers = {layers} for {source}");
        match self {
            Self::TopProbe => probe("[7]"),
            Self::EarlierProbe => probe("\"1..=6\""),
            Self::FineTuning => format!("add a [[treatment]] with copied = 7, frozen = 0 for {source}"),
            Self::Scratch => "run scratch".to_owned(),
        }
    }
}

/// The size of a target, among its sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeWord {
    /// The smallest of two or more.
    Small,
    /// The largest of two or more.
    Large,
}

/// A rule of thumb: what it advises, and the comparisons that test it.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Which targets it is for.
    pub size: SizeWord,
    /// Which sources it is for: a scenario's word.
    pub similarity: &'static str,
    /// What it advises.
    pub advice: &'static str,
    /// Advised arm, alternative, and what the rule claims of their difference.
    pub contrasts: &'static [(RuleArm, RuleArm, Claim)],
}

/// The four rules.
///
/// # Source
/// CS231n's notes on transfer learning. What is claimed of each comparison follows their words: "the best idea might be
/// to train a linear classifier", "it might work better to train … from activations somewhere earlier" and "still
/// beneficial to initialize with weights from a pretrained model" claim a gain; "more confidence that we won't overfit"
/// claims of fine-tuning no more than that it does as well as the classifier. To fine-tune rather than to train from
/// scratch is advised for its gain: a pretrained network that gains nothing is no reason to want one.
pub static RULES: [Rule; 4] = [
    Rule {
        size: SizeWord::Small,
        similarity: "similar",
        advice: "do not fine-tune; train a linear classifier on the top codes",
        contrasts: &[(RuleArm::TopProbe, RuleArm::FineTuning, Claim::Better)],
    },
    Rule {
        size: SizeWord::Large,
        similarity: "similar",
        advice: "fine-tune through the whole network",
        contrasts: &[
            (RuleArm::FineTuning, RuleArm::Scratch, Claim::Better),
            (RuleArm::FineTuning, RuleArm::TopProbe, Claim::AtLeastAsGood),
        ],
    },
    Rule {
        size: SizeWord::Small,
        similarity: "dissimilar",
        advice: "train a linear classifier on earlier codes",
        contrasts: &[
            (RuleArm::EarlierProbe, RuleArm::TopProbe, Claim::Better),
            (RuleArm::EarlierProbe, RuleArm::FineTuning, Claim::Better),
        ],
    },
    Rule {
        size: SizeWord::Large,
        similarity: "dissimilar",
        advice: "training from scratch is affordable, but starting from a pretrained network still helps",
        contrasts: &[(RuleArm::FineTuning, RuleArm::Scratch, Claim::Better)],
    },
];

/// A quadrant's rule and how it fared, on this data and with this network.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Position in [`super::Analysis::quadrants`].
    pub quadrant: usize,
    /// The rule, or why none speaks of this quadrant.
    pub rule: Result<&'static Rule, String>,
    /// The comparisons, of every source of the quadrant.
    pub contrasts: Vec<TrialContrast>,
    /// How it fared; none where no rule applies.
    pub verdict: Option<RuleVerdict>,
}

/// One comparison of a trial: the advised arm less its alternative.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialContrast {
    /// The source.
    pub source: String,
    /// What the rule advises.
    pub advised: RuleArm,
    /// What it advises against.
    pub alternative: RuleArm,
    /// What the rule claims of the difference.
    pub claim: Claim,
    /// Layers that validation chose for [`RuleArm::EarlierProbe`], each with in how many replicates.
    pub layers: Vec<(u8, usize)>,
    /// What was decided, or what is missing and the next step.
    pub decision: Result<Decision, String>,
}

/// The depth after which the cell's network was cut and a linear classifier fitted; none for one that was trained.
pub(super) fn probe_depth(key: &CellKey) -> Option<u8> {
    (key.method == Method::Probe).then_some(key.frozen)
}

/// Tries the rule of every quadrant.
pub(super) fn try_rules(
    study: &Study,
    joined: &Joined,
    cells: &[CellResult],
    quadrants: &[Quadrant],
) -> Result<Vec<Trial>, AnalysisError> {
    let court = Court { study, joined, cells };
    let mut trials = Vec::new();
    let mut family = Vec::new();
    let mut places = Vec::new();
    for (at, quadrant) in quadrants.iter().enumerate() {
        let mut trial = court.open(at, quadrant);
        for (place, contrast) in trial.contrasts.iter_mut().enumerate() {
            match court.prepare(quadrant, contrast)? {
                Ok(prepared) => {
                    family.push(prepared);
                    places.push((at, place));
                }
                Err(missing) => contrast.decision = Err(missing),
            }
        }
        trials.push(trial);
    }
    for ((trial, place), decision) in places.into_iter().zip(decide(&family, &settings(study))?) {
        trials[trial].contrasts[place].decision = Ok(decision);
    }
    for trial in trials.iter_mut().filter(|trial| trial.rule.is_ok()) {
        let decided: Vec<_> = trial.contrasts.iter().map(|one| (one.claim, one.decision.as_ref().ok())).collect();
        trial.verdict = Some(judge_rule(&decided));
    }
    Ok(trials)
}

/// Comparisons that the rules of a study's quadrants make, if every treatment they name is run.
pub fn planned_comparisons(study: &Study) -> usize {
    let count = |quadrant: &Quadrant| {
        let sources = study.sources.iter().filter(|one| !one.is_untrained && one.similarity == quadrant.similarity);
        rule_of(study, quadrant).map_or(0, |rule| rule.contrasts.len() * sources.count())
    };
    quadrants(study, &[]).iter().map(count).sum()
}

/// The rule for a quadrant: sizes go by their images, similarity by the scenario's word.
fn rule_of(study: &Study, quadrant: &Quadrant) -> Result<&'static Rule, String> {
    let size = size_word(study, quadrant)?;
    RULES.iter().find(|rule| rule.size == size && rule.similarity == quadrant.similarity).ok_or_else(|| {
        format!("the rules speak of sources that are similar or dissimilar, not {:?}", quadrant.similarity)
    })
}

fn size_word(study: &Study, quadrant: &Quadrant) -> Result<SizeWord, String> {
    let target = study.targets.iter().find(|target| target.name == quadrant.target);
    let mut sizes: Vec<usize> = target.iter().flat_map(|target| &target.sizes).map(|(_, images)| *images).collect();
    sizes.sort_unstable();
    sizes.dedup();
    match (sizes.as_slice(), quadrant.train_per_class) {
        ([], _) | ([_], _) => {
            Err("a target of one size is neither small nor large; add another [[target.size]]".to_owned())
        }
        ([least, ..], size) if size == *least => Ok(SizeWord::Small),
        ([.., most], size) if size == *most => Ok(SizeWord::Large),
        _ => Err("the rules speak of the smallest and the largest size, not of those between".to_owned()),
    }
}

struct Court<'a> {
    study: &'a Study,
    joined: &'a Joined,
    cells: &'a [CellResult],
}

/// The runs of an arm, by replicate, with the cells that they are of, and the layers chosen where there was a choice.
struct ArmRuns<'a> {
    runs: BTreeMap<u32, &'a Run>,
    cells: BTreeSet<usize>,
    layers: Vec<(u8, usize)>,
}

impl<'a> Court<'a> {
    fn open(&self, at: usize, quadrant: &Quadrant) -> Trial {
        let rule = rule_of(self.study, quadrant);
        let mut sources: Vec<&str> = Vec::new();
        for source in quadrant.cells.iter().filter_map(|&cell| self.cells[cell].key.source.as_deref()) {
            if !sources.contains(&source) {
                sources.push(source);
            }
        }
        let of_rule = |rule: &&'static Rule| -> Vec<TrialContrast> {
            let of_source = |source: &&str| {
                let source = (*source).to_owned();
                rule.contrasts.iter().map(move |&(advised, alternative, claim)| TrialContrast {
                    source: source.clone(),
                    advised,
                    alternative,
                    claim,
                    layers: Vec::new(),
                    decision: Err(String::new()),
                })
            };
            sources.iter().flat_map(of_source).collect()
        };
        let contrasts = rule.as_ref().map(of_rule).unwrap_or_default();
        Trial { quadrant: at, rule, contrasts, verdict: None }
    }

    /// The contrast's differences, or what is missing.
    fn prepare(
        &self,
        quadrant: &Quadrant,
        contrast: &mut TrialContrast,
    ) -> Result<Result<Contrast, String>, AnalysisError> {
        let (source, advised, alternative) = (contrast.source.clone(), contrast.advised, contrast.alternative);
        let arms = self.runs(quadrant, &source, advised).and_then(|ours| {
            let theirs = self.runs(quadrant, &source, alternative)?;
            Ok((ours, theirs))
        });
        let (ours, theirs) = match arms {
            Ok(arms) => arms,
            Err(missing) => return Ok(Err(missing)),
        };
        contrast.layers = [&ours, &theirs].into_iter().flat_map(|arm| arm.layers.iter().copied()).collect();
        let has_hits =
            |arm: &ArmRuns<'_>, replicate: &u32| arm.runs.get(replicate).is_some_and(|run| run.hits.is_some());
        let replicates: Vec<u32> =
            ours.runs.keys().copied().filter(|one| has_hits(&ours, one) && has_hits(&theirs, one)).collect();
        if replicates.is_empty() {
            return Ok(Err(format!("no replicate has {} and {}; run the study", advised.words(), alternative.words())));
        }
        let name = format!(
            "{}/{}/{source}: {} against {}",
            quadrant.target,
            quadrant.size,
            advised.words(),
            alternative.words()
        );
        let hits = |arm: &ArmRuns<'a>| -> Vec<&'a [bool]> {
            replicates.iter().filter_map(|one| arm.runs.get(one)?.hits.as_deref()).collect()
        };
        let gap = self
            .joined
            .differences(&quadrant.target, &hits(&ours), &hits(&theirs))
            .map_err(|source| AnalysisError::Differences { cell: name.clone(), source })?;
        let mut failed_runs = failed(&ours, Arm::Treatment, &replicates);
        failed_runs.extend(failed(&theirs, Arm::Reference, &replicates));
        let versus = match alternative {
            RuleArm::Scratch => Versus::Scratch,
            other => Versus::Arm { ours: advised.words(), theirs: other.words() },
        };
        let runs = |arm: &ArmRuns<'a>| -> Vec<&'a Run> { arm.runs.values().copied().collect() };
        let mut failed_gates = gates::failures_of(&runs(&ours), &runs(&theirs), versus);
        let of_audit = audited::inherited(ours.cells.union(&theirs.cells).map(|&at| &self.cells[at]));
        failed_gates.extend(of_audit.into_iter().map(|failure| match versus {
            Versus::Scratch => failure,
            // The overlap helps both treatments, and nobody knows which of them more.
            Versus::Arm { .. } => GateFailure { bias: None, ..failure },
        }));
        Ok(Ok(Contrast {
            name,
            // Never "negative transfer": a rule that fails says only that its advice was the worse one.
            reference: Reference::Arm(alternative.words().to_owned()),
            frozen: 0,
            gap,
            source_gap: None,
            failed_runs,
            failed_gates,
        }))
    }

    fn runs(&self, quadrant: &Quadrant, source: &str, arm: RuleArm) -> Result<ArmRuns<'a>, String> {
        let depth = |cell: &CellResult| probe_depth(&cell.key);
        let is_meant = |cell: &CellResult| match arm {
            RuleArm::TopProbe => depth(cell) == Some(TOP),
            RuleArm::EarlierProbe => depth(cell).is_some_and(|depth| depth < TOP),
            RuleArm::FineTuning => depth(cell).is_none() && (cell.key.copied, cell.key.frozen) == (TOP, 0),
            RuleArm::Scratch => cell.kind == CellKind::Scratch,
        };
        let is_of_source = |cell: &CellResult| arm == RuleArm::Scratch || cell.key.source.as_deref() == Some(source);
        let is_here = |cell: &CellResult| cell.key.target == quadrant.target && cell.key.size == quadrant.size;
        let candidates: Vec<usize> = (0..self.cells.len())
            .filter(|&at| is_here(&self.cells[at]) && is_of_source(&self.cells[at]) && is_meant(&self.cells[at]))
            .collect();
        let Some(&first) = candidates.first() else { return Err(arm.wanted(source)) };
        if arm != RuleArm::EarlierProbe {
            let runs = self.joined.runs(&self.cells[first].key).map(|(&replicate, run)| (replicate, run)).collect();
            return Ok(ArmRuns { runs, cells: [first].into(), layers: Vec::new() });
        }
        let mut runs = BTreeMap::new();
        let mut cells = BTreeSet::new();
        let mut layers: BTreeMap<u8, usize> = BTreeMap::new();
        for replicate in 0..self.study.replicates {
            if let Some((at, run)) = best_on_validation(self.joined, self.cells, &candidates, replicate) {
                runs.insert(replicate, run);
                cells.insert(at);
                *layers.entry(depth(&self.cells[at]).unwrap_or_default()).or_default() += 1;
            }
        }
        if runs.is_empty() {
            return Err("no run has validation images to choose the layer by; set validation_fraction".to_owned());
        }
        Ok(ArmRuns { runs, cells, layers: layers.into_iter().collect() })
    }
}

/// Runs that did not train, with their row in the differences where they have one.
fn failed(arm: &ArmRuns<'_>, whose: Arm, replicates: &[u32]) -> Vec<FailedRun> {
    let reason = |run: &Run| match run.status {
        "diverged" => Some(FailureReason::Diverged),
        _ => run.is_at_chance.then_some(FailureReason::AtChance),
    };
    let failed_run = |(replicate, run): (&u32, &&Run)| {
        let row = replicates.iter().position(|one| one == replicate);
        reason(run).map(|reason| FailedRun { arm: whose, row, reason })
    };
    arm.runs.iter().filter_map(failed_run).collect()
}

#[cfg(test)]
mod tests {
    use nt_stats::verdict::Gate;

    use super::*;
    use crate::analysis::analyse;
    use crate::mock::{Mock, like_the_default_study};

    /// The mock with linear classifiers on codes in place of networks whose copied layers are all frozen.
    fn with_probes(accuracy: impl Fn(&CellKey) -> f64 + 'static) -> Mock {
        let mut mock = Mock::four_quadrants(accuracy);
        for arm in mock.study.arms.iter_mut().filter(|arm| arm.copied == arm.frozen && arm.source < 2) {
            arm.method = Method::Probe;
        }
        mock
    }

    fn tried(mock: &Mock) -> Vec<Trial> {
        let dir = tempfile::tempdir().unwrap();
        let records = mock.write(dir.path());
        analyse(dir.path(), &mock.study, &records).unwrap().trials
    }

    fn verdicts(trials: &[Trial]) -> Vec<Option<RuleVerdict>> {
        trials.iter().map(|trial| trial.verdict).collect()
    }

    #[test]
    fn without_probes_only_the_rule_that_needs_none_is_tested_and_the_others_say_what_to_add() {
        let trials = tried(&Mock::four_quadrants(like_the_default_study));
        let untested = Some(RuleVerdict::NotTested);
        // Quadrants: small similar, small dissimilar, large similar, large dissimilar.
        assert_eq!(verdicts(&trials), [untested, untested, untested, Some(RuleVerdict::Undecided)]);
        let missing = trials[0].contrasts[0].decision.as_ref().unwrap_err();
        assert!(missing.contains("kind = \"probe\", layers = [7] for near"), "{missing}");
        assert!(trials[2].contrasts[0].decision.is_ok(), "fine-tuning against scratch can be told already");
    }

    #[test]
    fn rules_are_supported_or_refuted_by_treatment_against_treatment() {
        let accuracy = |key: &CellKey| match (key.source.as_deref(), key.size.as_str(), probe_depth(key)) {
            (None, "small", _) => 0.4,
            (None, _, _) => 0.6,
            (Some("near"), "small", Some(7)) => 0.85, // the top probe beats fine-tuning: supported
            (Some("near"), "small", _) => 0.6,
            (Some("near"), _, Some(7)) => 0.8, // as good as fine-tuning, and the rule claims no more: supported
            (Some("near"), _, _) => 0.8,
            (Some("far"), "small", Some(3)) => 0.7, // validation chooses depth 3, which loses to fine-tuning: refuted
            (Some("far"), "small", Some(_)) => 0.5,
            (Some("far"), "small", None) => 0.85,
            (Some("far"), _, _) => 0.6, // no better than scratch: undecided, since a gain was claimed
            _ => 0.5,
        };
        let trials = tried(&with_probes(accuracy));
        let words: Vec<String> = trials.iter().map(|trial| trial.verdict.unwrap().to_string()).collect();
        assert_eq!(words, ["SUPPORTED", "REFUTED", "SUPPORTED", "UNDECIDED"]);
        let chosen = &trials[1].contrasts[0];
        assert_eq!((chosen.layers.as_slice(), chosen.advised), ([(3, 8)].as_slice(), RuleArm::EarlierProbe));
        let decision = trials[0].contrasts[0].decision.as_ref().unwrap();
        assert!(decision.words().starts_with("better than full fine-tuning"), "{}", decision.words());
        assert_eq!(decision.attribution, None);
    }

    #[test]
    fn the_family_is_all_contrasts_of_rules_and_no_other() {
        let trials = tried(&with_probes(like_the_default_study));
        let decisions: Vec<&Decision> =
            trials.iter().flat_map(|trial| &trial.contrasts).map(|one| one.decision.as_ref().unwrap()).collect();
        assert_eq!(decisions.len(), 1 + 2 + 2 + 1);
        let raw: Vec<Option<f64>> = decisions.iter().map(|decision| decision.p_value).collect();
        let adjusted: Vec<f64> = decisions.iter().map(|decision| decision.p_adjusted).collect();
        assert_eq!(nt_stats::multiplicity::holm(&raw), adjusted);
    }

    #[test]
    fn other_words_and_lone_sizes_have_no_rule_and_say_so() {
        let mut mock = with_probes(like_the_default_study);
        mock.study.sources[1].similarity = "other-look".to_owned();
        mock.study.targets[0].sizes.insert(1, ("middle".to_owned(), 50));
        let trials = tried(&mock);
        let reason = |at: usize| trials[at].rule.as_ref().unwrap_err().clone();
        assert!(reason(1).contains("not \"other-look\"") && reason(2).contains("those between"));
        assert_eq!(trials[1].verdict, None);
        mock.study.targets[0].sizes.truncate(1);
        let trials = tried(&mock);
        assert!(trials[0].rule.as_ref().unwrap_err().contains("[[target.size]]"));
    }

    #[test]
    fn what_the_audit_says_against_a_source_it_says_against_its_comparisons() {
        let dir = tempfile::tempdir().unwrap();
        let mock = with_probes(like_the_default_study);
        let records = mock.write(dir.path());
        let plain = analyse(dir.path(), &mock.study, &records).unwrap().trials;
        crate::audit::tests::audit(-1.0, 0.1).write(dir.path()).unwrap();
        let held = analyse(dir.path(), &mock.study, &records).unwrap().trials;
        let decisions = |trials: &[Trial]| -> Vec<Decision> {
            trials.iter().flat_map(|trial| &trial.contrasts).map(|one| one.decision.clone().unwrap()).collect()
        };
        for (plain, held) in decisions(&plain).iter().zip(decisions(&held)) {
            assert_eq!(plain.failed_gates, []);
            let gates: Vec<Gate> = held.failed_gates.iter().map(|failure| failure.gate).collect();
            assert_eq!(gates, [Gate::Similarity], "{}: once, though both arms are of the source", held.name);
            assert_eq!(held.verdict, plain.verdict.downgraded(), "{}", held.name);
        }
    }

    #[test]
    fn a_probe_that_did_not_fit_leaves_its_rule_undecided() {
        let mock = with_probes(|key| if key.source.as_deref() == Some("near") && key.frozen == 7 { 0.1 } else { 0.7 })
            .editing(|key, record| {
                if key.frozen == 7 {
                    record.metrics[1].value = 0.1;
                }
                true
            });
        let trials = tried(&mock);
        assert_eq!(trials[0].verdict, Some(RuleVerdict::Undecided), "a run that did not train is no evidence");
    }
}
