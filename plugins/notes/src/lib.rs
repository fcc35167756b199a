//! Notes, kept as one Markdown file each in the folder that the operator grants.

mod notebook;

use schemars::JsonSchema;
use serde::Serialize;
use toolkeep_sdk::{Failure, Json, tool, tools};

use notebook::{Match, Notebook};

tools![list_notes, search_notes, read_note, write_note, delete_note];

/// Where the need `notebook` is mounted.
const NOTEBOOK: &str = "/notebook";

/// More matches than this would bury the model.
const MOST_MATCHES: usize = 100;

#[derive(Serialize, JsonSchema)]
struct Names {
    /// The names of all notes, in alphabetical order.
    notes: Vec<String>,
}

/// Lists the names of all notes.
#[tool(read_only, title = "List notes")]
fn list_notes() -> Result<Json<Names>, Failure> {
    let notes = notebook().list()?;
    Ok(Json(Names { notes }))
}

#[derive(Serialize, JsonSchema)]
struct Matches {
    /// The lines that contain the query, in the order of the notes' names.
    matches: Vec<Match>,
    /// Whether these are all; if not, a longer query finds fewer.
    complete: bool,
    /// The names of notes that could not be read and so were not searched.
    unread: Vec<String>,
}

/// Finds the lines of all notes that contain a text. Upper and lower case are the same.
#[tool(read_only, title = "Search notes")]
fn search_notes(
    /// The text to look for, on one line.
    query: String,
) -> Result<Json<Matches>, Failure> {
    if query.trim().is_empty() {
        return Err(Failure::bad_arguments("the query is empty"));
    }
    let mut found = notebook().search(&query, MOST_MATCHES + 1)?;
    let complete = found.matches.len() <= MOST_MATCHES;
    found.matches.truncate(MOST_MATCHES);
    Ok(Json(Matches {
        matches: found.matches,
        complete,
        unread: found.unread,
    }))
}

/// Reads the whole text of one note.
#[tool(read_only, title = "Read a note")]
fn read_note(
    /// The note's name, as `list_notes` gives it.
    #[arg(role = "object")]
    name: String,
) -> Result<String, Failure> {
    notebook().read(&name)
}

/// Writes a note. A note of that name is overwritten: to add to it, read it first.
#[tool(destructive, idempotent, title = "Write a note")]
fn write_note(
    /// The note's name, without `.md`. Slashes put it into folders: `travel/packing list`.
    #[arg(role = "object")]
    name: String,
    /// The whole new text of the note, in Markdown.
    #[arg(role = "content")]
    text: String,
) -> Result<String, Failure> {
    notebook().write(&name, &text)?;
    Ok(format!("wrote the note `{name}`"))
}

/// Deletes a note for good.
#[tool(destructive, idempotent, title = "Delete a note")]
fn delete_note(
    /// The note's name, as `list_notes` gives it.
    #[arg(role = "object")]
    name: String,
) -> Result<String, Failure> {
    notebook().delete(&name)?;
    Ok(format!("deleted the note `{name}`"))
}

fn notebook() -> Notebook {
    Notebook::at(NOTEBOOK)
}
