//! A line of the fairness certificate.

use maud::{Markup, html};

/// A line of the certificate.
pub(crate) struct Check {
    /// What was checked.
    pub subject: &'static str,
    /// Whether it holds; `None` if the records cannot tell.
    pub holds: Option<bool>,
    /// What was found.
    pub finding: String,
}

/// The badge of a check, a finding or a gate.
pub(crate) fn mark(holds: Option<bool>) -> Markup {
    match holds {
        Some(true) => html! { span.badge.better { "holds" } },
        Some(false) => html! { span.badge.worse { "alarm" } },
        None => html! { span.badge.open { "not checked" } },
    }
}
