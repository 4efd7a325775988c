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
        let mut list = Vec::new();
        for class in classes.value {
            if seen.insert(class.value.clone()) {
                list.push(class);
            } else {
                let message = format!("class {:?} is named twice", class.value);
                report.fault(Code::ClassList, &class.span, message, "name each class once", None);
            }
        }
        // Whether they exist is asked of each all the same.
        Some(Self { list })
    }

    /// Their names.
    pub(crate) fn names(&self) -> Vec<String> {
        self.list.iter().map(|class| class.value.clone()).collect()
    }
}
