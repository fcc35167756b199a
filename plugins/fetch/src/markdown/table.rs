//! Tables in Markdown.

use crate::dom::{Id, Tree};

/// The most columns that one cell goes over.
const MOST: usize = 1000;

/// A cell, with the line after it.
pub(super) fn cell(tree: &Tree, id: Id, text: &str) -> String {
    let text = text.trim().replace('\n', " ");
    format!(" {text}{}", " |".repeat(columns(tree, id)))
}

/// Over how many columns a cell goes.
fn columns(tree: &Tree, id: Id) -> usize {
    let said = tree.attribute(id, "colspan");
    let said = said.filter(|said| !said.is_empty() && said.bytes().all(|b| b.is_ascii_digit()));
    // More digits than a number has are many columns.
    said.map_or(1, |said| said.parse().unwrap_or(MOST).clamp(1, MOST))
}

/// A row, with a head above it or a line below where Markdown wants one.
pub(super) fn row(tree: &Tree, id: Id, text: &str) -> String {
    let cells: Vec<Id> = tree
        .below(id)
        .filter(|id| tree.is(*id, "td") || tree.is(*id, "th"))
        .collect();
    let width: usize = cells.iter().map(|cell| columns(tree, *cell)).sum();
    let rule = format!("| {} |\n", vec!["---"; width].join(" | "));
    let is_first = !elements_before(tree, id);
    let parent = tree.parent(id);
    let is_in = |name: &str| parent.is_some_and(|parent| tree.is(parent, name));
    let is_head = cells.iter().all(|cell| tree.is(*cell, "th"))
        || is_in("thead") && parent.is_some_and(|head| count(tree, head, "tr") == 1);
    if is_first && is_head {
        return format!("|{text}\n{rule}");
    }
    let table = parent.and_then(|parent| tree.parent(parent));
    let has_head = table.is_some_and(|table| count(tree, table, "thead") > 0);
    let starts_body = is_in("tbody") && parent.is_some_and(|body| !elements_before(tree, body));
    let wants_head = if is_in("tbody") {
        !has_head || starts_body
    } else {
        true
    };
    if is_first && wants_head {
        let empty = format!("| {} |\n", vec![""; width].join(" | "));
        return format!("{empty}{rule}|{text}\n");
    }
    format!("|{text}\n")
}

fn count(tree: &Tree, top: Id, name: &str) -> usize {
    tree.below(top).filter(|id| tree.is(*id, name)).count()
}

/// Whether an element stands before it, side by side.
fn elements_before(tree: &Tree, id: Id) -> bool {
    let mut earlier = std::iter::successors(tree.previous(id), |id| tree.previous(*id));
    earlier.any(|id| tree.name(id).is_some())
}
