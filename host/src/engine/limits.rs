//! What one guest may use of the machine's memory.

use wasmtime::ResourceLimiter;

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
        let more = desired.saturating_sub(current);
        match self.memory_left.checked_sub(more) {
            Some(left) => {
                self.memory_left = left;
                Ok(true)
            }
            None => {
                self.hit = true;
                Ok(false)
            }
        }
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current);
        match self.elements_left.checked_sub(more) {
            Some(left) => {
                self.elements_left = left;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    fn instances(&self) -> usize {
        self.instances
    }
}
