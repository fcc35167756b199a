//! A page as a tree of elements and texts. Nodes are kept side by side in one list and know their
//! neighbours by number, so that a tree of any depth is built, changed and dropped without recursion.

mod sink;

use html5ever::tendril::TendrilSink as _;
use html5ever::{ParseOpts, QualName, parse_document};

/// A node, by its number. Only [`Tree`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id(usize);

/// What a node is.
#[derive(Clone, Debug)]
pub enum Kind {
    /// The page itself, or something that holds nodes and is never shown.
    Document,
    /// An element, with the attributes that it has.
    Element {
        name: QualName,
        attributes: Vec<(String, String)>,
    },
    /// Text.
    Text(String),
    /// A comment or the like.
    Other,
}

#[derive(Debug)]
struct Node {
    kind: Kind,
    parent: Option<Id>,
    previous: Option<Id>,
    next: Option<Id>,
    first: Option<Id>,
    last: Option<Id>,
}

/// A page.
#[derive(Debug)]
pub struct Tree {
    nodes: Vec<Node>,
}

/// The page itself.
pub const ROOT: Id = Id(0);

impl Tree {
    /// Reads `html` as browsers without scripts do.
    pub fn parse(html: &str) -> Self {
        let mut options = ParseOpts::default();
        options.tree_builder.scripting_enabled = false;
        parse_document(sink::Sink::new(), options).one(html)
    }

    fn new() -> Self {
        let mut tree = Self { nodes: Vec::new() };
        tree.add(Kind::Document);
        tree
    }

    fn node(&self, id: Id) -> &Node {
        // Nodes are only ever added, and a number is given out when its node is there.
        &self.nodes[id.0]
    }

    fn node_mut(&mut self, id: Id) -> &mut Node {
        &mut self.nodes[id.0]
    }

    /// A new node that is nowhere yet.
    fn add(&mut self, kind: Kind) -> Id {
        self.nodes.push(Node {
            kind,
            parent: None,
            previous: None,
            next: None,
            first: None,
            last: None,
        });
        Id(self.nodes.len() - 1)
    }

    /// A new element that is nowhere yet.
    pub fn element(&mut self, name: &str) -> Id {
        self.add(Kind::Element {
            name: QualName::new(None, html5ever::ns!(html), name.into()),
            attributes: Vec::new(),
        })
    }

    /// A new text that is nowhere yet.
    pub fn text_node(&mut self, text: &str) -> Id {
        self.add(Kind::Text(text.to_owned()))
    }

    pub fn kind(&self, id: Id) -> &Kind {
        &self.node(id).kind
    }

    /// The name of an element.
    pub fn name(&self, id: Id) -> Option<&str> {
        match self.kind(id) {
            Kind::Element { name, .. } => Some(&name.local),
            _ => None,
        }
    }

    /// Whether it is an element of this name.
    pub fn is(&self, id: Id, name: &str) -> bool {
        self.name(id) == Some(name)
    }

    /// An attribute of an element.
    pub fn attribute(&self, id: Id, name: &str) -> Option<&str> {
        let Kind::Element { attributes, .. } = self.kind(id) else {
            return None;
        };
        let mut named = attributes.iter().filter(|(known, _)| known == name);
        named.next().map(|(_, value)| value.as_str())
    }

    /// The text of a text.
    pub fn text(&self, id: Id) -> Option<&str> {
        match self.kind(id) {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn set_text(&mut self, id: Id, text: String) {
        self.node_mut(id).kind = Kind::Text(text);
    }

    pub fn parent(&self, id: Id) -> Option<Id> {
        self.node(id).parent
    }

    pub fn previous(&self, id: Id) -> Option<Id> {
        self.node(id).previous
    }

    pub fn next(&self, id: Id) -> Option<Id> {
        self.node(id).next
    }

    pub fn first(&self, id: Id) -> Option<Id> {
        self.node(id).first
    }

    /// What stands right below it, in order.
    pub fn children(&self, id: Id) -> impl Iterator<Item = Id> {
        std::iter::successors(self.node(id).first, |child| self.node(*child).next)
    }

    /// All below it, in the order of the page.
    pub fn below(&self, top: Id) -> impl Iterator<Item = Id> {
        std::iter::successors(self.node(top).first, move |id| self.after(*id, top))
    }

    /// What comes after `id` in the order of the page, below `top`.
    fn after(&self, id: Id, top: Id) -> Option<Id> {
        if let Some(first) = self.node(id).first {
            return Some(first);
        }
        let mut at = id;
        while at != top {
            if let Some(next) = self.node(at).next {
                return Some(next);
            }
            at = self.node(at).parent?;
        }
        None
    }

    /// Takes it, and all below it, out of the page.
    pub fn detach(&mut self, id: Id) {
        let Node {
            parent,
            previous,
            next,
            ..
        } = *self.node(id);
        match (previous, parent) {
            (Some(previous), _) => self.node_mut(previous).next = next,
            (None, Some(parent)) => self.node_mut(parent).first = next,
            (None, None) => {}
        }
        match (next, parent) {
            (Some(next), _) => self.node_mut(next).previous = previous,
            (None, Some(parent)) => self.node_mut(parent).last = previous,
            (None, None) => {}
        }
        let node = self.node_mut(id);
        (node.parent, node.previous, node.next) = (None, None, None);
    }

    /// Puts `id` at the end of `parent`.
    pub fn append(&mut self, parent: Id, id: Id) {
        self.detach(id);
        let last = self.node(parent).last;
        match last {
            Some(last) => self.node_mut(last).next = Some(id),
            None => self.node_mut(parent).first = Some(id),
        }
        self.node_mut(parent).last = Some(id);
        let node = self.node_mut(id);
        (node.parent, node.previous) = (Some(parent), last);
    }

    /// Puts `id` right before `sibling`, which is somewhere.
    pub fn insert_before(&mut self, sibling: Id, id: Id) {
        self.detach(id);
        let (parent, previous) = (self.node(sibling).parent, self.node(sibling).previous);
        match (previous, parent) {
            (Some(previous), _) => self.node_mut(previous).next = Some(id),
            (None, Some(parent)) => self.node_mut(parent).first = Some(id),
            (None, None) => {}
        }
        self.node_mut(sibling).previous = Some(id);
        let node = self.node_mut(id);
        (node.parent, node.previous, node.next) = (parent, previous, Some(sibling));
    }

    /// Puts `id` right after `sibling`, which is somewhere.
    pub fn insert_after(&mut self, sibling: Id, id: Id) {
        match (self.node(sibling).next, self.node(sibling).parent) {
            (Some(next), _) => self.insert_before(next, id),
            (None, Some(parent)) => self.append(parent, id),
            (None, None) => {}
        }
    }

    /// Puts what is in it in its place.
    pub fn unwrap(&mut self, id: Id) {
        while let Some(child) = self.node(id).first {
            self.insert_before(id, child);
        }
        self.detach(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(tree: &Tree) -> String {
        let show = |id| match tree.kind(id) {
            Kind::Element { name, .. } => format!("<{}>", name.local),
            Kind::Text(text) => text.clone(),
            Kind::Document | Kind::Other => "?".to_owned(),
        };
        tree.below(ROOT).map(show).collect()
    }

    #[test]
    fn a_page_is_read_and_changed() {
        let mut tree = Tree::parse("<p>a<b>c</b>d<!-- e --><p>f<table>g<tr><td>h");
        assert_eq!(
            show(&tree),
            "<html><head><body><p>a<b>cd?<p>fg<table><tbody><tr><td>h"
        );
        let bold = tree.below(ROOT).find(|id| tree.is(*id, "b")).unwrap();
        tree.unwrap(bold);
        let comment = tree
            .below(ROOT)
            .find(|id| matches!(tree.kind(*id), Kind::Other));
        tree.detach(comment.unwrap());
        let cell = tree.below(ROOT).find(|id| tree.is(*id, "td")).unwrap();
        let (before, after) = (tree.text_node("1"), tree.text_node("2"));
        tree.insert_before(cell, before);
        tree.insert_after(cell, after);
        assert_eq!(
            show(&tree),
            "<html><head><body><p>acd<p>fg<table><tbody><tr>1<td>h2"
        );
    }

    #[test]
    fn a_deep_page_is_no_trouble() {
        let tree = Tree::parse(&"<div>".repeat(3_000));
        assert_eq!(tree.below(ROOT).count(), 3_003);
    }
}
