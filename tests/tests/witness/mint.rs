// error: associated function `mint` is private
pub fn f(pass: fn() -> toolkeep::gate::pass::Pass) {
    let _ = (pass, toolkeep::gate::pass::Pass::mint);
}
