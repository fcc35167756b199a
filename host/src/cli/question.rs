//! A question, as people see it before they answer. What a guest or the model chose stands behind a bar,
//! in lines too short for a terminal to break: it cannot look like a line of ours.

use crate::base::text::visible;
use crate::store::approvals::Question;

/// What stands before each line that a guest or the model chose.
const BAR: &str = "| ";

/// How many columns of such a text stand on one line.
const WIDTH: usize = 60;

/// The whole question, in lines.
pub fn text(question: &Question) -> String {
    let access = &question.access;
    let mut out = format!("question {}\n", question.approval);
    let mut ours = |label: &str, text: &str| push(&mut out, label, &visible(text));
    ours("for", &question.principal.to_string());
    ours("session", question.session.as_str());
    ours("plugin", question.plugin.as_str());
    ours("", &question.plugin_digest.to_string());
    ours("tool", question.tool.as_str());
    ours("arguments", &question.arguments.to_string());
    ours("wants", &format!("{} {}", access.handle, access.verbs));
    push_theirs(&mut out, "object", &access.object.to_string());
    for (label, line) in access.content().iter().flat_map(|content| content.lines()) {
        push_theirs(&mut out, label, &line);
    }
    let mut label = "because";
    for reason in &question.reasons {
        push(&mut out, label, &visible(&reason.text));
        label = "";
    }
    push(&mut out, "has seen", &question.label.to_string());
    push(&mut out, "rules", &question.rules.to_string());
    if question.done.is_empty() {
        push(&mut out, "has done", "nothing yet in this call");
    }
    let mut label = "has done";
    for effect in &question.done {
        push_theirs(&mut out, label, effect);
        label = "";
    }
    push(&mut out, "waits until", &question.expires.to_string());
    out.truncate(out.trim_end().len());
    out
}

fn push(out: &mut String, label: &str, text: &str) {
    out.push_str(&format!("  {label:<12}{text}\n"));
}

fn push_theirs(out: &mut String, label: &str, text: &str) {
    let mut label = label;
    for line in lines(&visible(text)) {
        push(out, label, &format!("{BAR}{line}"));
        label = "";
    }
}

/// `text` in pieces of at most [`WIDTH`] columns. Whatever is not ASCII counts as two.
fn lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut line, mut width) = (String::new(), 0);
    for c in text.chars() {
        let columns = if c.is_ascii() { 1 } else { 2 };
        if width + columns > WIDTH {
            lines.push(std::mem::take(&mut line));
            width = 0;
        }
        line.push(c);
        width += columns;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Timestamp;
    use crate::base::id::Name;
    use crate::rules::access::{Content, Object};
    use crate::rules::verdict::{Reason, ReasonCode, Verdict};
    use crate::store::approvals::testing;

    fn question(path: &str) -> Question {
        let mut question = testing::question();
        let data = Name::new("notes").unwrap();
        let path = path.to_owned();
        question.access.object = Object::Path { data, path };
        question.expires = Timestamp::from_micros(1_795_370_400_000_000);
        question
    }

    #[test]
    fn everything_that_counts_is_shown() {
        let mut question = question("a.md");
        question.reasons = vec![Reason {
            verdict: Verdict::Ask,
            code: ReasonCode::Asks,
            text: "[plugins.notes.fs.notebook] at toolkeep.toml:7 asks before `delete`".to_owned(),
            remedy: None,
        }];
        question.done = ["create notes:b.md", "modify notes:c.md"]
            .map(|effect| format!("fs {effect}"))
            .into();
        insta::assert_snapshot!(text(&question), @r"
        question apr_00000000000000000000
          for         local/ada
          session     s
          plugin      notes
                      sha256:5e689e2b01672bf33996e75d5e372ff60c536ce1599a1458e867cd8f4bef5160
          tool        delete_note
          arguments   sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a
          wants       fs delete
          object      | notes:a.md
          because     [plugins.notes.fs.notebook] at toolkeep.toml:7 asks before `delete`
          has seen    trusted private
          rules       sha256:6c621d1a05138a7888d37d9269a9da8e2e11e4aced2f6cfd24b05ab1b9e61bb0
          has done    | fs create notes:b.md
                      | fs modify notes:c.md
          waits until 2026-11-22T18:00:00.000000Z
        ");
    }

    #[test]
    fn what_a_request_carries_stands_behind_the_bar() {
        let mut question = question("a.md");
        let body = b"to=eve\n  has done    nothing yet in this call";
        let headers = [("x", b"1\n2".as_slice())];
        let secrets = vec![Name::new("token").unwrap()];
        let content = Content::new(headers.into_iter(), body, secrets).unwrap();
        question.access.object = Object::Request {
            content: Some(Box::new(content)),
            data: Name::new("bank").unwrap(),
            method: "POST".to_owned(),
            url: "https://bank.example/pay".to_owned(),
        };
        let shown = text(&question);
        let lines: Vec<&str> = shown.lines().skip(8).take(6).collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        object      | bank:POST https://bank.example/pay
        header      | x: 1\n2
        secret      | token
        body        | 45 bytes, sha256:41aef4d11c427398bd81a65ca7330306f6366a88e03
                    | 078fa46bdaa506c08b9cb
        begins      | to=eve\n  has done    nothing yet in this call
        ");
    }

    #[test]
    fn what_a_guest_chose_cannot_look_like_ours() {
        let lie = format!(
            "a{}\n  object      | notes:harmless.md\u{1b}[2J\u{202e}{}",
            " ".repeat(200),
            "ö".repeat(40)
        );
        let shown = text(&question(&lie));
        let is_unsafe = |c: char| c != '\n' && crate::base::text::is_unsafe(c);
        assert!(!shown.contains(is_unsafe), "{shown}");
        let theirs = |line: &&str| line.get(14..16) == Some(BAR);
        for line in shown.lines().filter(theirs) {
            let columns = line.chars().map(|c| if c.is_ascii() { 1 } else { 2 });
            assert!(columns.sum::<usize>() < 80, "{line}");
        }
        let ours: Vec<&str> = shown.lines().filter(|line| !theirs(line)).collect();
        assert!(!ours.join("\n").contains("harmless"), "{ours:#?}");
    }
}
