// error: cannot move out of `*pass` which is behind a shared reference
pub fn f(pass: &toolkeep::gate::pass::Pass) -> toolkeep::gate::pass::Pass {
    *pass
}
