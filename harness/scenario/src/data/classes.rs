//! The key `classes`.

use std::collections::BTreeSet;

use crate::diagnostic::Code;
use crate::place::Located;
use crate::reader::{Report, TableReader};

/// Classes as they are written, in label order: at least two, each once.
#[derive(Clone, Debug)]
pub(crate) struct WrittenClasses {
    pub(crate) list: Vec<Located<String>>,
}

impl WrittenClasses {
    /// Reads the key `classes`.
    pub(crate) fn read(reader: &TableReader<'_, '_>, report: &mut Report) -> Option<Self> {
        let classes = reader.list::<String>("classes", report)?;
        if classes.value.len() < 2 {
            let count = if classes.value.is_empty() { "no class" } else { "one class" };
            let message = format!("{count} leaves nothing to tell apart");
            report.fault(Code::ClassList, &classes.span, message, "name at least two", None);
            return None;
        }
        let mut seen = BTreeSet::new();
        let mut distinct = true;
        for class in &classes.value {
            if !seen.insert(class.value.as_str()) {
                let message = format!("class {:?} is named twice", class.value);
                report.fault(Code::ClassList, &class.span, message, "name each class once", None);
                distinct = false;
            }
        }
        distinct.then_some(Self { list: classes.value })
    }

    /// Their names.
    pub(crate) fn names(&self) -> Vec<String> {
        self.list.iter().map(|class| class.value.clone()).collect()
    }

    /// Whether a class is among them.
    pub(crate) fn has(&self, class: &str) -> bool {
        self.list.iter().any(|own| own.value == class)
    }
}
