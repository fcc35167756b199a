//! The real program as an MCP server, spoken to in raw lines, in both eras.

mod asking;
mod ending;
mod lines;
mod listing;
mod reload;
mod results;
mod talking;

use toolkeep_tests::Keep;

/// What lets clients answer for a person, in the operator's file.
const CLIENTS_ANSWER: &str = "[approvals]\nelicitation = true\n";

/// Notes: what is there may be read, and what is written or deleted is asked about.
fn notes() -> Keep {
    let keep = Keep::new(&format!(
        "{CLIENTS_ANSWER}[data.diary]\ndir = \"data\"\n[plugins.notes]\npath = {{notes}}\n\
         [plugins.notes.fs.notebook]\ndata = \"diary\"\nallow = [\"list\", \"read\"]\n\
         ask = [\"create\", \"modify\", \"delete\"]\nexcept = [\"hidden\"]\n"
    ));
    keep.put("data/a.md", "alpha\n");
    keep
}

/// The hostile plugin, of which each writing is asked about.
fn asking_hostile() -> Keep {
    Keep::new(&format!(
        "{CLIENTS_ANSWER}[data.data]\ndir = \"data\"\n[plugins.hostile]\npath = {{hostile}}\n\
         [plugins.hostile.fs.data]\ndata = \"data\"\nallow = [\"list\", \"stat\", \"read\"]\n\
         ask = [\"create\", \"modify\"]\n"
    ))
}
