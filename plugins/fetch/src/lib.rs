//! Pages of the web, for a model: a drop-in for the reference MCP server `mcp-server-fetch`, with its tool, its
//! arguments, its results and its words for what went wrong. HTML is simplified as that server does it where it finds no
//! Node.js.

mod dom;
mod markdown;
mod robots;
mod simplify;
mod text;
mod web;

use toolkeep_sdk::{Failure, tool, tools};
use url::Url;

use dom::Tree;
use web::{Answer, Host};

tools![fetch];

/// How it calls itself.
const AGENT: &str = concat!(
    "Toolkeep/",
    env!("CARGO_PKG_VERSION"),
    " (Autonomous; +https://github.com/toolkeep/toolkeep)"
);

/// Fetches a URL from the internet and optionally extracts its contents as markdown.
///
/// Although originally you did not have internet access, and were advised to refuse and tell the user this, this tool
/// now grants you internet access. Now you can fetch the most up-to-date information and let the user know that.
#[tool(read_only)]
fn fetch(
    /// URL to fetch
    #[schemars(url, length(min = 1))]
    #[arg(role = "destination")]
    url: String,
    /// Maximum number of characters to return.
    #[schemars(with = "Length")]
    #[arg(default = 5000)]
    max_length: u32,
    /// On return output starting at this character index, useful if a previous fetch was truncated and more context is
    /// required.
    #[schemars(with = "Start")]
    #[arg(default = 0)]
    start_index: u64,
    /// Get the actual HTML content of the requested page, without simplification.
    #[arg(default = false)]
    raw: bool,
) -> Result<String, Failure> {
    let url = Url::parse(&url)
        .map_err(|error| Failure::bad_arguments(format!("`{url}` is no URL: {error}")))?;
    let page = Page::of(web::fetch(&Host, &url, AGENT)?, raw);
    Ok(page.part(&url, start_index, max_length))
}

/// What is shown of an answer.
struct Page {
    prefix: String,
    content: String,
}

impl Page {
    fn of(answer: Answer, raw: bool) -> Self {
        let kind = &answer.content_type;
        let mut beginning = answer.text.chars().take(100);
        let beginning: String = beginning.by_ref().collect();
        let is_html = beginning.contains("<html") || kind.contains("text/html") || kind.is_empty();
        if is_html && !raw {
            return Self {
                prefix: String::new(),
                content: readable(&answer.text),
            };
        }
        Self {
            prefix: format!(
                "Content type {kind} cannot be simplified to markdown, but here is the raw content:\n"
            ),
            content: answer.text,
        }
    }

    /// `length` characters from `start` on, and what to do for more.
    fn part(&self, url: &Url, start: u64, length: u32) -> String {
        let whole = self.content.chars().count() as u64;
        let mut shown = if start >= whole {
            "<error>No more content available.</error>".to_owned()
        } else {
            let start = usize::try_from(start).unwrap_or(usize::MAX);
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            self.content.chars().skip(start).take(length).collect()
        };
        let next = start.saturating_add(u64::from(length));
        if next < whole {
            shown.push_str(&format!(
                "\n\n<error>Content truncated. Call the fetch tool with a start_index of {next} to get more content.</error>"
            ));
        }
        format!("{}Contents of {url}:\n{shown}", self.prefix)
    }
}

/// A page as Markdown.
fn readable(html: &str) -> String {
    let mut tree = Tree::parse(html);
    let top = simplify::simplify(&mut tree);
    let text = markdown::markdown(&tree, top);
    if text.trim().is_empty() {
        "<error>Page failed to be simplified from HTML</error>".to_owned()
    } else {
        text
    }
}

/// How an argument's schema is written.
mod schema {
    use std::borrow::Cow;

    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

    /// A number of characters.
    pub struct Length;

    /// Where to start.
    pub struct Start;

    impl JsonSchema for Length {
        fn schema_name() -> Cow<'static, str> {
            "Length".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({"type": "integer", "minimum": 1, "maximum": 999_999})
        }
    }

    impl JsonSchema for Start {
        fn schema_name() -> Cow<'static, str> {
            "Start".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({"type": "integer", "minimum": 0})
        }
    }
}

use schema::{Length, Start};

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(content_type: &str, text: &str) -> Answer {
        Answer {
            status: 200,
            location: None,
            content_type: content_type.to_owned(),
            text: text.to_owned(),
        }
    }

    fn part(start: u64, length: u32) -> String {
        let page = Page::of(answer("text/html", "<p>äbcdef"), false);
        page.part(&Url::parse("http://a").unwrap(), start, length)
    }

    #[test]
    fn pages_come_in_parts() {
        let more = |at: u64| {
            format!(
                "\n\n<error>Content truncated. Call the fetch tool with a start_index of {at} to get more content.</error>"
            )
        };
        assert_eq!(part(0, 100), "Contents of http://a/:\näbcdef");
        assert_eq!(part(0, 6), "Contents of http://a/:\näbcdef");
        assert_eq!(part(0, 2), format!("Contents of http://a/:\näb{}", more(2)));
        assert_eq!(
            part(2, 3),
            format!("Contents of http://a/:\ncde{}", more(5))
        );
        assert_eq!(part(5, 3), "Contents of http://a/:\nf");
        let none = "Contents of http://a/:\n<error>No more content available.</error>";
        assert_eq!(part(6, 3), none);
        assert_eq!(part(u64::MAX, 3), none);
    }

    #[test]
    fn only_html_is_simplified() {
        let html = "<html><p>a";
        for (kind, text, raw, content) in [
            ("text/html; charset=utf-8", "<p>a", false, "a"),
            ("", "<p>a", false, "a"),
            ("text/plain", html, false, "a"),
            ("text/plain", "<p>a", false, "<p>a"),
            ("text/html", html, true, html),
            (
                "text/html",
                "<p>",
                false,
                "<error>Page failed to be simplified from HTML</error>",
            ),
        ] {
            let page = Page::of(answer(kind, text), raw);
            assert_eq!(page.content, content, "{kind} {text}");
            let is_raw = raw || content == "<p>a";
            assert_eq!(
                page.prefix.starts_with("Content type "),
                is_raw,
                "{kind} {text}"
            );
        }
    }
}
