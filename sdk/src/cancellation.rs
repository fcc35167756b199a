//! Whether the answer is still wanted.

/// Whether the runtime cancelled this call: then the answer goes nowhere, and the host refuses all that
/// the tool reaches for.
///
/// A tool that works for long asks now and then. One that has asked before it is cancelled gets a
/// moment (200 ms) to tidy up and come back; any other is stopped where it stands. Outside a component
/// nothing is ever cancelled.
///
/// ```
/// use toolkeep_sdk::{Failure, cancelled, tool};
///
/// /// Counts the primes below a number.
/// #[tool(read_only)]
/// fn count_primes(
///     /// Where to stop.
///     below: u64,
/// ) -> Result<String, Failure> {
///     let mut count = 0;
///     for number in 2..below {
///         if cancelled() {
///             return Err(Failure::failed("cancelled"));
///         }
///         if (2..number).all(|divisor| number % divisor != 0) {
///             count += 1;
///         }
///     }
///     Ok(format!("{count} primes"))
/// }
///
/// # fn main() {
/// assert_eq!(count_primes(10), Ok("4 primes".to_owned()));
/// # }
/// ```
pub fn cancelled() -> bool {
    host::cancelled()
}

#[cfg(target_family = "wasm")]
mod host {
    use crate::__private::bindings::toolkeep::tool::cancellation;

    pub(super) fn cancelled() -> bool {
        cancellation::requested()
    }
}

#[cfg(not(target_family = "wasm"))]
mod host {
    pub(super) fn cancelled() -> bool {
        false
    }
}
