//! Grants of web servers: `[plugins.NAME.http.NEED]`.

use super::{Declared, Grant, Placed};
use crate::base::id::Name;
use crate::base::text;
use crate::rules::problem::Line;
use crate::rules::read::{Reader, Table, Word};
use crate::rules::verb::Handle;

/// What an operator gives for a need of web servers.
#[derive(Clone, Debug)]
pub struct HttpGrant {
    /// The place, the verbs and the paths.
    pub grant: Grant,
    /// What the host puts into each request to the place, unseen by the guest.
    pub secrets: Vec<SecretUse>,
}

impl Placed for HttpGrant {
    fn grant(&self) -> &Grant {
        &self.grant
    }
}

/// A secret that goes into requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretUse {
    /// The secret's name in the vault.
    pub secret: Name,
    /// Where it goes.
    pub place: SecretPlace,
    /// Where that is said.
    pub line: Line,
}

/// Where a secret goes in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretPlace {
    /// Into a header.
    Header {
        /// The header, in small letters.
        name: String,
        /// What stands before the secret, such as `Bearer `.
        before: String,
    },
    /// Into the query, under this name.
    Query {
        /// The name.
        name: String,
    },
    /// As the password of basic authentication.
    Basic {
        /// The user, without `:`.
        user: String,
    },
}

/// Headers that say where a request goes or where it ends: none of them is the place for a secret.
const FRAMING: [&str; 9] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Reads one of `[plugins.NAME.http]`.
pub(super) fn one(
    reader: &mut Reader<'_>,
    table: &Table<'_>,
    places: Declared<'_>,
) -> Option<HttpGrant> {
    let grant = super::common(reader, table, Handle::Http, places, &["secrets"])?;
    let mut secrets = Vec::new();
    for (name, table) in reader.tables(table, "secrets") {
        secrets.extend(secret(reader, &name, &table));
    }
    if let Some(first) = secrets.first()
        && !grant.data.source.is_one_host()
    {
        let message = format!(
            "{} puts a secret into requests to more than one host",
            grant.lists.table
        );
        let help = format!(
            "give [data.{}] a `url` with one host, or take `secrets` at {} out",
            grant.data.name, first.line
        );
        reader.problem(table.at(), message, Some(help));
        return None;
    }
    Some(HttpGrant { grant, secrets })
}

/// `[plugins.NAME.http.NEED.secrets.SECRET]`.
fn secret(reader: &mut Reader<'_>, name: &Word<'_>, table: &Table<'_>) -> Option<SecretUse> {
    reader.only(table, &["header", "before", "query", "basic"]);
    let secret = reader.name(name.text, name.at);
    let ways = ["header", "query", "basic"];
    let mut said = ways.into_iter().filter(|way| table.has(way));
    let (way, other) = (said.next(), said.next());
    let Some(way) = way.filter(|_| other.is_none()) else {
        let message = format!(
            "{} must say exactly one of `header`, `query` and `basic`",
            table.shown()
        );
        reader.problem(table.at(), message, None);
        return None;
    };
    let word = reader.text(table, way)?;
    let before = reader.text(table, "before");
    if let (Some(before), true) = (&before, way != "header") {
        let message = format!("`before` in {} stands without `header`", table.shown());
        reader.problem(before.at, message, None);
    }
    let before = before.map(|word| word.text).unwrap_or_default();
    let fault = match way {
        "header" if !is_token(word.text) => Some("is no name of a header"),
        "header" if FRAMING.contains(&word.text.to_ascii_lowercase().as_str()) => {
            Some("is no place for a secret")
        }
        _ if word.text.is_empty() || word.text.chars().any(text::is_unsafe) => {
            Some("is empty or has control characters")
        }
        "basic" if word.text.contains(':') => Some("has a `:`"),
        _ if !before.bytes().all(|b| (0x20..0x7f).contains(&b)) => {
            Some("has a `before` that is not plain ASCII")
        }
        _ => None,
    };
    if let Some(fault) = fault {
        let message = format!(
            "`{}` under `{way}` in {} {fault}",
            text::visible(word.text),
            table.shown()
        );
        reader.problem(word.at, message, None);
        return None;
    }
    let text = word.text.to_owned();
    let place = match way {
        "header" => SecretPlace::Header {
            name: text.to_ascii_lowercase(),
            before: before.to_owned(),
        },
        "query" => SecretPlace::Query { name: text },
        _ => SecretPlace::Basic { user: text },
    };
    Some(SecretUse {
        secret: secret?,
        place,
        line: reader.line(table.at()),
    })
}

/// Whether `text` is a token as <https://www.rfc-editor.org/rfc/rfc9110#name-tokens> has it.
fn is_token(text: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(good)
}
