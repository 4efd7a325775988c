//! Faults so far.

use crate::diagnostic::{Code, Diagnostic};
use crate::place::{Document, Located, Span};
use crate::suggest;

/// Faults so far, and the document they are in.
#[derive(Debug)]
pub(crate) struct Report<'d> {
    pub(crate) document: &'d Document,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl<'d> Report<'d> {
    pub(crate) fn new(document: &'d Document) -> Self {
        Self { document, diagnostics: Vec::new() }
    }

    /// Reports a fault, with a guess at what was meant or the next step.
    pub(crate) fn fault(
        &mut self,
        code: Code,
        span: &Span,
        message: impl Into<String>,
        label: impl Into<String>,
        help: Option<String>,
    ) {
        self.diagnostics.push(Diagnostic::new(code, message, label).at(self.document.place(span)).help(help));
    }

    /// Reports a name that is not among those declared; `what` it should name is declared by `table`.
    pub(crate) fn undeclared(&mut self, what: &str, table: &str, name: &Located<String>, declared: &[&str]) {
        if declared.contains(&name.value.as_str()) {
            return;
        }
        let label = match declared {
            [] => format!("no {what} is declared: add a table `{table}`"),
            _ => format!("declared: {}", suggest::all_of(declared)),
        };
        let help = suggest::did_you_mean(&name.value, declared.iter().copied());
        self.fault(Code::UnknownReference, &name.span, format!("there is no {what} {:?}", name.value), label, help);
    }
}
