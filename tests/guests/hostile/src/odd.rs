//! What no ordinary plugin does with its host.

use schemars::JsonSchema;
use serde::Serialize;
use toolkeep_sdk::{Content, Failure, Json, report, tool};
use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{Descriptor, DescriptorFlags, OpenFlags, PathFlags};

use crate::raw::Report;

/// All that a guest finds around it.
#[derive(Serialize, JsonSchema)]
pub struct Around {
    /// Names of the environment.
    environment: Vec<String>,
    /// Arguments of the program.
    arguments: Vec<String>,
    /// Bytes on standard input.
    input: usize,
    /// Folders that it can see.
    folders: Vec<String>,
    /// Files of the host's that it could open.
    opened: Vec<String>,
}

/// Looks around for what nobody gave.
#[tool(read_only)]
pub fn look_around() -> Json<Around> {
    use std::io::Read as _;

    let mut input = Vec::new();
    drop(std::io::stdin().read_to_end(&mut input));
    let host = [
        "/etc/passwd",
        "/proc/self/environ",
        "/dev/null",
        "/",
        ".",
        "/data/../..",
    ];
    let opens = |path: &&&str| std::fs::File::open(path).is_ok();
    Json(Around {
        environment: std::env::vars().map(|(name, _)| name).collect(),
        arguments: std::env::args().collect(),
        input: input.len(),
        folders: get_directories().into_iter().map(|(_, at)| at).collect(),
        opened: host.iter().filter(opens).map(|s| s.to_string()).collect(),
    })
}

/// Does next to nothing, again and again, and never ends.
#[tool(read_only)]
pub fn drip(
    /// Milliseconds between two drops.
    ms: u64,
) {
    for n in 0.. {
        report::progress(n, None, Some("nearly there"));
        std::thread::sleep(std::time::Duration::from_millis(ms));
    }
}

const PAGE: usize = 1 << 16;

/// Two words that stand side by side nowhere by chance.
fn mark(seed: u64) -> [u64; 2] {
    let word = std::hint::black_box(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    [word, !word.rotate_left(17)]
}

/// More memory, as it comes: nothing wrote to it in this instance.
fn fresh(mib: usize) -> std::ops::Range<usize> {
    let before = core::arch::wasm32::memory_grow(0, (mib << 20) / PAGE);
    assert_ne!(before, usize::MAX, "no more memory");
    before * PAGE..core::arch::wasm32::memory_size(0) * PAGE
}

/// Fills memory with a mark.
#[tool(read_only)]
pub fn leave_marks(
    /// The mark.
    seed: u64,
    /// MiB to fill.
    mib: usize,
) -> String {
    let mark = mark(seed);
    let area = fresh(mib);
    for (at, word) in area.clone().step_by(8).zip(mark.into_iter().cycle()) {
        // SAFETY: the memory was just made, and nobody else knows of it.
        unsafe { core::ptr::write_volatile(at as *mut u64, word) };
    }
    format!("left {}", area.len() / 16)
}

/// Looks for marks in all memory that it has and can get.
#[tool(read_only)]
pub fn find_marks(
    /// The mark.
    seed: u64,
    /// MiB to take.
    mib: usize,
) -> String {
    let mark = mark(seed);
    let end = fresh(mib).end;
    let mut found = 0u64;
    for at in (8..end - 16).step_by(8) {
        // SAFETY: it lies within the memory; what stands there is read as numbers.
        let pair = unsafe {
            let at = at as *const u64;
            [
                core::ptr::read_volatile(at),
                core::ptr::read_volatile(at.add(1)),
            ]
        };
        found += u64::from(pair == mark);
    }
    format!("found {found}")
}

/// Takes a number for a descriptor that it was never given.
#[tool(read_only)]
pub fn guess(
    /// The number.
    handle: u32,
) -> String {
    // SAFETY: there is no safe way to do this, which is why it is tried.
    let guessed = unsafe { Descriptor::from_handle(handle) };
    let read = guessed.read(1 << 16, 0).map(|(bytes, _)| bytes);
    let listed = guessed.read_directory().is_ok();
    std::mem::forget(guessed);
    format!("{read:?} {listed}")
}

/// Holds a file open for a while.
#[tool(read_only)]
pub fn hold(
    /// The file.
    path: String,
    /// How many times it is opened.
    times: usize,
    /// For so long.
    ms: u64,
) -> Result<String, Failure> {
    let mut held = Vec::new();
    for _ in 0..times {
        match std::fs::File::open(&path) {
            Ok(file) => held.push(file),
            Err(_) => break,
        }
    }
    report::info("holding");
    std::thread::sleep(std::time::Duration::from_millis(ms));
    Ok(format!("held {}", held.len()))
}

#[link(wasm_import_module = "wasi:filesystem/types@0.2.12")]
unsafe extern "C" {
    #[link_name = "[method]descriptor.create-directory-at"]
    fn create_directory_at(fd: i32, path: *const u8, length: usize, answer: *mut u8);
}

/// Makes a folder, and gives the host an address outside of its memory to answer to.
#[tool]
pub fn trap_inside(
    /// The folder's name.
    name: String,
) -> String {
    for (fd, at) in get_directories() {
        if at == "/data" {
            let outside = (core::arch::wasm32::memory_size(0) * PAGE) as *mut u8;
            // SAFETY: the host checks where it writes, and stops the guest: that is what is tried.
            unsafe {
                create_directory_at(fd.handle() as i32, name.as_ptr(), name.len(), outside);
            }
        }
    }
    "still here".to_owned()
}

/// Asks the host to handle sizes that no machine has.
#[tool]
pub fn huge_sizes(
    /// Which of them.
    what: String,
) -> Json<Report> {
    const HUGE: u64 = u64::MAX / 2;
    let open = |path: &str| {
        let (folder, _) = get_directories().into_iter().next().ok_or("no folder")?;
        let rights = DescriptorFlags::READ | DescriptorFlags::WRITE;
        folder
            .open_at(PathFlags::empty(), path, OpenFlags::CREATE, rights)
            .map_err(|code| code.name())
    };
    let tried = |what: &str| -> Result<String, String> {
        let file = open("huge.bin").map_err(str::to_owned)?;
        let code = |code: wasip2::filesystem::types::ErrorCode| code.name().to_owned();
        let stream = |error: wasip2::io::streams::StreamError| format!("{error:?}");
        match what {
            "read" => {
                file.write(b"some", 0).map_err(code)?;
                let (bytes, _) = file.read(HUGE, 0).map_err(code)?;
                Ok(format!("{} bytes", bytes.len()))
            }
            "read-at" => {
                let (bytes, _) = file.read(16, u64::MAX).map_err(code)?;
                Ok(format!("{} bytes", bytes.len()))
            }
            "stream" => {
                file.write(b"some", 0).map_err(code)?;
                let bytes = file.read_via_stream(0).map_err(code)?;
                let bytes = bytes.blocking_read(HUGE).map_err(stream)?;
                Ok(format!("{} bytes", bytes.len()))
            }
            "zeroes" => {
                let to = file.write_via_stream(0).map_err(code)?;
                to.check_write().map_err(stream)?;
                to.write_zeroes(HUGE).map_err(stream)?;
                Ok("written".to_owned())
            }
            "print-zeroes" => {
                let to = wasip2::cli::stdout::get_stdout();
                to.check_write().map_err(stream)?;
                to.write_zeroes(HUGE).map_err(stream)?;
                Ok("written".to_owned())
            }
            "splice" => {
                file.write(b"some", 0).map_err(code)?;
                let from = file.read_via_stream(0).map_err(code)?;
                let to = wasip2::cli::stdout::get_stdout();
                let moved = to.splice(&from, HUGE).map_err(stream)?;
                Ok(format!("{moved} bytes"))
            }
            "skip" => {
                let from = file.read_via_stream(0).map_err(code)?;
                let skipped = from.blocking_skip(HUGE).map_err(stream)?;
                Ok(format!("{skipped} bytes"))
            }
            "size" => {
                file.set_size(HUGE).map_err(code)?;
                file.set_size(0).map_err(code)?;
                Ok("set".to_owned())
            }
            other => Err(format!("no {other}")),
        }
    };
    let result = match tried(&what) {
        Ok(done) => format!("ok {done}"),
        Err(word) => format!("err {word}"),
    };
    Json(Report {
        results: vec![result],
    })
}

/// Gives back an answer of very many parts.
#[tool(read_only)]
pub fn many_parts(
    /// So many.
    parts: usize,
) -> Vec<Content> {
    vec![Content::Text(String::new()); parts]
}

/// Makes one file after the other, until it may not.
#[tool]
pub fn write_for_ever(
    /// The folder.
    folder: String,
) -> Result<String, Failure> {
    for n in 0u64.. {
        std::fs::write(format!("{folder}/file-{n}"), b"x")?;
    }
    Ok(String::new())
}

/// Opens one file and writes to it, until it may not.
#[tool]
pub fn append_for_ever(
    /// The file.
    path: String,
) -> Result<String, Failure> {
    use std::io::Write as _;

    let mut file = std::fs::File::create(path)?;
    report::info("writing");
    loop {
        if let Err(error) = file.write_all(b"more") {
            return Err(Failure::refused(format!("not any more: {error}")));
        }
    }
}

/// Writes one file until there is no more room.
#[tool]
pub fn fill_up(
    /// The file.
    path: String,
    /// MiB to write at most.
    mib: u64,
) -> Result<String, Failure> {
    use std::io::Write as _;

    let mut file = std::fs::File::create(path)?;
    let piece = vec![7u8; 1 << 16];
    for n in 0..mib * 16 {
        if let Err(error) = file.write_all(&piece) {
            return Err(Failure::failed(format!("after {n} pieces: {error}")));
        }
    }
    Ok("wrote it all".to_owned())
}

/// Asks for randomness again and again.
#[tool(read_only)]
pub fn random_again(
    /// So many bytes each time.
    bytes: u64,
    /// So often.
    times: u64,
) -> String {
    let got: usize = (0..times)
        .map(|_| wasip2::random::random::get_random_bytes(bytes).len())
        .sum();
    format!("{got} bytes")
}
