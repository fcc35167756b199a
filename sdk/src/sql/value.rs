//! Values.

/// One value of a row, or of a parameter.
///
/// ```
/// use toolkeep_sdk::sql::Value;
///
/// assert_eq!(Value::from("ada"), Value::Text("ada".to_owned()));
/// assert_eq!(Value::from(None::<i64>), Value::Null);
/// ```
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

macro_rules! from {
    ($($from:ty => $value:ident => $made:expr;)*) => {
        $(impl From<$from> for Value {
            fn from($value: $from) -> Self {
                $made
            }
        })*
    };
}

from! {
    bool => value => Self::Integer(value.into());
    i8 => value => Self::Integer(value.into());
    i16 => value => Self::Integer(value.into());
    i32 => value => Self::Integer(value.into());
    i64 => value => Self::Integer(value);
    u8 => value => Self::Integer(value.into());
    u16 => value => Self::Integer(value.into());
    u32 => value => Self::Integer(value.into());
    f32 => value => Self::Real(value.into());
    f64 => value => Self::Real(value);
    &str => value => Self::Text(value.to_owned());
    &String => value => Self::Text(value.clone());
    String => value => Self::Text(value);
    &[u8] => value => Self::Blob(value.to_owned());
    Vec<u8> => value => Self::Blob(value);
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
