// error: E0277
// error: Deserialize<'a>` is not implemented for `
pub fn f() {
    fn needs<T: for<'a> serde::Deserialize<'a>>() {}
    needs::<toolkeep::gate::pass::Pass>();
}
