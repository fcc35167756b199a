//! Half an hour of an agent's work on a project, through the plugin `files`, with the grant that a person
//! would give for that: nobody may be asked, but for what makes something go away.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use toolkeep::api::host::Host;
use toolkeep::api::session::Session;
use toolkeep::gate::approver::{Answer, Approver, Question};
use toolkeep::rules::verb::{Verb, Verbs};
use toolkeep_tests::Keep;

const CONFIG: &str = "[data.project]\ndir = \"data\"\n[plugins.files]\npath = {files}\n\
    [plugins.files.fs.files]\ndata = \"project\"\nmount = \"/project\"\n\
    allow = [\"list\", \"read\", \"create\", \"modify\"]\nask = [\"delete\"]\n";

/// Modules of the project, functions in each, and how often all of them are gone through.
const MODULES: usize = 40;
const FUNCTIONS: usize = 12;
const ROUNDS: usize = 8;

/// What was asked of a person: the tool, and what it wanted to do.
type Asked = Arc<Mutex<Vec<(String, Verbs)>>>;

/// Says yes to everything, and counts.
struct Person(Asked);

#[async_trait::async_trait]
impl Approver for Person {
    async fn ask(&self, question: &Question) -> Answer {
        let asked = (question.tool.to_string(), question.access.verbs);
        self.0.lock().unwrap().push(asked);
        Answer::Approve
    }
}

/// A model that edits. It counts its calls by tool.
struct Agent {
    session: Session,
    calls: BTreeMap<&'static str, usize>,
}

impl Agent {
    /// The text that a call gives. Each call has to work.
    async fn call(&mut self, tool: &'static str, arguments: Value) -> String {
        *self.calls.entry(tool).or_default() += 1;
        let reply = self.session.call(tool, arguments.clone()).await;
        let reply = reply.unwrap_or_else(|error| panic!("{tool} {arguments}: {error:?}"));
        assert!(reply.refusals.is_empty(), "{tool} {arguments}");
        let output = serde_json::to_value(reply.output).unwrap();
        output["structuredContent"]["content"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Makes the project.
    async fn begin(&mut self) {
        self.call("list_allowed_directories", json!({})).await;
        for folder in ["src/modules", "tests", "docs/design"] {
            self.call("create_directory", json!({"path": folder})).await;
        }
        for module in 0..MODULES {
            let body = |n| format!("pub fn f{n}(x: u64) -> u64 {{\n    x + {n}\n}}\n\n");
            let text: String = (0..FUNCTIONS).map(body).collect();
            let path = format!("src/modules/m{module}.rs");
            self.call("write_file", json!({"path": path, "content": text}))
                .await;
        }
    }

    /// One piece of work on one module: look around, read, edit, look at it, and write down what was done.
    async fn work(&mut self, round: usize, module: usize) {
        let path = format!("/project/src/modules/m{module}.rs");
        let names = format!("**/m{module}*.rs");
        let found = self
            .call(
                "search_files",
                json!({"path": "/project", "pattern": names}),
            )
            .await;
        assert!(found.contains(&path));
        self.call("get_file_info", json!({"path": path})).await;
        let head = json!({"path": path, "head": 20});
        assert!(self.call("read_text_file", head).await.contains("pub fn"));
        let text = self.call("read_text_file", json!({"path": path})).await;

        let function = round % FUNCTIONS;
        let old = format!("pub fn f{function}(x: u64) -> u64 {{\n    x + ");
        assert!(text.contains(&old));
        let new = format!("/// Round {round}.\n{old}{module} + ");
        let edits = json!([
            {"oldText": old, "newText": new},
            // With other white space than the file has.
            {"oldText": format!("pub fn f{}(x: u64) -> u64 {{\nx + {0}\n}}", FUNCTIONS - 1),
             "newText": format!("pub fn f{}(x: u64) -> u64 {{\nx + {0}\n}}", FUNCTIONS - 1)},
        ]);
        let dry = json!({"path": path, "edits": edits, "dryRun": true});
        let shown = self.call("edit_file", dry).await;
        assert!(shown.contains(&format!("+/// Round {round}.")));
        let edit = json!({"path": path, "edits": edits});
        assert_eq!(self.call("edit_file", edit).await, shown);
        let pair = json!({"paths": [path, "src/modules/m0.rs"]});
        assert!(
            self.call("read_multiple_files", pair)
                .await
                .contains("/// Round")
        );

        let test = json!({
            "path": format!("tests/m{module}.rs"),
            "content": format!("// Round {round}\n#[test]\nfn works() {{}}\n"),
        });
        self.call("write_file", test).await;
        let notes = format!("docs/design/round-{round}");
        self.call("create_directory", json!({"path": notes})).await;
        let note = json!({"path": format!("{notes}/m{module}.md"), "content": "# Done\n"});
        self.call("write_file", note).await;
        self.call("list_directory", json!({"path": notes})).await;
    }

    /// Looks at the whole, and moves what is done out of the way.
    async fn finish(&mut self, round: usize) {
        let tree = json!({"path": "/project", "excludePatterns": ["tests"]});
        assert!(self.call("directory_tree", tree).await.contains("m0.rs"));
        let sizes = json!({"path": "src/modules", "sortBy": "size"});
        self.call("list_directory_with_sizes", sizes).await;
        let moved = json!({
            "source": format!("docs/design/round-{round}/m0.md"),
            "destination": format!("docs/round-{round}.md"),
        });
        self.call("move_file", moved).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_while_an_agent_edits() {
    let keep = Keep::new(CONFIG);
    let asked = Asked::default();
    let host = Host::builder(keep.path("toolkeep.toml"))
        .state(keep.state())
        .approver(Person(Arc::clone(&asked)))
        .build()
        .unwrap();
    let mut agent = Agent {
        session: keep.session(&host, "s"),
        calls: BTreeMap::new(),
    };
    agent.begin().await;
    for round in 0..ROUNDS {
        for module in 0..MODULES {
            agent.work(round, module).await;
        }
        agent.finish(round).await;
    }

    let asked = asked.lock().unwrap();
    let total: usize = agent.calls.values().sum();
    println!("{total} calls, {} asks", asked.len());
    for (tool, calls) in &agent.calls {
        let asks = asked.iter().filter(|(asking, _)| asking == tool).count();
        println!("  {tool}: {calls} calls, {asks} asks");
    }
    assert!(total >= 3000);
    // Each move made one old name go away, and that is all that was asked.
    let delete = Verbs::one(Verb::Delete);
    let expected = vec![("move_file".to_owned(), delete); ROUNDS];
    assert_eq!(*asked, expected);
    assert!(keep.get("data/src/modules/m7.rs").contains("/// Round 7."));
    assert!(keep.has("data/docs/round-7.md"));
}
