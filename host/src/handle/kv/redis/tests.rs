//! A real server, through the real gate.

use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::*;
use crate::base::id::Name;
use crate::handle::kv::tests::{ALL, REFUSED, ROOM, call_to, refusals};
use crate::handle::kv::{Bucket, KvFailure, Swapped};
use crate::handle::secrets::{SecretSource, VaultError};
use crate::store::audit::testing::Folder;

const PASSWORD: &str = "correct horse";

/// A server with a password, which ends with the test.
struct Server {
    child: Child,
    port: u16,
    folder: Folder,
}

impl Server {
    fn start() -> Self {
        let folder = Folder::new();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        Self {
            child: run(port),
            port,
            folder,
        }
    }

    fn again(&mut self) {
        self.stop();
        self.child = run(self.port);
    }

    fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/2", self.port)
    }

    fn backend(&self, password: Option<&str>) -> Arc<dyn Backend> {
        let server = RedisServer::parse(&self.url()).unwrap();
        let vault = Vault::new().with(One);
        let name = password.map(|name| Name::new(name).unwrap());
        Arc::new(RedisKv::new(server, name, None, Arc::new(vault)))
    }

    fn bucket(&self, namespace: &str, prefix: &str, room: Room) -> Arc<Bucket> {
        Arc::new(Bucket {
            need: Name::new("graph").unwrap(),
            data: Name::new("graph").unwrap(),
            backend: self.backend(Some("cache")),
            is_outside: true,
            namespace: namespace.to_owned(),
            prefix: prefix.to_owned(),
            room,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn run(port: u16) -> Child {
    let child = Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
        .args([
            "--save",
            "",
            "--appendonly",
            "no",
            "--requirepass",
            PASSWORD,
        ])
        .stdout(Stdio::null())
        .spawn()
        .expect(
            "these tests run `redis-server`: install it (Debian: apt-get install redis-server)",
        );
    let began = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(began.elapsed() < PATIENCE, "redis-server does not start");
        std::thread::sleep(Duration::from_millis(10));
    }
    child
}

/// A vault with one secret in it.
struct One;

impl SecretSource for One {
    fn what(&self) -> &'static str {
        "the test"
    }
    fn get(&self, name: &Name) -> Result<Option<crate::handle::secrets::Secret>, VaultError> {
        let secret = || crate::handle::secrets::Secret::new(PASSWORD.to_owned()).unwrap();
        Ok((name.as_str() == "cache").then(secret))
    }
    fn names(&self) -> Result<std::collections::BTreeSet<Name>, VaultError> {
        Ok(std::collections::BTreeSet::new())
    }
    fn set(&self, _: &Name, _: &crate::handle::secrets::Secret) -> Result<(), VaultError> {
        Err(VaultError::ReadOnly("the test"))
    }
    fn remove(&self, _: &Name) -> Result<bool, VaultError> {
        Err(VaultError::ReadOnly("the test"))
    }
}

#[tokio::test]
async fn values_are_kept_on_a_server() {
    let server = Server::start();
    let call = call_to(&server.folder, &server.url(), ALL).await;
    let keys = server.bucket("plugin memory graph", "ada/", ROOM);
    assert_eq!(keys.get(&call, "a").await.unwrap(), None);
    keys.set(&call, "a", b"one".to_vec()).await.unwrap();
    keys.set(&call, "a", vec![0, 255, 13, 10]).await.unwrap();
    assert_eq!(
        keys.get(&call, "a").await.unwrap(),
        Some(vec![0, 255, 13, 10])
    );
    keys.set(&call, "a/ä", Vec::new()).await.unwrap();
    keys.set(&call, "b", Vec::new()).await.unwrap();
    let page = keys.list(&call, None).await.unwrap();
    assert_eq!(page.keys, ["a", "a/ä", "b"]);
    let rest = keys.list(&call, Some("a".to_owned())).await.unwrap();
    assert_eq!(rest.keys, ["a/ä", "b"]);

    // Another namespace, and another prefix, is another place.
    for (namespace, prefix) in [
        ("plugin other graph", "ada/"),
        ("plugin memory graph", "eve/"),
    ] {
        let other = server.bucket(namespace, prefix, ROOM);
        assert_eq!(other.get(&call, "a").await.unwrap(), None);
        assert!(other.list(&call, None).await.unwrap().keys.is_empty());
    }

    assert_eq!(keys.increment(&call, "n", 5).await.unwrap(), 5);
    assert_eq!(keys.increment(&call, "n", -7).await.unwrap(), -2);
    let old = keys.cas(&call, "n").await.unwrap();
    keys.set(&call, "n", b"8".to_vec()).await.unwrap();
    let Swapped::Changed(now) = keys.swap(&call, old, b"9".to_vec()).await.unwrap() else {
        panic!("what was changed meanwhile was exchanged");
    };
    assert_eq!(now.current(), Some(b"8".as_slice()));
    assert_eq!(
        keys.swap(&call, now, b"9".to_vec()).await.unwrap(),
        Swapped::Done
    );

    keys.delete_all(&call, vec!["a".to_owned(), "nothing".to_owned()])
        .await
        .unwrap();
    assert_eq!(keys.get(&call, "a").await.unwrap(), None);
    assert_eq!(refusals(&call), Vec::<String>::new());
}

#[tokio::test]
async fn there_is_no_more_room_than_that() {
    let server = Server::start();
    let call = call_to(&server.folder, &server.url(), ALL).await;
    let room = Room { keys: 2, bytes: 20 };
    let keys = server.bucket("n", "", room);
    let full = Err(KvFailure::Failed("there is no room for it"));
    keys.set(&call, "a", vec![0; 9]).await.unwrap();
    assert_eq!(keys.set(&call, "b", vec![0; 10]).await, full);
    keys.set(&call, "b", vec![0; 9]).await.unwrap();
    assert_eq!(keys.set(&call, "c", Vec::new()).await, full);
    // All of a batch or nothing.
    let both = vec![("a".to_owned(), vec![1]), ("c".to_owned(), vec![1])];
    assert_eq!(keys.set_all(&call, both).await, full);
    assert_eq!(keys.get(&call, "a").await.unwrap(), Some(vec![0; 9]));
    keys.delete_all(&call, vec!["a".to_owned()]).await.unwrap();
    keys.set(&call, "c", vec![0; 9]).await.unwrap();
}

#[tokio::test]
async fn nothing_is_asked_of_it_before_the_verdict() {
    let server = Server::start();
    // To know whether it would be `create` or `modify`, the server had to be asked: both are needed.
    let some = "allow = [\"get\", \"create\"]\nexcept = [\"hidden\"]";
    let call = call_to(&server.folder, &server.url(), some).await;
    let keys = server.bucket("n", "", ROOM);
    assert_eq!(keys.set(&call, "a", Vec::new()).await, Err(REFUSED));
    assert_eq!(keys.get(&call, "hidden").await, Err(REFUSED));
    assert_eq!(
        refusals(&call),
        ["create, modify graph:a", "get graph:hidden"]
    );
    assert!(server.backend(None).version("n", "a").await.is_err());
}

#[tokio::test]
async fn without_its_password_nothing_is_sent() {
    let server = Server::start();
    let call = call_to(&server.folder, &server.url(), ALL).await;
    for password in [None, Some("other")] {
        let bucket = Bucket {
            backend: server.backend(password),
            ..Arc::into_inner(server.bucket("n", "", ROOM)).unwrap()
        };
        let failure = Arc::new(bucket).get(&call, "a").await;
        assert_eq!(failure, Err(REFUSED));
    }
}

#[tokio::test]
async fn a_server_that_went_away_is_connected_to_again() {
    let mut server = Server::start();
    let call = call_to(&server.folder, &server.url(), ALL).await;
    let keys = server.bucket("n", "", ROOM);
    keys.set(&call, "a", vec![1]).await.unwrap();
    server.stop();
    assert!(keys.set(&call, "a", vec![2]).await.is_err());
    server.again();
    // What was lost is lost: this server keeps nothing on its disk.
    assert_eq!(keys.get(&call, "a").await.unwrap(), None);
    keys.set(&call, "a", vec![3]).await.unwrap();
    assert_eq!(keys.get(&call, "a").await.unwrap(), Some(vec![3]));
}
