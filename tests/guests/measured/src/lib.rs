//! A plugin that does one thing many times, so that it can be measured.

use std::fs::{File, OpenOptions};
use std::io::Read as _;

use toolkeep_sdk::{tool, tools};

tools![nothing, open_many, change_many, read_whole];

/// Does nothing.
#[tool(read_only)]
fn nothing() -> &'static str {
    "done"
}

/// Opens a file to read it, again and again, and reads nothing.
#[tool(read_only)]
fn open_many(
    /// The file.
    path: String,
    /// How often.
    count: u32,
) -> Result<&'static str, std::io::Error> {
    for _ in 0..count {
        drop(File::open(&path)?);
    }
    Ok("done")
}

/// Opens a file to write it, again and again, and writes nothing.
#[tool]
fn change_many(
    /// The file.
    path: String,
    /// How often.
    count: u32,
) -> Result<&'static str, std::io::Error> {
    for _ in 0..count {
        drop(OpenOptions::new().write(true).open(&path)?);
    }
    Ok("done")
}

/// Reads a file to its end, and says how many bytes it has.
#[tool(read_only)]
fn read_whole(
    /// The file.
    path: String,
) -> Result<String, std::io::Error> {
    let mut file = File::open(&path)?;
    let mut buffer = vec![0; 64 << 10];
    let mut total = 0u64;
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(total.to_string()),
            n => total += n as u64,
        }
    }
}
