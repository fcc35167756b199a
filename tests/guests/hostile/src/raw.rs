//! Files through raw WASI: `std::fs` would not even ask the host for much of this.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{
    Descriptor, DescriptorFlags, ErrorCode, NewTimestamp, OpenFlags, PathFlags,
};

/// One thing to do.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What to do.
    op: String,
    /// The descriptor to start from: a mount, or a name under which one was saved.
    #[serde(default = "data")]
    at: String,
    /// The path below it.
    #[serde(default)]
    path: String,
    /// The descriptor of the second path.
    #[serde(default = "data")]
    to_at: String,
    /// The second path.
    #[serde(default)]
    to: String,
    /// Words for how to open.
    #[serde(default)]
    flags: String,
    /// What to write.
    #[serde(default)]
    text: String,
    /// Keep what was opened under this name.
    #[serde(default)]
    save: String,
    /// A size or an offset.
    #[serde(default)]
    size: u64,
}

/// How the host answered each step.
#[derive(Serialize, JsonSchema)]
pub struct Report {
    /// One for each step: `ok` and what came of it, or `err` and the host's word.
    pub results: Vec<String>,
}

fn data() -> String {
    "/data".to_owned()
}

pub fn run(steps: &[Step]) -> Report {
    let mut open: HashMap<String, Descriptor> = get_directories()
        .into_iter()
        .map(|(fd, at)| (at, fd))
        .collect();
    let results = steps
        .iter()
        .map(|step| match act(step, &mut open) {
            Ok(what) if what.is_empty() => "ok".to_owned(),
            Ok(what) => format!("ok {what}"),
            Err(word) => format!("err {word}"),
        })
        .collect();
    Report { results }
}

fn act(step: &Step, open: &mut HashMap<String, Descriptor>) -> Result<String, String> {
    let has = |word: &str| step.flags.split(' ').any(|flag| flag == word);
    let follow = if has("nofollow") {
        PathFlags::empty()
    } else {
        PathFlags::SYMLINK_FOLLOW
    };
    if step.op == "mounts" {
        let mut names: Vec<&str> = open.keys().map(String::as_str).collect();
        names.sort_unstable();
        return Ok(names.join(" "));
    }
    let fd = open.get(&step.at).ok_or("no such descriptor")?;
    let said = |code: ErrorCode| code.name().to_owned();
    let done = |result: Result<(), ErrorCode>| result.map(|()| String::new()).map_err(said);
    let path = step.path.as_str();
    let opened = |oflags: OpenFlags, flags: DescriptorFlags| {
        fd.open_at(follow, path, oflags, flags).map_err(said)
    };
    match step.op.as_str() {
        "open" => {
            let mut oflags = OpenFlags::empty();
            for (word, flag) in [
                ("create", OpenFlags::CREATE),
                ("exclusive", OpenFlags::EXCLUSIVE),
                ("truncate", OpenFlags::TRUNCATE),
                ("directory", OpenFlags::DIRECTORY),
            ] {
                if has(word) {
                    oflags |= flag;
                }
            }
            let mut flags = DescriptorFlags::empty();
            for (word, flag) in [
                ("read", DescriptorFlags::READ),
                ("write", DescriptorFlags::WRITE),
                ("mutate", DescriptorFlags::MUTATE_DIRECTORY),
            ] {
                if has(word) {
                    flags |= flag;
                }
            }
            let file = opened(oflags, flags)?;
            if !step.save.is_empty() {
                open.insert(step.save.clone(), file);
            }
            Ok(String::new())
        }
        "read" => {
            let file = opened(OpenFlags::empty(), DescriptorFlags::READ)?;
            let (bytes, _) = file.read(1 << 16, step.size).map_err(said)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        }
        "fd-read" => {
            let (bytes, _) = fd.read(1 << 16, step.size).map_err(said)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        }
        "write" => {
            let file = opened(
                OpenFlags::CREATE | OpenFlags::TRUNCATE,
                DescriptorFlags::WRITE,
            )?;
            file.write(step.text.as_bytes(), step.size).map_err(said)?;
            Ok(String::new())
        }
        "fd-write" => {
            fd.write(step.text.as_bytes(), step.size).map_err(said)?;
            Ok(String::new())
        }
        "fd-write-stream" => {
            let stream = fd.write_via_stream(step.size).map_err(said)?;
            stream
                .blocking_write_and_flush(step.text.as_bytes())
                .map_err(|error| format!("{error:?}"))?;
            Ok(String::new())
        }
        "fd-size" => done(fd.set_size(step.size)),
        "fd-times" => done(fd.set_times(NewTimestamp::Now, NewTimestamp::Now)),
        "fd-stat" => {
            let stat = fd.stat().map_err(said)?;
            Ok(format!("{:?} {}", stat.type_, stat.size))
        }
        "list" => {
            let folder = if path.is_empty() {
                None
            } else {
                Some(opened(OpenFlags::DIRECTORY, DescriptorFlags::READ)?)
            };
            let entries = folder
                .as_ref()
                .unwrap_or(fd)
                .read_directory()
                .map_err(said)?;
            let mut names = Vec::new();
            while let Some(entry) = entries.read_directory_entry().map_err(said)? {
                names.push(entry.name);
            }
            names.sort_unstable();
            Ok(names.join(" "))
        }
        "stat" => {
            let stat = fd.stat_at(follow, path).map_err(said)?;
            Ok(format!("{:?} {}", stat.type_, stat.size))
        }
        "hash" => fd
            .metadata_hash_at(follow, path)
            .map(|_| String::new())
            .map_err(said),
        "times" => done(fd.set_times_at(follow, path, NewTimestamp::Now, NewTimestamp::Now)),
        "readlink" => fd.readlink_at(path).map_err(said),
        "mkdir" => done(fd.create_directory_at(path)),
        "rmdir" => done(fd.remove_directory_at(path)),
        "unlink" => done(fd.unlink_file_at(path)),
        "symlink" => done(fd.symlink_at(&step.to, path)),
        "rename" | "link" => {
            let other = open.get(&step.to_at).ok_or("no such descriptor")?;
            if step.op == "rename" {
                done(fd.rename_at(path, other, &step.to))
            } else {
                done(fd.link_at(follow, path, other, &step.to))
            }
        }
        "close" => {
            open.remove(&step.at);
            Ok(String::new())
        }
        other => Err(format!("unknown op {other}")),
    }
}
