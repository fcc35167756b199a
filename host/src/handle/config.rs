//! The `config` handle: values that the operator wrote for the plugin.

use std::sync::Arc;

use crate::base::id::Name;
use crate::base::text;
use crate::gate::call::{Call, Span};
use crate::gate::refusal::Refused;
use crate::rules::access::{Access, Object};
use crate::rules::verb::{Handle, Verb, Verbs};
use crate::store::audit::record::Status;

/// The longest key that is shown in full.
const MAX_KEY: usize = 1024;

/// Reads one value; none where the operator set none.
///
/// # Errors
/// [`Refused`] where the plugin may not read this key.
pub async fn get(call: &Arc<Call>, key: &str) -> Result<Option<String>, Refused> {
    // A plugin without such a need still gets its refusal on record, under its own name.
    let need = call
        .scope()
        .config()
        .map_or_else(|| call.scope().plugin().clone(), |c| c.need.clone());
    let pass = call.judge(wanted(need, key), Span::Moment).await?;
    let value = call.scope().config().and_then(|config| {
        let mut values = config.values();
        values
            .find(|(known, _)| *known == key)
            .map(|(_, value)| value.to_owned())
    });
    pass.count_read(value.as_ref().map_or(0, |value| value.len() as u64));
    pass.settle(Status::Done, None);
    Ok(value)
}

/// Reads all values that the plugin declares and the operator set.
///
/// # Errors
/// [`Refused`] where one of them may not be read.
pub async fn get_all(call: &Arc<Call>) -> Result<Vec<(String, String)>, Refused> {
    call.catch_up().await;
    let keys: Vec<String> = match call.scope().config() {
        Some(config) if config.grant.is_some() => {
            config.values().map(|(key, _)| key.to_owned()).collect()
        }
        _ => return Err(call.refuse_ungranted(Handle::Config)),
    };
    let mut all = Vec::with_capacity(keys.len());
    for key in keys {
        if let Some(value) = get(call, &key).await? {
            all.push((key, value));
        }
    }
    Ok(all)
}

fn wanted(need: Name, key: &str) -> Access {
    Access {
        handle: Handle::Config,
        need,
        verbs: Verbs::one(Verb::Read),
        object: Object::Key(text::shorten(key, MAX_KEY)),
        is_folder: false,
    }
}
