//! `many-records STATE COUNT`: a log of so many records, to look at how Toolkeep does with it.

use std::path::PathBuf;

use toolkeep::store::audit::Options;
use toolkeep_tests::many::records;

fn main() {
    let mut args = std::env::args_os().skip(1);
    let state = args.next().map(PathBuf::from);
    let count = args.next().and_then(|count| count.to_str()?.parse().ok());
    match (state, count) {
        (Some(state), Some(count)) => records(&state, Options::default(), count),
        _ => std::process::exit(2),
    }
}
