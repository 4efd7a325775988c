//! The pre-registration: one hash of everything that is fixed before the first job.

use nt_scenario::{ChoiceOf, SearchOf};
use nt_stats::verdict::{Scope, SettingsFound};

use crate::study::Study;

/// The hash of contrasts, family, metric, margin, levels and scope. BLAKE3, hex.
///
/// It is computed when a study's folder is created, and kept in the manifest. If the scenario of a report has another
/// hash, the report is marked EXPLORATORY (CHANGED AFTER DATA).
pub fn preregistration(study: &Study) -> String {
    let settings = study.settings();
    let mut words = vec![
        format!("metric {}", study.metric),
        format!("margin_pp {}", settings.margin_pp),
        format!("alpha {} {}", settings.alpha, settings.equivalence_alpha),
        format!("replicates {}", study.replicates),
        // Searches are named below.
        format!("scope {}", Scope { settings: SettingsFound::Unknown, ..settings.scope }),
    ];
    if let Some(looks) = &study.looks {
        words.push(format!("looks {looks:?}, O'Brien and Fleming"));
    }
    // What the first version of scenarios had no choice about is named only where it differs, so that its studies keep their hash.
    if study.reference_runs != 1 {
        words.push(format!("reference runs {}", study.reference_runs));
    }
    if study.choice != ChoiceOf::EachReplicate {
        words.push(format!("choice {}", study.choice.word()));
    }
    words.extend(study.search_of.filter(|of| *of != SearchOf::Once).map(|of| format!("search {}", of.word())));
    words.extend(study.primary.iter().map(|primary| format!("primary {}", primary.word())));
    let clustered = study.targets.iter().filter_map(|target| Some((&target.name, target.cluster.as_ref()?)));
    words.extend(clustered.map(|(target, pattern)| format!("clusters of {target} {pattern}")));
    for (key, _) in study.cells() {
        let source = key.source.as_deref().and_then(|name| study.source(name));
        let family = match source {
            None => "reference",
            Some(source) if source.is_judged() => "family",
            Some(_) => "control",
        };
        let similarity = source.map_or("", |source| source.similarity.as_str());
        words.push(format!("{family} {} {similarity}", key.name()));
    }
    // Names contain no newline, so two different studies never give the same text.
    blake3::hash(words.join("\n").as_bytes()).to_hex().to_string()
}
