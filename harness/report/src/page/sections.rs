//! The sections of the page that are tables and prose.

use maud::{Markup, html};

use crate::material::Material;
use nt_records::number::thousands;

/// What produced the numbers.
pub(crate) fn provenance(material: &Material) -> Markup {
    let completeness = &material.completeness;
    html! {
        section.prose aria-labelledby="provenance" {
            h2 #provenance { "Where it comes from" }
            dl {
                dt { "result digest" } dd { code { (material.result_digest) } }
                dt { "completeness" }
                dd {
                    (completeness.done) " of " (completeness.planned) " jobs done, " (completeness.diverged) " "
                    "diverged, "
                    (completeness.failed) " failed, "
                    @if completeness.unneeded > 0 { (completeness.unneeded) " not needed, " }
                    (completeness.missing()) " not yet run"
                }
                @if let Some(manifest) = &material.manifest {
                    dt { "numerics" } dd { (manifest.numerics) }
                    dt { "ran on" } dd { (manifest.host.system) ", " (manifest.host.device) }
                    dt { "seed" } dd { (manifest.seed) }
                    dt { "pre-registration" } dd { code { (manifest.preregistration) } }
                    dt { "test labels opened" } dd { (manifest.test_openings) " times" }
                    dt { "versions" }
                    dd { @for (name, version) in &manifest.versions { span.item { (name) " " (version) } } }
                    @for (target, count) in &manifest.parameters {
                        dt { "parameters for " (target) } dd { (thousands(*count)) }
                    }
                    @for (name, data) in &manifest.data {
                        dt { "data " (name) }
                        dd {
                            (thousands(data.train_images)) " training and " (thousands(data.test_images)) " test "
                            "images of "
                            (data.classes.len()) " classes, " code { (data.digest) }
                            @for remark in &data.remarks { br; (remark) }
                        }
                    }
                }
            }
            div.citation {
                pre { code #citation { (citation(material)) } }
                button.quiet type="button" data-copy="citation" hidden { "Copy the citation" }
            }
            p {
                "Beside this page: " a href="runs.csv" { "runs.csv" } ", " a href="verdicts.csv" { "verdicts.csv" } ", "
                a href="verdicts.json" { "verdicts.json" } ", " a href="rules.csv" { "rules.csv" } ", " a href="rules.json" { "rules.json" } ", " a href="report.md" { "report.md" } ", tables for papers in "
                a href="tables/quadrants.tex" { "tables/" } ", and the records that they come from."
            }
        }
    }
}

/// The citation with which others find the same numbers.
fn citation(material: &Material) -> String {
    let study = &material.analysis.study.name;
    let digest = &material.result_digest;
    match &material.manifest {
        None => format!("{study}; result digest {digest}"),
        Some(manifest) => {
            let versions: Vec<String> =
                manifest.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
            format!(
                "{study}; {}; numerics {}; seed {}; pre-registration {}; result digest {digest}",
                versions.join(", "),
                manifest.numerics,
                manifest.seed,
                manifest.preregistration
            )
        }
    }
}
