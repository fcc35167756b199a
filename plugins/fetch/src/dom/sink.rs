//! What the parser of HTML hands its nodes to.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

use html5ever::interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::StrTendril;
use html5ever::{Attribute, ExpandedName, QualName};

use super::{Id, Kind, ROOT, Tree};

/// A tree in the making.
pub(super) struct Sink {
    tree: RefCell<Tree>,
}

/// A node, with its name where it is an element: the parser wants to borrow it.
#[derive(Clone)]
pub(super) struct Handle {
    id: Id,
    name: Option<Rc<QualName>>,
}

impl From<Id> for Handle {
    fn from(id: Id) -> Self {
        Self { id, name: None }
    }
}

/// Stands for the name of what has none.
static NOTHING: QualName = QualName {
    prefix: None,
    ns: html5ever::ns!(),
    local: html5ever::local_name!(""),
};

impl Sink {
    pub(super) fn new() -> Self {
        Self {
            tree: RefCell::new(Tree::new()),
        }
    }

    /// Adds what is to stand right before `next`, or else at the end of `parent`. Texts side by side are one.
    fn place(&self, parent: Id, next: Option<Id>, what: NodeOrText<Handle>) {
        let mut tree = self.tree.borrow_mut();
        let id = match what {
            NodeOrText::AppendNode(handle) => handle.id,
            NodeOrText::AppendText(text) => {
                let before = match next {
                    Some(next) => tree.previous(next),
                    None => tree.node(parent).last,
                };
                if let Some(before) = before
                    && let Kind::Text(known) = &mut tree.node_mut(before).kind
                {
                    known.push_str(&text);
                    return;
                }
                tree.text_node(&text)
            }
        };
        match next {
            Some(next) => tree.insert_before(next, id),
            None => tree.append(parent, id),
        }
    }
}

impl TreeSink for Sink {
    type Handle = Handle;
    type Output = Tree;
    type ElemName<'a> = ExpandedName<'a>;

    fn finish(self) -> Tree {
        self.tree.into_inner()
    }

    fn parse_error(&self, _: Cow<'static, str>) {}

    fn get_document(&self) -> Handle {
        ROOT.into()
    }

    fn elem_name<'a>(&'a self, target: &'a Handle) -> ExpandedName<'a> {
        target.name.as_deref().unwrap_or(&NOTHING).expanded()
    }

    fn create_element(
        &self,
        name: QualName,
        attributes: Vec<Attribute>,
        _: ElementFlags,
    ) -> Handle {
        let shared = Some(Rc::new(name.clone()));
        let attributes = attributes
            .into_iter()
            .map(|one| (one.name.local.to_string(), one.value.to_string()))
            .collect();
        let kind = Kind::Element { name, attributes };
        let id = self.tree.borrow_mut().add(kind);
        Handle { id, name: shared }
    }

    fn create_comment(&self, _: StrTendril) -> Handle {
        self.tree.borrow_mut().add(Kind::Other).into()
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> Handle {
        self.tree.borrow_mut().add(Kind::Other).into()
    }

    fn append(&self, parent: &Handle, child: NodeOrText<Handle>) {
        self.place(parent.id, None, child);
    }

    fn append_based_on_parent_node(
        &self,
        element: &Handle,
        previous: &Handle,
        child: NodeOrText<Handle>,
    ) {
        let parent = self.tree.borrow().parent(element.id);
        match parent {
            Some(parent) => self.place(parent, Some(element.id), child),
            None => self.place(previous.id, None, child),
        }
    }

    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}

    fn get_template_contents(&self, target: &Handle) -> Handle {
        // Templates are never shown, so what is in them may as well stand below them.
        target.clone()
    }

    fn same_node(&self, one: &Handle, other: &Handle) -> bool {
        one.id == other.id
    }

    fn set_quirks_mode(&self, _: QuirksMode) {}

    fn append_before_sibling(&self, sibling: &Handle, new: NodeOrText<Handle>) {
        let parent = self.tree.borrow().parent(sibling.id);
        if let Some(parent) = parent {
            self.place(parent, Some(sibling.id), new);
        }
    }

    fn add_attrs_if_missing(&self, target: &Handle, added: Vec<Attribute>) {
        let mut tree = self.tree.borrow_mut();
        let Kind::Element { attributes, .. } = &mut tree.node_mut(target.id).kind else {
            return;
        };
        for one in added {
            let name = one.name.local.to_string();
            if !attributes.iter().any(|(known, _)| *known == name) {
                attributes.push((name, one.value.to_string()));
            }
        }
    }

    fn remove_from_parent(&self, target: &Handle) {
        self.tree.borrow_mut().detach(target.id);
    }

    fn reparent_children(&self, node: &Handle, new_parent: &Handle) {
        let mut tree = self.tree.borrow_mut();
        while let Some(child) = tree.first(node.id) {
            tree.append(new_parent.id, child);
        }
    }
}
