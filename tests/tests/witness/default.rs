// error: the trait bound `Pass: Default` is not satisfied
pub fn f() -> toolkeep::gate::pass::Pass {
    Default::default()
}
