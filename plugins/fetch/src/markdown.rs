//! Markdown of what is left of a page, laid out as the library of the reference server does it: the same blank
//! lines, bullets and escapes.

mod table;

use crate::dom::{Id, Tree};

/// How deep elements are taken for what they are. What is deeper is text.
const DEPTH: usize = 200;

/// What a node stands in.
#[derive(Clone, Copy, Default)]
struct Around {
    depth: usize,
    item: bool,
    preformatted: bool,
    /// In a heading or a cell, where all is one line.
    line: bool,
    /// How many bulleted lists.
    lists: usize,
}

/// The element `top` as Markdown.
pub fn markdown(tree: &Tree, top: Id) -> String {
    let text = element(tree, top, Around::default());
    text.trim_matches('\n').to_owned()
}

fn node(tree: &Tree, id: Id, around: Around) -> String {
    match tree.text(id) {
        Some(text) if around.preformatted => text.to_owned(),
        Some(text) => text.replace('*', r"\*").replace('_', r"\_"),
        None => element(tree, id, around),
    }
}

fn element(tree: &Tree, id: Id, around: Around) -> String {
    let name = tree.name(id).unwrap_or_default();
    if around.depth > DEPTH {
        let texts: Vec<&str> = tree.below(id).filter_map(|id| tree.text(id)).collect();
        return texts.join(" ");
    }
    let inner = Around {
        depth: around.depth + 1,
        item: around.item || name == "li",
        preformatted: around.preformatted || name == "pre",
        line: around.line || heading(name).is_some() || matches!(name, "td" | "th"),
        lists: around.lists + usize::from(name == "ul"),
    };
    let parts = tree.children(id).map(|child| node(tree, child, inner));
    let parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
    let text = if inner.preformatted {
        parts.concat()
    } else {
        join(&parts)
    };
    convert(tree, id, name, &text, around)
}

fn heading(name: &str) -> Option<usize> {
    let level = name.strip_prefix('h')?.parse().ok()?;
    (1..=6).contains(&level).then_some(level)
}

/// Puts parts one after the other. Where both have line ends, only the more of them count, and at most two.
fn join(parts: &[String]) -> String {
    let mut out = String::new();
    for part in parts {
        let content = part.trim_start_matches('\n');
        let leading = part.len() - content.len();
        let trailing = out.len() - out.trim_end_matches('\n').len();
        let ends = if leading > 0 && trailing > 0 {
            out.truncate(out.len() - trailing);
            leading.max(trailing).min(2)
        } else {
            leading
        };
        (0..ends).for_each(|_| out.push('\n'));
        out.push_str(content);
    }
    out
}

/// What an element makes of the text in it.
fn convert(tree: &Tree, id: Id, name: &str, text: &str, around: Around) -> String {
    if let Some(level) = heading(name) {
        if around.line {
            return text.to_owned();
        }
        let text = one_line(text.trim());
        return format!("\n\n{} {text}\n\n", "#".repeat(level));
    }
    match name {
        "p" | "div" | "article" | "section" | "dl" => match text.trim() {
            text if around.line => format!(" {text} "),
            "" => String::new(),
            text => format!("\n\n{text}\n\n"),
        },
        "blockquote" => match text.trim() {
            text if around.line => format!(" {text} "),
            "" => "\n".to_owned(),
            text => format!("\n{}\n\n", indent(text, "> ", ">")),
        },
        "dt" => match one_line(text.trim()) {
            text if around.line => format!(" {text} "),
            text if text.is_empty() => "\n".to_owned(),
            text => format!("\n\n{text}\n"),
        },
        "dd" => match text.trim() {
            text if around.line => format!(" {text} "),
            "" => "\n".to_owned(),
            text => marked(text, ":", 4),
        },
        "ul" | "ol" if around.item => format!("\n{}", text.trim_end()),
        "ul" | "ol" => {
            let mut next = tree.next(id).into_iter();
            let before_other = next.any(|id| !tree.is(id, "ul") && !tree.is(id, "ol"));
            let end = if before_other { "\n" } else { "" };
            format!("\n\n{text}{end}")
        }
        "li" => match text.trim() {
            "" => "\n".to_owned(),
            text => {
                let bullet = bullet(tree, id, around);
                marked(text, &bullet, bullet.chars().count() + 1)
            }
        },
        "pre" if text.is_empty() => String::new(),
        "pre" => format!("\n\n```\n{}\n```\n\n", text.trim_matches([' ', '\n'])),
        "table" | "figcaption" => format!("\n\n{}\n\n", text.trim()),
        "caption" => format!("{}\n\n", text.trim()),
        "td" | "th" => table::cell(tree, id, text),
        "tr" => table::row(tree, id, text),
        _ => text.to_owned(),
    }
}

/// The sign before an item of a list.
fn bullet(tree: &Tree, id: Id, around: Around) -> String {
    let list = tree.parent(id);
    if let Some(list) = list.filter(|list| tree.is(*list, "ol")) {
        let start = tree
            .attribute(list, "start")
            .and_then(|start| start.parse().ok());
        let earlier = std::iter::successors(tree.previous(id), |id| tree.previous(*id));
        let earlier = earlier.filter(|id| tree.is(*id, "li")).count();
        let number = start.unwrap_or(1usize).saturating_add(earlier);
        return format!("{number}.");
    }
    match around.lists % 3 {
        1 => "*",
        2 => "+",
        _ => "-",
    }
    .to_owned()
}

/// Text with a sign before its first line, and all others below the first.
fn marked(text: &str, sign: &str, width: usize) -> String {
    let text = indent(text, &" ".repeat(width), "");
    let rest: String = text.chars().skip(sign.chars().count()).collect();
    format!("{sign}{rest}\n")
}

/// Puts `sign` before each line, and `empty` where there is nothing in it.
fn indent(text: &str, sign: &str, empty: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| match line {
            "" => empty.to_owned(),
            line => format!("{sign}{line}"),
        })
        .collect();
    lines.join("\n")
}

/// All in one line.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text
        .split([' ', '\t', '\r', '\n'])
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simplify::simplify;

    fn of(html: &str) -> String {
        let mut tree = Tree::parse(html);
        let top = simplify(&mut tree);
        markdown(&tree, top)
    }

    #[test]
    fn blocks_have_their_signs() {
        for (html, expected) in [
            ("<h2>a\nb</h2><p>c*d_e", "## a b\n\nc\\*d\\_e"),
            (
                "<ul><li>a<li>b<ul><li>c</ul></ul>d",
                "* a\n* b\n\n  + c\n\nd",
            ),
            ("<ol start=9><li>a<p>b<li>c</ol>", "9. a\n\n   b\n10. c"),
            ("<blockquote>a<p>b</blockquote>", "> a\n>\n> b"),
            ("<dl><dt>a<dd>b", "a\n:   b"),
            ("<pre> a_b\n</pre>", "```\na_b\n```"),
        ] {
            assert_eq!(of(html), expected, "{html}");
        }
    }

    #[test]
    fn tables_have_a_head() {
        assert_eq!(
            of("<table><caption>T<tr><th>a<th>b<tr><td>1<td colspan=2>x<p>y</table>"),
            "T\n\n| a | b |\n| --- | --- |\n| 1 | x  y | |"
        );
        assert_eq!(of("<table><tr><td>a"), "|  |\n| --- |\n| a |");
    }

    #[test]
    fn a_deep_page_is_text() {
        assert_eq!(of(&format!("{}a<p>b", "<div><p>".repeat(1_000))), "a b");
    }
}
