//! Half an hour of an agent's work on a project, through `toolkeep serve` and the plugin `files`, with the
//! grant that a person would give for that: nobody has to be asked, but for what makes something go away.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use toolkeep_tests::Keep;
use toolkeep_tests::rpc::{Client, code, said, text};

const CONFIG: &str = "[data.project]\ndir = \"data\"\n[plugins.files]\npath = {files}\n\
    [plugins.files.fs.files]\ndata = \"project\"\nmount = \"/project\"\n\
    allow = [\"list\", \"read\", \"create\", \"modify\"]\nask = [\"delete\"]\n";

/// Modules of the project, functions in each, and how often all of them are gone through.
const MODULES: usize = 40;
const FUNCTIONS: usize = 12;
const ROUNDS: usize = 8;

/// A model that edits, by a client that shows no forms. It counts its calls by tool.
struct Agent {
    client: Client,
    calls: BTreeMap<&'static str, usize>,
    /// The tools that wanted what a person has to approve.
    asked: Vec<&'static str>,
}

impl Agent {
    /// The text that a call gives. Each call has to work.
    fn call(&mut self, tool: &'static str, arguments: Value) -> String {
        let result = self.result(tool, arguments);
        assert_eq!(result["isError"], false, "{tool}: {result:#}");
        assert!(said(&result, "refused").is_null(), "{tool}: {result:#}");
        let text = text(&result);
        assert_eq!(result["structuredContent"]["content"], text);
        text.to_owned()
    }

    /// Calls what a person has to approve first, and nobody does.
    fn call_in_vain(&mut self, tool: &'static str, arguments: Value) {
        let result = self.result(tool, arguments);
        assert_eq!(code(&result), "approval-required", "{result:#}");
        self.asked.push(tool);
    }

    fn result(&mut self, tool: &'static str, arguments: Value) -> Value {
        *self.calls.entry(tool).or_default() += 1;
        self.client.call(tool, arguments)
    }

    /// Makes the project.
    fn begin(&mut self) {
        self.call("list_allowed_directories", json!({}));
        for folder in ["src/modules", "tests", "docs/design"] {
            self.call("create_directory", json!({"path": folder}));
        }
        for module in 0..MODULES {
            let body = |n| format!("pub fn f{n}(x: u64) -> u64 {{\n    x + {n}\n}}\n\n");
            let text: String = (0..FUNCTIONS).map(body).collect();
            let path = format!("src/modules/m{module}.rs");
            self.call("write_file", json!({"path": path, "content": text}));
        }
    }

    /// One piece of work on one module: look around, read, edit, look at it, and write down what was done.
    fn work(&mut self, round: usize, module: usize) {
        let path = format!("/project/src/modules/m{module}.rs");
        let names = format!("**/m{module}*.rs");
        let found = self.call(
            "search_files",
            json!({"path": "/project", "pattern": names}),
        );
        assert!(found.contains(&path));
        self.call("get_file_info", json!({"path": path}));
        let head = json!({"path": path, "head": 20});
        assert!(self.call("read_text_file", head).contains("pub fn"));
        let text = self.call("read_text_file", json!({"path": path}));

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
        let shown = self.call("edit_file", dry);
        assert!(shown.contains(&format!("+/// Round {round}.")));
        let edit = json!({"path": path, "edits": edits});
        assert_eq!(self.call("edit_file", edit), shown);
        let pair = json!({"paths": [path, "src/modules/m0.rs"]});
        assert!(self.call("read_multiple_files", pair).contains("/// Round"));

        let test = json!({
            "path": format!("tests/m{module}.rs"),
            "content": format!("// Round {round}\n#[test]\nfn works() {{}}\n"),
        });
        self.call("write_file", test);
        let notes = format!("docs/design/round-{round}");
        self.call("create_directory", json!({"path": notes}));
        let note = json!({"path": format!("{notes}/m{module}.md"), "content": "# Done\n"});
        self.call("write_file", note);
        self.call("list_directory", json!({"path": notes}));
    }

    /// Looks at the whole, and wants to move what is done out of the way.
    fn finish(&mut self, round: usize) {
        let tree = json!({"path": "/project", "excludePatterns": ["tests"]});
        assert!(self.call("directory_tree", tree).contains("m0.rs"));
        let sizes = json!({"path": "src/modules", "sortBy": "size"});
        self.call("list_directory_with_sizes", sizes);
        let moved = json!({
            "source": format!("docs/design/round-{round}/m0.md"),
            "destination": format!("docs/round-{round}.md"),
        });
        self.call_in_vain("move_file", moved);
    }
}

#[test]
fn nobody_is_asked_while_an_agent_edits() {
    let keep = Keep::new(CONFIG);
    let mut agent = Agent {
        client: Client::old(&keep, json!({})),
        calls: BTreeMap::new(),
        asked: Vec::new(),
    };
    agent.begin();
    for round in 0..ROUNDS {
        for module in 0..MODULES {
            agent.work(round, module);
        }
        agent.finish(round);
    }
    agent.client.leave();

    let Agent { calls, asked, .. } = agent;
    let total: usize = calls.values().sum();
    println!("{total} calls, {} asks", asked.len());
    for (tool, calls) in &calls {
        let asks = asked.iter().filter(|asking| *asking == tool).count();
        println!("  {tool}: {calls} calls, {asks} asks");
    }
    assert!(total >= 3000);
    // Each move makes one old name go away, and that is all that was asked; all questions wait.
    let listed = keep
        .run(&["approvals", "list", "--all", "--json"])
        .expect(0);
    let waiting: Vec<Value> = listed
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!((asked.len(), waiting.len()), (ROUNDS, ROUNDS));
    for question in &waiting {
        assert_eq!(question["state"], "pending");
        assert_eq!(question["question"]["tool"], "move_file");
        assert_eq!(question["question"]["access"]["verbs"], json!(["delete"]));
    }
    assert!(keep.get("data/src/modules/m7.rs").contains("/// Round 7."));
    assert!(keep.has("data/docs/design/round-7/m0.md") && !keep.has("data/docs/round-7.md"));
}
