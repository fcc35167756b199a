//! From a folder with a plugin's source to one plugin file.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::base::id::{Name, ToolName};
use crate::base::text;
use crate::engine::compile::CodeCache;
use crate::engine::limits::Limits;
use crate::engine::links::{Import, classify};
use crate::engine::run::Described;
use crate::engine::runtime::Engine;
use crate::pack::component::{self, BadComponent, Component};
use crate::rules::manifest::Manifest;
use crate::rules::problem::Problems;
use crate::rules::tool::{Description, Hints, ToolInfo};
use crate::rules::verb::Handle;

/// The target that plugins are built for.
pub const TARGET: &str = "wasm32-wasip2";

/// Why a plugin could not be built. Each says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A file could not be read or written.
    #[error("cannot {what} `{path}`: {error}")]
    File {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// The manifest is wrong.
    #[error("the manifest is not right:\n{0}")]
    Manifest(Problems),
    /// The target is not installed and could not be added.
    #[error(
        "Rust cannot build for `{TARGET}` yet: {0}\nhint: run `rustup target add {TARGET}`, then try again"
    )]
    NoTarget(String),
    /// Cargo could not be run.
    #[error("cannot run cargo: {0}\nhint: install Rust from your distribution or with rustup")]
    NoCargo(std::io::Error),
    /// Cargo says no.
    #[error("cargo could not build the plugin; what it says stands above")]
    Cargo,
    /// Cargo built no component.
    #[error(
        "cargo built no `.wasm` file from `{0}`\nhint: its Cargo.toml needs `[lib]` with `crate-type = [\"cdylib\"]`"
    )]
    NoComponent(String),
    /// What cargo built is no component.
    #[error(transparent)]
    Component(#[from] BadComponent),
    /// The component exports no tools.
    #[error(
        "the component exports no tools\nhint: list them in the source with `toolkeep_sdk::tools![…];`"
    )]
    NoTools,
    /// The component wants more than its manifest declares.
    #[error("{0}")]
    Undeclared(String),
    /// The component describes itself wrongly.
    #[error("the plugin does not describe itself rightly: {0}")]
    Describe(String),
    /// The machine does not allow it.
    #[error("the engine could not be started: {0}")]
    Engine(String),
}

/// What was built.
#[derive(Debug)]
pub struct Built {
    /// The plugin file.
    pub file: PathBuf,
    /// What it is.
    pub description: Description,
    /// What is odd about it without being wrong.
    pub warnings: Vec<String>,
}

/// Builds the plugin in `folder` and writes it to `out`, or to `NAME.wasm` in the folder. `progress`
/// is told each step that takes long.
///
/// # Errors
/// [`BuildError`]; then nothing was written.
pub async fn build(
    folder: &Path,
    out: Option<&Path>,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Built, BuildError> {
    let manifest_path = folder.join("plugin.toml");
    let source = std::fs::read_to_string(&manifest_path).map_err(|error| BuildError::File {
        what: "read",
        path: manifest_path.display().to_string(),
        error,
    })?;
    let manifest = Manifest::parse_toml(&manifest_path.display().to_string(), &source)
        .map_err(BuildError::Manifest)?;
    ensure_target(progress)?;
    progress(&format!("compiling plugin `{}` with cargo", manifest.name));
    let artifact = cargo_build(folder)?;
    let bytes = std::fs::read(&artifact).map_err(|error| BuildError::File {
        what: "read",
        path: artifact.display().to_string(),
        error,
    })?;
    progress(&format!(
        "describing plugin `{}` in an empty sandbox",
        manifest.name
    ));
    let (packed, description, warnings) = pack(&bytes, manifest).await?;
    let file = match out {
        Some(out) => out.to_owned(),
        None => folder.join(format!("{}.wasm", description.manifest.name)),
    };
    write_whole(&file, &packed)?;
    Ok(Built {
        file,
        description,
        warnings,
    })
}

/// Makes a plugin of a component and its manifest: checks its imports, asks it for its tools in an
/// empty sandbox, and embeds both.
///
/// # Errors
/// [`BuildError`] where the component is not what the manifest says.
pub async fn pack(
    bytes: &[u8],
    manifest: Manifest,
) -> Result<(Vec<u8>, Description, Vec<String>), BuildError> {
    let component = Component::read(bytes)?;
    if !component.has_tools() {
        return Err(BuildError::NoTools);
    }
    let warnings = compare_needs(&component, &manifest)?;
    let engine =
        Engine::start(Default::default()).map_err(|e| BuildError::Engine(e.to_string()))?;
    let compiled = engine
        .compile(bytes, &CodeCache::none())
        .map_err(|error| BuildError::Describe(error.to_string()))?;
    let described = engine
        .describe(&compiled, DESCRIBE_LIMITS)
        .await
        .map_err(BuildError::Describe)?;
    let tools = described
        .into_iter()
        .map(tool)
        .collect::<Result<Vec<_>, _>>();
    let description = tools
        .and_then(|tools| Description::new(manifest, tools))
        .map_err(BuildError::Describe)?;
    let packed = component::embed(bytes, &description)?;
    Ok((packed, description, warnings))
}

/// `describe` needs next to nothing.
const DESCRIBE_LIMITS: Limits = Limits {
    memory_bytes: 64 << 20,
    table_elements: 100_000,
    instances: 64,
    cpu: Duration::from_secs(5),
    wall: Duration::from_secs(10),
    open_handles: 64,
    host_call_bytes: 16 << 20,
    random_bytes: 4096,
    stdout_bytes: 0,
};

/// Imports beyond the declared needs are refused; needs that nothing imports are odd.
fn compare_needs(component: &Component, manifest: &Manifest) -> Result<Vec<String>, BuildError> {
    let mut used = Vec::new();
    for import in &component.imports {
        let handle = match classify(import) {
            Import::Baseline => continue,
            Import::Of(handle) => handle,
            Import::Unknown => {
                return Err(BuildError::Undeclared(format!(
                    "the component imports `{}`, which no plugin is ever given\nhint: remove what needs it from the source",
                    text::visible(import)
                )));
            }
        };
        if !manifest.needs.wants(handle) {
            return Err(BuildError::Undeclared(format!(
                "the component imports `{}`, but its plugin.toml declares no need for it\nhint: add a table [needs.{handle}.NAME] that says which verbs and why, or remove what needs it from the source",
                text::visible(import)
            )));
        }
        used.push(handle);
    }
    let mut warnings = Vec::new();
    let mut unused = |handle: Handle, name: &Name, does: &str| {
        if !used.contains(&handle) {
            warnings.push(format!(
                "need `{handle}.{name}` is declared, but the component {does}"
            ));
        }
    };
    for handle in Handle::PLACES {
        let does = match handle {
            Handle::Http => "sends no requests",
            Handle::Kv => "keeps no values",
            Handle::Sql => "asks no database",
            _ => "uses no files",
        };
        for name in manifest.needs.places(handle).keys() {
            unused(handle, name, does);
        }
    }
    for name in manifest.needs.config.keys() {
        unused(Handle::Config, name, "reads no config");
    }
    Ok(warnings)
}

fn tool(described: Described) -> Result<ToolInfo, String> {
    let name = ToolName::new(&described.name).map_err(|error| error.to_string())?;
    let schema = |what: &str, json: &str| {
        serde_json::from_str(json)
            .map_err(|error| format!("tool `{}`: its {what} is not JSON: {error}", described.name))
    };
    Ok(ToolInfo {
        input_schema: schema("input schema", &described.input_schema)?,
        output_schema: described
            .output_schema
            .as_deref()
            .map(|json| schema("output schema", json))
            .transpose()?,
        name,
        title: described.title,
        description: described.description,
        hints: Hints {
            read_only: described.read_only,
            non_destructive: described.non_destructive,
            idempotent: described.idempotent,
        },
    })
}

/// Makes sure that Rust can build for the target, adding it with rustup where there is one.
fn ensure_target(progress: &dyn Fn(&str)) -> Result<(), BuildError> {
    let libdir = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .stderr(Stdio::null())
        .output()
        .map_err(BuildError::NoCargo)?;
    let libdir = PathBuf::from(String::from_utf8_lossy(&libdir.stdout).trim());
    if libdir.is_dir() {
        return Ok(());
    }
    progress(&format!("adding the Rust target {TARGET} with rustup"));
    match Command::new("rustup")
        .args(["target", "add", TARGET])
        .stdout(Stdio::null())
        .status()
    {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(BuildError::NoTarget(
            "`rustup target add` failed".to_owned(),
        )),
        Err(error) => Err(BuildError::NoTarget(format!(
            "rustup is not there ({error})"
        ))),
    }
}

/// Runs cargo in `folder` and gives back the one component that it built.
fn cargo_build(folder: &Path) -> Result<PathBuf, BuildError> {
    let manifest = folder.join("Cargo.toml");
    let output = Command::new("cargo")
        .args(["build", "--release", "--target", TARGET])
        .args([
            "--message-format",
            "json-render-diagnostics",
            "--manifest-path",
        ])
        .arg(&manifest)
        // The plugin is a workspace of its own: settings for the one that we may be run from would
        // only confuse it.
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("CARGO_MAKEFLAGS")
        .env_remove("MAKEFLAGS")
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(BuildError::NoCargo)?;
    if !output.status.success() {
        return Err(BuildError::Cargo);
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let built = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| {
            message
                .get("reason")
                .is_some_and(|reason| reason == "compiler-artifact")
        })
        .filter_map(|message| {
            let files = message.get("filenames")?.as_array()?.clone();
            files
                .into_iter()
                .filter_map(|file| file.as_str().map(PathBuf::from))
                .find(|file| {
                    file.extension()
                        .is_some_and(|extension| extension == "wasm")
                })
        })
        .next_back();
    built.ok_or_else(|| BuildError::NoComponent(manifest.display().to_string()))
}

/// Writes a file so that others see all of it or nothing.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), BuildError> {
    let partial = path.with_extension("wasm.partial");
    std::fs::write(&partial, bytes)
        .and_then(|()| std::fs::rename(&partial, path))
        .map_err(|error| BuildError::File {
            what: "write",
            path: path.display().to_string(),
            error,
        })
}
