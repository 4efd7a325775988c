//! What is shown of a study that has more than a page can hold. It is chosen by one rule, and told; tables hold the rest.
//!
//! The rule: scratch and the primary contrasts first, then other treatments with a verdict, then those without one, then
//! controls; among equals the larger gap. What is chosen stays in the study's order.

use std::cmp::Reverse;
use std::collections::HashMap;

use nt_analysis::study::StudyTarget;
use nt_analysis::{Analysis, CellKind, CellResult, Decomposition, Quadrant, Trial};
use nt_records::number::thousands;
use nt_stats::Verdict;
use nt_stats::verdict::Family;

/// Cells up to which a study is shown whole, on the page and in its figures.
const MOST_WHOLE: usize = 500;
/// Cells that the page and `report.md` list.
pub(crate) const MOST_CELLS: usize = 2_000;
/// Quadrants that tables list.
const MOST_QUADRANTS: usize = 200;
/// Quadrants, sources and targets that a sentence names.
const MOST_NAMED: usize = 24;
/// Targets of which figures are drawn.
const MOST_TARGETS: usize = 8;
/// Quadrants that a figure shows.
const MOST_PANELS: usize = 8;
/// Sources that a figure or one of its panels shows.
const MOST_SOURCES: usize = 6;
/// Sizes of a target of which learning curves are drawn.
const MOST_SIZES: usize = 4;
/// Contrasts that a figure shows of a quadrant.
const MOST_CONTRASTS: usize = 40;

/// What comes first is less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    class: u8,
    gap: Reverse<u64>,
}

impl Rank {
    const LAST: Self = Self { class: u8::MAX, gap: Reverse(0) };

    /// The place of a cell in the rule.
    pub(crate) fn of(cell: &CellResult) -> Self {
        let is_primary = cell.decision.as_ref().is_some_and(|decision| decision.family == Family::Primary);
        let has_verdict = cell
            .verdict()
            .is_some_and(|verdict| verdict.is_negative() || verdict.is_positive() || verdict == Verdict::Equivalent);
        let class = match cell.kind {
            CellKind::Scratch => 0,
            CellKind::Transfer if is_primary => 0,
            CellKind::Transfer if has_verdict => 1,
            CellKind::Transfer => 2,
            CellKind::Control | CellKind::Twin | CellKind::Placebo => 3,
        };
        // The bits of numbers that are not negative are in their order.
        Self { class, gap: Reverse(cell.gap_pp().map_or(0, |gap| gap.abs().to_bits())) }
    }

    /// The first of them.
    pub(crate) fn first<'a>(cells: impl IntoIterator<Item = &'a CellResult>) -> Self {
        cells.into_iter().map(Self::of).min().unwrap_or(Self::LAST)
    }
}

/// Whether a study is small enough for figures that show everything.
pub(crate) fn is_whole(analysis: &Analysis) -> bool {
    analysis.cells.len() <= MOST_WHOLE
}

/// At most so many, those that come first by their rank, in the order given.
fn first_of<T>(items: Vec<T>, most: usize, rank: impl Fn(&T) -> Rank) -> Vec<T> {
    if items.len() <= most {
        return items;
    }
    let mut ranked: Vec<(Rank, usize)> = items.iter().enumerate().map(|(at, item)| (rank(item), at)).collect();
    ranked.sort_unstable();
    let mut is_kept = vec![false; items.len()];
    ranked.iter().take(most).for_each(|&(_, at)| is_kept[at] = true);
    items.into_iter().zip(is_kept).filter_map(|(item, is_kept)| is_kept.then_some(item)).collect()
}

/// The places of the cells that the page lists.
pub(crate) fn cells(analysis: &Analysis) -> Vec<usize> {
    first_of((0..analysis.cells.len()).collect(), MOST_CELLS, |&at| Rank::of(&analysis.cells[at]))
}

/// The quadrants that the page, `report.md` and the terminal list.
pub(crate) fn listed_quadrants(analysis: &Analysis) -> Vec<&Quadrant> {
    let all = analysis.quadrants.iter().collect();
    if is_whole(analysis) { all } else { first_of(all, MOST_QUADRANTS, |quadrant| rank_of(analysis, quadrant)) }
}

/// The trials of rules that the page and `report.md` list: those of these quadrants.
pub(crate) fn listed_trials(analysis: &Analysis) -> Vec<&Trial> {
    let all = analysis.trials.iter().collect();
    let rank = |trial: &&Trial| rank_of(analysis, &analysis.quadrants[trial.quadrant]);
    if is_whole(analysis) { all } else { first_of(all, MOST_QUADRANTS, rank) }
}

/// The decompositions that the page and `report.md` list: the first ones.
pub(crate) fn listed_decompositions(analysis: &Analysis) -> &[Decomposition] {
    let most = if is_whole(analysis) { usize::MAX } else { MOST_QUADRANTS };
    &analysis.decompositions[..analysis.decompositions.len().min(most)]
}

/// How many quadrants, sources or targets a sentence names.
pub(crate) fn most_named(analysis: &Analysis) -> usize {
    if is_whole(analysis) { usize::MAX } else { MOST_NAMED }
}

/// At most so many of these words, and how many more there are.
pub(crate) fn named(mut words: Vec<String>, most: usize) -> Vec<String> {
    if words.len() > most {
        let others = words.len() - most;
        words.truncate(most);
        words.push(format!("{} more", thousands(others as u64)));
    }
    words
}

fn rank_of(analysis: &Analysis, quadrant: &Quadrant) -> Rank {
    Rank::first(quadrant.cells.iter().map(|&at| &analysis.cells[at]))
}

/// The targets of which figures are drawn.
pub(crate) fn drawn_targets(analysis: &Analysis) -> Vec<&StudyTarget> {
    let all: Vec<&StudyTarget> = analysis.study.targets.iter().collect();
    if is_whole(analysis) {
        return all;
    }
    let transfers = |target: &StudyTarget| {
        let of_sizes = target.sizes.iter().flat_map(|size| analysis.cells_of(&target.name, &size.name));
        Rank::first(of_sizes.filter(|cell| cell.kind == CellKind::Transfer))
    };
    first_of(all, MOST_TARGETS, |target| transfers(target))
}

/// The quadrants of a target that a figure shows.
pub(crate) fn drawn_quadrants<'a>(analysis: &'a Analysis, target: &str) -> Vec<&'a Quadrant> {
    let all: Vec<&Quadrant> = analysis.quadrants.iter().filter(|quadrant| quadrant.target == target).collect();
    if is_whole(analysis) { all } else { first_of(all, MOST_PANELS, |quadrant| rank_of(analysis, quadrant)) }
}

/// Of these sources those that a figure of these cells shows, and how many there are.
pub(crate) fn drawn_sources<'a, T>(
    analysis: &Analysis,
    sources: Vec<T>,
    name: impl Fn(&T) -> &str,
    cells: impl Fn() -> Box<dyn Iterator<Item = &'a CellResult> + 'a>,
) -> Vec<T> {
    if is_whole(analysis) || sources.len() <= MOST_SOURCES {
        return sources;
    }
    let mut ranks: HashMap<&str, Rank> = HashMap::new();
    for cell in cells().filter(|cell| cell.kind == CellKind::Transfer) {
        let Some(source) = cell.key.source.as_deref() else { continue };
        let rank = ranks.entry(source).or_insert(Rank::LAST);
        *rank = (*rank).min(Rank::of(cell));
    }
    first_of(sources, MOST_SOURCES, |source| ranks.get(name(source)).copied().unwrap_or(Rank::LAST))
}

/// The decompositions of a target that a figure shows: the first ones.
pub(crate) fn drawn_decompositions<'a>(analysis: &'a Analysis, target: &str) -> Vec<&'a Decomposition> {
    let most = if is_whole(analysis) { usize::MAX } else { MOST_PANELS };
    analysis.decompositions.iter().filter(|one| one.target == target).take(most).collect()
}

/// The sizes of a target of which learning curves are drawn: the first ones.
pub(crate) fn num_drawn_sizes(analysis: &Analysis) -> usize {
    if is_whole(analysis) { usize::MAX } else { MOST_SIZES }
}

/// The cells of a quadrant that a forest plot shows.
pub(crate) fn drawn_cells(analysis: &Analysis, quadrant: &Quadrant) -> Vec<usize> {
    let all = quadrant.cells.clone();
    if is_whole(analysis) { all } else { first_of(all, MOST_CONTRASTS, |&at| Rank::of(&analysis.cells[at])) }
}

/// " (8 of 35 sources)", where some are left out.
pub(crate) fn share(shown: usize, all: usize, noun: &str) -> String {
    if shown < all { format!(" ({shown} of {} {noun})", thousands(all as u64)) } else { String::new() }
}

/// The rule in words.
const RULE: &str = "scratch and the primary contrasts first, then other treatments with a verdict, then those without one, then controls, \
                    each by the size of the gap";

/// What is not shown of a study and where it stands, for the page, `report.md` and the terminal; nothing where all is shown.
pub(crate) fn notes(analysis: &Analysis) -> Vec<String> {
    let mut notes = Vec::new();
    let num_cells = analysis.cells.len();
    if num_cells > MOST_CELLS {
        notes.push(format!(
            "{} of {} cells are listed. All are in verdicts.csv and verdicts.json.",
            thousands(MOST_CELLS as u64),
            thousands(num_cells as u64)
        ));
    }
    let num_quadrants = analysis.quadrants.len();
    if num_quadrants > MOST_QUADRANTS && !is_whole(analysis) {
        notes.push(format!(
            "{MOST_QUADRANTS} of {} quadrants are listed. All are in tables/quadrants.csv.",
            thousands(num_quadrants as u64)
        ));
    }
    notes.extend(drawn(analysis));
    if !notes.is_empty() {
        notes.push(format!("What is shown is chosen by one rule: {RULE}."));
    }
    notes
}

/// What figures leave out; `None` where they leave out nothing.
fn drawn(analysis: &Analysis) -> Option<String> {
    if is_whole(analysis) {
        return None;
    }
    let study = &analysis.study;
    let num_targets = study.targets.len();
    let most_sizes = study.targets.iter().map(|target| target.sizes.len()).max().unwrap_or(0);
    let largest = analysis.quadrants.iter().map(|quadrant| quadrant.cells.len()).max().unwrap_or(0);
    let num_similarities = study.similarities().len();
    let parts = [
        (num_targets > MOST_TARGETS).then(|| format!("{MOST_TARGETS} of {} targets", thousands(num_targets as u64))),
        (most_sizes * num_similarities > MOST_PANELS).then(|| format!("{MOST_PANELS} quadrants of a target")),
        (study.sources.len() > MOST_SOURCES).then(|| format!("{MOST_SOURCES} sources in a panel")),
        (largest > MOST_CONTRASTS).then(|| format!("{MOST_CONTRASTS} contrasts of a quadrant")),
        (most_sizes > MOST_SIZES).then(|| format!("the first {MOST_SIZES} sizes in learning curves and lattices")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| {
        format!(
            "A study of more than {MOST_WHOLE} cells is not drawn whole. Its figures show at most {}.",
            parts.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use nt_analysis::analyse;
    use nt_analysis::mock::{Mock, like_the_default_study};

    /// An analysis whose cells come again and again, as if so many had been run.
    fn of_many_cells(times: usize) -> Analysis {
        let mock = Mock::four_quadrants(like_the_default_study);
        let dir = tempfile::tempdir().unwrap();
        let records = mock.write(dir.path());
        let mut analysis = analyse(dir.path(), &mock.study, &records).unwrap();
        let cells = analysis.cells.clone();
        analysis.cells = (0..times).flat_map(|_| cells.clone()).collect();
        analysis
    }

    #[test]
    fn a_study_of_ordinary_size_is_shown_whole_and_nothing_is_said() {
        let analysis = of_many_cells(1);
        assert!(is_whole(&analysis));
        assert_eq!(cells(&analysis), (0..analysis.cells.len()).collect::<Vec<_>>());
        assert_eq!(notes(&analysis), Vec::<String>::new());
        assert_eq!(drawn_targets(&analysis).len(), analysis.study.targets.len());
    }

    #[test]
    fn of_very_many_cells_those_that_come_first_are_listed_in_their_order_and_the_rest_is_told() {
        let analysis = of_many_cells(50);
        let listed = cells(&analysis);
        assert_eq!(listed.len(), MOST_CELLS);
        assert!(listed.windows(2).all(|pair| pair[0] < pair[1]));
        let is_listed = |at: usize| listed.binary_search(&at).is_ok();
        let (kept, left): (Vec<usize>, Vec<usize>) = (0..analysis.cells.len()).partition(|&at| is_listed(at));
        let rank = |at: &usize| Rank::of(&analysis.cells[*at]);
        assert!(kept.iter().map(rank).max() <= left.iter().map(rank).min());
        assert!(analysis.cells.iter().enumerate().all(|(at, cell)| cell.kind != CellKind::Scratch || is_listed(at)));
        let told = &notes(&analysis)[0];
        assert_eq!(told, "2,000 of 3,600 cells are listed. All are in verdicts.csv and verdicts.json.");
        let rule = &notes(&analysis)[notes(&analysis).len() - 1];
        assert!(
            rule.starts_with("What is shown is chosen by one rule: scratch and the primary contrasts first"),
            "{rule}"
        );
    }

    #[test]
    fn what_is_not_named_is_counted() {
        let words = || ["a", "b", "c"].map(str::to_owned).to_vec();
        assert_eq!(named(words(), 3), ["a", "b", "c"]);
        assert_eq!(named(words(), 1), ["a", "2 more"]);
        assert_eq!((share(2, 3, "sources").as_str(), share(3, 3, "sources").as_str()), (" (2 of 3 sources)", ""));
    }
}
