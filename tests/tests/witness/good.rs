//! What outside code may do compiles, so that the others fail for their own reasons.

use toolkeep::gate::pass::Pass;
use toolkeep::handle::fs::act::Open;
use toolkeep::handle::fs::located::Located;

pub fn open(located: &Located, pass: &Pass) -> bool {
    located.open(pass, Open::default()).is_ok()
}

pub fn read() {
    fn needs<T: for<'a> serde::Deserialize<'a>>() {}
    needs::<toolkeep::rules::verb::Verb>();
}
