//! The plan's power as a terminal shows it.

use super::{Noise, PowerPlan, PowerRow};
use nt_records::number::thousands;

const HEADER: [&str; 7] =
    ["family", "contrasts", "target", "test images", "finds", "the margin needs", "P(EQUIVALENT)"];

impl PowerPlan {
    /// One row for each family and target, what they rest on, and a warning if EQUIVALENT is out of reach.
    pub fn terminal_table(&self) -> String {
        let mut rows = vec![HEADER.map(str::to_owned)];
        rows.extend(self.rows.iter().map(|row| cells(row, self.replicates as usize, self.gap_unit)));
        let widths: Vec<usize> =
            (0..HEADER.len()).map(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0)).collect();
        let mut lines: Vec<String> = rows.iter().map(|row| line(row, &widths)).collect();
        lines.insert(1, "─".repeat(widths.iter().sum::<usize>() + 2 * (widths.len() - 1)));
        lines.push(String::new());
        lines.push(format!(
            "{} replicates, margin ±{} {}, α {}. Finds: the true gap that the adjusted test (first step of Holm over the \
             family) detects with probability {}. The margin needs: what reduces that gap to ±{}. P(EQUIVALENT): the \
             probability of this verdict at a true gap of 0.",
            self.replicates, self.margin_pp, self.gap_unit, self.alpha, self.power, self.margin_pp
        ));
        if self.has_clusters {
            lines.push(
                "Test images are taken to be independent. Here they form clusters, so that less will be found."
                    .to_owned(),
            );
        }
        if !self.single_networks.is_empty() {
            lines.push(format!(
                "Of {} there is one network, which all replicates share: what is found holds for this source network, not for the \
                 procedure that made it, however many replicates there are.",
                self.single_networks.join(" and of ")
            ));
        }
        if self.alpha_at_last_look < self.alpha {
            lines.push(format!(
                "Computed at the last look, which may spend {} of α. An earlier look may settle a large gap sooner.",
                self.alpha_at_last_look
            ));
        }
        lines.push(format!("Variance: {}.", self.basis));
        lines.extend(self.warning());
        lines.join("\n")
    }

    fn warning(&self) -> Option<String> {
        let rows = self.hardly_equivalent();
        let mut families: Vec<&str> = rows.iter().map(|row| row.family.words()).collect();
        families.dedup();
        (!families.is_empty()).then(|| {
            format!(
                "warning: EQUIVALENT could hardly be reached (probability under .5 at a true gap of 0) for {}: an \
                 INCONCLUSIVE there would not mean that there is no gap. Plan more replicates, more test images, fewer \
                 contrasts or a wider margin.",
                families.join(", ")
            )
        })
    }
}

fn cells(row: &PowerRow, planned: usize, gap_unit: &str) -> [String; 7] {
    let noise = match row.cell {
        Noise::Assumed => "",
        Noise::Typical => ", typical cell",
        Noise::Noisiest => ", noisiest cell",
    };
    let need = match (row.replicates_needed, row.test_images_needed) {
        (Some(count), _) if count <= planned => format!("{count} replicates, planned"),
        (Some(count), _) => format!("{count} replicates"),
        (None, Some(images)) => format!("{} test images", thousands(images as u64)),
        (None, None) => "more of both".to_owned(),
    };
    [
        format!("{}{noise}", row.family.words()),
        row.contrasts.to_string(),
        row.target.clone(),
        thousands(row.test_images as u64),
        row.minimum_detectable_effect_pp
            .map_or("no possible gap".to_owned(), |effect| format!("{effect:.1} {gap_unit}")),
        need,
        row.equivalent_probability.map_or("–".to_owned(), |probability| format!("{probability:.2}")),
    ]
}

/// Aligns numbers to the right and words to the left.
fn line(row: &[String; 7], widths: &[usize]) -> String {
    let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, &width))| match column {
        0 | 2 | 5 => format!("{cell:<width$}"),
        _ => format!("{cell:>width$}"),
    });
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}
