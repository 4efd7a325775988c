//! The answer in words. An undecided cell is never worded as absence, nor freezing's harm as the source's.

use super::number::{counted, gap, interval};
use crate::analysis::{Analysis, CellResult, Quadrant, Tally};

/// The answer to the study's question, a few sentences.
pub(super) fn sentences(analysis: &Analysis) -> Vec<String> {
    let mut total = Tally::default();
    analysis.quadrants.iter().flat_map(|quadrant| &quadrant.cells).for_each(|&at| total.add(&analysis.cells[at]));
    if total.total() == total.undecided && analysis.family_size == 0 {
        return vec!["Nothing is decided yet: no cell has a run beside scratch's of the same replicate.".to_owned()];
    }
    let mut sentences = vec![harm_by_source(analysis, &total)];
    sentences.extend(listed(analysis, "Layers frozen as they came did harm, whatever they had learned,", |tally| {
        tally.harmed_by_freezing
    }));
    sentences.extend(listed(analysis, "Worse than scratch, the cause undecided,", |tally| tally.harmed));
    sentences.extend(listed(analysis, "Transfer helped", |tally| tally.helped));
    sentences.extend(listed(analysis, "It made no difference that matters", |tally| tally.equivalent));
    if total.undecided > 0 {
        sentences.push(format!(
            "{} of {} treatments are undecided: that is no sign that they make no difference.",
            total.undecided,
            total.total()
        ));
    }
    if total.invalid > 0 {
        sentences.push(format!("{} are invalid: a gate failed, named in the table.", total.invalid));
    }
    sentences
}

fn harm_by_source(analysis: &Analysis, total: &Tally) -> String {
    listed(analysis, "Negative transfer, harm by the source itself,", |tally| tally.harmed_by_source).unwrap_or_else(
        || {
            format!(
                "Negative transfer, harm by the source itself, was not shown in any of {}.",
                counted(total.total(), "treatment")
            )
        },
    )
}

/// "Transfer helped in small, similar (14 of 14 treatments)."; none if nothing was counted.
fn listed(analysis: &Analysis, lead: &str, count: impl Fn(&Tally) -> usize) -> Option<String> {
    let places: Vec<String> = analysis
        .quadrants
        .iter()
        .filter(|quadrant| count(&quadrant.tally) > 0)
        .map(|quadrant| {
            format!("{} ({} of {})", name(analysis, quadrant), count(&quadrant.tally), quadrant.tally.total())
        })
        .collect();
    let (last, rest) = places.split_last()?;
    let places = if rest.is_empty() { last.clone() } else { format!("{} and {last}", rest.join(", ")) };
    Some(format!("{lead} in {places}."))
}

/// "small, similar", with the target where there are several.
pub(super) fn name(analysis: &Analysis, quadrant: &Quadrant) -> String {
    let place = format!("{} & {}", quadrant.size, quadrant.similarity);
    if analysis.study.targets.len() > 1 { format!("{}: {place}", quadrant.target) } else { place }
}

/// What a quadrant says, in a few words.
pub(super) fn verdict(tally: &Tally) -> &'static str {
    let (helped, source, freezing) = (tally.helped, tally.harmed_by_source, tally.harmed_by_freezing + tally.harmed);
    match (helped > 0, source > 0, freezing > 0) {
        (true, false, false) => "helps",
        (false, true, _) => "negative transfer",
        (false, false, true) => "worse than scratch",
        (true, true, _) | (true, false, true) => "mixed, by treatment",
        (false, false, false) if tally.total() > 0 && tally.equivalent == tally.total() => "no difference that matters",
        (false, false, false) => "undecided",
    }
}

/// A lattice point in words.
pub(super) fn point(copied: u8, frozen: u8) -> String {
    match (copied, frozen) {
        (0, 0) => "nothing copied".to_owned(),
        (8, 8) => "the source network as it is".to_owned(),
        (copied, 0) => format!("{copied} copied, none frozen"),
        (copied, frozen) if copied == frozen => format!("{copied} copied and frozen"),
        (copied, frozen) => format!("{copied} copied, {frozen} frozen"),
    }
}

/// "7 copied, none frozen: +42.1".
pub(super) fn extreme(analysis: &Analysis, at: Option<usize>) -> Option<String> {
    let cell: &CellResult = analysis.cells.get(at?)?;
    Some(format!("{}: {}", point(cell.key.copied, cell.key.frozen), gap(Some(cell.gap_pp()?))))
}

/// "7 copied, none frozen: +42.1 [+38.0, +46.2]".
pub(super) fn extreme_with_interval(analysis: &Analysis, at: Option<usize>) -> Option<String> {
    let estimate = &analysis.cells.get(at?)?.decision.as_ref()?.gap;
    Some(format!("{} {}", extreme(analysis, at)?, interval(estimate.low_pp, estimate.high_pp)))
}

/// The metric in words: "top-1 accuracy".
pub(super) fn metric(name: &str) -> &'static str {
    if name == crate::metric::TOP5 { "top-5 accuracy" } else { "top-1 accuracy" }
}
