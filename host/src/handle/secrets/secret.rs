//! One value that nobody sees.

use std::fmt;

use zeroize::Zeroizing;

/// The longest value, in bytes.
const MAX: usize = 16 * 1024;

/// A value that shows itself to nobody and is wiped when it goes away.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

/// Why a text cannot be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSecret {
    /// There is nothing to keep.
    #[error("is empty")]
    Empty,
    /// It would not fit into a header.
    #[error("is longer than 16 KiB")]
    TooLong,
    /// It could end the line that it stands in.
    #[error("has control characters or line breaks")]
    Control,
}

impl Secret {
    /// Takes `value` in. A line's end at its end is left out: most programs that print a value add one.
    ///
    /// # Errors
    /// Says why it cannot be a secret.
    pub fn new(value: String) -> Result<Self, BadSecret> {
        let mut value = Zeroizing::new(value);
        if value.ends_with('\n') {
            value.pop();
        }
        if value.ends_with('\r') {
            value.pop();
        }
        if value.is_empty() {
            return Err(BadSecret::Empty);
        }
        if value.len() > MAX {
            return Err(BadSecret::TooLong);
        }
        if value.chars().any(char::is_control) {
            return Err(BadSecret::Control);
        }
        Ok(Self(value))
    }

    /// The value, for what is done with it by the host itself.
    pub(in crate::handle) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
