//! A page reduced to what can be read: headings, paragraphs, lists, tables. The steps and their order are those
//! of the library that the reference server uses where there is no Node.js, so that the same is left.

use crate::dom::{Id, Kind, ROOT, Tree};
use crate::text;

/// Elements that go with all that is in them.
const DELETED: &[&str] = &[
    "button", "datalist", "fieldset", "form", "input", "label", "legend", "meter", "optgroup",
    "option", "output", "progress", "select", "textarea", "area", "img", "map", "picture",
    "source", "audio", "track", "video", "embed", "iframe", "math", "object", "param", "svg",
    "details", "dialog", "summary", "canvas", "noscript", "script", "template", "data", "link",
    "style", "nav",
];

/// Elements that stay as blocks.
const BLOCKS: &[&str] = &[
    "article",
    "aside",
    "blockquote",
    "caption",
    "colgroup",
    "col",
    "div",
    "dl",
    "dt",
    "dd",
    "figure",
    "figcaption",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "li",
    "main",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "tbody",
    "thead",
    "tfoot",
    "tr",
    "td",
    "th",
    "ul",
];

/// The page's frame, which goes where it stands first.
const STRUCTURE: &[&str] = &["html", "head", "body"];

/// What else stays until its turn comes.
const KEPT: &[&str] = &["meta", "base", "title", "br", "hr"];

/// What cannot stand in a paragraph, in the order in which it is looked for.
const NOT_IN_PARAGRAPHS: &[&str] = &[
    "article",
    "aside",
    "blockquote",
    "dd",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "header",
    "hr",
    "li",
    "main",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "tfoot",
    "ul",
];

/// Stands for a break between paragraphs. No page has it: the parser takes it out.
const BREAK: &str = "\0";

/// Reduces the page, and gives the element that is left.
pub fn simplify(tree: &mut Tree) -> Id {
    remove(tree);
    unwrap(tree);
    join_texts(tree);
    for id in texts(tree) {
        if tree
            .text(id)
            .is_some_and(|text| text::normal(text).is_empty())
        {
            tree.detach(id);
        }
    }
    take_out_of_paragraphs(tree);
    break_paragraphs(tree);
    wrap_texts(tree);
    for id in texts(tree) {
        if let Some(text) = tree.text(id).map(text::normal) {
            tree.set_text(id, text);
        }
    }
    prune(tree);
    in_one(tree)
}

fn all(tree: &Tree) -> Vec<Id> {
    tree.below(ROOT).collect()
}

fn texts(tree: &Tree) -> Vec<Id> {
    tree.below(ROOT)
        .filter(|id| tree.text(*id).is_some())
        .collect()
}

fn named(tree: &Tree, name: &str) -> Vec<Id> {
    tree.below(ROOT).filter(|id| tree.is(*id, name)).collect()
}

fn is_one_of(tree: &Tree, id: Id, names: &[&str]) -> bool {
    tree.name(id).is_some_and(|name| names.contains(&name))
}

/// Takes away comments, and what is not for reading.
fn remove(tree: &mut Tree) {
    for id in all(tree) {
        if matches!(tree.kind(id), Kind::Other) || is_one_of(tree, id, DELETED) {
            tree.detach(id);
        }
    }
}

/// Leaves of elements within a line, and of those that nobody knows, their content only.
fn unwrap(tree: &mut Tree) {
    for id in all(tree) {
        let Some(name) = tree.name(id) else { continue };
        if [BLOCKS, STRUCTURE, KEPT]
            .iter()
            .any(|list| list.contains(&name))
        {
            continue;
        }
        let sign = match name {
            "q" => "\"",
            "sub" => "_",
            "sup" => "^",
            _ => "",
        };
        if !sign.is_empty() {
            let before = tree.text_node(sign);
            tree.insert_before(id, before);
        }
        if sign == "\"" {
            let after = tree.text_node(sign);
            tree.insert_after(id, after);
        }
        tree.unwrap(id);
    }
}

/// Makes one text of texts side by side.
fn join_texts(tree: &mut Tree) {
    let mut run: Option<(Id, String)> = None;
    for id in texts(tree) {
        let Some(text) = tree.text(id).map(str::to_owned) else {
            continue;
        };
        match &mut run {
            Some((first, joined)) if tree.previous(id) == Some(*first) => {
                joined.push_str(&text);
                tree.detach(id);
            }
            _ => {
                if let Some((first, joined)) = run.take() {
                    tree.set_text(first, joined);
                }
                run = Some((id, text));
            }
        }
    }
    if let Some((first, joined)) = run {
        tree.set_text(first, joined);
    }
}

/// Splits paragraphs around blocks that stand in them.
fn take_out_of_paragraphs(tree: &mut Tree) {
    for name in NOT_IN_PARAGRAPHS {
        for block in named(tree, name) {
            while let Some((paragraph, within)) = outermost_paragraph(tree, block) {
                let after = tree.element("p");
                while let Some(next) = tree.next(within) {
                    tree.append(after, next);
                }
                tree.insert_after(paragraph, after);
                tree.insert_after(paragraph, within);
            }
        }
    }
}

/// The outermost paragraph around a node, and what of the node's line stands right below that.
fn outermost_paragraph(tree: &Tree, id: Id) -> Option<(Id, Id)> {
    let mut found = None;
    let mut at = id;
    while let Some(parent) = tree.parent(at) {
        if tree.is(parent, "p") {
            found = Some((parent, at));
        }
        at = parent;
    }
    found
}

/// One `br` is a space, several are a new paragraph, and so is `hr`.
fn break_paragraphs(tree: &mut Tree) {
    for id in named(tree, "br") {
        if tree.next(id).is_some_and(|next| tree.is(next, "br")) {
            continue;
        }
        let mut several = false;
        while let Some(previous) = tree.previous(id).filter(|id| tree.is(*id, "br")) {
            tree.detach(previous);
            several = true;
        }
        replace(tree, id, if several { BREAK } else { " " });
    }
    for id in named(tree, "hr") {
        replace(tree, id, BREAK);
    }
    join_texts(tree);
    for id in texts(tree) {
        let Some(text) = tree.text(id).filter(|text| text.contains(BREAK)) else {
            continue;
        };
        let parts: Vec<String> = text
            .split(BREAK)
            .map(|part| part.trim().to_owned())
            .collect();
        let mut parts = parts.into_iter();
        tree.set_text(id, parts.next().unwrap_or_default());
        let parent = tree.parent(id).filter(|parent| tree.is(*parent, "p"));
        let mut last = parent.unwrap_or(id);
        for part in parts {
            let mut new = tree.text_node(&part);
            if parent.is_some() {
                let paragraph = tree.element("p");
                tree.append(paragraph, new);
                new = paragraph;
            }
            tree.insert_after(last, new);
            last = new;
        }
    }
}

fn replace(tree: &mut Tree, id: Id, text: &str) {
    let text = tree.text_node(text);
    tree.insert_before(id, text);
    tree.detach(id);
}

/// Makes a paragraph of each text that is not all that its block has.
fn wrap_texts(tree: &mut Tree) {
    for id in texts(tree) {
        let is_alone = tree.previous(id).is_none() && tree.next(id).is_none();
        let parent = tree.parent(id);
        if is_alone && parent.is_some_and(|parent| is_one_of(tree, parent, BLOCKS)) {
            continue;
        }
        let paragraph = tree.element("p");
        tree.insert_before(id, paragraph);
        tree.append(paragraph, id);
    }
}

/// Takes away what has no text in it.
fn prune(tree: &mut Tree) {
    let mut ids = all(tree);
    // What is further down comes first.
    ids.reverse();
    for id in ids {
        let is_empty = match tree.text(id) {
            Some(text) => text.is_empty(),
            None => tree.first(id).is_none(),
        };
        if is_empty {
            tree.detach(id);
        }
    }
}

/// Puts all that is left into one element.
fn in_one(tree: &mut Tree) -> Id {
    while let Some(first) = tree
        .first(ROOT)
        .filter(|id| is_one_of(tree, *id, STRUCTURE))
    {
        tree.unwrap(first);
    }
    if let Some(only) = tree.first(ROOT)
        && tree.is(only, "div")
        && tree.next(only).is_none()
    {
        return only;
    }
    let all = tree.element("div");
    while let Some(first) = tree.first(ROOT) {
        tree.append(all, first);
    }
    tree.append(ROOT, all);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn simple(html: &str) -> String {
        let mut tree = Tree::parse(html);
        let top = simplify(&mut tree);
        let mut out = String::new();
        show(&tree, top, &mut out);
        out
    }

    fn show(tree: &Tree, id: Id, out: &mut String) {
        match tree.name(id) {
            Some(name) => {
                out.push_str(&format!("<{name}>"));
                tree.children(id).for_each(|child| show(tree, child, out));
                out.push_str(&format!("</{name}>"));
            }
            None => out.push_str(tree.text(id).unwrap_or_default()),
        }
    }

    #[test]
    fn what_is_not_for_reading_goes() {
        let html = "<title>T</title><style>s</style><nav>n</nav><p>a<script>b</script></p>\
             <form>f</form><!-- c --><template><p>t</template><p></p><div> <b></b> </div>";
        assert_eq!(
            simple(html),
            "<div><title><p>T</p></title><body><p>a</p></body></div>"
        );
        assert_eq!(simple(""), "<div></div>");
        assert_eq!(simple("<div>x</div>"), "<div>x</div>");
    }

    #[test]
    fn lines_lose_their_marks() {
        let html =
            "<p>a <a href=x>b</a> <b>c</b><i> d</i> <blink>e</blink> H<sub>2</sub>O <q>q</q>";
        assert_eq!(simple(html), "<div><p>a b c d e H_2O \"q\"</p></div>");
        assert_eq!(simple("x\u{200b}y\u{a0}\u{a0}ﬁ"), "<div><p>xy fi</p></div>");
    }

    #[test]
    fn texts_become_paragraphs() {
        assert_eq!(
            simple("<div>a<p>b</p>c</div>"),
            "<div><p>a</p><p>b</p><p>c</p></div>"
        );
        assert_eq!(simple("<li>a"), "<div><li>a</li></div>");
        assert_eq!(
            simple("<p>a<br>b<br> <br>c"),
            "<div><p>a b</p><p>c</p></div>"
        );
        assert_eq!(simple("a<hr>b"), "<div><p>a</p><p>b</p></div>");
    }

    #[test]
    fn blocks_leave_paragraphs() {
        // Where a page says no doctype, a table stands in a paragraph.
        assert_eq!(
            simple("<p>a<table><tr><td>b</table>c"),
            "<div><p>a</p><table><tbody><tr><td>b</td></tr></tbody></table><p>c</p></div>"
        );
    }
}
