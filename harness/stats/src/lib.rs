//! From samples to estimates, tests and verdicts, by pure functions.
//!
//! Paired differences go in as [`Differences`], a verdict comes out as a [`Decision`]:
//!
//! ```
//! use nt_stats::verdict::{Counterfactuals, Family, Reference};
//! use nt_stats::{Contrast, Differences, Settings, decide};
//!
//! // Three replicates on the same four test images: was each right under the treatment, and from scratch?
//! let treatment = [[false, true, false, false], [false, false, true, false], [false, false, false, false]];
//! let scratch = [[true, true, false, true], [true, true, true, false], [true, false, true, false]];
//! let contrast = Contrast {
//!     name: "dissimilar/large/(7,7)".to_owned(),
//!     reference: Reference::Scratch,
//!     family: Family::Primary,
//!     frozen: 7,
//!     gap: Differences::from_hits(&treatment, &scratch)?.into(),
//!     counterfactuals: Counterfactuals::default(),
//!     collapse: None,
//!     largest_gap_pp: 100.0,
//!     failed_gates: Vec::new(),
//! };
//! let decision = &decide(&[contrast], &Settings::default())?[0];
//! assert_eq!(decision.gap.mean_pp, -50.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is trusted, and why
//!
//! Values agree with SciPy and statsmodels to 1e-9 (`tests/reference.rs`). Claims that have no reference value are
//! simulated, with seeds (`tests/calibration.rs`, `similarity.rs`, `clusters.rs`, `collapse.rs`, `attribution.rs`,
//! `designs.rs`; 2,000 studies a setting where no other number is given, 6,000 in the last three files by `just soak`, two
//! binomial standard errors .010 and .006):
//!
//! | claim | nominal | found |
//! |---|---|---|
//! | crossed interval covers, binary outcomes, 3, 5, 10 replicates × 200, 1,000 examples | .95 | .95 to 1.00 |
//! | max-T false alarms, 6, 8, 10 replicates, 8 and 56 cells, correlation .0 and .8, four shapes of noise | .05 | .025 to .055 |
//! | Holm's false alarms in population scope, 3 to 10 replicates, 8 and 56 cells | .05 | .00 to .05 |
//! | false equivalence at the margin, family of 6, 3, 6, 10 replicates | .05 | .02 to .04 |
//! | power at the minimum detectable effect | .80 | .80 |
//! | simultaneous bands of 7 depths, 6, 8, 12 replicates | .95 | .95 to .97 |
//! | distances of two samples cover: proxy A, MMD², Fréchet, CORAL, 400 studies a setting | .95 | .99, .94, .95, .93 and more |
//! | max-T false alarms over three looks, 8, 12, 16 replicates | .05 | .04 to .05 |
//! | clusters of test images, equal and unequal: false alarms, 3, 5, 8, 12 replicates | .05 | .01 to .05 |
//! | 5, 10, 20 % of runs collapse: false signs, with 1, 4, 8 runs of scratch, 3 to 12 replicates | .05 | .00 to .04 |
//! | the gap of the runs that trained is covered there | .95 | .95 to .98 |
//! | wrong attributions, eight truths with a twin, two spreads of runs, 3 to 12 replicates | .05 | .00 to .05 |
//! | fresh runs of an arm that scatters 2.5 times as much: false signs (of picked runs: .09 to .47) | .05 | .05 |
//! | the best of ten equal treatments, chosen on validation: false signs (of the runs that chose: .11 to .17) | .05 | .04 to .05 |
//! | one source network for all replicates: it is covered as itself | .95 | .95 to .97 |
//! | false alarms over both families, primaries equal to scratch and far from it | .05 | .01 to .04 |
//! | choice among ten sources that know nothing, 200 studies really trained: false signs | .05 | .005; below .023 with 95 % confidence |
//! | 600 studies really trained and tuned, sources that know nothing against scratch: any sign | .05 | .042; below .058 with 95 % confidence |
//!
//! # Where a method is not offered
//!
//! | method | not offered | why |
//! |---|---|---|
//! | crossed interval | n = 1, one test example, or all differences equal | nothing shows how far another replicate or example would fall |
//! | sign flips at .05 | n < 6 | the smallest p is 2^−(n−1): five replicates reach .063 and can reject nothing |
//! | simultaneous bands at .95 | n < 6: drawn, but at the level that the flips reach | with so few flips the largest one is too frequent |
//! | Satterthwaite's tails in a family | n < 10 | false alarms of .19 in 8 contrasts at n = 3; mixed tails are used instead |
//! | percentile bootstrap over replicates alone | any n | nominal .95 covers .73 at n = 3, .82 at 5, .89 at 10 |
//! | two-way bootstrap as a verdict | any n: a cross-check only | its percentiles are too close together at n < 8 |
//!
//! [`NoSpread`], [`Decision::can_reject`] and [`crossed::crossed`] have the details. Reports print both tables from
//! [`trust`], which a test holds against this page.

pub mod average_precision;
pub mod binomial;
pub mod bootstrap;
pub mod clusters;
pub mod crossed;
pub mod differences;
pub mod distribution;
pub mod effect;
pub mod equivalence;
pub mod estimate;
pub mod fisher;
pub mod jackknife;
pub mod mcnemar;
pub mod multiplicity;
pub mod p_value;
pub mod paired;
mod paired_gap;
pub mod power;
pub mod sample;
pub mod sign_flip;
pub mod similarity;
pub mod tail;
pub mod trust;
pub mod verdict;
pub mod wilcoxon;
pub mod yosinski;

pub use clusters::Clusters;
pub use crossed::{CrossedEstimate, crossed};
pub use differences::{Differences, DifferencesError};
pub use estimate::{NoSpread, Spread, StudentEstimate};
pub use paired_gap::PairedGap;
pub use verdict::{Contrast, Decision, FamilyError, Settings, Verdict, decide};
