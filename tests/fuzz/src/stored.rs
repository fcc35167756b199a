//! Records of any texts, written and read again.

use serde_json::{Value, json};
use toolkeep::fuzzing::{Salts, open_record, write_record};
use toolkeep::store::audit::Record;

use super::input::Input;
use super::json;
use super::record::entry;

/// A record is stored in the one canonical form and reads back as it was. If one of its texts is erased, that
/// is seen and no fault; if it is another, that is a fault.
pub(crate) fn stored(input: &mut Input<'_>) {
    let record = any(input);
    let seq = input.number() as u64;
    let leaf = write_record(seq, &record, &mut Salts::default()).expect("a record can be written");
    for text in [&leaf.body, &leaf.private] {
        let canonical = serde_json_canonicalizer::pipe(text).ok();
        assert_eq!(canonical.as_ref(), Some(text));
    }
    let opened = open_record(&leaf.body, &leaf.private).expect("what was written can be read");
    assert_eq!((opened.record, opened.seq), (record, seq));
    assert_eq!((opened.faults.len(), opened.erased), (0, 0));

    let mut private: Value = serde_json::from_str(&leaf.private).expect("it is JSON");
    let texts: Vec<String> = (json::places(&private).into_iter())
        .filter(|place| place.ends_with("/text"))
        .filter(|place| private.pointer(place).is_some_and(Value::is_string))
        .collect();
    let place = &texts[input.number() % texts.len()];
    let erases = input.once_in(2);
    if erases {
        let secret = place.strip_suffix("/text").unwrap_or_default();
        if let Some(secret) = private.pointer_mut(secret) {
            *secret = Value::Null;
        }
    } else if let Some(Value::String(text)) = private.pointer_mut(place) {
        text.push('x');
    }
    // A principal that cannot be read at all is an error.
    let Ok(opened) = open_record(&leaf.body, &private.to_string()) else {
        assert!(!erases && place == "/principal/text", "{private}");
        return;
    };
    let seen = (opened.faults.len(), opened.erased);
    let expected = if erases { (0, 1) } else { (1, 0) };
    assert_eq!(seen, expected, "{:?} {private}", opened.faults);
}

/// A record with other texts and reasons than the usual ones.
fn any(input: &mut Input<'_>) -> Record {
    let mut record = entry(u32::from(input.byte()));
    record.tool = input.text(20);
    record.object = input.text(60);
    record.runtime_call = input.once_in(2).then(|| input.text(20));
    record.trace_parent = input.once_in(2).then(|| input.text(20));
    record.reasons = (0..input.below(4))
        .map(|_| {
            let reason = json!({
                "verdict": input.word(&["allow", "ask", "deny"]),
                "code": input.word(&["granted", "asks", "flow"]),
                "text": input.text(30),
                "remedy": input.once_in(2).then(|| input.text(30)),
            });
            serde_json::from_value(reason).expect("it is a reason")
        })
        .collect();
    if let Some(outcome) = &mut record.outcome {
        outcome.bytes_read = input.once_in(2).then(|| input.number() as u64);
        outcome.error = input.once_in(2).then(|| input.text(20));
    }
    record
}
