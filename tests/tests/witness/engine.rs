// error: module `engine` is private
pub use toolkeep::engine::runtime::Engine;
