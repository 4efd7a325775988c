//! What a path stands for: the module that defines it, through any number of re-exports.

use crate::modules::{Crate, Meaning, ModuleId, Segments};
use std::collections::BTreeSet;

/// What a name resolves to. One name can be several things: a module and a function, say.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Entity {
    /// A module itself.
    Module(ModuleId),
    /// Something that this module defines.
    Item(ModuleId),
}

impl Entity {
    /// The module itself, or the one that defines it.
    fn module(self) -> ModuleId {
        match self {
            Self::Module(id) | Self::Item(id) => id,
        }
    }
}

/// Imports on the way to an entity, so that imports that name each other end.
type Trail = BTreeSet<(ModuleId, Segments)>;

impl Crate {
    /// The modules of this crate that define what the path names in `module`; none where it leads out of the crate.
    pub fn definers(&self, module: ModuleId, path: &[String]) -> BTreeSet<ModuleId> {
        let [before @ .., last] = path else { return BTreeSet::new() };
        let name = last.strip_suffix('!').unwrap_or(last);
        let plain: Segments = before.iter().cloned().chain([name.to_owned()]).collect();
        let mut entities = self.entities(module, &plain, &mut Trail::new());
        // Defined in a way that is not understood, but somewhere in there.
        let mut within = before;
        while let ([rest @ .., _], true) = (within, entities.is_empty()) {
            entities = self.entities(module, within, &mut Trail::new());
            within = rest;
        }
        if entities.is_empty() && before.is_empty() && name != last {
            entities.extend(self.macros.get(name).into_iter().flatten().map(|&id| Entity::Item(id)));
        }
        entities.into_iter().map(Entity::module).collect()
    }

    fn entities(&self, module: ModuleId, path: &[String], trail: &mut Trail) -> BTreeSet<Entity> {
        let mut here: BTreeSet<Entity> = BTreeSet::new();
        for (index, segment) in path.iter().enumerate() {
            here = match (segment.as_str(), index) {
                ("crate", 0) => BTreeSet::from([Entity::Module(0)]),
                ("self", 0) => BTreeSet::from([Entity::Module(module)]),
                ("super", 0) => self.modules[module].parent.into_iter().map(Entity::Module).collect(),
                (name, 0) if self.own_names.contains(name) => BTreeSet::from([Entity::Module(0)]),
                (_, 0) => self.named(module, segment, trail),
                _ => here.into_iter().flat_map(|entity| self.within(entity, segment, trail)).collect(),
            };
        }
        here
    }

    /// What a segment names below what the segments before it name.
    fn within(&self, entity: Entity, segment: &str, trail: &mut Trail) -> BTreeSet<Entity> {
        match (entity, segment) {
            (Entity::Module(id), "super") => self.modules[id].parent.into_iter().map(Entity::Module).collect(),
            (Entity::Module(id), _) => self.named(id, segment, trail),
            // A variant, or a function of a type: defined where the type is.
            (Entity::Item(_), _) => BTreeSet::from([entity]),
        }
    }

    fn named(&self, module: ModuleId, name: &str, trail: &mut Trail) -> BTreeSet<Entity> {
        let meanings = self.modules[module].names.get(name).map_or(&[][..], Vec::as_slice);
        let mut entities = BTreeSet::new();
        for meaning in meanings {
            match meaning {
                Meaning::Type | Meaning::Value => drop(entities.insert(Entity::Item(module))),
                Meaning::Module(id) => drop(entities.insert(Entity::Module(*id))),
                Meaning::Import(path) => entities.extend(self.imported(module, path, None, trail)),
            }
        }
        // A name of its own hides what a glob brings, in the namespace of that name.
        if meanings.iter().all(|meaning| matches!(meaning, Meaning::Value)) {
            let globs = self.modules[module].globs.iter();
            entities.extend(globs.flat_map(|prefix| self.imported(module, prefix, Some(name), trail)));
        }
        entities
    }

    /// What an import names, or what `name` is in the module that it names.
    fn imported(&self, module: ModuleId, path: &Segments, name: Option<&str>, trail: &mut Trail) -> BTreeSet<Entity> {
        let mut step = path.clone();
        step.extend(name.map(str::to_owned));
        if !trail.insert((module, step.clone())) {
            return BTreeSet::new();
        }
        let entities = self.entities(module, &step, trail);
        trail.remove(&(module, step));
        entities
    }
}
