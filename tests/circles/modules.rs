//! The modules of a crate: how they lie in each other, the names each of them has, and what each of them mentions.

use crate::reader;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Index of a module in its crate; the root is 0.
pub type ModuleId = usize;

/// How a file is read: its text, where it exists.
pub type Files<'a> = &'a dyn Fn(&Path) -> Option<String>;

/// The segments of a path as written: `["super", "gpu", "Gpu"]`. That of an invoked macro ends in `!`.
pub type Segments = Vec<String>;

/// What a name means in a module.
pub enum Meaning {
    /// A type, trait … that is defined there.
    Type,
    /// A function, constant, macro … that is defined there. A type of that name may come from elsewhere.
    Value,
    Module(ModuleId),
    Import(Segments),
}

/// A path that stands in a module's code.
pub struct Mention {
    pub path: Segments,
    pub line: usize,
}

/// One module.
pub struct Module {
    /// From the root, as `cuda::gpu`.
    pub name: String,
    pub file: PathBuf,
    pub parent: Option<ModuleId>,
    pub names: BTreeMap<String, Vec<Meaning>>,
    /// Prefixes of imports that end in `*`.
    pub globs: Vec<Segments>,
    pub mentions: Vec<Mention>,
}

/// The modules of one crate, parents before their children.
pub struct Crate {
    pub modules: Vec<Module>,
    /// Modules that define a macro of this name by `macro_rules!`, which needs no import.
    pub macros: BTreeMap<String, Vec<ModuleId>>,
    /// Names of the crate itself, by `extern crate self as name`.
    pub own_names: BTreeSet<String>,
}

impl Crate {
    /// Reads a crate from its root file.
    pub fn read(root: &Path, files: Files<'_>) -> Self {
        let mut krate = Self { modules: Vec::new(), macros: BTreeMap::new(), own_names: BTreeSet::new() };
        let id = krate.add(String::new(), root.to_owned(), None);
        reader::read_file(&mut krate, id, root.parent().unwrap_or(Path::new("")), files);
        krate
    }

    pub fn add(&mut self, name: String, file: PathBuf, parent: Option<ModuleId>) -> ModuleId {
        let (names, globs, mentions) = (BTreeMap::new(), Vec::new(), Vec::new());
        self.modules.push(Module { name, file, parent, names, globs, mentions });
        self.modules.len() - 1
    }

    /// The module and the modules it lies in, from the root on.
    pub fn lineage(&self, module: ModuleId) -> Vec<ModuleId> {
        let mut lineage: Vec<ModuleId> = std::iter::successors(Some(module), |&id| self.modules[id].parent).collect();
        lineage.reverse();
        lineage
    }
}
