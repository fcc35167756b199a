//! Reading files as text.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, ErrorKind, Read as _, Seek as _, SeekFrom};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use toolkeep_sdk::{Failure, tool};

use crate::answer::{Text, decode};
use crate::folders::Folders;
use crate::lookup::Found;
use crate::{edit, trouble};

/// How much is read at a time from the end of a file.
const BLOCK: u64 = 64 * 1024;

/// The schema of a number that may have a fraction, as the reference server asks for it.
struct Number;

impl JsonSchema for Number {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Number".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "number"})
    }
}

/// A tool that reads a file as text. There is one under an old name too, as in the reference server.
macro_rules! reads_text {
    ($(#[$about:meta])* $name:ident) => {
        $(#[$about])*
        pub fn $name(
            /// The file.
            path: String,
            /// If given, only the last so many lines of the file are read.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schemars(with = "Number")]
            tail: Option<f64>,
            /// If given, only the first so many lines of the file are read.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schemars(with = "Number")]
            head: Option<f64>,
        ) -> Result<Text, Failure> {
            text(&Folders::granted(), &path, head, tail)
        }
    };
}

reads_text! {
    /// Reads a whole file as text. Deprecated: `read_text_file` does the same.
    #[tool(read_only, title = "Read File (Deprecated)")]
    read_file
}

reads_text! {
    /// Reads a file as text, whatever its name ends in: the whole of it, or with `head` or `tail` only its
    /// first or last lines. What is not UTF-8 in it is shown as replacement characters. If it cannot be
    /// read, the answer says why. Use it to look at one file. Only files in the allowed directories can be
    /// read.
    #[tool(read_only, title = "Read Text File")]
    read_text_file
}

/// Reads several files as text at once, which is quicker than one by one when they are to be looked at
/// or compared together. Each file's text comes after its path. A file that cannot be read does not
/// keep the others from being read. Only files in the allowed directories can be read.
#[tool(read_only, title = "Read Multiple Files")]
pub fn read_multiple_files(
    /// The files, each by its path in the allowed directories; one at least.
    #[schemars(length(min = 1))]
    paths: Vec<String>,
) -> Result<Text, Failure> {
    Ok(several(&Folders::granted(), &paths))
}

/// The text of a file: all of it, or so many lines from its start or its end. Nought is as if it was
/// not asked for.
fn text(
    folders: &Folders,
    path: &str,
    head: Option<f64>,
    tail: Option<f64>,
) -> Result<Text, Failure> {
    let found = folders.find(path)?;
    let asked = |lines: &f64| *lines != 0.0;
    let text = match (head.filter(asked), tail.filter(asked)) {
        (Some(_), Some(_)) => {
            return Err(Failure::bad_arguments(
                "Cannot specify both head and tail parameters simultaneously",
            ));
        }
        (Some(lines), None) => first_lines(&open(&found)?, lines),
        (None, Some(lines)) => {
            if found.metadata.is_none() {
                return Err(trouble::of(
                    &ErrorKind::NotFound.into(),
                    "stat",
                    &found.path,
                ));
            }
            last_lines(open(&found)?, lines)
        }
        (None, None) => return whole(&found).map(Text),
    };
    text.map(Text).map_err(|error| trouble::of_reading(&error))
}

fn several(folders: &Folders, paths: &[String]) -> Text {
    let one = |path: &String| match folders.find(path).and_then(|found| whole(&found)) {
        Ok(text) => format!("{path}:\n{text}\n"),
        Err(failure) => format!("{path}: Error - {failure}"),
    };
    Text(paths.iter().map(one).collect::<Vec<_>>().join("\n---\n"))
}

/// The whole text of a file.
///
/// # Errors
/// Where there is no such file, or it cannot be read.
pub fn whole(found: &Found) -> Result<String, Failure> {
    bytes(found).map(decode)
}

/// All bytes of a file.
///
/// # Errors
/// Where there is no such file, or it cannot be read.
pub fn bytes(found: &Found) -> Result<Vec<u8>, Failure> {
    if found.is_folder() {
        return Err(trouble::folder_read());
    }
    fs::read(&found.path).map_err(|error| trouble::of(&error, "open", &found.path))
}

fn open(found: &Found) -> Result<File, Failure> {
    if found.is_folder() {
        return Err(trouble::folder_read());
    }
    File::open(&found.path).map_err(|error| trouble::of(&error, "open", &found.path))
}

/// The first lines, without the end of the last one. No more is read than that takes.
fn first_lines(file: &File, lines: f64) -> io::Result<String> {
    let mut reader = BufReader::new(file);
    let mut text = Vec::new();
    let mut read = 0.0;
    while read < lines && reader.read_until(b'\n', &mut text)? > 0 {
        read += 1.0;
    }
    if text.ends_with(b"\n") {
        text.pop();
    }
    Ok(decode(text))
}

/// The last lines, each ended by a line feed alone. What comes after the last line feed counts as a
/// line even where nothing does, as in the reference server. No more is read than that takes, but for
/// the rest of a block.
fn last_lines(mut file: File, lines: f64) -> io::Result<String> {
    if lines < 0.0 {
        return Ok(String::new());
    }
    let mut start = file.seek(SeekFrom::End(0))?;
    let mut blocks = Vec::new();
    let mut ends = 0.0;
    while start > 0 && ends < lines {
        let size = start.min(BLOCK);
        start -= size;
        file.seek(SeekFrom::Start(start))?;
        let mut block = Vec::new();
        (&mut file).take(size).read_to_end(&mut block)?;
        ends += block.iter().filter(|byte| **byte == b'\n').count() as f64;
        blocks.push(block);
    }
    blocks.reverse();
    let text = edit::with_line_feeds(&decode(blocks.concat()));
    let parts: Vec<&str> = text.split('\n').collect();
    // Cut off, as a count of lines is read everywhere.
    let first = parts.len().saturating_sub(lines as usize);
    Ok(parts.get(first..).unwrap_or_default().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::folder;

    fn part(content: &str, head: Option<f64>, tail: Option<f64>) -> String {
        let (_root, folders) = folder(&[("a", content)]);
        text(&folders, "a", head, tail).unwrap().0
    }

    #[test]
    fn reads_the_first_lines() {
        for (content, lines, expected) in [
            ("a\nb\nc\n", 2.0, "a\nb"),
            ("a\nb\nc\n", 9.0, "a\nb\nc"),
            ("a\nb", 2.0, "a\nb"),
            ("a\r\nb\r\n", 1.0, "a\r"),
            ("a\nb\nc", 1.5, "a\nb"),
            ("a\nb\n", -1.0, ""),
            ("", 3.0, ""),
            ("a\nb\n", 0.0, "a\nb\n"),
        ] {
            assert_eq!(
                part(content, Some(lines), None),
                expected,
                "{content:?} {lines}"
            );
        }
    }

    #[test]
    fn reads_the_last_lines() {
        for (content, lines, expected) in [
            ("a\nb\nc", 2.0, "b\nc"),
            ("a\nb\nc\n", 2.0, "c\n"),
            ("a\nb\n", 1.0, ""),
            ("a\r\nb\r\nc", 2.0, "b\nc"),
            ("a\nb", 9.0, "a\nb"),
            ("a\nb\nc", 1.5, "c"),
            ("a\nb\n", -1.0, ""),
            ("", 3.0, ""),
        ] {
            assert_eq!(
                part(content, None, Some(lines)),
                expected,
                "{content:?} {lines}"
            );
        }
    }

    #[test]
    fn reads_the_end_of_a_long_file_over_blocks() {
        let line = "ä".repeat(BLOCK as usize / 4);
        let long = [line.as_str(); 9].join("\n");
        assert_eq!(part(&long, None, Some(3.0)), [line.as_str(); 3].join("\n"));
        assert_eq!(part(&long, Some(3.0), None), [line.as_str(); 3].join("\n"));
    }

    #[test]
    fn wants_one_end_at_a_time() {
        let (_root, folders) = folder(&[("a", "")]);
        assert!(matches!(
            text(&folders, "a", Some(1.0), Some(1.0)),
            Err(Failure::BadArguments(_))
        ));
        assert!(text(&folders, "a", Some(1.0), Some(0.0)).is_ok());
    }

    #[test]
    fn one_file_that_is_missing_does_not_spoil_the_others() {
        let (root, folders) = folder(&[("a", "1"), ("d/b", "2")]);
        let paths = ["a", "x", "d", "d/b"].map(str::to_owned);
        let expected = format!(
            "a:\n1\n\n---\nx: Error - ENOENT: no such file or directory, open '{root}/x'\n---\n\
             d: Error - EISDIR: illegal operation on a directory, read\n---\nd/b:\n2\n"
        );
        assert_eq!(several(&folders, &paths).0, expected);
    }
}
