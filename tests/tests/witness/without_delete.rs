// error: this method takes 1 argument but 0 arguments were supplied
pub fn f(located: &toolkeep::handle::fs::located::Located) {
    let _ = located.delete_file();
}
