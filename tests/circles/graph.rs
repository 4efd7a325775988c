//! Which siblings import which, and the circles among them.

use crate::modules::{Crate, ModuleId};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// One import between siblings, by its first mention.
#[derive(Clone, Copy)]
struct Import<'a> {
    /// The module whose code mentions it, which may lie deeper than the sibling.
    module: ModuleId,
    line: usize,
    path: &'a [String],
}

/// Imports between siblings, by the one that imports and the one that is imported.
type Imports<'a> = BTreeMap<ModuleId, BTreeMap<ModuleId, Import<'a>>>;

/// Siblings each of which imports the next, and the last the first.
pub struct Circle<'a> {
    imports: Vec<(ModuleId, ModuleId, Import<'a>)>,
}

impl Circle<'_> {
    /// One line an import: who, whom, where and how.
    pub fn spelled_out(&self, krate: &Crate) -> String {
        let line = |&(from, to, import): &(ModuleId, ModuleId, Import<'_>)| {
            let name = |id: ModuleId| &krate.modules[id].name;
            let file = krate.modules[import.module].file.display();
            format!("  {} imports {}  at {file}:{}  {}", name(from), name(to), import.line, import.path.join("::"))
        };
        self.imports.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// A shortest circle through every module that is in any, but for modules that an earlier one already passes.
pub fn circles(krate: &Crate) -> Vec<Circle<'_>> {
    let imports = imports(krate);
    let (mut circles, mut passed) = (Vec::new(), BTreeSet::new());
    for &start in imports.keys() {
        if passed.contains(&start) {
            continue;
        }
        if let Some(circle) = shortest_circle(&imports, start) {
            passed.extend(circle.imports.iter().map(|&(from, ..)| from));
            circles.push(circle);
        }
    }
    circles
}

fn imports(krate: &Crate) -> Imports<'_> {
    let mut imports = Imports::new();
    for (id, module) in krate.modules.iter().enumerate() {
        for mention in &module.mentions {
            for definer in krate.definers(id, &mention.path) {
                if let Some((from, to)) = siblings(krate, id, definer) {
                    let import = Import { module: id, line: mention.line, path: &mention.path };
                    imports.entry(from).or_default().entry(to).or_insert(import);
                }
            }
        }
    }
    imports
}

/// The two modules below the nearest one that holds both; none where one of the two holds the other.
fn siblings(krate: &Crate, from: ModuleId, to: ModuleId) -> Option<(ModuleId, ModuleId)> {
    let (from, to) = (krate.lineage(from), krate.lineage(to));
    from.into_iter().zip(to).find(|(from, to)| from != to)
}

/// The shortest way along imports from a module back to itself.
fn shortest_circle<'a>(imports: &Imports<'a>, start: ModuleId) -> Option<Circle<'a>> {
    let mut came_from: BTreeMap<ModuleId, (ModuleId, Import<'a>)> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(from) = queue.pop_front() {
        for (&to, &import) in imports.get(&from).into_iter().flatten() {
            came_from.entry(to).or_insert_with(|| {
                queue.push_back(to);
                (from, import)
            });
        }
        if came_from.contains_key(&start) {
            break;
        }
    }
    let mut circle = Vec::new();
    let mut to = start;
    loop {
        let &(from, import) = came_from.get(&to)?;
        circle.push((from, to, import));
        to = from;
        if to == start {
            circle.reverse();
            return Some(Circle { imports: circle });
        }
    }
}
