//! Values and rows.

/// One value of a row, or of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// None.
    Null,
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Real(f64),
    /// A text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl Value {
    /// How many bytes it takes, about.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Null => 1,
            Self::Integer(_) | Self::Real(_) => 8,
            Self::Text(text) => text.len().saturating_add(8),
            Self::Blob(bytes) => bytes.len().saturating_add(8),
        }
    }
}

/// Some of a statement's rows, one after the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// The names of the columns, in the first batch of a statement; that has no rows.
    pub columns: Vec<String>,
    /// The values, row by row.
    pub values: Vec<Value>,
    /// How many rows.
    pub rows: usize,
    /// How many bytes they take, about.
    pub bytes: usize,
}

impl Batch {
    /// Adds a value.
    pub fn push(&mut self, value: Value) {
        self.bytes = self.bytes.saturating_add(value.bytes());
        self.values.push(value);
    }
}

/// What a statement did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// How many rows it added, changed or deleted.
    pub changed: u64,
    /// The number of the row that was added last, by this statement or before.
    pub last_row: i64,
}
