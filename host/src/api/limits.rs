//! What a call may use: for the engine, and in words for the operator.

use std::time::Duration;

use crate::engine::limits::Limits;
use crate::rules::config;

/// What the engine holds a guest to.
pub(super) fn engine_limits(limits: &config::Limits) -> Limits {
    Limits {
        memory_bytes: limits.memory_bytes,
        table_elements: limits.table_elements,
        instances: limits.instances,
        cpu: Duration::from_millis(limits.cpu_ms),
        wall: Duration::from_millis(limits.wall_ms),
        open_handles: limits.open_handles,
        host_call_bytes: limits
            .output_bytes
            .saturating_add(limits.argument_bytes)
            .max(1 << 20),
        random_bytes: limits.random_bytes,
        stdout_bytes: limits.stdout_bytes,
    }
}

/// What the record's word for a stopped call means, and what to do next, for the operator.
pub(super) fn explain(word: &str, limits: &config::Limits) -> String {
    match word {
        "time-limit" => format!(
            "it took longer than {} ms; raise `wall_ms` in its limits if that is right",
            limits.wall_ms
        ),
        "cpu-limit" => format!(
            "it computed for more than {} ms; raise `cpu_ms` in its limits if that is right",
            limits.cpu_ms
        ),
        "memory-limit" => format!(
            "it wanted more than {} bytes of memory; raise `memory_bytes` in its limits if that is right",
            limits.memory_bytes
        ),
        "output-limit" => format!(
            "its answer has more than {} bytes; raise `output_bytes` in its limits if that is right",
            limits.output_bytes
        ),
        "handle-limit" => format!(
            "it had more than {} descriptors and streams open; raise `open_handles` in its limits if that is right",
            limits.open_handles
        ),
        "data-limit" => format!(
            "it handed over more data at once than the host takes; its answer may have {} bytes (`output_bytes` in its limits)",
            limits.output_bytes
        ),
        "cancelled" => {
            "the runtime cancelled the call; what it had done until then stays done and is on record"
                .to_owned()
        }
        "stack-overflow" => "it recursed too deeply".to_owned(),
        "exit" => "it ended itself instead of answering".to_owned(),
        "bad-output" => "its structured output is not what its output schema promises".to_owned(),
        "trap" => "it trapped, as a Rust panic does; its log lines say more".to_owned(),
        other => format!("{other}; its log lines say more"),
    }
}
