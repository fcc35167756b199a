//! Arguments that are wrong.

use serde_json::json;

use super::{Call, add};

pub fn wrong_arguments(calls: &mut Vec<Call>) {
    for (tool, name, arguments) in [
        ("read_text_file", "no path", json!({})),
        ("read_text_file", "a number for a path", json!({"path": 5})),
        (
            "read_text_file",
            "a text for a number",
            json!({"path": "plain.txt", "head": "2"}),
        ),
        (
            "read_text_file",
            "null for a number",
            json!({"path": "plain.txt", "tail": null}),
        ),
        (
            "read_text_file",
            "an unknown argument",
            json!({"path": "plain.txt", "lines": 2}),
        ),
        (
            "read_media_file",
            "a list for a path",
            json!({"path": ["plain.txt"]}),
        ),
        (
            "read_multiple_files",
            "a text for a list",
            json!({"paths": "plain.txt"}),
        ),
        (
            "read_multiple_files",
            "a number in a list",
            json!({"paths": ["plain.txt", 1]}),
        ),
        ("write_file", "no content", json!({"path": "made.txt"})),
        (
            "write_file",
            "a number for content",
            json!({"path": "made.txt", "content": 1}),
        ),
        ("edit_file", "no edits", json!({"path": "plain.txt"})),
        (
            "edit_file",
            "an edit without a text",
            json!({"path": "plain.txt", "edits": [{"oldText": "a"}]}),
        ),
        (
            "edit_file",
            "one edit for a list",
            json!({"path": "plain.txt", "edits": {"oldText": "a", "newText": "b"}}),
        ),
        (
            "edit_file",
            "a text for a yes",
            json!({"path": "plain.txt", "edits": [], "dryRun": "yes"}),
        ),
        (
            "edit_file",
            "an unknown argument in an edit",
            json!({"path": "plain.txt", "edits": [{"oldText": "one", "newText": "1", "all": true}], "dryRun": true}),
        ),
        (
            "list_directory_with_sizes",
            "an unknown order",
            json!({"path": "", "sortBy": "date"}),
        ),
        (
            "directory_tree",
            "a text for patterns",
            json!({"path": "", "excludePatterns": "x"}),
        ),
        (
            "move_file",
            "no destination",
            json!({"source": "plain.txt"}),
        ),
        ("search_files", "no pattern", json!({"path": ""})),
        ("get_file_info", "no path", json!({})),
    ] {
        add(calls, tool, name, arguments);
    }
}
