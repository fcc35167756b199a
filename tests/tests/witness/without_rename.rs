// error: this method takes 3 arguments but 2 arguments were supplied
pub fn f(
    located: &toolkeep::handle::fs::located::Located,
    pass: &toolkeep::gate::pass::Pass,
) {
    let _ = located.rename_to(pass, located);
}
