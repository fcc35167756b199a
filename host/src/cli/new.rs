//! `toolkeep new`: a project for a plugin that builds, is tested and can be called as it stands.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::Exit;
use super::output;
use crate::base::id::Name;
use crate::base::text::visible;

#[derive(Args)]
pub struct Options {
    /// The plugin's name, and its crate's
    name: String,
    /// The folder to make for it [default: NAME]
    #[arg(long, value_name = "DIR")]
    at: Option<PathBuf>,
}

/// The files of a project, and what is in them.
const FILES: [(&str, &str); 6] = [
    ("Cargo.toml", include_str!("new/Cargo.toml.template")),
    ("plugin.toml", include_str!("new/plugin.toml.template")),
    ("src/lib.rs", include_str!("new/lib.rs.template")),
    ("toolkeep.toml", include_str!("new/toolkeep.toml.template")),
    (".gitignore", include_str!("new/gitignore.template")),
    ("texts/hello.txt", "Hello from a file.\n"),
];

/// Words of Rust, and crates that every project has: none can be the name of another crate.
const TAKEN: [&str; 46] = [
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "pub",
    "ref",
    "return",
    "schemars",
    "serde",
    "static",
    "std",
    "struct",
    "test",
    "toolkeep-sdk",
    "toolkeep_sdk",
    "trait",
    "true",
    "type",
];

pub fn run(options: &Options) -> Exit {
    let name = match crate_name(&options.name) {
        Ok(name) => name,
        Err(why) => {
            output::error(why);
            output::hint("use a name such as `word-count`");
            return Exit::Usage;
        }
    };
    let folder = match &options.at {
        Some(folder) => folder.clone(),
        None => PathBuf::from(name.as_str()),
    };
    match make(&folder, &name) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            output::error(format_args!(
                "`{}` exists already, and nothing in it was changed",
                visible(&folder.display().to_string())
            ));
            output::hint("name another folder with --at DIR");
            return Exit::Usage;
        }
        Err(error) => {
            output::error(format_args!(
                "cannot make the project in `{}`: {error}",
                visible(&folder.display().to_string())
            ));
            return Exit::Failed;
        }
    }
    let shown = folder.display();
    output::note(format_args!("made the plugin `{name}`; to run it:"));
    output::note(format_args!("  cd {shown} && cargo test"));
    output::note("  toolkeep build");
    output::note("  toolkeep call count_words '{\"file\": \"hello.txt\"}'");
    output::data(shown);
    Exit::Done
}

/// The name, if it can be a plugin's and a crate's.
fn crate_name(name: &str) -> Result<Name, String> {
    let name = Name::new(name).map_err(|error| error.to_string())?;
    if TAKEN.contains(&name.as_str()) {
        return Err(format!(
            "`{name}` cannot be the name of a crate: it means something else already"
        ));
    }
    Ok(name)
}

/// Makes the folder, which must not be there, and all that is in it.
fn make(folder: &Path, name: &Name) -> io::Result<()> {
    if let Some(parent) = folder.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::create_dir(folder)?;
    let sdk = sdk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk"));
    for (path, text) in FILES {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let text = text.replace("{name}", name.as_str()).replace("{sdk}", &sdk);
        fs::write(path, text)?;
    }
    Ok(())
}

/// The dependency on the SDK: the one in the source tree that this program was built from, where that
/// still stands, else the one in the repository.
fn sdk(source: &Path) -> String {
    let standing = source.canonicalize().ok();
    let standing = standing.filter(|folder| folder.join("Cargo.toml").is_file());
    // JSON's way to write a text is one of TOML's.
    match standing.and_then(|folder| serde_json::to_string(folder.to_str()?).ok()) {
        Some(path) => format!("{{ path = {path} }}"),
        None => format!("{{ git = \"{}\" }}", env!("CARGO_PKG_REPOSITORY")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_crates() {
        for name in ["words", "word-count", "word_count2"] {
            assert!(crate_name(name).is_ok(), "{name}");
        }
        for name in [
            "", "Words", "2words", "-a", "_a", "a b", "a.b", "../a", "wörter", "fn", "std", "serde",
        ] {
            assert!(crate_name(name).is_err(), "{name}");
        }
        assert!(TAKEN.is_sorted());
    }

    #[test]
    fn the_sdk_is_where_the_source_is_or_in_the_repository() {
        let here = sdk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk"));
        assert!(
            here.starts_with("{ path = \"/") && here.ends_with("/sdk\" }"),
            "{here}"
        );
        let gone = sdk(Path::new("/nowhere/sdk"));
        assert_eq!(
            gone,
            format!("{{ git = \"{}\" }}", env!("CARGO_PKG_REPOSITORY"))
        );
    }
}
