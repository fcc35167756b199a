// error: due to private fields
pub fn f() -> toolkeep::gate::pass::Pass {
    toolkeep::gate::pass::Pass {}
}
