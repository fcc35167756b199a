//! What one call may use up: `[limits]`, and `[plugins.NAME.limits]` on top of it.

use serde::{Deserialize, Serialize};

use super::super::read::{Reader, Table};
use crate::base::text;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const GIB: u64 = 1024 * MIB;

/// What one call may use up. Each is at least 1; reaching one ends the call or refuses the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// All memories of the call together.
    pub memory_bytes: u64,
    /// Time on a processor.
    pub cpu_ms: u64,
    /// Time on the wall.
    pub wall_ms: u64,
    /// The answer to the model.
    pub output_bytes: u64,
    /// The arguments from the model.
    pub argument_bytes: u64,
    /// Open descriptors and streams at one time.
    pub open_handles: u64,
    /// Accesses that the guest may want: what is judged, and listings.
    pub accesses: u64,
    /// Log lines that are kept.
    pub log_lines: u64,
    /// Log text that is kept.
    pub log_bytes: u64,
    /// Progress updates that are passed on.
    pub progress_updates: u64,
    /// Random bytes that may be asked for at once.
    pub random_bytes: u64,
    /// What is kept of standard output and standard error.
    pub stdout_bytes: u64,
    /// Elements of all tables together.
    pub table_elements: u64,
    /// Core instances of the component.
    pub instances: u64,
    /// To get a connection to a web server.
    pub http_connect_ms: u64,
    /// Until a web server's answer begins.
    pub http_header_ms: u64,
    /// Between two pieces of its body.
    pub http_idle_ms: u64,
    /// Headers, of a request and of an answer.
    pub http_headers: u64,
    /// All headers together, of a request and of an answer.
    pub http_header_bytes: u64,
    /// A request's body.
    pub http_request_bytes: u64,
    /// An answer's body.
    pub http_response_bytes: u64,
    /// Requests that are under way at once.
    pub http_in_flight: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 256 * MIB,
            cpu_ms: 10_000,
            wall_ms: 30_000,
            output_bytes: MIB,
            argument_bytes: MIB,
            open_handles: 256,
            accesses: 100_000,
            log_lines: 1_000,
            log_bytes: 256 * KIB,
            progress_updates: 1_000,
            random_bytes: MIB,
            stdout_bytes: 64 * KIB,
            table_elements: 100_000,
            instances: 64,
            http_connect_ms: 10_000,
            http_header_ms: 60_000,
            http_idle_ms: 60_000,
            http_headers: 256,
            http_header_bytes: 64 * KIB,
            http_request_bytes: 256 * MIB,
            http_response_bytes: 256 * MIB,
            http_in_flight: 16,
        }
    }
}

/// One limit: its key, and where its value stands.
type Limit = (&'static str, fn(&mut Limits) -> &mut u64);

/// All of them. A key that ends in `_bytes` also takes a text with a unit.
const ALL: [Limit; 22] = [
    ("memory_bytes", |limits| &mut limits.memory_bytes),
    ("cpu_ms", |limits| &mut limits.cpu_ms),
    ("wall_ms", |limits| &mut limits.wall_ms),
    ("output_bytes", |limits| &mut limits.output_bytes),
    ("argument_bytes", |limits| &mut limits.argument_bytes),
    ("open_handles", |limits| &mut limits.open_handles),
    ("accesses", |limits| &mut limits.accesses),
    ("log_lines", |limits| &mut limits.log_lines),
    ("log_bytes", |limits| &mut limits.log_bytes),
    ("progress_updates", |limits| &mut limits.progress_updates),
    ("random_bytes", |limits| &mut limits.random_bytes),
    ("stdout_bytes", |limits| &mut limits.stdout_bytes),
    ("table_elements", |limits| &mut limits.table_elements),
    ("instances", |limits| &mut limits.instances),
    ("http_connect_ms", |limits| &mut limits.http_connect_ms),
    ("http_header_ms", |limits| &mut limits.http_header_ms),
    ("http_idle_ms", |limits| &mut limits.http_idle_ms),
    ("http_headers", |limits| &mut limits.http_headers),
    ("http_header_bytes", |limits| &mut limits.http_header_bytes),
    ("http_request_bytes", |limits| {
        &mut limits.http_request_bytes
    }),
    ("http_response_bytes", |limits| {
        &mut limits.http_response_bytes
    }),
    ("http_in_flight", |limits| &mut limits.http_in_flight),
];

/// What cannot be raised beyond: room for it is made ahead.
const MOST: [(&str, u64); 3] = [
    ("http_headers", 10_000),
    ("http_header_bytes", 256 * KIB),
    ("http_in_flight", 1_000),
];

impl Limits {
    /// Whether none of them is higher than in `other`.
    pub(super) fn within(mut self, mut other: Self) -> bool {
        ALL.iter().all(|(_, at)| *at(&mut self) <= *at(&mut other))
    }
}

/// `base` with what the table `limits` inside `table` says.
pub(super) fn read(reader: &mut Reader<'_>, table: &Table<'_>, base: Limits) -> Limits {
    let mut limits = base;
    let Some(table) = reader.table(table, "limits") else {
        return limits;
    };
    reader.only(&table, &ALL.map(|(key, _)| key));
    for (key, slot) in ALL {
        let value = if key.ends_with("_bytes") {
            size(reader, &table, key)
        } else {
            reader.integer(&table, key)
        };
        if let Some((value, at)) = value {
            let most = MOST.iter().find(|(other, _)| *other == key);
            if let Some((_, most)) = most.filter(|(_, most)| value > *most) {
                let message = format!("`{key}` in {} can be {most} at most", table.shown());
                reader.problem(at, message, None);
            }
            *slot(&mut limits) = value;
        }
    }
    limits
}

/// A size under `key`, and where it stands: a number of bytes, or a text such as `64 MiB`.
pub(super) fn size(reader: &mut Reader<'_>, table: &Table<'_>, key: &str) -> Option<(u64, usize)> {
    let word = match reader.text_or_integer(table, key)? {
        Ok(word) => word,
        Err(number) => return Some(number),
    };
    let size = bytes(word.text);
    if let Err(help) = &size {
        let message = format!(
            "`{}` is not a size, in `{key}` in {}",
            text::visible(word.text),
            table.shown()
        );
        reader.problem(word.at, message, Some(help.clone()));
    }
    Some((size.ok()?, word.at))
}

/// The number of bytes that `text` means.
fn bytes(text: &str) -> Result<u64, String> {
    let help = || "write a number of bytes, or a text such as \"64 MiB\"".to_owned();
    let unit_at = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at_checked(unit_at).ok_or_else(help)?;
    let number: u64 = digits.parse().map_err(|_| help())?;
    let factor = match unit.trim() {
        "" | "B" => 1,
        "KiB" => KIB,
        "MiB" => MIB,
        "GiB" => GIB,
        other => return Err(nearest_unit(other).unwrap_or_else(help)),
    };
    number
        .checked_mul(factor)
        .filter(|size| (1..=i64::MAX as u64).contains(size))
        .ok_or_else(|| "it must be at least 1, and fit into 63 bits".to_owned())
}

fn nearest_unit(unit: &str) -> Option<String> {
    let nearest = text::nearest(unit, ["KiB", "MiB", "GiB"])?;
    Some(format!("did you mean `{nearest}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Limits, String> {
        let mut reader = Reader::new("toolkeep.toml", text);
        let document = reader.parse().unwrap();
        let limits = read(&mut reader, &document.root(), Limits::default());
        reader.finish(Some(limits)).map_err(|p| p.to_string())
    }

    #[test]
    fn what_is_not_said_stays() {
        let limits = read_text("limits = {memory_bytes = \"64 MiB\", cpu_ms = 5}").unwrap();
        assert_eq!(limits.memory_bytes, 64 * MIB);
        assert_eq!(limits.cpu_ms, 5);
        assert_eq!(limits.wall_ms, Limits::default().wall_ms);
    }

    #[test]
    fn every_field_can_be_set_by_its_own_name() {
        for (key, _) in ALL {
            let limits = read_text(&format!("[limits]\n{key} = 7")).unwrap();
            let json = serde_json::to_value(limits).unwrap();
            let set = json
                .as_object()
                .unwrap()
                .iter()
                .filter(|(_, value)| **value == 7)
                .map(|(key, _)| key.as_str());
            assert_eq!(set.collect::<Vec<_>>(), [key]);
        }
        let fields = serde_json::to_value(Limits::default()).unwrap();
        assert_eq!(fields.as_object().unwrap().len(), ALL.len());
    }

    #[test]
    fn sizes_have_units() {
        for (text, size) in [("1", 1), ("12 B", 12), ("2KiB", 2048), ("1 GiB", 1 << 30)] {
            assert_eq!(bytes(text), Ok(size));
        }
    }

    #[test]
    fn wrong_limits_are_told() {
        let told = read_text(
            r#"
[limits]
memory_bytes = "64 MB"
output_bytes = "lots"
argument_bytes = "0"
log_bytes = "99999999999 GiB"
random_bytes = -1
stdout_bytes = 1.5
cpu_ms = "10 s"
wall_ms = 0
instances = 99999999999999999999
http_headers = 10001
http_header_bytes = "1 MiB"
memory = 1
"#,
        )
        .unwrap_err();
        insta::assert_snapshot!(told, @r#"
        toolkeep.toml:3: `64 MB` is not a size, in `memory_bytes` in [limits]
          help: did you mean `MiB`?
        toolkeep.toml:4: `lots` is not a size, in `output_bytes` in [limits]
          help: write a number of bytes, or a text such as "64 MiB"
        toolkeep.toml:5: `0` is not a size, in `argument_bytes` in [limits]
          help: it must be at least 1, and fit into 63 bits
        toolkeep.toml:6: `99999999999 GiB` is not a size, in `log_bytes` in [limits]
          help: it must be at least 1, and fit into 63 bits
        toolkeep.toml:7: `random_bytes` in [limits] must be a whole number of at least 1
        toolkeep.toml:8: `stdout_bytes` in [limits] must be a whole number, not a fraction
        toolkeep.toml:9: `cpu_ms` in [limits] must be a whole number, not a string
        toolkeep.toml:10: `wall_ms` in [limits] must be a whole number of at least 1
        toolkeep.toml:11: `instances` in [limits] must be a whole number of at least 1
        toolkeep.toml:12: `http_headers` in [limits] can be 10000 at most
        toolkeep.toml:13: `http_header_bytes` in [limits] can be 262144 at most
        toolkeep.toml:14: unknown key `memory` in [limits]
          help: there are 22, among them `memory_bytes`, `cpu_ms`, `wall_ms`, `output_bytes`, `argument_bytes`, `open_handles`, `accesses`, `log_lines`, `log_bytes`, `progress_updates`, `random_bytes`, `stdout_bytes`
        "#);
    }
}
