// error: associated function `new` is private
pub fn f() {
    let _ = toolkeep::handle::fs::located::Located::new;
}
