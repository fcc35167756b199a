//! What the program sets up for itself, so that no guest can use the system's defaults against it.

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

/// To be called once, in a runtime, before anything is served.
pub fn prepare() {
    // A file that a guest writes may reach the size that the system allows the program: that is an error of
    // this write, and must not be the end of the program. Listening once is enough.
    drop(signal(SignalKind::from_raw(Signal::XFSZ.as_raw())));
    // As many descriptors as the system lets us have: calls that each keep within their own limit must not
    // together leave nothing for the others. Where it gives no more, we make do.
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limit.maximum,
        ..limit
    };
    let _ = setrlimit(Resource::Nofile, most);
}
