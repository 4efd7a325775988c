//! Rules of thumb on trial: CS231n's advice for each quadrant, tested by treatments of this study.
//!
//! A rule compares treatments with each other, not only with scratch. Where it compares one with scratch, it reads the verdict of
//! that cell. Its other comparisons are decided together with all cells.

mod court;
#[cfg(test)]
mod tests;

use nt_scenario::Method;
use nt_stats::verdict::{Claim, Decision, RuleVerdict, judge_rule};

use super::groups::Groups;
use super::join::Joined;
use super::quadrant::quadrants;
use super::{AnalysisError, CellResult, Quadrant};
use crate::study::{CellKey, Study, StudySize};
use court::Court;
pub(super) use court::Prepared;

/// A treatment that a rule names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleArm {
    /// A linear classifier on the codes of the last layer before the classifier: AlexNet's fc7.
    TopProbe,
    /// A linear classifier on earlier codes, the layer chosen on validation images in every replicate.
    EarlierProbe,
    /// All layers but the classifier copied, all trained.
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

    /// What to add, for a source, to a scenario that lacks it.
    fn wanted(self, source: &str, top: u8) -> String {
        let probe = |layers: &str| format!("add a [[treatment]] with kind = \"probe\", layers = {layers} for {source}");
        match self {
            Self::TopProbe => probe(&format!("[{top}]")),
            Self::EarlierProbe => probe(&format!("\"1..={}\"", top.saturating_sub(1))),
            Self::FineTuning => format!("add a [[treatment]] with copied = {top}, frozen = 0 for {source}"),
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
    /// The targets it applies to.
    pub size: SizeWord,
    /// The sources it applies to, by the scenario's word.
    pub similarity: &'static str,
    /// What it advises.
    pub advice: &'static str,
    /// Advised arm, alternative, and what the rule claims about their difference.
    pub contrasts: &'static [(RuleArm, RuleArm, Claim)],
}

/// The four rules.
///
/// # Source
/// CS231n's notes on transfer learning. The claim of each comparison follows their words. "The best idea might be to
/// train a linear classifier", "it might work better to train … from activations somewhere earlier" and "still
/// beneficial to initialize with weights from a pretrained model" claim a gain. "More confidence that we won't overfit"
/// claims only that fine-tuning does as well as the classifier. Fine-tuning instead of training from scratch is advised
/// for its gain: a pretrained network that gains nothing is no reason to use one.
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

/// A quadrant's rule and its outcome, on this data and with this network.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Position in [`super::Analysis::quadrants`].
    pub quadrant: usize,
    /// The rule, or why no rule applies to this quadrant.
    pub rule: Result<&'static Rule, String>,
    /// The comparisons, of every source of the quadrant.
    pub contrasts: Vec<TrialContrast>,
    /// Its outcome; `None` if no rule applies.
    pub verdict: Option<RuleVerdict>,
}

/// One comparison of a trial: the advised arm minus its alternative.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialContrast {
    /// The source.
    pub source: String,
    /// What the rule advises.
    pub advised: RuleArm,
    /// What it advises against.
    pub alternative: RuleArm,
    /// What the rule claims about the difference.
    pub claim: Claim,
    /// Layers that validation chose for [`RuleArm::EarlierProbe`], each with the number of replicates that chose it.
    pub layers: Vec<(u8, usize)>,
    /// What was decided, or what is missing and the next step.
    pub decision: Result<Decision, String>,
}

/// The depth after which the cell's network was cut and a linear classifier fitted; `None` for a network that was
/// trained.
pub(super) fn probe_depth(key: &CellKey) -> Option<u8> {
    match key.method {
        Method::Probe => Some(key.frozen),
        Method::Training => None,
    }
}

/// The trials of a study's rules, opened, and their comparisons.
pub(super) struct Opened {
    pub trials: Vec<Trial>,
    /// The trial and the contrast in it that each comparison is of.
    pub places: Vec<(usize, usize)>,
    pub comparisons: Vec<Prepared>,
}

/// Opens the trial of every quadrant's rule.
pub(super) fn open(
    study: &Study,
    joined: &Joined<'_>,
    (cells, groups): (&[CellResult], &Groups),
    quadrants: &[Quadrant],
) -> Result<Opened, AnalysisError> {
    let court = Court { study, joined, cells, groups };
    let mut opened = Opened { trials: Vec::new(), places: Vec::new(), comparisons: Vec::new() };
    for (at, quadrant) in quadrants.iter().enumerate() {
        let mut trial = court.open(at, quadrant);
        for (place, contrast) in trial.contrasts.iter_mut().enumerate() {
            match court.prepare(quadrant, contrast)? {
                Ok(comparison) => {
                    opened.comparisons.push(comparison);
                    opened.places.push((at, place));
                }
                Err(missing) => contrast.decision = Err(missing),
            }
        }
        opened.trials.push(trial);
    }
    Ok(opened)
}

/// Gives every trial its verdict, once its comparisons are decided.
pub(super) fn judge(trials: &mut [Trial]) {
    for trial in trials.iter_mut().filter(|trial| trial.rule.is_ok()) {
        let decided: Vec<_> = trial.contrasts.iter().map(|one| (one.claim, one.decision.as_ref().ok())).collect();
        trial.verdict = Some(judge_rule(&decided));
    }
}

/// Number of comparisons of two treatments that the rules of a study's quadrants make, if every treatment that they name is run.
pub fn planned_comparisons(study: &Study) -> usize {
    let count = |quadrant: &Quadrant| {
        let sources = study.sources.iter().filter(|one| one.is_judged() && one.similarity == quadrant.similarity);
        let is_of_two = |&&(_, alternative, _): &&(RuleArm, RuleArm, Claim)| alternative != RuleArm::Scratch;
        let contrasts = rule_of(study, quadrant).map_or(0, |rule| rule.contrasts.iter().filter(is_of_two).count());
        contrasts * sources.count()
    };
    quadrants(study, &[], &Groups::default()).iter().map(count).sum()
}

/// The rule for a quadrant. Sizes are compared by their images, similarity is the scenario's word.
fn rule_of(study: &Study, quadrant: &Quadrant) -> Result<&'static Rule, String> {
    let size = size_word(study, quadrant)?;
    RULES
        .iter()
        .find(|rule| rule.size == size && rule.similarity == quadrant.similarity)
        .ok_or_else(|| format!("the rules cover sources that are similar or dissimilar, not {:?}", quadrant.similarity))
}

fn size_word(study: &Study, quadrant: &Quadrant) -> Result<SizeWord, String> {
    let target = study.targets.iter().find(|target| target.name == quadrant.target);
    let mut sizes: Vec<usize> = target.iter().flat_map(|target| &target.sizes).map(StudySize::rank).collect();
    sizes.sort_unstable();
    sizes.dedup();
    match (sizes.as_slice(), quadrant.images.rank()) {
        ([], _) | ([_], _) => {
            Err("a target of one size is neither small nor large; add another [[target.size]]".to_owned())
        }
        ([least, ..], size) if size == *least => Ok(SizeWord::Small),
        ([.., most], size) if size == *most => Ok(SizeWord::Large),
        _ => Err("the rules cover the smallest and the largest size, not those between".to_owned()),
    }
}
