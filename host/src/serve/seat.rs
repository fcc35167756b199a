//! Which conversation a server process belongs to, where nobody names one.

use std::fs;

use crate::base::id::SessionId;

/// The conversation of the process that started this one: a client that starts a server for each call,
/// or a second one to probe, stays in one conversation, and ends it by ending itself. Told apart from an
/// earlier process of the same number by when it started, and from one before the machine's last start.
///
/// # Errors
/// A sentence, where the system does not say who the parent is.
pub fn of_parent() -> Result<SessionId, String> {
    let unknown = || {
        "cannot tell which process started this one, so calls cannot be told to belong together; \
         name the conversation with --session"
            .to_owned()
    };
    // The parent of a process whose own parent is gone is whoever collects orphans, not a client.
    let parent = rustix::process::getppid().filter(|parent| !parent.is_init());
    let parent = parent.ok_or_else(unknown)?.as_raw_nonzero().get();
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").map_err(|_| unknown())?;
    let stat = fs::read_to_string(format!("/proc/{parent}/stat")).map_err(|_| unknown())?;
    let started = started(&stat).ok_or_else(unknown)?;
    let boot = boot.split('-').next().unwrap_or_default();
    SessionId::new(&format!("process-{boot}-{parent}-{started}")).map_err(|error| error.to_string())
}

/// When a process started, in clock ticks since the machine did: field 22 of its `stat`, see
/// proc_pid_stat(5). The program's name before it may hold anything, brackets too.
fn started(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(") ")?;
    rest.split(' ').nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_is_found_behind_an_odd_name() {
        let fields: Vec<String> = (3..=52).map(|n| n.to_string()).collect();
        let stat = format!("77 (a) b) R) {}", fields.join(" "));
        assert_eq!(started(&stat), Some(22));
        assert_eq!(started("77 (a) R 1"), None);
    }

    #[test]
    fn it_stays_the_same() {
        assert_eq!(of_parent(), of_parent());
        assert!(of_parent().is_ok());
    }
}
