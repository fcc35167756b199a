// error: E0616
// error: field `parent` of struct
pub fn f(located: &toolkeep::handle::fs::located::Located) {
    let _ = &located.parent;
}
