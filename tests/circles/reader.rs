//! From Rust text to modules: every name that is defined or imported, and every path that is mentioned.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the syntax tree's enums are non-exhaustive; what is no module and no import is passed over"
)]

use crate::modules::{Crate, Files, Meaning, Mention, ModuleId, Segments};
use proc_macro2::{Span, TokenStream, TokenTree};
use std::path::{Path, PathBuf};
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{
    Attribute, Ident, ImplItem, Item, ItemExternCrate, ItemMacro, ItemMod, ItemUse, Macro, Meta, Token, TraitItem,
    UseTree, VisRestricted,
};

/// Reads a module's file, and those of the modules in it, which lie in `folder`.
pub fn read_file(krate: &mut Crate, module: ModuleId, folder: &Path, files: Files<'_>) {
    let path = krate.modules[module].file.clone();
    let text = files(&path).unwrap_or_else(|| panic!("{} cannot be read", path.display()));
    let file = syn::parse_file(&text)
        .unwrap_or_else(|error| panic!("{}:{} cannot be parsed: {error}", path.display(), error.span().start().line));
    if !file.attrs.iter().any(is_for_tests) {
        Reader { krate, module, folder, files }.visit_file(&file);
    }
}

struct Reader<'c, 'f> {
    krate: &'c mut Crate,
    module: ModuleId,
    folder: &'f Path,
    files: Files<'f>,
}

impl Reader<'_, '_> {
    fn name(&mut self, name: String, meaning: Meaning) {
        self.krate.modules[self.module].names.entry(name).or_default().push(meaning);
    }

    fn mention(&mut self, path: Segments, span: Span) {
        self.krate.modules[self.module].mentions.push(Mention { path, line: span.start().line });
    }

    fn read_module(&mut self, item: &ItemMod) {
        let name = item.ident.unraw().to_string();
        let parent = &self.krate.modules[self.module];
        let full = if parent.name.is_empty() { name.clone() } else { format!("{}::{name}", parent.name) };
        let folder = self.folder.join(&name);
        let file = match &item.content {
            Some(_) => parent.file.clone(),
            None => self.file_of(item, &name),
        };
        let child = self.krate.add(full, file.clone(), Some(self.module));
        self.name(name, Meaning::Module(child));
        match &item.content {
            Some((_, items)) => {
                let mut reader = Reader { krate: self.krate, module: child, folder: &folder, files: self.files };
                items.iter().for_each(|item| reader.visit_item(item));
            }
            None => {
                // The folder of a file of the module's own name has that name too; another file lies in its folder.
                let is_beside_folder = file.file_stem() == folder.file_name();
                let folder = if is_beside_folder { &folder } else { file.parent().unwrap_or(&folder) };
                read_file(self.krate, child, folder, self.files);
            }
        }
    }

    /// The file that `mod name;` means.
    fn file_of(&self, item: &ItemMod, name: &str) -> PathBuf {
        let given = item.attrs.iter().find_map(|attribute| match &attribute.meta {
            Meta::NameValue(pair) if pair.path.is_ident("path") => text_of(&pair.value),
            _ => None,
        });
        let here = &self.krate.modules[self.module].file;
        if let Some(given) = given {
            return here.with_file_name("").join(given);
        }
        let candidates = [self.folder.join(format!("{name}.rs")), self.folder.join(name).join("mod.rs")];
        let found = candidates.into_iter().find(|path| (self.files)(path).is_some());
        found.unwrap_or_else(|| panic!("{}: mod {name} has no file in {}", here.display(), self.folder.display()))
    }

    /// Mentions in an attribute's texts: `with = "crate::number"`.
    fn paths_in_text(&mut self, tokens: TokenStream) {
        for token in tokens {
            match &token {
                TokenTree::Literal(literal) => {
                    let text = syn::parse_str::<syn::LitStr>(&literal.to_string());
                    if let Ok(path) = text.and_then(|text| text.parse::<syn::Path>()) {
                        let segments = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
                        self.mention(segments, token.span());
                    }
                }
                TokenTree::Group(group) => self.paths_in_text(group.stream()),
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }

    /// What a macro's definition or its invocation among items brings.
    fn read_macro(&mut self, item: &ItemMacro) {
        let Some(name) = &item.ident else { return self.names_of(item.mac.tokens.clone()) };
        self.krate.macros.entry(name.to_string()).or_default().push(self.module);
        if item.attrs.iter().any(|attribute| attribute.path().is_ident("macro_export")) {
            let here = self.krate.modules[self.module].name.clone();
            let path = ["crate"].into_iter().chain(here.split("::").filter(|part| !part.is_empty()));
            let path = path.map(str::to_owned).chain([name.to_string()]).collect();
            if self.module != 0 {
                self.krate.modules[0].names.entry(name.to_string()).or_default().push(Meaning::Import(path));
            }
        }
    }

    /// Names and mentions of an import below `prefix`.
    fn import(&mut self, tree: &UseTree, prefix: &[String]) {
        let with = |ident: &Ident| -> Segments {
            let ident = ident.to_string();
            // `use a::{self}` is `use a`.
            let end = (ident != "self" || prefix.is_empty()).then_some(ident);
            prefix.iter().cloned().chain(end).collect()
        };
        let (path, span, alias) = match tree {
            UseTree::Path(tree) => return self.import(&tree.tree, &with(&tree.ident)),
            UseTree::Group(group) => return group.items.iter().for_each(|tree| self.import(tree, prefix)),
            UseTree::Glob(glob) => {
                self.krate.modules[self.module].globs.push(prefix.to_owned());
                return self.mention(prefix.to_owned(), glob.star_token.spans[0]);
            }
            UseTree::Name(tree) => (with(&tree.ident), tree.ident.span(), None),
            UseTree::Rename(tree) => (with(&tree.ident), tree.ident.span(), Some(tree.rename.to_string())),
        };
        if let Some(name) = alias.or_else(|| path.last().cloned()) {
            self.name(name, Meaning::Import(path.clone()));
        }
        self.mention(path, span);
    }

    /// Names that a macro's invocation among items defines: `choice! { pub enum Metric … }`.
    fn names_of(&mut self, tokens: TokenStream) {
        let mut before = String::new();
        for token in tokens {
            match &token {
                TokenTree::Ident(name) => match before.as_str() {
                    "enum" | "struct" | "trait" | "type" | "union" => self.name(name.to_string(), Meaning::Type),
                    "fn" | "const" | "static" => self.name(name.to_string(), Meaning::Value),
                    _ => {}
                },
                TokenTree::Group(group) => self.names_of(group.stream()),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
            before = token.to_string();
        }
    }

    /// Stops at what cannot be read.
    fn refuse(&self, what: &str, span: Span) {
        let file = self.krate.modules[self.module].file.display();
        panic!("{file}:{}: {what} hides code from this check", span.start().line);
    }

    /// Mentions in text that is not parsed: the arguments and the bodies of macros.
    fn scan(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let is =
            |index: usize, sign: char| matches!(tokens.get(index), Some(TokenTree::Punct(p)) if p.as_char() == sign);
        let mut next = 0;
        while let Some(token) = tokens.get(next) {
            let start = next;
            next += 1;
            match token {
                TokenTree::Group(group) => self.scan(group.stream()),
                TokenTree::Ident(first) => {
                    if first == "mod" {
                        self.refuse("a module that a macro declares", first.span());
                    }
                    let mut path = vec![first.to_string()];
                    while is(next, ':') && is(next + 1, ':') {
                        let Some(TokenTree::Ident(segment)) = tokens.get(next + 2) else { break };
                        path.push(segment.to_string());
                        next += 3;
                    }
                    if is(next, '!')
                        && let Some(last) = path.last_mut()
                    {
                        last.push('!');
                    }
                    // A field, a method, or a macro's variable; `$crate` is the crate.
                    let before = start.checked_sub(1);
                    let is_part = before.is_some_and(|before| is(before, '.') || is(before, '$')) && first != "crate";
                    if !is_part {
                        self.mention(path, first.span());
                    }
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_, '_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let (attributes, name) = parts(item);
        if attributes.iter().any(is_for_tests) {
            return;
        }
        if let Some(name) = name {
            self.name(name.to_string(), meaning(item));
        }
        if let Item::Macro(item) = item {
            self.read_macro(item);
        }
        visit::visit_item(self, item);
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let attributes: &[Attribute] = match item {
            ImplItem::Const(item) => &item.attrs,
            ImplItem::Fn(item) => &item.attrs,
            ImplItem::Type(item) => &item.attrs,
            _ => &[],
        };
        if !attributes.iter().any(is_for_tests) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        let attributes: &[Attribute] = match item {
            TraitItem::Const(item) => &item.attrs,
            TraitItem::Fn(item) => &item.attrs,
            TraitItem::Type(item) => &item.attrs,
            _ => &[],
        };
        if !attributes.iter().any(is_for_tests) {
            visit::visit_trait_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        self.read_module(item);
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        // `use ::name` leads out of the crate.
        if item.leading_colon.is_none() {
            self.import(&item.tree, &[]);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if let (None, Some(first)) = (&path.leading_colon, path.segments.first()) {
            let segments = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.mention(segments, first.ident.span());
        }
        visit::visit_path(self, path);
    }

    fn visit_item_extern_crate(&mut self, item: &'ast ItemExternCrate) {
        if let (true, Some((_, alias))) = (item.ident == "self", &item.rename) {
            self.krate.own_names.insert(alias.to_string());
        }
    }

    fn visit_macro(&mut self, invoked: &'ast Macro) {
        let segments = invoked.path.segments.iter();
        let mut path: Segments = segments.map(|segment| segment.ident.to_string()).collect();
        if let Some(last) = path.last_mut().filter(|_| invoked.path.leading_colon.is_none()) {
            // What a build script makes is named by its folder alone.
            if last == "include" && !invoked.tokens.to_string().contains("OUT_DIR") {
                self.refuse("include!", invoked.path.segments[0].ident.span());
            }
            last.push('!');
            self.mention(path, invoked.path.segments[0].ident.span());
        }
        self.scan(invoked.tokens.clone());
    }

    /// The arguments of attributes are code for derive macros: `#[error("{}", advice(batch))]`. Serde's name functions and
    /// modules in text: `#[serde(with = "crate::number")]`.
    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        // An attribute of one segment is the compiler's, or a derive macro's helper.
        if attribute.path().segments.len() > 1 {
            self.visit_path(attribute.path());
        }
        let Meta::List(list) = &attribute.meta else { return };
        self.scan(list.tokens.clone());
        if attribute.path().is_ident("serde") || attribute.path().is_ident("cfg_attr") {
            self.paths_in_text(list.tokens.clone());
        }
    }

    /// `pub(in path)` imports nothing.
    fn visit_vis_restricted(&mut self, _: &'ast VisRestricted) {}
}

/// An item's attributes, and the name that it gives to what it defines.
fn parts(item: &Item) -> (&[Attribute], Option<&Ident>) {
    match item {
        Item::Const(item) => (&item.attrs, Some(&item.ident)),
        Item::Enum(item) => (&item.attrs, Some(&item.ident)),
        Item::Fn(item) => (&item.attrs, Some(&item.sig.ident)),
        Item::Macro(item) => (&item.attrs, item.ident.as_ref()),
        Item::Static(item) => (&item.attrs, Some(&item.ident)),
        Item::Struct(item) => (&item.attrs, Some(&item.ident)),
        Item::Trait(item) => (&item.attrs, Some(&item.ident)),
        Item::Type(item) => (&item.attrs, Some(&item.ident)),
        Item::Union(item) => (&item.attrs, Some(&item.ident)),
        Item::Impl(item) => (&item.attrs, None),
        Item::Mod(item) => (&item.attrs, None),
        Item::Use(item) => (&item.attrs, None),
        _ => (&[], None),
    }
}

/// What the name of an item means where it is defined.
fn meaning(item: &Item) -> Meaning {
    match item {
        Item::Const(_) | Item::Fn(_) | Item::Macro(_) | Item::Static(_) => Meaning::Value,
        _ => Meaning::Type,
    }
}

/// Whether only tests compile what has this attribute.
fn is_for_tests(attribute: &Attribute) -> bool {
    match &attribute.meta {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("cfg") => {
            list.parse_args::<Meta>().is_ok_and(|condition| holds_in_tests_only(&condition))
        }
        _ => false,
    }
}

fn holds_in_tests_only(condition: &Meta) -> bool {
    let parts = |list: &syn::MetaList| list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
    match condition {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("all") => parts(list).is_ok_and(|p| p.iter().any(holds_in_tests_only)),
        Meta::List(list) if list.path.is_ident("any") => parts(list).is_ok_and(|p| p.iter().all(holds_in_tests_only)),
        _ => false,
    }
}

fn text_of(value: &syn::Expr) -> Option<String> {
    match value {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}
