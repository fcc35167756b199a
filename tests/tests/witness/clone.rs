// error: no method named `clone` found for struct `Pass`
pub fn f(pass: toolkeep::gate::pass::Pass) -> toolkeep::gate::pass::Pass {
    pass.clone()
}
