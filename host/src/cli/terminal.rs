//! The terminal of the person who runs the program. Not standard input and output: whoever starts the
//! program can put something else there.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read as _, Write as _};

use rustix::termios::{
    LocalModes, OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcsetattr,
};

/// The terminal that controls this process.
pub struct Terminal(File);

/// Gives the terminal back as it was, whatever becomes of those who ask on it.
pub struct Restore {
    terminal: Terminal,
    before: Termios,
}

/// The longest line that is read.
const MAX_LINE: usize = 4096;

impl Terminal {
    /// Opens it.
    ///
    /// # Errors
    /// If there is none: the program runs for another program, or in the background.
    pub fn open() -> io::Result<Self> {
        File::options()
            .read(true)
            .write(true)
            .open("/dev/tty")
            .map(Self)
    }

    /// Writes a line on it.
    ///
    /// # Errors
    /// If it is gone.
    pub fn say(&self, text: impl Display) -> io::Result<()> {
        writeln!(&self.0, "{text}")
    }

    /// Asks for a line. What was typed before it asks does not count.
    ///
    /// # Errors
    /// If it is gone, or closed instead of answered.
    pub fn ask(&self, prompt: &str) -> io::Result<String> {
        tcflush(&self.0, QueueSelector::IFlush)?;
        write!(&self.0, "{prompt}")?;
        let mut line = [0u8; MAX_LINE];
        // A terminal gives a line at a time.
        let read = (&self.0).read(&mut line)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.get(..read).unwrap_or_default();
        Ok(String::from_utf8_lossy(line).trim().to_owned())
    }

    /// Asks for a passphrase, which is not shown. What was typed before it asks does not count.
    ///
    /// # Errors
    /// If it is gone, or closed instead of answered.
    pub fn ask_passphrase(&self, prompt: &str) -> io::Result<String> {
        let restore = self.restore_later()?;
        // Before the prompt: whoever types at once shows nothing either.
        let mut silent = restore.before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&self.0, OptionalActions::Flush, &silent)?;
        write!(&self.0, "{prompt}")?;
        rpassword::read_password()
    }

    /// Takes note of how the terminal is set, so that it is set so again in the end.
    ///
    /// # Errors
    /// If it is gone.
    pub fn restore_later(&self) -> io::Result<Restore> {
        let before = tcgetattr(&self.0)?;
        let terminal = Self(self.0.try_clone()?);
        Ok(Restore { terminal, before })
    }
}

impl Drop for Restore {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.terminal.0, OptionalActions::Now, &self.before);
    }
}
