//! A real PostgreSQL server, on loopback, for as long as these tests run.

use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio_postgres::{Client, NoTls};

/// The superuser, and the password of all roles.
pub(super) const KEEPER: &str = "keeper";
pub(super) const PASSWORD: &str = "open-sesame-4711";

pub(super) struct Server {
    pub(super) port: u16,
    /// The authority that vouches for it.
    pub(super) roots: PathBuf,
    /// While its input is open, the server runs.
    _child: Child,
}

/// Started once. When this process ends, however it does, the server is stopped and its files go.
pub(super) fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| start(&programs()))
}

/// Where `initdb` and `postgres` are.
fn programs() -> PathBuf {
    let mut places: Vec<PathBuf> = std::env::var_os("PATH")
        .map(|path| std::env::split_paths(&path).collect())
        .unwrap_or_default();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        places.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    let good = |place: &PathBuf| {
        ["initdb", "postgres"]
            .iter()
            .all(|p| place.join(p).is_file())
    };
    places.into_iter().find(good).expect(
        "these tests need a real PostgreSQL server: install it (on Debian: `apt-get install postgresql`)",
    )
}

/// The server does not run as root: then somebody else has to.
fn somebody() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let known = users.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let (name, ids) = (fields.next()?, &mut fields.skip(1));
        let user = ids.next()?.parse::<u32>().ok().filter(|user| *user != 0)?;
        Some((name, (user, ids.next()?.parse().ok()?)))
    });
    let known: Vec<(&str, (u32, u32))> = known.collect();
    let find = |name: &str| known.iter().find(|(known, _)| *known == name);
    let found = find("postgres")
        .or_else(|| find("nobody"))
        .or(known.first());
    let found =
        found.expect("PostgreSQL does not run as root, and there is no other user to run it as");
    Some(found.1)
}

fn start(programs: &Path) -> Server {
    let somebody = somebody();
    let name = format!("toolkeep-postgres-{}", std::process::id());
    let folder = std::env::temp_dir().canonicalize().unwrap().join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
    let own = |path: &Path| {
        if let Some((user, group)) = somebody {
            chown(path, Some(user), Some(group)).unwrap();
        }
    };
    own(&folder);
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        own(&path);
        path
    };
    let password = write("password", PASSWORD);
    let (authority, certificate, key) = certificates();
    let certificate = write("server.crt", &certificate);
    let key = write("server.key", &key);
    let roots = folder.join("roots.pem");
    std::fs::write(&roots, authority).unwrap();
    let data = folder.join("data");
    let command = |program: &Path| {
        let mut command = Command::new(program);
        command.current_dir(&folder).stdin(Stdio::null());
        if let Some((user, group)) = somebody {
            command.uid(user).gid(group);
        }
        command
    };
    let made = command(&programs.join("initdb"))
        .arg("-D")
        .arg(&data)
        .args([
            "-U",
            KEEPER,
            "-A",
            "scram-sha-256",
            "-E",
            "UTF8",
            "--locale=C",
            "-N",
        ])
        .arg(format!("--pwfile={}", password.display()))
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    // The shell waits for the end of its input, which comes when this process is gone.
    let script = "\"$1\" -D \"$2\" -p \"$3\" -c listen_addresses=127.0.0.1 \
                  -c unix_socket_directories= -c fsync=off -c ssl=on -c ssl_cert_file=\"$4\" \
                  -c ssl_key_file=\"$5\" -c max_connections=200 >\"$6/log\" 2>&1 & \
                  server=$!; read -r _; kill -INT $server; wait $server; rm -rf \"$6\"";
    let mut shell = command(Path::new("/bin/sh"));
    shell
        .args(["-c", script, "sh"])
        .arg(programs.join("postgres"))
        .arg(&data);
    shell
        .arg(port.to_string())
        .arg(&certificate)
        .arg(&key)
        .arg(&folder);
    let mut child = shell.stdin(Stdio::piped()).spawn().unwrap();
    let end = Instant::now() + Duration::from_secs(60);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert!(Instant::now() < end, "PostgreSQL does not start: {log}");
        std::thread::sleep(Duration::from_millis(50));
    }
    child.stdin.as_mut().unwrap().flush().unwrap();
    Server {
        port,
        roots,
        _child: child,
    }
}

/// An authority, and a certificate by it for `localhost`, with its key.
fn certificates() -> (String, String, String) {
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let own = own.signed_by(&key, &issuer).unwrap();
    (pem, own.pem(), key.serialize_pem())
}

impl Server {
    /// What a person with all rights does in `database`.
    pub(super) async fn admin(&self, database: &str) -> Client {
        let mut config = tokio_postgres::Config::new();
        config.host("127.0.0.1").port(self.port).user(KEEPER);
        config.password(PASSWORD).dbname(database);
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            match config.connect(NoTls).await {
                Ok((client, connection)) => {
                    tokio::spawn(connection);
                    return client;
                }
                // It listens a little before it answers.
                Err(error) => assert!(Instant::now() < end, "{error:?}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
