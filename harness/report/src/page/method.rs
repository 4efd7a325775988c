//! The method in prose, with the study's own numbers.

use maud::{Markup, html};
use nt_stats::trust::{CALIBRATION, NOT_OFFERED};
use nt_stats::verdict::{Decision, Reach};

use super::quadrants;
use crate::material::Material;
use crate::words::families::families;
use crate::words::number::{counted, percent, test_images};
use nt_analysis::study::StudySource;
use nt_analysis::{Analysis, Wording};
use nt_scenario::metric::Grain;
use nt_scenario::{ChoiceOf, SearchOf};

/// How it was decided.
pub(crate) fn section(material: &Material) -> Markup {
    let analysis = &material.analysis;
    let decisions: Vec<&Decision> = analysis.cells.iter().filter_map(|cell| cell.decision.as_ref()).collect();
    html! {
        section.prose aria-labelledby="method" {
            h2 #method { "How this was decided" }
            (design(analysis))
            (inference(analysis))
            @if let Some(words) = detectable(&decisions, &Wording::of(analysis.study.metric)) { p { (words) } }
            (choice(analysis))
            (attribution(analysis))
            (conditions(analysis))
            (trust())
        }
    }
}

fn design(analysis: &Analysis) -> Markup {
    html! {
        p {
            "Each of the " (analysis.cells.len()) " cells was planned with "
            (counted(analysis.study.replicates as usize, "replicate")) ". A replicate draws a new training subset, "
            "validation split, initial weights, batch order and source network, and all treatments share them. "
            @if analysis.study.sources.iter().any(|source| source.network == Reach::This) {
                "A source that is read from a file is one network, the same in all replicates. "
            }
            "The test images are the same throughout"
            @for (target, test) in &analysis.test_sets {
                " (" (target) ": " (test_images(test)) " of " (test.num_classes)
                " classes, chance " (percent(Some(test.chance))) " " (Wording::of(analysis.study.metric).unit) ")"
            }
            ". Every comparison is therefore paired, image by image."
        }
    }
}

fn inference(analysis: &Analysis) -> Markup {
    let study = &analysis.study;
    let words = Wording::of(study.metric);
    html! {
        p {
            "The gap of a treatment is " (words.difference) ". Its "
            "interval comes from crossed random effects of replicates and test images, with tails between the t of the "
            "replicates and the t of the images. It holds for new replicates and new test images"
            @if analysis.test_sets.values().any(|test| test.clusters.is_some()) {
                "; where test images form clusters, for new clusters, which take the images' place in the formula. A cluster tells "
                "more the larger it is, and the effective number is of clusters of equal size that would tell as much"
            }
            ". "
            (families(analysis)) " "
            @if study.reference_runs > 1 {
                "Scratch runs " (study.reference_runs) " times in every replicate, and the mean of the runs that trained is the "
                "reference. "
            }
            "A run collapsed if its first guesses on its training images are no better than chance, or its training loss did not "
            "fall. A gap is that of the replicates in which both arms trained, and has a sign only if the gap over all runs "
            "excludes zero on the same side. "
            @if study.metric.grain() == Grain::Class {
                "Every class counts the same, however many test images it has. The classes' sizes are taken as fixed. "
            }
            "MATERIAL means beyond ±" (study.margin_pp) " " (words.gap_unit) ". EQUIVALENT means that two one-sided tests show the "
            "gap to be inside."
        }
    }
}

/// The median over cells of the smallest gap that would have been found.
fn detectable(decisions: &[&Decision], words: &Wording) -> Option<String> {
    let mut effects: Vec<f64> = decisions.iter().filter_map(|decision| decision.minimum_detectable_effect_pp).collect();
    effects.sort_by(f64::total_cmp);
    let median = effects.get(effects.len() / 2)?;
    Some(format!(
        "With these replicates and test images the adjusted test finds a true gap of {median:.1} {} four times in \
         five (median over cells). An INCONCLUSIVE cell may well hide a smaller gap.",
        words.gap_unit
    ))
}

fn choice(analysis: &Analysis) -> Markup {
    html! {
        p {
            "The treatment to use is chosen without test labels, "
            @match analysis.study.choice {
                ChoiceOf::Once => {
                    "once a quadrant: by the mean over all replicates of runs on validation images that are judged by nothing "
                    "else. What is judged on test images are its fresh runs, so that luck on validation images is not "
                    "rewarded. The choice is one of the cells, and has that cell's verdict. "
                }
                ChoiceOf::EachReplicate => {
                    "in every replicate by the validation images of the very run that is judged. The best of several runs is "
                    "then held against one of scratch, which rewards luck: read its gap with that in mind. "
                }
            }
            "The treatment that did best on the test images is shown beside it for comparison only, and the difference is called "
            "optimism."
        }
    }
}

fn attribution(analysis: &Analysis) -> Markup {
    html! {
        p {
            "A treatment that is worse than scratch is called " em { "negative transfer" } " only if it is also worse "
            "than the same treatment from a source that was never trained: then the source is the cause. "
            @if analysis.study.sources.iter().any(StudySource::is_twin) {
                "Otherwise the target's twin decides, a source that learned the target's own task from other images: if the same "
                "layers of the twin do better and are not shown to lose against scratch, the cause is what the layers hold; if the twin loses "
                "as much, it is freezing; if both, both. "
            } @else {
                "Without a twin of the target (a source that learned the target's own task from other images) freezing cannot be "
                "told from what the layers hold, and the cause stays open. "
            }
            "The error of these tests is per contrast. "
            @if analysis.control_family_size > 0 {
                "The " (counted(analysis.control_family_size, "cell")) " of such sources are controls, adjusted among themselves."
            }
        }
    }
}

fn conditions(analysis: &Analysis) -> Markup {
    html! {
        p {
            "The network: " (analysis.study.network) ". Learning rates: " (analysis.study.search)
            ". "
            @if analysis.study.search_of == Some(SearchOf::Once) {
                "One search served all replicates, so that its luck is in no interval: verdicts hold at the settings that it gave. "
            }
            @if let Some(scope) = quadrants::scope(analysis) { "Scope: " (scope) ". " }
            "Checked from the records: the edge of the search (gate 1), a live scratch (gate 3), the test lock (gate 5)"
            @if analysis.audit.is_some() {
                "; from the data: overlap of training and test images (gate 6), and similarity (gate 7)"
            }
            "."
        }
    }
}

/// Why the intervals and tests can be trusted, and when they are not offered.
fn trust() -> Markup {
    html! {
        details {
            summary { "The simulations and trainings behind these methods, and when a method is not offered" }
            div.scroll tabindex="0" role="region" aria-label="Calibration of the methods" {
                table {
                    caption {
                        "2,000 to 6,000 simulated studies for each setting unless another number is given, with seeds. Two "
                        "binomial standard errors are .010 or less."
                    }
                    thead { tr { th scope="col" { "claim" } th scope="col" { "nominal" } th scope="col" { "found" } } }
                    tbody {
                        @for one in &CALIBRATION { tr { td { (one.claim) } td { (one.nominal) } td { (one.found) } } }
                    }
                }
            }
            div.scroll tabindex="0" role="region" aria-label="Where methods are not offered" {
                table {
                    caption { "n: replicates." }
                    thead { tr { th scope="col" { "method" } th scope="col" { "not offered" } th scope="col" { "why" } } }
                    tbody {
                        @for one in &NOT_OFFERED { tr { td { (one.method) } td { (one.when) } td { (one.why) } } }
                    }
                }
            }
        }
    }
}
