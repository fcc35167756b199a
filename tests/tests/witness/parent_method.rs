// error: method `parent` is private
pub fn f(located: &toolkeep::handle::fs::located::Located) {
    let _ = located.parent();
}
