//! What goes on after its call was cancelled, well or badly.

use toolkeep_sdk::{Failure, cancelled, report, tool};

/// Waits until it is cancelled, and ends by itself.
#[tool(read_only)]
pub fn tidy_up() -> &'static str {
    while !cancelled() {
        report::progress(0, None, Some("listening"));
    }
    report::info("tidied up");
    "ended by itself"
}

/// Waits until it is cancelled, then goes on for ever: it writes through the file that it opened before,
/// and tries to touch others.
#[tool]
pub fn write_on(
    /// The folder.
    folder: String,
) -> Result<(), Failure> {
    use std::io::Write as _;

    let path = |name: &str| format!("{folder}/{name}");
    let mut open = std::fs::File::create(path("open.txt"))?;
    open.write_all(b"before")?;
    while !cancelled() {
        report::progress(0, None, Some("listening"));
    }
    let tries = [
        ("write on", open.write_all(b"after")),
        ("create", std::fs::write(path("new.txt"), b"after")),
        ("modify", std::fs::write(path("old.txt"), b"after")),
        ("read", std::fs::read(path("old.txt")).map(drop)),
        ("delete", std::fs::remove_file(path("old.txt"))),
    ];
    for (what, done) in tries {
        // WASI has no word for why writing to an open file failed: std calls that uncategorized.
        report::info(format!("{what}: {:?}", done.map_err(|error| error.kind())));
    }
    loop {
        drop(std::fs::write(path("new.txt"), b"after"));
    }
}
