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

/// Simulated with seeds (`tests/calibration.rs`, `tests/similarity.rs`), 2,000 studies a setting unless said: two binomial
/// standard errors are .010. The last was trained (`just placebo`), and is bounded as Clopper and Pearson do.
pub const CALIBRATION: [Calibration; 9] = [
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
        claim: "verdicts of 400 studies really trained, scratch against scratch (8 replicates, 1,000 test images)",
        nominal: ".05",
        found: ".048; below .069 with 95 % confidence",
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
