//! Lists of treatments in few words.

use std::collections::{BTreeSet, HashMap};

use nt_scenario::Method;

use nt_analysis::CellResult;
use nt_analysis::study::{CellKey, Study};

/// "4–7 copied and frozen; 7 copied, 5–6 frozen", separately for each source if there are several, of which
/// at most so many are named.
pub(crate) fn treatments(study: &Study, cells: &[&CellResult], has_sources: bool, most_sources: usize) -> String {
    let words = |copied, frozen| Method::Training.describe(copied, frozen, study.layers.len());
    let mut sources: Vec<(&str, Vec<&CellKey>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for key in cells.iter().map(|cell| &cell.key) {
        let Some(source) = key.source.as_deref() else { continue };
        let place = *places.entry(source).or_insert(sources.len());
        match sources.get_mut(place) {
            Some((_, keys)) => keys.push(key),
            None => sources.push((source, vec![key])),
        }
    }
    let of_source = |(source, keys): &(&str, Vec<&CellKey>)| {
        let (mut points, mut probed): (Vec<(u8, u8)>, BTreeSet<u8>) = Default::default();
        for key in keys.iter().copied() {
            match key.method {
                Method::Training => points.push((key.copied, key.frozen)),
                Method::Probe => {
                    probed.insert(key.frozen);
                }
            }
        }
        let mut parts = vec![points_in_words(&points, &words)];
        if !probed.is_empty() {
            parts.push(format!("probe after {}", ranges(&probed)));
        }
        parts.retain(|part| !part.is_empty());
        let words = parts.join("; ");
        if has_sources { format!("{source}: {words}") } else { words }
    };
    let others = sources.len().saturating_sub(most_sources);
    let mut words: Vec<String> = sources.iter().take(most_sources).map(of_source).collect();
    if others > 0 {
        words.push(format!("{others} more sources"));
    }
    words.join("; ")
}

/// Points of the lattice: first those copied and frozen alike, then those that share what is copied.
fn points_in_words(points: &[(u8, u8)], point_words: &dyn Fn(u8, u8) -> String) -> String {
    let frozen: BTreeSet<u8> =
        points.iter().filter(|(copied, frozen)| copied == frozen).map(|(copied, _)| *copied).collect();
    let mut words = Vec::new();
    if !frozen.is_empty() {
        words.push(match frozen.first() {
            Some(&only) if frozen.len() == 1 => point_words(only, only),
            _ => format!("{} copied and frozen", ranges(&frozen)),
        });
    }
    let rest: Vec<(u8, u8)> = points.iter().copied().filter(|(copied, frozen)| copied != frozen).collect();
    let tuned: BTreeSet<u8> = rest.iter().filter(|(_, frozen)| *frozen == 0).map(|(copied, _)| *copied).collect();
    // Several treatments that freeze nothing are listed by what they copy, all others by what they freeze.
    if tuned.len() > 1 {
        words.push(format!("{} copied, none frozen", ranges(&tuned)));
    }
    let copied: BTreeSet<u8> = rest.iter().map(|(copied, _)| *copied).collect();
    for copied in copied {
        let of_depth: BTreeSet<u8> = rest
            .iter()
            .filter(|(depth, frozen)| *depth == copied && (*frozen > 0 || tuned.len() < 2))
            .map(|(_, frozen)| *frozen)
            .collect();
        match of_depth.first() {
            None => {}
            Some(&only) if of_depth.len() == 1 => words.push(point_words(copied, only)),
            Some(_) => words.push(format!("{copied} copied, {} frozen", ranges(&of_depth))),
        }
    }
    words.join("; ")
}

/// "1–3, 5".
fn ranges(depths: &BTreeSet<u8>) -> String {
    let mut runs: Vec<(u8, u8)> = Vec::new();
    for &depth in depths {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == depth => *last = depth,
            _ => runs.push((depth, depth)),
        }
    }
    let words = runs.into_iter().map(|(first, last)| match last - first {
        0 => first.to_string(),
        _ => format!("{first}–{last}"),
    });
    words.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn treatments_are_listed_by_ranges() {
        for (points, words) in [
            (vec![(1, 1), (2, 2), (3, 3), (7, 7)], "1–3, 7 copied and frozen"),
            (vec![(7, 0)], "7 copied, none frozen"),
            (vec![(7, 0), (7, 1)], "7 copied, 0–1 frozen"),
            (vec![(4, 4), (7, 2), (7, 3), (7, 4)], "4 copied and frozen; 7 copied, 2–4 frozen"),
            (vec![(1, 0), (2, 0), (7, 0), (7, 3)], "1–2, 7 copied, none frozen; 7 copied, 3 frozen"),
            (vec![], ""),
        ] {
            let point_words = |copied, frozen| Method::Training.describe(copied, frozen, 8);
            assert_eq!(points_in_words(&points, &point_words), words);
        }
    }
}
