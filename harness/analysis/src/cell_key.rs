//! The key of a cell.

use nt_scenario::Method;

/// The key of a cell. Runs are joined on keys, never on position.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellKey {
    /// The target.
    pub target: String,
    /// Name of its size.
    pub size: String,
    /// The source; `None` for scratch.
    pub source: Option<String>,
    /// Layers copied.
    pub copied: u8,
    /// Of them, frozen.
    pub frozen: u8,
    /// How what is not frozen comes about.
    pub method: Method,
}

impl CellKey {
    /// Scratch of a target's size.
    pub fn scratch_of(target: &str, size: &str) -> CellKey {
        CellKey {
            target: target.to_owned(),
            size: size.to_owned(),
            source: None,
            copied: 0,
            frozen: 0,
            method: Method::Training,
        }
    }

    /// The scratch that this cell is compared with.
    pub fn scratch(&self) -> CellKey {
        CellKey::scratch_of(&self.target, &self.size)
    }

    /// The same treatment from another source.
    pub fn from_source(&self, source: &str) -> CellKey {
        CellKey { source: Some(source.to_owned()), ..self.clone() }
    }

    /// The cell's name for people: `shapes-b/small/near/(3,3)`, `shapes-b/small/near/probe(3)`.
    pub fn name(&self) -> String {
        let source = self.source.as_deref().unwrap_or("scratch");
        format!("{}/{}/{source}/{}", self.target, self.size, self.point())
    }

    /// The name of its treatment for people: `(3,3)`, `probe(3)`.
    pub fn point(&self) -> String {
        self.method.point(self.copied, self.frozen)
    }
}
