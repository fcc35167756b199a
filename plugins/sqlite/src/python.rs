//! Values as Python shows them: the reference server answers with `str()` of a list of dicts.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use toolkeep_sdk::sql::Value;

/// A dict, as Python shows it.
pub struct Repr(String);

/// A dict of these entries. Of several with one name the first one counts.
pub fn dict<'a>(entries: impl IntoIterator<Item = (&'a str, &'a Value)>) -> Repr {
    let mut names = BTreeSet::new();
    let shown: Vec<String> = entries
        .into_iter()
        .filter(|(name, _)| names.insert(*name))
        .map(|(name, known)| format!("{}: {}", text(name), value(known)))
        .collect();
    Repr(format!("{{{}}}", shown.join(", ")))
}

/// A list of dicts.
pub fn list(dicts: impl IntoIterator<Item = Repr>) -> String {
    let shown: Vec<String> = dicts.into_iter().map(|dict| dict.0).collect();
    format!("[{}]", shown.join(", "))
}

fn value(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => real(*number),
        Value::Text(known) => text(known),
        Value::Blob(known) => bytes(known),
    }
}

/// Rust and Python agree on when there is an exponent, and not on how it looks.
fn real(number: f64) -> String {
    let shown = format!("{number:?}");
    match shown.split_once('e') {
        None => shown,
        Some((digits, exponent)) => {
            let (sign, exponent) = match exponent.strip_prefix('-') {
                Some(exponent) => ('-', exponent),
                None => ('+', exponent),
            };
            format!("{digits}e{sign}{exponent:0>2}")
        }
    }
}

fn text(text: &str) -> String {
    let quote = quote(text.contains('\''), text.contains('"'));
    let mut shown = String::from(quote);
    for c in text.chars() {
        let code = u32::from(c);
        // Writing into a text cannot fail.
        let _ = match c {
            '\\' => write!(shown, "\\\\"),
            '\n' => write!(shown, "\\n"),
            '\r' => write!(shown, "\\r"),
            '\t' => write!(shown, "\\t"),
            c if c == quote => write!(shown, "\\{c}"),
            ' '..='~' => write!(shown, "{c}"),
            _ if code < 0x20 || (0x7f..=0xa0).contains(&code) || code == 0xad => {
                write!(shown, "\\x{code:02x}")
            }
            c if is_printable(c) => write!(shown, "{c}"),
            _ if code <= 0xffff => write!(shown, "\\u{code:04x}"),
            _ => write!(shown, "\\U{code:08x}"),
        };
    }
    shown.push(quote);
    shown
}

/// Blanks other than the plain one, marks of direction and places for private use are not; neither are
/// those that no one has taken yet, which this does not know.
fn is_printable(c: char) -> bool {
    !(c.is_whitespace()
        || matches!(c,
            '\u{600}'..='\u{605}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{e000}'..='\u{f8ff}'
            | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{10ffff}'))
}

fn bytes(bytes: &[u8]) -> String {
    let quote = quote(bytes.contains(&b'\''), bytes.contains(&b'"'));
    let mut shown = format!("b{quote}");
    for byte in bytes {
        let _ = match byte {
            b'\\' => write!(shown, "\\\\"),
            b'\n' => write!(shown, "\\n"),
            b'\r' => write!(shown, "\\r"),
            b'\t' => write!(shown, "\\t"),
            byte if char::from(*byte) == quote => write!(shown, "\\{quote}"),
            b' '..=b'~' => write!(shown, "{}", char::from(*byte)),
            byte => write!(shown, "\\x{byte:02x}"),
        };
    }
    shown.push(quote);
    shown
}

fn quote(has_single: bool, has_double: bool) -> char {
    if has_single && !has_double { '"' } else { '\'' }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_as_python_does() {
        let cases = [
            (Value::Null, "None"),
            (Value::Integer(-3), "-3"),
            (Value::Real(1.0), "1.0"),
            (Value::Real(1e16), "1e+16"),
            (Value::Real(0.00001), "1e-05"),
            (Value::Real(-0.0), "-0.0"),
            (Value::from("it's"), "\"it's\""),
            (Value::from("it's \"so\""), "'it\\'s \"so\"'"),
            (
                Value::from("a\nb\\\u{1}é\u{200b}😀"),
                "'a\\nb\\\\\\x01é\\u200b😀'",
            ),
            (Value::Blob(b"a'\x00".to_vec()), "b\"a'\\x00\""),
        ];
        for (known, shown) in cases {
            assert_eq!(value(&known), shown);
        }
        let (one, two) = (Value::Integer(1), Value::Integer(2));
        let twice = dict([("a", &one), ("b", &one), ("a", &two)]);
        assert_eq!(list([twice]), "[{'a': 1, 'b': 1}]");
    }
}
