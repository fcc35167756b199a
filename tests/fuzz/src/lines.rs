//! Operator's files put together at random from lines that mean something.

use super::input::Input;

/// A file that is accepted, before it is changed.
const FILE: &str = include_str!("whole.toml");

const LINES: &[&str] = &[
    "[host]",
    "[audit]",
    "[approvals]",
    "[limits]",
    "[data]",
    "[data.notes]",
    "[data.inbox]",
    "[data.a]",
    "[plugins]",
    "[plugins.notes]",
    "[plugins.a]",
    "[plugins.notes.limits]",
    "[plugins.notes.fs]",
    "[plugins.notes.fs.notebook]",
    "[plugins.notes.fs.other]",
    "[plugins.a.fs.a]",
    "[[plugins.a]]",
    "[plugins.notes.config.words]",
    "[plugins.notes.config.more]",
    "[plugins.notes.tools.search]",
    "[plugins.\"a b\"]",
    "state = \"state\"",
    "state = \"{user}\"",
    "checkpoint_to = \"file:///x\"",
    "checkpoint_every = 7",
    "checkpoint_after_ms = 0x10",
    "elicitation = true",
    "valid_minutes = 3",
    "console_only = [\"delete\"]",
    "keys = []",
    "memory_bytes = \"64 MiB\"",
    "cpu_ms = 1",
    "wall_ms = 0",
    "output_bytes = 1_000",
    "dir = \"notes\"",
    "dir = \"users/{user}/{tenant}\"",
    "dir = \"{usr}\"",
    "label = \"public\"",
    "label = [\"untrusted\", \"mail\"]",
    "label = \"untrused\"",
    "label = []",
    "accepts = \"public\"",
    "accepts = [\"trusted\", \"mail\"]",
    "path = \"a.wasm\"",
    "path = \"\"",
    "digest = \"sha256:00\"",
    "data = \"notes\"",
    "data = \"inbox\"",
    "data = \"nowhere\"",
    "allow = []",
    "allow = [\"list\", \"read\"]",
    "allow = [\"write\"]",
    "allow = [\"stat\"]",
    "allow = \"read\"",
    "allow = [\"raed\"]",
    "allow = [\"list\", 1]",
    "ask = [\"delete\"]",
    "ask = [\"stat\", \"read\"]",
    "ask = [\"modify\"]",
    "only = [\"**/*.md\"]",
    "only = [\"a\", \"a/**\"]",
    "only = []",
    "only = [\"a//b\"]",
    "except = [\"private\"]",
    "except = [\"**\"]",
    "mount = \"/srv/notes\"",
    "mount = \"/\"",
    "mount = \"a\"",
    "values = { greeting = \"hello\", empty = \"\" }",
    "values = {}",
    "values.a = \"b\"",
    "values = { a = 1 }",
    "fs.b = { data = \"notes\", allow = [\"list\"] }",
    "tools.t = { ask = [\"read\"] }",
    "# a remark",
    "",
    "\"\\u202e\" = 1",
    "x = 1979-05-27",
    "x = 1.5",
    "x = '''",
    "é = \"é\"",
    "a.b.c = 1",
];

/// A file: the one that is accepted with changes, or lines one after another.
pub(crate) fn file(input: &mut Input<'_>) -> String {
    let mut lines: Vec<String> = Vec::new();
    if input.once_in(2) {
        lines.extend(FILE.lines().map(str::to_owned));
        for _ in 0..input.below(6) {
            change(input, &mut lines);
        }
    } else {
        lines.extend((0..input.below(32)).map(|_| input.word(LINES).to_owned()));
    }
    let end = input.word(&["\n", "\n", "\n", "\r\n"]);
    lines.join(end) + input.word(&["", end])
}

fn change(input: &mut Input<'_>, lines: &mut Vec<String>) {
    let at = input.below(lines.len() + 1);
    if at == lines.len() || input.once_in(3) {
        return lines.insert(at, input.word(LINES).to_owned());
    }
    match input.below(5) {
        0 => drop(lines.remove(at)),
        1 => lines.insert(at, lines[at].clone()),
        2 => {
            let other = input.below(lines.len());
            lines.swap(at, other);
        }
        3 => lines[at] = input.word(LINES).to_owned(),
        _ => {
            // One character less, or another.
            let mut chars: Vec<char> = lines[at].chars().collect();
            if !chars.is_empty() {
                let place = input.below(chars.len());
                chars.remove(place);
                if input.once_in(2) {
                    chars.insert(place, char::from(input.byte()));
                }
            }
            lines[at] = chars.into_iter().collect();
        }
    }
}
