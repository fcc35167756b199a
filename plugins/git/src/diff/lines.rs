//! Lines that differ, in hunks.

use gix::diff::blob::{Algorithm, Diff, InternedInput};

/// Whether content is not text, as Git tells it: by its first bytes.
pub fn is_binary(content: &[u8]) -> bool {
    content.iter().take(8000).any(|byte| *byte == 0)
}

/// What stands on both sides, from here to there. Lines are counted from 0.
#[derive(Clone, Debug)]
struct Piece {
    before: std::ops::Range<usize>,
    after: std::ops::Range<usize>,
}

/// The hunks of a unified diff, with `context` lines around each change.
pub fn hunks(before: &[u8], after: &[u8], context: i64) -> Vec<u8> {
    let context = usize::try_from(context).unwrap_or(3);
    let input = InternedInput::new(before, after);
    let mut diff = Diff::compute(Algorithm::Myers, &input);
    diff.postprocess_lines(&input);
    let pieces = diff.hunks().map(|hunk| Piece {
        before: hunk.before.start as usize..hunk.before.end as usize,
        after: hunk.after.start as usize..hunk.after.end as usize,
    });
    let pieces: Vec<Piece> = pieces.collect();
    let (old, new) = (lines(before), lines(after));
    let mut out = Vec::new();
    let mut rest = pieces.as_slice();
    while !rest.is_empty() {
        // Changes whose context would touch are one hunk.
        let together = rest.windows(2).take_while(|pair| match pair {
            [one, next] => next.before.start - one.before.end <= context.saturating_mul(2),
            _ => false,
        });
        let (group, others) = rest.split_at(together.count() + 1);
        hunk(&old, &new, group, context, &mut out);
        rest = others;
    }
    out
}

fn lines(content: &[u8]) -> Vec<&[u8]> {
    content.split_inclusive(|byte| *byte == b'\n').collect()
}

/// Shows changes that stand near to one another.
fn hunk(old: &[&[u8]], new: &[&[u8]], group: &[Piece], context: usize, out: &mut Vec<u8>) {
    let (Some(first), Some(last)) = (group.first(), group.last()) else {
        return;
    };
    let above = context.min(first.before.start);
    let below = context.min(old.len().saturating_sub(last.before.end));
    let before = first.before.start - above..last.before.end + below;
    let after = first.after.start - above..last.after.end + below;
    let range = |range: &std::ops::Range<usize>| match range.len() {
        0 => format!("{},0", range.start),
        1 => format!("{}", range.start + 1),
        length => format!("{},{length}", range.start + 1),
    };
    let head = format!("@@ -{} +{} @@", range(&before), range(&after));
    out.extend_from_slice(head.as_bytes());
    if let Some(function) = function(old, before.start) {
        out.push(b' ');
        out.extend_from_slice(function);
    }
    out.push(b'\n');
    let mut at = before.start;
    for piece in group {
        let same = old.get(at..piece.before.start).unwrap_or_default();
        let gone = old.get(piece.before.clone()).unwrap_or_default();
        let come = new.get(piece.after.clone()).unwrap_or_default();
        for (sign, lines) in [(b' ', same), (b'-', gone), (b'+', come)] {
            add(sign, lines, out);
        }
        at = piece.before.end;
    }
    add(b' ', old.get(at..before.end).unwrap_or_default(), out);
}

fn add(sign: u8, lines: &[&[u8]], out: &mut Vec<u8>) {
    for line in lines {
        out.push(sign);
        out.extend_from_slice(line);
        if !line.ends_with(b"\n") {
            out.extend_from_slice(b"\n\\ No newline at end of file\n");
        }
    }
}

/// The line above a hunk that looks like the head of what it is in.
fn function<'a>(old: &[&'a [u8]], start: usize) -> Option<&'a [u8]> {
    let above = old.get(..start)?.iter().rev();
    let mut heads = above.filter(|line| {
        let first = line.first().copied().unwrap_or_default();
        first.is_ascii_alphabetic() || b"_$".contains(&first)
    });
    let line: &[u8] = heads.next()?;
    Some(line.get(..80).unwrap_or(line).trim_ascii_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(before: &str, after: &str, context: i64, expected: &str) {
        let hunks = hunks(before.as_bytes(), after.as_bytes(), context);
        assert_eq!(String::from_utf8(hunks).unwrap(), expected);
    }

    #[test]
    fn hunks_are_those_of_git() {
        check("a\n", "a\n", 3, "");
        check("", "a\n", 3, "@@ -0,0 +1 @@\n+a\n");
        check("a\nb\n", "", 3, "@@ -1,2 +0,0 @@\n-a\n-b\n");
        check(
            "a\nb",
            "a\nc\n",
            3,
            "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n",
        );
        check(
            "fn f\n 1\n 2\n 3\n",
            "fn f\n 1\n 2\n 4\n",
            1,
            "@@ -3,2 +3,2 @@ fn f\n  2\n- 3\n+ 4\n",
        );
        check("1\n2\n3\n", "1\nx\n3\n", 0, "@@ -2 +2 @@\n-2\n+x\n");
        check(
            "1\n2\n3\n4\n5\n6\n7\n",
            "0\n1\n2\n3\n4\n5\n6\n",
            1,
            "@@ -0,0 +1 @@\n+0\n@@ -6,2 +7 @@\n 6\n-7\n"
                .replace("@@ -0,0 +1 @@\n+0\n", "@@ -1 +1,2 @@\n+0\n 1\n")
                .as_str(),
        );
    }

    #[test]
    fn binary_is_told_by_a_zero() {
        assert!(is_binary(b"a\0b") && !is_binary("é".as_bytes()) && !is_binary(b""));
    }
}
