//! Paths in a tree of folders, files and links, against what the documentation says that they mean.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{CWD, Mode, mkfifoat};
use toolkeep::base::id::Name;
use toolkeep::handle::fs::located::Found;
use toolkeep::handle::fs::place::{Place, Unresolved};
use toolkeep::handle::fs::protected::Protected;
use toolkeep::rules::access::Unreachable;

use super::folder::Folder;
use super::input::Input;

/// What stands at a path that has no links in it.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    Folder,
    File,
    Link(String),
    Special,
}

/// The folder of a place, by the paths below it, with what the model is told.
#[derive(Debug)]
struct Tree {
    nodes: BTreeMap<String, Node>,
    /// What is Toolkeep's own.
    own: Option<String>,
    /// What the call may not see.
    hidden: Option<String>,
}

/// A tree, and some paths in it.
pub fn path(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let folder = Folder::new();
    let data = folder.join("data");
    fs::create_dir(&data).expect("a folder can be made");
    fs::write(folder.join("outside"), "secret").expect("a file can be written");
    let tree = grow(&mut input, &data);
    let own = tree
        .own
        .iter()
        .map(|own| data.join(own))
        .collect::<Vec<_>>();
    let own = Protected::new(own.iter().map(|path| path.as_path())).expect("they can be looked at");
    let name = Name::new("data").expect("it is a name");
    let place = Place::open(&name, &data, Arc::new(own)).expect("the folder can be opened");
    for _ in 0..6 {
        let base = base(&mut input, &tree);
        let asked = asked(&mut input);
        let follow = input.once_in(2);
        let sees = |path: &str| Some(path) != tree.hidden.as_deref();
        let shown = || format!("`{asked}` below `{base}`, follow: {follow}, in {tree:?}");
        let told = match place.locate(&base, &asked, follow, &sees) {
            Ok(located) => {
                stays_inside(&data, located.path(), located.found(), &shown());
                format!("{:?} {}", located.found(), located.path())
            }
            Err(Unresolved::Unreachable { why, .. }) => format!("{why:?}"),
            Err(Unresolved::Malformed(_)) => "malformed".to_owned(),
        };
        assert_eq!(told, tree.resolve(&base, &asked, follow), "{}", shown());
    }
}

/// A resolved path goes through real folders only, and the system finds the same at its end.
fn stays_inside(data: &Path, path: &str, found: Found, shown: &str) {
    let plain = |part: &str| !matches!(part, "" | "." | "..");
    assert!(path.is_empty() || path.split('/').all(plain), "{shown}");
    if found == Found::Nothing {
        return;
    }
    let kind = |path: &Path| fs::symlink_metadata(path).expect("it is there").file_type();
    let full = data.join(path);
    for above in full.ancestors().skip(1) {
        assert!(!above.starts_with(data) || kind(above).is_dir(), "{shown}");
    }
    let kind = kind(&full);
    let there = match () {
        () if kind.is_dir() => Found::Folder,
        () if kind.is_file() => Found::File,
        () if kind.is_symlink() => Found::Link,
        () => Found::Special,
    };
    assert_eq!(found, there, "{shown}");
}

const NAMES: &[&str] = &["a", "b", "c", "d", "é"];

/// Makes a tree of up to a dozen things in the folder `data`.
fn grow(input: &mut Input<'_>, data: &Path) -> Tree {
    let mut tree = Tree {
        nodes: BTreeMap::new(),
        own: None,
        hidden: None,
    };
    let mut folders = vec![String::new()];
    for _ in 0..input.below(14) {
        let path = join(&folders[input.below(folders.len())], input.word(NAMES));
        if tree.nodes.contains_key(&path) {
            continue;
        }
        let full = data.join(&path);
        let (node, made) = match input.below(8) {
            0..3 => (Node::Folder, fs::create_dir(full)),
            3 => (Node::File, fs::write(full, "x")),
            4 => (
                Node::Special,
                mkfifoat(CWD, full, Mode::RUSR).map_err(Into::into),
            ),
            _ => {
                let target = target(input);
                (Node::Link(target.clone()), symlink(target, full))
            }
        };
        // Not everything that can be asked for can be a link's target.
        if made.is_err() {
            continue;
        }
        if node == Node::Folder {
            folders.push(path.clone());
        }
        tree.nodes.insert(path, node);
    }
    let real: Vec<String> = (tree.nodes.iter())
        .filter(|(_, node)| matches!(node, Node::Folder | Node::File))
        .map(|(path, _)| path.clone())
        .collect();
    if !real.is_empty() && input.once_in(3) {
        tree.own = Some(real[input.below(real.len())].clone());
    }
    let all: Vec<&String> = tree.nodes.keys().collect();
    if !all.is_empty() && input.once_in(3) {
        tree.hidden = Some(all[input.below(all.len())].clone());
    }
    tree
}

fn target(input: &mut Input<'_>) -> String {
    match input.below(12) {
        0 => "/".to_owned(),
        1 => "../outside".to_owned(),
        2 => "/proc/self/root".to_owned(),
        // A link cannot be empty.
        _ => match asked(input).replace('\0', "") {
            target if target.is_empty() => ".".to_owned(),
            target => target,
        },
    }
}

/// A path as somebody would write it who wants out.
fn asked(input: &mut Input<'_>) -> String {
    let mut path = String::new();
    for _ in 0..input.below(6) {
        match input.below(12) {
            0 | 1 => path.push_str(".."),
            2 => path.push('.'),
            3 => path.push('e'),
            4 => path.push_str(&input.text(4)),
            5 => path.push_str("outside"),
            _ => path.push_str(input.word(NAMES)),
        }
        path.push_str(input.word(&["/", "/", "/", "//", ""]));
    }
    match input.below(20) {
        0 => format!("/{path}"),
        1 => path.repeat(600),
        2 => "n".repeat(300) + &path,
        _ => path,
    }
}

/// A folder that a guest has open: what was resolved once.
fn base(input: &mut Input<'_>, tree: &Tree) -> String {
    let own = |path: &&String| tree.own.as_ref().is_some_and(|own| within(path, own));
    let folders = tree
        .nodes
        .iter()
        .filter(|(_, node)| **node == Node::Folder)
        .map(|(path, _)| path);
    let folders: Vec<&String> = folders.filter(|path| !own(path)).collect();
    if folders.is_empty() || input.once_in(2) {
        return String::new();
    }
    folders[input.below(folders.len())].clone()
}

impl Tree {
    /// What the documentation says that a path means, step by step, in the words in which it is compared.
    fn resolve(&self, base: &str, asked: &str, follow: bool) -> String {
        if asked.is_empty() || asked.len() > 4096 || asked.contains('\0') {
            return "malformed".to_owned();
        }
        let outside = || format!("{:?}", Unreachable::Outside);
        let mut parts = match by_text(&[], asked) {
            Some(parts) => parts,
            None => return outside(),
        };
        let mut only_folder = wants_folder(asked);
        for _links in 0..40 {
            let last = parts.len().saturating_sub(1);
            // The first part that is no folder decides; it is a link, or all ends there.
            let stop = (0..=parts.len()).find(|end| {
                let path = join(base, &parts[..*end].join("/"));
                self.at(&path) != Some(&Node::Folder)
            });
            let Some(stop) = stop else {
                return self.tell("Folder", &join(base, &parts.join("/")));
            };
            let all = join(base, &parts.join("/"));
            // Links can make a path longer than the system takes; then it is judged as it stands, and fails.
            if parts[..last].join("/").len() >= 4096 {
                return self.tell("Nothing", &all);
            }
            let path = join(base, &parts[..stop].join("/"));
            let is_last = stop == last + 1;
            match self.at(&path) {
                Some(Node::Link(target)) => {
                    let hidden = Some(&path) == self.hidden.as_ref();
                    let stays = is_last && !(follow || only_folder);
                    if hidden && !is_last {
                        return self.tell("Nothing", &all);
                    }
                    if hidden || stays {
                        return self.tell("Link", &all);
                    }
                    let Some(to) = by_text(&parts[..stop - 1], target) else {
                        return outside();
                    };
                    only_folder |= is_last && wants_folder(target);
                    let rest = parts.split_off(stop);
                    parts = to;
                    parts.extend(rest);
                }
                Some(Node::File) if is_last => return self.tell("File", &all),
                Some(Node::Special) if is_last => {
                    let hidden = Some(&path) == self.hidden.as_ref();
                    return match self.tell("Special", &all) {
                        told if hidden || told == "Protected" => told,
                        _ => format!("{:?}", Unreachable::SpecialFile),
                    };
                }
                _ => return self.tell("Nothing", &all),
            }
        }
        format!("{:?}", Unreachable::Loop)
    }

    fn at(&self, path: &str) -> Option<&Node> {
        if path.is_empty() {
            Some(&Node::Folder)
        } else {
            self.nodes.get(path)
        }
    }

    /// What is found, unless it is Toolkeep's own or lies in that.
    fn tell(&self, found: &str, path: &str) -> String {
        match &self.own {
            Some(own) if within(path, own) => format!("{:?}", Unreachable::Protected),
            _ => format!("{found} {path}"),
        }
    }
}

/// The parts of `path`, read from where `from` is; none where it leads above the start.
fn by_text(from: &[String], path: &str) -> Option<Vec<String>> {
    if path.starts_with('/') {
        return None;
    }
    let mut parts = from.to_vec();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part.to_owned()),
        }
    }
    Some(parts)
}

/// Whether only a folder will do.
fn wants_folder(path: &str) -> bool {
    ["/", "/.", "/.."].iter().any(|end| path.ends_with(end)) || matches!(path, "" | "." | "..")
}

fn within(path: &str, folder: &str) -> bool {
    path == folder
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
}

fn join(folder: &str, path: &str) -> String {
    match (folder, path) {
        ("", path) => path.to_owned(),
        (folder, "") => folder.to_owned(),
        (folder, path) => format!("{folder}/{path}"),
    }
}
