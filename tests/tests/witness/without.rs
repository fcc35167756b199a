// error: this method takes 2 arguments but 1 argument was supplied
use toolkeep::handle::fs::act::Open;
pub fn f(located: &toolkeep::handle::fs::located::Located) {
    let _ = located.open(Open::default());
}
