//! Compiled code on disk. Loading compiled code is as good as running it natively, so nothing is
//! loaded that this keep did not compile itself: each file carries a MAC under a key that only this
//! keep has, over the component's digest, the engine's settings and the code.

use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::base::digest::Digest;
use crate::store::key::{self, MAC_BYTES, is_mac, mac};

/// Compiled code on disk. A cache that cannot be used is not an error: the plugin is compiled anew.
pub(super) struct Cache {
    folder: PathBuf,
    key: [u8; key::BYTES],
}

impl Cache {
    /// The cache in `folder`, with the key in `key_file`, both made where they are missing.
    pub(super) fn open(folder: &Path, key_file: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            key: key::load(key_file)?,
        })
    }

    /// The code compiled from the component of digest `component` by an engine that is compatible
    /// with `engine`, if it is there and authentic.
    pub(super) fn load(&self, component: &Digest, engine: &Digest) -> Option<Vec<u8>> {
        let mut file = fs::read(self.path(component, engine)).ok()?;
        if file.len() < MAC_BYTES {
            return None;
        }
        let code = file.split_off(MAC_BYTES);
        let parts = [component.as_bytes(), engine.as_bytes(), code.as_slice()];
        is_mac(&self.key, &parts, &file).then_some(code)
    }

    /// Keeps compiled code. Others may read the file meanwhile: they see all of it or nothing.
    pub(super) fn store(&self, component: &Digest, engine: &Digest, code: &[u8]) -> io::Result<()> {
        let parts = [component.as_bytes(), engine.as_bytes(), code];
        let mac = mac(&self.key, &parts);
        let path = self.path(component, engine);
        let partial = self
            .folder
            .join(format!("{}.{}.partial", component.hex(), random_suffix()?));
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&partial)?;
        file.write_all(&mac)?;
        file.write_all(code)?;
        drop(file);
        fs::rename(&partial, &path)
    }

    fn path(&self, component: &Digest, engine: &Digest) -> PathBuf {
        let engine: String = engine.hex().chars().take(16).collect();
        self.folder
            .join(format!("{}-{engine}.cwasm", component.hex()))
    }
}

fn random_suffix() -> io::Result<String> {
    let mut bytes = [0u8; 8];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(crate::base::digest::hex(&bytes))
}

/// A digest of an engine's settings and version, from the hash that wasmtime gives of them.
pub(super) fn engine_digest(engine: &wasmtime::Engine) -> Digest {
    struct Collect(Vec<u8>);
    impl Hasher for Collect {
        fn write(&mut self, bytes: &[u8]) {
            self.0.extend_from_slice(bytes);
        }
        fn finish(&self) -> u64 {
            0
        }
    }
    let mut all = Collect(Vec::new());
    engine.precompile_compatibility_hash().hash(&mut all);
    Digest::of(&all.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let path =
            std::env::temp_dir().join(format!("toolkeep-cache-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        path
    }

    #[test]
    fn gives_back_only_what_it_wrote_itself() {
        let folder = folder("tamper");
        let (component, engine) = (Digest::of(b"component"), Digest::of(b"engine"));
        let cache = Cache::open(&folder, &folder.join("cache.key")).unwrap();
        assert_eq!(cache.load(&component, &engine), None);
        cache.store(&component, &engine, b"code").unwrap();
        assert_eq!(
            cache.load(&component, &engine).as_deref(),
            Some(&b"code"[..])
        );
        assert_eq!(cache.load(&component, &Digest::of(b"another engine")), None);

        let path = cache.path(&component, &engine);
        let good = fs::read(&path).unwrap();
        for bad in [
            &good[..good.len() - 1],
            &good[..10],
            b"",
            &[&good[..], b"x"].concat(),
        ] {
            fs::write(&path, bad).unwrap();
            assert_eq!(cache.load(&component, &engine), None);
        }
        // Another component's code under this one's name.
        cache.store(&Digest::of(b"evil"), &engine, b"evil").unwrap();
        fs::rename(cache.path(&Digest::of(b"evil"), &engine), &path).unwrap();
        assert_eq!(cache.load(&component, &engine), None);
        // Another keep's key.
        fs::write(&path, &good).unwrap();
        let other = Cache::open(&folder, &folder.join("other.key")).unwrap();
        assert_eq!(other.load(&component, &engine), None);
        assert_eq!(
            cache.load(&component, &engine).as_deref(),
            Some(&b"code"[..])
        );
        fs::remove_dir_all(&folder).unwrap();
    }
}
