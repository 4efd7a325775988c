//! What these statistics can be trusted for, and why: the tables that the documentation and every report print.

/// A claim of a method, its nominal value and what simulation found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calibration {
    /// What is claimed, and over which designs.
    pub claim: &'static str,
    /// What it should be.
    pub nominal: &'static str,
    /// What was found.
    pub found: &'static str,
}

/// Simulated with seeds (`tests/calibration.rs`, `similarity.rs`, `clusters.rs`, `collapse.rs`, `attribution.rs`, `designs.rs`),
/// 2,000 studies a setting unless said, 6,000 in the last three files (`just soak`): two binomial standard errors are .010 and
/// .006. The last two were trained (`just placebo-choice`, `just placebo`), and are bounded as Clopper and Pearson do.
pub const CALIBRATION: [Calibration; 18] = [
    Calibration {
        claim: "crossed interval covers, binary outcomes, 3, 5, 10 replicates × 200, 1,000 examples",
        nominal: ".95",
        found: ".95 to 1.00",
    },
    Calibration {
        claim: "max-T false alarms, 6, 8, 10 replicates, 8 and 56 cells, correlation .0 and .8, four shapes of noise",
        nominal: ".05",
        found: ".025 to .055",
    },
    Calibration {
        claim: "Holm's false alarms in population scope, 3 to 10 replicates, 8 and 56 cells",
        nominal: ".05",
        found: ".00 to .05",
    },
    Calibration {
        claim: "false equivalence at the margin, family of 6, 3, 6, 10 replicates",
        nominal: ".05",
        found: ".02 to .04",
    },
    Calibration { claim: "power at the minimum detectable effect", nominal: ".80", found: ".80" },
    Calibration { claim: "simultaneous bands of 7 depths, 6, 8, 12 replicates", nominal: ".95", found: ".95 to .97" },
    Calibration {
        claim: "distances of two samples cover: proxy A, MMD², Fréchet, CORAL, 400 studies a setting",
        nominal: ".95",
        found: ".99, .94, .95, .93 and more",
    },
    Calibration {
        claim: "max-T false alarms over three looks, 8, 12, 16 replicates",
        nominal: ".05",
        found: ".04 to .05",
    },
    Calibration {
        claim: "clusters of test images, equal and unequal: false alarms, 3, 5, 8, 12 replicates",
        nominal: ".05",
        found: ".01 to .05",
    },
    Calibration {
        claim: "5, 10, 20 % of runs collapse: false signs, with 1, 4, 8 runs of scratch, 3 to 12 replicates",
        nominal: ".05",
        found: ".00 to .04",
    },
    Calibration { claim: "the gap of the runs that trained is covered there", nominal: ".95", found: ".95 to .98" },
    Calibration {
        claim: "wrong attributions, eight truths with a twin, two spreads of runs, 3 to 12 replicates",
        nominal: ".05",
        found: ".00 to .05",
    },
    Calibration {
        claim: "fresh runs of an arm that scatters 2.5 times as much: false signs (of picked runs: .09 to .47)",
        nominal: ".05",
        found: ".05",
    },
    Calibration {
        claim: "the best of ten equal treatments, chosen on validation: false signs (of the runs that chose: .11 to .17)",
        nominal: ".05",
        found: ".04 to .05",
    },
    Calibration {
        claim: "one source network for all replicates: it is covered as itself",
        nominal: ".95",
        found: ".95 to .97",
    },
    Calibration {
        claim: "false alarms over both families, primaries equal to scratch and far from it",
        nominal: ".05",
        found: ".01 to .04",
    },
    Calibration {
        claim: "choice among ten sources that know nothing, 200 studies really trained: false signs",
        nominal: ".05",
        found: ".005; below .023 with 95 % confidence",
    },
    Calibration {
        claim: "600 studies really trained and tuned, sources that know nothing against scratch: any sign",
        nominal: ".05",
        found: ".042; below .058 with 95 % confidence",
    },
];

/// A method, and the designs that it is not offered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotOffered {
    /// The method.
    pub method: &'static str,
    /// For which number n of replicates it is not offered.
    pub when: &'static str,
    /// Why.
    pub why: &'static str,
}

/// Where a method is not offered.
pub const NOT_OFFERED: [NotOffered; 6] = [
    NotOffered {
        method: "crossed interval",
        when: "n = 1, one test example, or all differences equal",
        why: "nothing shows how far another replicate or example would fall",
    },
    NotOffered {
        method: "sign flips at .05",
        when: "n < 6",
        why: "the smallest p is 2^−(n−1): five replicates reach .063 and can reject nothing",
    },
    NotOffered {
        method: "simultaneous bands at .95",
        when: "n < 6: drawn, but at the level that the flips reach",
        why: "with so few flips the largest one is too frequent",
    },
    NotOffered {
        method: "Satterthwaite's tails in a family",
        when: "n < 10",
        why: "false alarms of .19 in 8 contrasts at n = 3; mixed tails are used instead",
    },
    NotOffered {
        method: "percentile bootstrap over replicates alone",
        when: "any n",
        why: "nominal .95 covers .73 at n = 3, .82 at 5, .89 at 10",
    },
    NotOffered {
        method: "two-way bootstrap as a verdict",
        when: "any n: a cross-check only",
        why: "its percentiles are too close together at n < 8",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENTATION: &str = include_str!("lib.rs");

    /// The rows of the documentation's table under the header that has this column.
    fn rows(column: &str) -> Vec<Vec<&'static str>> {
        let lines = DOCUMENTATION.lines().map(|line| line.trim_start_matches("//!").trim());
        let table = lines.skip_while(|line| !(line.starts_with('|') && line.contains(column))).skip(2);
        let cells = |line: &'static str| line.trim_matches('|').split('|').map(str::trim).collect();
        table.take_while(|line| line.starts_with('|')).map(cells).collect()
    }

    #[test]
    fn the_documentation_prints_the_same_calibration() {
        let told: Vec<Vec<&str>> = CALIBRATION.iter().map(|one| vec![one.claim, one.nominal, one.found]).collect();
        assert_eq!(rows("| nominal |"), told);
    }

    #[test]
    fn the_documentation_prints_the_same_limits() {
        let told: Vec<Vec<&str>> = NOT_OFFERED.iter().map(|one| vec![one.method, one.when, one.why]).collect();
        assert_eq!(rows("| not offered |"), told);
    }
}
