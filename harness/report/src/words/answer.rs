//! The answer in words. It never presents an undecided cell as absence of a gap, nor freezing's harm as the source's.

use nt_scenario::ChoiceOf;
use nt_stats::Verdict;
use nt_stats::power::Need;
use nt_stats::verdict::{Attribution, Decision};

use crate::shown;
use crate::words::group;
use crate::words::number::{NONE, counted, gap, interval, judged_interval};
use nt_analysis::{Analysis, CellResult, Chosen, Quadrant, Tally, Wording};
use nt_records::number::thousands;

/// The answer to the study's question: where transfer did harm, what caused the harm, where it helped, what is open.
pub(crate) fn sentences(analysis: &Analysis) -> Vec<String> {
    let mut total = Tally::default();
    analysis.quadrants.iter().flat_map(|quadrant| &quadrant.cells).for_each(|&at| total.add(&analysis.cells[at]));
    if total.total() == total.undecided && analysis.family_size() == 0 {
        return vec![
            "Nothing is decided yet: no cell has a run with a partner from scratch in the same replicate.".to_owned(),
        ];
    }
    let mut sentences = vec![harm(analysis, &total)];
    sentences.extend(cause(&total));
    sentences.extend(
        places(analysis, |quadrant| extreme_of(analysis, quadrant, Side::Better))
            .map(|places| format!("Transfer helped in {places}.")),
    );
    sentences.extend(open(&total));
    sentences
}

fn harm(analysis: &Analysis, total: &Tally) -> String {
    match places(analysis, |quadrant| extreme_of(analysis, quadrant, Side::Worse)) {
        Some(places) => format!("Transfer did worse than training from scratch in {places}."),
        None => match total.total() {
            1 => "The one treatment was not shown to be worse than training from scratch.".to_owned(),
            several => format!("None of {several} treatments was shown to be worse than training from scratch."),
        },
    }
}

fn cause(total: &Tally) -> Option<String> {
    let worse = total.worse();
    if worse == 0 {
        return None;
    }
    let causes = [
        (
            total.harmed_by_source,
            "it is negative transfer: with random layers in their place, the same treatment does better",
        ),
        (total.harmed_by_specificity, "it is what the layers hold: the same layers of the target's twin do better"),
        (total.harmed_by_both, "it is both what the layers hold and that they are copied or frozen"),
        (total.harmed_by_freezing, "it is freezing: the target's own twin loses as much"),
        (total.harmed, "the cause is open"),
        (total.harmed_by_own, "the layers are the target's own, and the decomposition takes the loss apart"),
    ];
    let told = causes.into_iter().filter(|(count, _)| *count > 0).enumerate();
    let parts = told.map(|(at, (count, words))| match at {
        0 if count == worse && count > 1 => format!("in all {worse} of these {words}"),
        0 if count == worse => words.to_owned(),
        0 => format!("in {count} of these {worse} {words}"),
        _ => format!("in {count} {words}"),
    });
    let parts: Vec<String> = parts.collect();
    let lead = if total.harmed_by_source > 0 { "" } else { "No negative transfer in the strict sense was shown: " };
    Some(format!("{}.", capitalised(&format!("{lead}{}", parts.join("; ")))))
}

fn open(total: &Tally) -> Option<String> {
    let mut parts = Vec::new();
    match total.equivalent {
        0 => {}
        1 => parts.push("1 makes no material difference".to_owned()),
        count => parts.push(format!("{count} make no material difference")),
    }
    match total.undecided {
        0 => {}
        1 => parts.push("1 is undecided, which does not show that it makes no difference".to_owned()),
        count => parts.push(format!("{count} are undecided, which does not show that they make no difference")),
    }
    match total.invalid {
        0 => {}
        1 => parts.push("1 is invalid, for the reason that the table names".to_owned()),
        count => parts.push(format!("{count} are invalid, for the reasons that the table names")),
    }
    (!parts.is_empty()).then(|| format!("Of {} {}.", counted(total.total(), "treatment"), parts.join("; ")))
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Which way a verdict goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Better,
    Worse,
    /// Equivalent or undecided.
    Neither,
    /// Without a verdict, since a gate failed or runs did not train.
    Invalid,
}

/// The cells of a quadrant whose verdict goes that way.
pub(crate) fn cells_on<'a>(analysis: &'a Analysis, quadrant: &Quadrant, side: Side) -> Vec<&'a CellResult> {
    let is_on = |cell: &&CellResult| {
        let verdict = cell.verdict();
        let is = |of: fn(nt_stats::Verdict) -> bool| verdict.is_some_and(of);
        match side {
            Side::Better => is(Verdict::is_positive),
            Side::Worse => is(Verdict::is_negative),
            Side::Neither => {
                !is(Verdict::is_positive) && !is(Verdict::is_negative) && verdict != Some(Verdict::Invalid)
            }
            Side::Invalid => verdict == Some(Verdict::Invalid),
        }
    };
    quadrant.cells.iter().map(|&at| &analysis.cells[at]).filter(is_on).collect()
}

/// "13 of 14 treatments, −34.6 points at worst"; `None` if no verdict goes that way.
fn extreme_of(analysis: &Analysis, quadrant: &Quadrant, side: Side) -> Option<String> {
    let cells = cells_on(analysis, quadrant, side);
    let gaps = cells.iter().filter_map(|cell| Some((cell.gap_pp()?, *cell)));
    let (word, most) = match side {
        Side::Worse => ("worst", gaps.min_by(|(first, _), (second, _)| first.total_cmp(second))),
        Side::Better | Side::Neither | Side::Invalid => {
            ("best", gaps.max_by(|(first, _), (second, _)| first.total_cmp(second)))
        }
    };
    let (most, cell) = most?;
    let unit = Wording::of(analysis.study.metric).gap_unit;
    let caveats = caveats(cell.decision.as_ref()).replace(['(', ')'], "").trim_start().to_owned();
    let caveats = if caveats.is_empty() { caveats } else { format!(", {caveats}") };
    Some(format!(
        "{} of {} treatments, at {word} {} {unit}{caveats}",
        cells.len(),
        quadrant.tally.total(),
        gap(Some(most))
    ))
}

/// "small & similar (14 of 14 …) and large & similar (…)"; `None` if there is nothing to say about any quadrant.
fn places(analysis: &Analysis, of: impl Fn(&Quadrant) -> Option<String>) -> Option<String> {
    let told = analysis.quadrants.iter().filter_map(|quadrant| Some((name(analysis, quadrant), of(quadrant)?)));
    let places: Vec<String> = told.map(|(name, words)| format!("{name} ({words})")).collect();
    let places = shown::named(places, shown::most_named(analysis));
    let (last, rest) = places.split_last()?;
    Some(if rest.is_empty() { last.clone() } else { format!("{} and {last}", rest.join(", ")) })
}

/// "small & similar", with the target if there are several.
pub(crate) fn name(analysis: &Analysis, quadrant: &Quadrant) -> String {
    let place = format!("{} & {}", quadrant.size, quadrant.similarity);
    if analysis.study.targets.len() > 1 { format!("{}: {place}", quadrant.target) } else { place }
}

/// A quadrant's result in a few words.
pub(crate) fn verdict(tally: &Tally) -> String {
    match (tally.helped, tally.worse()) {
        (0, 0) if tally.total() > 0 && tally.equivalent == tally.total() => "no material difference".to_owned(),
        (0, 0) if tally.total() > 0 && tally.invalid == tally.total() => "invalid".to_owned(),
        (0, 0) => "undecided".to_owned(),
        (helped, 0) if helped == tally.total() => "helps".to_owned(),
        (helped, 0) => format!("helps in {helped}"),
        (0, worse) if worse == tally.total() => "harms".to_owned(),
        (0, worse) => format!("harms in {worse}"),
        (helped, worse) => format!("helps in {helped}, harms in {worse}"),
    }
}

/// A side's treatments and the range of their gaps: "4–7 copied and frozen: −9.2 to −5.9".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub count: usize,
    pub treatments: String,
    pub gaps: String,
    /// The one with the largest gap: "7 copied and frozen: −9.2 [−15.1, −3.4]".
    pub extreme: String,
    /// "by freezing 12, cause open 1"; empty except for harm.
    pub causes: String,
}

/// The cells on a side of a quadrant; `None` if there are none.
pub(crate) fn listed(analysis: &Analysis, quadrant: &Quadrant, side: Side) -> Option<Listed> {
    let cells = cells_on(analysis, quadrant, side);
    if cells.is_empty() {
        return None;
    }
    let mut gaps: Vec<f64> = cells.iter().filter_map(|cell| cell.gap_pp()).collect();
    gaps.sort_by(f64::total_cmp);
    let range = match (gaps.first(), gaps.last()) {
        (Some(low), Some(high)) if gap(Some(*low)) == gap(Some(*high)) => gap(Some(*low)),
        (Some(low), Some(high)) => format!("{} to {}", gap(Some(*low)), gap(Some(*high))),
        _ => NONE.to_owned(),
    };
    let count_of = |cause: Option<Attribution>| {
        let is = |cell: &&&CellResult| cell.decision.as_ref().and_then(|decision| decision.attribution) == cause;
        cells.iter().filter(is).count()
    };
    let named = [
        (Some(Attribution::Source), "by the source"),
        (Some(Attribution::Mixed), "by what the layers hold and by freezing"),
        (Some(Attribution::Specificity), "by what the layers hold"),
        (Some(Attribution::Freezing), "by freezing"),
        (Some(Attribution::Undecided), "cause open"),
        (None, "from its own layers"),
    ];
    let causes: Vec<String> = named
        .into_iter()
        .map(|(cause, words)| (count_of(cause), words))
        .filter(|(count, _)| side == Side::Worse && *count > 0)
        .map(|(count, words)| format!("{words} {count}"))
        .collect();
    let farthest = cells.iter().max_by(|first, second| {
        let size = |cell: &CellResult| cell.gap_pp().map_or(0.0, f64::abs);
        size(first).total_cmp(&size(second))
    });
    let num_sources = sources(analysis, quadrant);
    Some(Listed {
        extreme: farthest.map(|cell| with_interval(analysis, quadrant, cell)).unwrap_or_default(),
        count: cells.len(),
        treatments: group::treatments(&analysis.study, &cells, num_sources > 1, shown::most_named(analysis)),
        gaps: range,
        causes: causes.join(", "),
    })
}

/// What an undecided contrast could find: "a true gap of 4.2 points would be found in 4 of 5 such studies"; `None` for any other.
pub(crate) fn findable(decision: &Decision, words: &Wording) -> Option<String> {
    let is_open = decision.verdict_before_gates == Verdict::Inconclusive && decision.can_reject;
    let withheld = decision.withheld_equivalence().unwrap_or_default();
    is_open.then(|| match decision.minimum_detectable_effect_pp {
        Some(effect) => {
            format!("a true gap of {effect:.1} {} would be found in 4 of 5 such studies{withheld}", words.gap_unit)
        }
        None => format!("no gap that is possible would be found in 4 of 5 such studies{withheld}"),
    })
}

/// What the undecided cells of a quadrant could find, and what would decide them; `None` if all are decided.
pub(crate) fn lacking(analysis: &Analysis, quadrant: &Quadrant) -> Option<String> {
    let decisions = quadrant.cells.iter().filter_map(|&at| analysis.cells[at].decision.as_ref());
    let is_undecided =
        |decision: &&Decision| matches!(decision.verdict, Verdict::Inconclusive | Verdict::InconclusiveOptimisation);
    let undecided: Vec<&Decision> = decisions.filter(is_undecided).collect();
    if undecided.is_empty() {
        return None;
    }
    let open: Vec<&&Decision> = undecided.iter().filter(|decision| decision.is_for_data_to_decide()).collect();
    let held = match undecided.len() - open.len() {
        0 => String::new(),
        held => format!(
            "; {held} of {} {} on a gate or on runs that collapsed, which no number of replicates decides",
            undecided.len(),
            if held == 1 { "hangs" } else { "hang" }
        ),
    };
    let detectable = open.iter().filter_map(|decision| decision.minimum_detectable_effect_pp).max_by(f64::total_cmp);
    let blind = open.iter().filter(|decision| decision.minimum_detectable_effect_pp.is_none()).count();
    let Some(effect) = detectable.filter(|_| blind == 0) else {
        return Some(match blind {
            0 => format!("undecided is not absent{held}"),
            blind => format!(
                "undecided is not absent: in {blind} of {} no gap that is possible would be found in 4 of 5 such studies{held}",
                counted(undecided.len(), "treatment")
            ),
        });
    };
    let words = Wording::of(analysis.study.metric);
    let (margin, unit) = (words.gap.count(analysis.study.margin_pp), words.gap_unit);
    let replicates = open.iter().filter_map(|decision| decision.need?.replicates()).max();
    let images = open.iter().filter_map(|decision| decision.need?.test_examples()).max();
    let takes_more = open.iter().any(|decision| matches!(decision.need, None | Some(Need::Both)));
    let need = match (images, replicates, analysis.study.replicates as usize) {
        _ if takes_more => "; it takes both more replicates and more test images".to_owned(),
        (Some(images), _, _) => format!("; {} test images would find {margin}", thousands(images as u64)),
        (None, Some(count), had) if count > had => format!("; {count} replicates would find {margin}"),
        _ => String::new(),
    };
    Some(format!(
        "undecided is not absent: a true gap of {effect:.1} {unit} would be found in 4 of 5 such studies{need}{held}"
    ))
}

/// "called after 4 replicates: inflated, corrected in part +28.1": a sign that was called early is, on average, called of too large a gap.
pub(crate) fn early_call(decision: &Decision) -> Option<String> {
    let replicates = counted(decision.called_early_at?, "replicate");
    Some(match decision.gap_corrected_for_an_early_call() {
        Some(corrected) => format!("called after {replicates}: inflated, corrected in part {}", gap(Some(corrected))),
        None => format!("called after {replicates}"),
    })
}

/// What a reader must know of a gap before the number is believed: " (called after 4 replicates)", " (of 5
/// replicates that trained)"; empty for most.
pub(crate) fn caveats(decision: Option<&Decision>) -> String {
    let trained = decision.and_then(Decision::of_those_that_trained);
    let trained = trained.map(|trained| format!("of {} that trained", counted(trained, "replicate")));
    let caveats: Vec<String> = decision.and_then(early_call).into_iter().chain(trained).collect();
    if caveats.is_empty() { String::new() } else { format!(" ({})", caveats.join("; ")) }
}

/// "near: 7 copied and frozen", with the source only where the quadrant has several.
fn place(analysis: &Analysis, quadrant: &Quadrant, cell: &CellResult) -> String {
    let source = cell.key.source.as_deref().filter(|_| sources(analysis, quadrant) > 1);
    source.map_or(String::new(), |source| format!("{source}: ")) + &cell.treatment_words
}

/// "7 copied and frozen: −9.2 [−15.1, −3.4]".
fn with_interval(analysis: &Analysis, quadrant: &Quadrant, cell: &CellResult) -> String {
    let interval = judged_interval(cell.decision.as_ref());
    format!("{}: {} {interval}{}", place(analysis, quadrant, cell), gap(cell.gap_pp()), caveats(cell.decision.as_ref()))
}

fn sources(analysis: &Analysis, quadrant: &Quadrant) -> usize {
    let mut names: Vec<&str> =
        quadrant.cells.iter().filter_map(|&at| analysis.cells[at].key.source.as_deref()).collect();
    names.sort_unstable();
    names.dedup();
    names.len()
}

/// "7 copied, none frozen"; where every replicate chooses for itself, "7 copied, none frozen (6 of 8)": at most three, the most
/// often chosen first.
pub(crate) fn picks(analysis: &Analysis, quadrant: &Quadrant, chosen: &Chosen) -> Vec<String> {
    const MOST: usize = 3;
    let several = sources(analysis, quadrant) > 1;
    let words = |&(at, count): &(usize, usize)| {
        let key = &analysis.cells[at].key;
        let treatment = analysis.study.treatment_words(key);
        let source = key.source.as_deref().filter(|_| several).map_or(String::new(), |source| format!("{source}: "));
        match analysis.study.choice {
            ChoiceOf::Once => format!("{source}{treatment}"),
            ChoiceOf::EachReplicate => format!("{source}{treatment} ({count} of {})", chosen.num_replicates()),
        }
    };
    let mut picks: Vec<String> = chosen.picks.iter().take(MOST).map(words).collect();
    if chosen.picks.len() > MOST {
        picks.push(counted_others(chosen.picks.len() - MOST));
    }
    picks
}

fn counted_others(count: usize) -> String {
    if count == 1 { "1 other".to_owned() } else { format!("{count} others") }
}

/// "+27.1 [+20.3, +33.9]".
pub(crate) fn chosen_gap(chosen: &Chosen) -> String {
    let decision = Some(&chosen.decision);
    format!("{} {}{}", gap(Some(chosen.decision.gap.mean_pp)), judged_interval(decision), caveats(decision))
}

/// How often the choice would have been made by one replicate alone, and what choosing by luck gains scratch; `None` if nothing is
/// known of either.
pub(crate) fn selection(analysis: &Analysis, chosen: &Chosen) -> Option<String> {
    let unit = Wording::of(analysis.study.metric).gap_unit;
    let wins = chosen.picks.first().map(|&(at, _)| {
        let own = chosen.wins.iter().find(|&&(other, _)| other == at).map_or(0, |&(_, count)| count);
        let all: usize = chosen.wins.iter().map(|&(_, count)| count).sum();
        format!("it wins alone in {own} of {all} replicates")
    });
    let best_of = chosen.best_of.map(|best| {
        let of = |count: usize, what: &str| match count == best.num_compared {
            true => counted(count, what),
            false => format!("{} of {}", best.num_compared, counted(count, what)),
        };
        format!(
            "the best of {} against the best of {} of scratch: {} {} {unit} (95 %, this gap alone; no verdict; choosing alone gains \
             scratch {})",
            of(best.num_treatments, "treatment"),
            of(best.num_runs, "run"),
            gap(Some(best.gap.mean_pp)),
            interval(best.gap.low_pp, best.gap.high_pp),
            gap(Some(best.gain.mean_pp))
        )
    });
    let wins = wins.filter(|_| analysis.study.choice == ChoiceOf::Once && !chosen.wins.is_empty());
    let told: Vec<String> = wins.into_iter().chain(best_of).collect();
    (!told.is_empty()).then(|| told.join("; "))
}

/// What a choice advises: to transfer, to train from scratch, or either. If only a failed gate prevents a verdict, it
/// names the gate, because "not shown" beside an interval above zero would look like a mistake.
pub(crate) fn advice(chosen: &Chosen) -> String {
    let decision = &chosen.decision;
    let before_gates = decision.verdict_before_gates;
    let gates = || held_by(decision);
    match decision.verdict {
        Verdict::Positive | Verdict::MaterialPositive => "transfer".to_owned(),
        Verdict::Negative | Verdict::MaterialNegative => "train from scratch".to_owned(),
        Verdict::Equivalent => "either will do".to_owned(),
        Verdict::Invalid => "no verdict".to_owned(),
        Verdict::Inconclusive | Verdict::InconclusiveOptimisation if before_gates.is_positive() => {
            format!("ahead, but held by {}", gates())
        }
        Verdict::Inconclusive | Verdict::InconclusiveOptimisation if before_gates.is_negative() => {
            format!("behind, but held by {}", gates())
        }
        Verdict::Inconclusive | Verdict::InconclusiveOptimisation if before_gates == Verdict::Equivalent => {
            format!("equivalent, but held by {}", gates())
        }
        Verdict::Inconclusive | Verdict::InconclusiveOptimisation => "not shown to beat scratch".to_owned(),
    }
}

/// Why cells of a quadrant are invalid, each reason once.
pub(crate) fn why_invalid(analysis: &Analysis, quadrant: &Quadrant) -> String {
    let unit = Wording::of(analysis.study.metric).gap;
    let mut reasons: Vec<String> =
        cells_on(analysis, quadrant, Side::Invalid).into_iter().map(|cell| cell.words(unit)).collect();
    reasons.sort();
    reasons.dedup();
    reasons.join("; ")
}

/// The gates that hold a decision back, each once: "gate 3 (live baseline)".
pub(crate) fn held_by(decision: &Decision) -> String {
    let mut gates: Vec<String> = decision.failed_gates.iter().map(|failure| failure.gate.to_string()).collect();
    gates.dedup();
    gates.join(" and ")
}

/// "7 copied, 1 frozen: +28.2", the best of a quadrant on test images.
pub(crate) fn best_on_test(analysis: &Analysis, quadrant: &Quadrant) -> Option<String> {
    let cell: &CellResult = analysis.cells.get(quadrant.best?)?;
    Some(format!(
        "{}: {}{}",
        place(analysis, quadrant, cell),
        gap(Some(cell.gap_pp()?)),
        caveats(cell.decision.as_ref())
    ))
}
