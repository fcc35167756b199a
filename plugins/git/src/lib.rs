//! Git repositories, for a model: a drop-in for the reading tools of the reference MCP server `mcp-server-git`, with
//! their names, arguments, results and words for what went wrong. It changes nothing, and runs no other program.

mod branches;
mod diff;
mod history;
mod paths;
mod renames;
mod repository;
mod show;
mod snapshot;
mod status;

use toolkeep_sdk::{Failure, tool, tools};

use repository::open;
use schema::{Count, Text};
use snapshot::{head, index, worktree};

tools![
    git_status,
    git_diff_unstaged,
    git_diff_staged,
    git_diff,
    git_log,
    git_show,
    git_branch,
];

/// Shows the working tree status
#[tool(read_only)]
fn git_status(
    /// The path to the Git repository.
    #[arg(role = "object")]
    repo_path: String,
) -> Result<String, Failure> {
    let status = status::status(&open(&repo_path)?)?;
    Ok(format!("Repository status:\n{status}"))
}

/// Shows changes in the working directory that are not yet staged
#[tool(read_only)]
fn git_diff_unstaged(
    /// The path to the Git repository.
    #[arg(role = "object")]
    repo_path: String,
    /// How many lines are shown around each change.
    #[schemars(with = "Count")]
    #[arg(default = 3)]
    context_lines: i64,
) -> Result<String, Failure> {
    let repo = open(&repo_path)?;
    let staged = index(&repo)?;
    let diff = diff::diff(&repo, &staged, &worktree(&repo)?, context_lines)?;
    Ok(format!("Unstaged changes:\n{diff}"))
}

/// Shows changes that are staged for commit
#[tool(read_only)]
fn git_diff_staged(
    /// The path to the Git repository.
    #[arg(role = "object")]
    repo_path: String,
    /// How many lines are shown around each change.
    #[schemars(with = "Count")]
    #[arg(default = 3)]
    context_lines: i64,
) -> Result<String, Failure> {
    let repo = open(&repo_path)?;
    let diff = diff::diff(&repo, &head(&repo)?, &index(&repo)?, context_lines)?;
    Ok(format!("Staged changes:\n{diff}"))
}

/// Shows differences between branches or commits
#[tool(read_only)]
fn git_diff(
    /// The path to the Git repository.
    #[arg(role = "object")]
    repo_path: String,
    /// The branch or commit that the working tree is compared with, or two with `..` between them.
    target: String,
    /// How many lines are shown around each change.
    #[schemars(with = "Count")]
    #[arg(default = 3)]
    context_lines: i64,
) -> Result<String, Failure> {
    repository::no_flag("target", &target)?;
    let repo = open(&repo_path)?;
    let diff = diff::diff_with(&repo, &target, context_lines)?;
    Ok(format!("Diff with {target}:\n{diff}"))
}

/// Shows the commit logs
#[tool(read_only)]
fn git_log(
    /// The path to the Git repository.
    #[arg(role = "object")]
    repo_path: String,
    /// The most commits to show.
    #[schemars(with = "Count")]
    #[arg(default = 10)]
    max_count: i64,
    /// Start timestamp for filtering commits. Accepts: ISO 8601 format (e.g., '2024-01-15T14:30:25'), relative dates
    /// (e.g., '2 weeks ago', 'yesterday'), or absolute dates (e.g., '2024-01-15', 'Jan 15 2024')
    #[serde(default)]
    #[schemars(with = "Text")]
    start_timestamp: Option<String>,
    /// End timestamp for filtering commits. Accepts: ISO 8601 format (e.g., '2024-01-15T14:30:25'), relative dates
    /// (e.g., '2 weeks ago', 'yesterday'), or absolute dates (e.g., '2024-01-15', 'Jan 15 2024')
    #[serde(default)]
    #[schemars(with = "Text")]
    end_timestamp: Option<String>,
) -> Result<String, Failure> {
    let repo = open(&repo_path)?;
    let since = history::time("start_timestamp", start_timestamp.as_deref())?;
    let until = history::time("end_timestamp", end_timestamp.as_deref())?;
    let entries = history::log(&repo, max_count, since, until)?;
    Ok(format!("Commit history:\n{}", entries.join("\n")))
}

/// Shows the contents of a commit, or of a file or directory given as <revision>:<path>
#[tool(read_only)]
fn git_show(
    /// The path to the Git repository.
    #[arg(role = "object")]
    repo_path: String,
    /// The commit, or a file or directory in one.
    revision: String,
) -> Result<String, Failure> {
    repository::no_flag("revision", &revision)?;
    show::show(&open(&repo_path)?, &revision)
}

/// List Git branches
#[tool(read_only)]
fn git_branch(
    /// The path to the Git repository.
    #[arg(role = "object")]
    repo_path: String,
    /// Whether to list local branches ('local'), remote branches ('remote') or all branches('all').
    branch_type: String,
    /// The commit sha that branch should contain. Do not pass anything to this param if no commit sha is specified
    #[serde(default)]
    #[schemars(with = "Text")]
    contains: Option<String>,
    /// The commit sha that branch should NOT contain. Do not pass anything to this param if no commit sha is specified
    #[serde(default)]
    #[schemars(with = "Text")]
    not_contains: Option<String>,
) -> Result<String, Failure> {
    let with = contains.as_deref();
    let without = not_contains.as_deref();
    for (name, value) in [("contains value", with), ("not_contains value", without)] {
        repository::no_flag(name, value.unwrap_or_default())?;
    }
    branches::list(&open(&repo_path)?, &branch_type, with, without)
}

/// How an argument's schema is written.
mod schema {
    use std::borrow::Cow;

    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

    /// A whole number.
    pub struct Count;

    /// Text, or nothing.
    pub struct Text;

    impl JsonSchema for Text {
        fn schema_name() -> Cow<'static, str> {
            "Text".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({"anyOf": [{"type": "string"}, {"type": "null"}], "default": null})
        }
    }

    impl JsonSchema for Count {
        fn schema_name() -> Cow<'static, str> {
            "Count".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({"type": "integer"})
        }
    }
}
