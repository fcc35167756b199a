//! Files, for a model: a drop-in for the reference MCP server `@modelcontextprotocol/server-filesystem`,
//! with its tool names, arguments, results and words for what went wrong.
//!
//! Like every plugin it does no checks of its own: keeping it in the folders that it was granted is the
//! host's part. What it says of paths outside of them are words only, for no such path leads anywhere.

mod answer;
mod diff;
mod edit;
mod folders;
mod glob;
mod info;
mod list;
mod lookup;
mod media;
mod read;
mod replace;
mod search;
#[cfg(test)]
mod testing;
mod trouble;
mod write;

toolkeep_sdk::tools![
    read::read_file,
    read::read_text_file,
    media::read_media_file,
    read::read_multiple_files,
    write::write_file,
    edit::edit_file,
    write::create_directory,
    list::list_directory,
    list::list_directory_with_sizes,
    list::directory_tree,
    write::move_file,
    search::search_files,
    info::get_file_info,
    info::list_allowed_directories,
];
