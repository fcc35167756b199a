//! The program on a terminal of its own, and somebody who types. The terminal is made by `script`, of
//! util-linux: it is a real one, and the program's controlling terminal.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Instant;

use crate::PATIENCE;

/// A run of the program on a terminal.
pub struct Terminal {
    child: Child,
    keyboard: Option<ChildStdin>,
    screen: Receiver<Vec<u8>>,
    seen: Vec<u8>,
    /// How much of it was waited for already.
    past: usize,
}

impl Terminal {
    /// Starts `command` on a terminal of its own.
    pub fn start(command: &Command) -> Self {
        let quoted = |text: &std::ffi::OsStr| {
            let text = text.to_str().unwrap();
            format!("'{}'", text.replace('\'', r"'\''"))
        };
        let line: Vec<String> = std::iter::once(command.get_program())
            .chain(command.get_args())
            .map(quoted)
            .collect();
        let mut script = Command::new("script");
        script
            .args(["--quiet", "--return", "--flush", "--command"])
            .arg(format!("exec {}", line.join(" ")))
            .arg("/dev/null")
            .env("SHELL", "/bin/sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if let Some(folder) = command.get_current_dir() {
            script.current_dir(folder);
        }
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => script.env(name, value),
                None => script.env_remove(name),
            };
        }
        // Without colours, so that what people read can be compared.
        script.env("NO_COLOR", "1");
        let mut child = script.spawn().unwrap();
        let mut output = child.stdout.take().unwrap();
        let (shown, screen) = channel();
        std::thread::spawn(move || {
            let mut some = [0; 1024];
            while let Ok(read) = output.read(&mut some) {
                if read == 0 || shown.send(some[..read].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            keyboard: child.stdin.take(),
            child,
            screen,
            seen: Vec::new(),
            past: 0,
        }
    }

    /// Waits until `text` appears below what was waited for before.
    #[track_caller]
    pub fn expect(&mut self, text: &str) -> &mut Self {
        let began = Instant::now();
        loop {
            let new = String::from_utf8_lossy(&self.seen[self.past..]).into_owned();
            if let Some(at) = new.find(text) {
                self.past += at + text.len();
                return self;
            }
            match self
                .screen
                .recv_timeout(PATIENCE.saturating_sub(began.elapsed()))
            {
                Ok(more) => self.seen.extend(more),
                Err(RecvTimeoutError::Timeout) => {
                    panic!("`{text}` does not come: {}", self.shown())
                }
                Err(RecvTimeoutError::Disconnected) => panic!("it ended without `{text}`: {new}"),
            }
        }
    }

    /// Types a line.
    pub fn type_line(&mut self, line: &str) -> &mut Self {
        let keyboard = self.keyboard.as_mut().unwrap();
        keyboard.write_all(format!("{line}\n").as_bytes()).unwrap();
        keyboard.flush().unwrap();
        self
    }

    /// Waits for the end: the exit code, and all that the screen showed.
    pub fn end(mut self) -> (i32, String) {
        let began = Instant::now();
        loop {
            match self
                .screen
                .recv_timeout(PATIENCE.saturating_sub(began.elapsed()))
            {
                Ok(more) => self.seen.extend(more),
                Err(RecvTimeoutError::Timeout) => panic!("it hangs: {}", self.shown()),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        (code, self.shown())
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.seen).replace('\r', "")
    }
}

impl Drop for Terminal {
    /// A test that failed leaves nobody waiting for a line.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
