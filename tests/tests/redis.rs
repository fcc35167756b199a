//! The whole program on a real Redis server: the plugin `memory` does not mind what keeps its values.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;
use toolkeep_tests::{Keep, Ran};

const PASSWORD: &str = "correct-horse-4711";

/// A server with an account and TLS, which ends with the test.
struct Server {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Server {
    fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned()];
        let certificate = rcgen::CertificateParams::new(names).unwrap();
        let certificate = certificate.self_signed(&key).unwrap();
        let file = |name: &str, text: String| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let certificate = file("certificate.pem", certificate.pem());
        let key = file("key.pem", key.serialize_pem());
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let account = format!(
            "user default off\nuser keeper on >{PASSWORD} resetkeys ~toolkeep:* +@all -@admin -@dangerous\n"
        );
        let accounts = file("accounts.acl", account);
        let mut command = Command::new("redis-server");
        command
            .args(["--bind", "127.0.0.1", "--port", "0", "--tls-port"])
            .arg(port.to_string())
            .args([
                "--tls-auth-clients",
                "no",
                "--save",
                "",
                "--appendonly",
                "no",
            ])
            .arg("--tls-cert-file")
            .arg(&certificate)
            .arg("--tls-key-file")
            .arg(key)
            .arg("--tls-ca-cert-file")
            .arg(&certificate)
            .arg("--aclfile")
            .arg(accounts)
            .stdout(Stdio::null());
        let child = command.spawn().expect(
            "this test runs `redis-server`: install it (Debian: apt-get install redis-server)",
        );
        let server = Self {
            child,
            port,
            folder,
        };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "redis-server does not start"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        server
    }

    fn keep(&self, host: &str) -> Keep {
        let roots = self.folder.path().join("certificate.pem");
        Keep::new(&format!(
            "[data.memory]\nkv = \"rediss://keeper@{host}:{}\"\npassword = \"cache\"\n\
             roots = {roots:?}\nprefix = \"{{user}}/\"\n\
             [plugins.memory]\npath = {{memory}}\n[plugins.memory.kv.graph]\ndata = \"memory\"\n\
             allow = [\"list\", \"get\", \"create\", \"modify\"]\n",
            self.port
        ))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn call(keep: &Keep, user: &str, password: &str, tool: &str, arguments: &str) -> Ran {
    let mut command = keep.command(&["call", "--as", user, tool, arguments]);
    command.env("TOOLKEEP_SECRET_CACHE", password);
    Ran::of(&mut command, None)
}

#[test]
fn a_plugin_keeps_values_on_a_server_as_the_user_that_calls() {
    let server = Server::start();
    let keep = server.keep("localhost");
    keep.run(&["check"]).expect(0);
    let ada = json!([{"name": "Ada", "entityType": "person", "observations": ["counts"]}]);
    let ada = json!({"entities": ada}).to_string();
    call(&keep, "ada", PASSWORD, "create_entities", &ada).expect(0);
    let graph = call(&keep, "ada", PASSWORD, "read_graph", "{}").expect(0);
    assert!(graph.stdout.contains("counts"), "{graph:?}");
    let others = call(&keep, "bob", PASSWORD, "read_graph", "{}").expect(0);
    assert!(!others.stdout.contains("counts"), "{others:?}");
    let all = json!({"entityNames": ["Ada"]}).to_string();
    call(&keep, "ada", PASSWORD, "delete_entities", &all).expect(3);

    // Without the right password, or where the server does not prove its name, nothing is had.
    let wrong = "not-that-one-0815";
    let unavailable = call(&keep, "ada", wrong, "read_graph", "{}");
    assert_eq!(unavailable.code, 3, "{unavailable:?}");
    let elsewhere = server.keep("127.0.0.1");
    let unproved = call(&elsewhere, "ada", PASSWORD, "read_graph", "{}");
    assert_eq!(unproved.code, 3, "{unproved:?}");
    let record = elsewhere.run(&["audit", "show", "--json"]).expect(0).stdout;
    assert!(record.contains("cannot be talked to with TLS"), "{record}");

    let record = keep.run(&["audit", "show", "--json"]).expect(0).stdout;
    for (what, there) in [
        ("\"cache\"", true),
        ("127.0.0.1", true),
        ("memory:entity/Ada", true),
        ("cannot be logged in to", true),
        (PASSWORD, false),
        (wrong, false),
    ] {
        assert_eq!(record.contains(what), there, "{what}: {record}");
    }
    // What is looked up leaves the host: it is on disk before it does.
    let intents = keep.records(&["--handle", "kv", "--kind", "intent", "--verb", "get"]);
    assert!(!intents.is_empty());
    keep.run(&["audit", "verify"]).expect(0);
}
