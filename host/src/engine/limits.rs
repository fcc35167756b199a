//! What one guest may use of the machine.

use std::time::Duration;

use wasmtime::ResourceLimiter;

use super::runtime::TICK;

/// What one guest may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all its memories together.
    pub memory_bytes: u64,
    /// Elements of all its tables together.
    pub table_elements: u64,
    /// Core instances.
    pub instances: u64,
    /// Time on the processor.
    pub cpu: Duration,
    /// Time on the clock, without what it waited for a person.
    pub wall: Duration,
    /// Descriptors and streams open at the same time.
    pub open_handles: u64,
    /// Bytes that it may hand over in one call of the host.
    pub host_call_bytes: u64,
    /// Bytes of random that it may have at once.
    pub random_bytes: u64,
    /// Bytes of stdout and of stderr.
    pub stdout_bytes: u64,
}

impl Limits {
    pub(super) fn cpu_ticks(&self) -> u64 {
        let ticks = self.cpu.as_millis().div_ceil(TICK.as_millis());
        u64::try_from(ticks).unwrap_or(u64::MAX).max(1)
    }
}

/// Adds up all memories and tables of one guest: wasmtime's own limiter counts each by itself.
pub(super) struct Limiter {
    memory_left: usize,
    elements_left: usize,
    instances: usize,
    /// The guest asked for more memory than it may have.
    pub(super) hit: bool,
}

impl Limiter {
    pub(super) fn new(memory_bytes: u64, table_elements: u64, instances: u64) -> Self {
        let size = |limit: u64| usize::try_from(limit).unwrap_or(usize::MAX);
        Self {
            memory_left: size(memory_bytes),
            elements_left: size(table_elements),
            instances: size(instances),
            hit: false,
        }
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let grows = take(&mut self.memory_left, current, desired);
        self.hit |= !grows;
        Ok(grows)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(take(&mut self.elements_left, current, desired))
    }

    fn instances(&self) -> usize {
        self.instances
    }
}

/// Takes what growing from `current` to `desired` needs out of what is `left`, if there is enough.
fn take(left: &mut usize, current: usize, desired: usize) -> bool {
    match left.checked_sub(desired.saturating_sub(current)) {
        Some(rest) => {
            *left = rest;
            true
        }
        None => false,
    }
}
