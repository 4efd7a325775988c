//! The parts of the change at each depth, in numbers.

use maud::{Markup, html};

use crate::material::Material;
use crate::shown;
use crate::words::number::{NONE, gap, interval};
use nt_analysis::{Analysis, BAND_LEVEL, BAND_REPLICATES, Decomposition, Part, Wording};

/// One table for each source; empty if the study has no selffer.
pub(crate) fn section(material: &Material) -> Markup {
    let analysis = &material.analysis;
    html! {
        @if !analysis.decompositions.is_empty() {
            section aria-labelledby="parts" {
                h2 #parts { "What the change is made of" }
                @for words in prose(analysis) { p.soft { (words) } }
                @for one in shown::listed_decompositions(analysis) {
                    h3 { (title(analysis, one)) }
                    div.scroll tabindex="0" role="region" aria-label=(title(analysis, one)) {
                        table {
                            thead {
                                tr {
                                    th.number scope="col" { "depth" }
                                    @for part in &one.parts { th.number scope="col" { (head(part)) } }
                                }
                            }
                            tbody {
                                @for depth in depths(one) {
                                    tr {
                                        th.number scope="row" { (depth) }
                                        @for part in &one.parts { td.number { (entry(part, depth)) } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// How to read the tables.
pub(crate) fn prose(analysis: &Analysis) -> Vec<String> {
    let few = analysis
        .decompositions
        .iter()
        .flat_map(|one| &one.parts)
        .map(|part| part.replicates.len())
        .filter(|count| *count < BAND_REPLICATES)
        .min();
    let mut prose = vec![format!(
        "Differences in {}, replicate by replicate, after Yosinski and others (2014): co-adaptation is what a \
         network loses by being cut at a depth and trained anew above it (a network of the target itself, frozen, less \
         scratch); specificity is what the other task's features lose beside the target's own; recovery is what \
         fine-tuning wins back. In brackets the band that covers all depths of a column at once with {:.0} % (joint sign \
         flips), for this test set.",
        Wording::of(analysis.study.metric).gaps_of,
        100.0 * BAND_LEVEL
    )];
    prose.extend(few.map(|count| {
        format!(
            "With {count} replicates the bands do not reach that level. At least {BAND_REPLICATES} are needed, to have \
             enough flips."
        )
    }));
    prose
}

/// "half-b: all, from half-a beside half-b".
pub(crate) fn title(analysis: &Analysis, one: &Decomposition) -> String {
    let target = if analysis.study.targets.len() > 1 { format!("{}, ", one.target) } else { String::new() };
    format!("{target}{}: A is {}, B is {}", one.size, one.source, one.selffer)
}

/// "co-adaptation, BnB − base (n = 8)".
pub(crate) fn head(part: &Part) -> String {
    format!("{}, {} (n = {})", part.component.words(), part.component.difference(), part.replicates.len())
}

/// The depths that any part has, ascending.
pub(crate) fn depths(one: &Decomposition) -> Vec<u8> {
    let mut depths: Vec<u8> = one.parts.iter().flat_map(|part| &part.depths).map(|depth| depth.depth).collect();
    depths.sort_unstable();
    depths.dedup();
    depths
}

/// "−10.2 [−12.0, −8.4]".
pub(crate) fn entry(part: &Part, depth: u8) -> String {
    let Some(found) = part.depths.iter().find(|one| one.depth == depth) else { return NONE.to_owned() };
    let (low, high) = found.band_pp.unzip();
    format!("{} {}", gap(Some(found.mean_pp)), interval(low, high))
}
