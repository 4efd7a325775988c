//! Numbers as people read them.

use nt_stats::Decision;
use nt_stats::power::Need;

use nt_analysis::TestSet;
pub(crate) use nt_records::number::counted;
use nt_records::number::{signed, thousands};

/// Takes the place of a missing number.
pub(crate) const NONE: &str = "–";

/// A gap: sign, one decimal, a true minus.
pub(crate) fn gap(value: Option<f64>) -> String {
    value.map_or(NONE.to_owned(), signed)
}

/// An interval of gaps.
pub(crate) fn interval(low: Option<f64>, high: Option<f64>) -> String {
    match (low, high) {
        (Some(_), Some(_)) => format!("[{}, {}]", gap(low), gap(high)),
        _ => NONE.to_owned(),
    }
}

/// The interval that a verdict was read from: none where nothing could be judged.
pub(crate) fn judged_interval(decision: Option<&Decision>) -> String {
    decision.map_or(NONE.to_owned(), |decision| {
        let [low, high] = decision.interval_pp();
        interval(low, high)
    })
}

/// A fraction as per cent, one decimal.
pub(crate) fn percent(fraction: Option<f64>) -> String {
    fraction.map_or(NONE.to_owned(), |fraction| format!("{:.1}", 100.0 * fraction))
}

/// "1,500 test images", "1,500 test images in 300 clusters (effective 212)".
pub(crate) fn test_images(test: &TestSet) -> String {
    let images = format!("{} test images", thousands(test.num_images as u64));
    test.clusters.map_or(images.clone(), |clusters| format!("{images} in {clusters}"))
}

/// What reduces the minimum detectable effect to the margin: "12 replicates", or that the study already has them.
pub(crate) fn need(need: Need, num_replicates: usize) -> String {
    match need {
        Need::Replicates(count) if count <= num_replicates => format!("{count} replicates, which it has"),
        Need::Replicates(count) => counted(count, "replicate"),
        Need::TestExamples(count) => {
            format!("{} test images, as no number of replicates would be enough", thousands(count as u64))
        }
        Need::Both => "more replicates and more test images".to_owned(),
    }
}
