// SPDX-License-Identifier: Apache-2.0
//! Running the shipped binary in a directory of its own, and seeing that it leaves nothing behind.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// The program under test: the installed one where `IMAGE_SIGNATURE_BINARY` names it.
pub fn binary() -> PathBuf {
    std::env::var_os("IMAGE_SIGNATURE_BINARY")
        .map_or_else(|| env!("CARGO_BIN_EXE_image-signature").into(), PathBuf::from)
}

/// What a run printed and how it ended.
#[derive(Debug)]
pub struct Outcome {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// The document on standard output, which is as its schema says.
    #[track_caller]
    pub fn json(&self) -> Value {
        let document = serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("no JSON ({e}): {self:#?}"));
        super::schema::assert_valid(&document);
        document
    }

    /// Standard output in one line: messages are wrapped.
    pub fn words(&self) -> String {
        self.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The first item of a JSON document.
    pub fn item(&self) -> Value {
        self.json()["items"][0].clone()
    }

    /// How many gpg workers were started, how many signatures they found good, and how many gpgme checked. Only
    /// for runs with `-v`.
    #[track_caller]
    pub fn workers(&self) -> [usize; 3] {
        let line = self.stderr.lines().find(|line| line.contains("] gpg workers: "));
        let line = line.unwrap_or_else(|| panic!("nothing is said of workers: {self:#?}"));
        let numbers = line
            .rsplit("gpg workers: ")
            .next()
            .unwrap()
            .split(|c: char| !c.is_ascii_digit());
        let numbers: Vec<usize> = numbers.filter_map(|number| number.parse().ok()).collect();
        numbers.try_into().unwrap()
    }

    /// `Verdict/Reason` of the only image.
    pub fn verdict(&self) -> String {
        let document = self.json();
        assert_eq!(document["items"].as_array().unwrap().len(), 1, "{document}");
        word(&document["items"][0])
    }

    #[track_caller]
    pub fn expect(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{self:#?}");
        self
    }

    #[track_caller]
    pub fn expect_verdict(self, status: i32, verdict: &str) -> Self {
        assert_eq!(self.verdict(), verdict, "{self:#?}");
        self.expect(status)
    }

    /// Nothing stands on standard output, or the document that says that the call was wrong.
    #[track_caller]
    pub fn assert_no_result(&self) {
        if self.stdout.starts_with('{') {
            let document = self.json();
            assert_eq!(document["kind"], "UsageError", "{self:#?}");
            assert!(self.stderr.contains("error: "), "{self:#?}");
        } else if !self.stdout.is_empty() {
            let begin = "apiVersion: image-signature/v1\nkind: UsageError\n";
            assert!(self.stdout.starts_with(begin), "{self:#?}");
        }
    }

    /// A usage error: exit status 2, no result on standard output, and a message with this in it.
    #[track_caller]
    pub fn expect_usage(self, message: &str) -> Self {
        assert!(self.stderr.contains(message), "expected {message:?}: {self:#?}");
        self.assert_no_result();
        self.expect(2)
    }
}

/// `Verdict/Reason` of an item or signature.
pub fn word(item: &Value) -> String {
    format!(
        "{}/{}",
        item["verdict"].as_str().unwrap(),
        item["reason"].as_str().unwrap()
    )
}

/// What is said of an image, but for the time of the run.
pub fn timeless(item: &Value) -> Value {
    const BEFORE: &str = "the clock here says ";
    let text = item.to_string();
    let mut parts = text.split(BEFORE);
    let mut timeless = parts.next().unwrap().to_owned();
    for part in parts {
        timeless += BEFORE;
        timeless += &part["2026-11-22T18:00:00Z".len()..];
    }
    serde_json::from_str(&timeless).unwrap()
}

/// A directory for one test, with a home, a runtime directory and a directory for temporary files.
#[derive(Debug)]
pub struct Sandbox {
    dir: TempDir,
}

impl Sandbox {
    pub fn new() -> Self {
        // Short: GnuPG's sockets have a bound on the length of their path.
        let dir = tempfile::Builder::new().prefix("is").tempdir_in("/tmp").unwrap();
        let sandbox = Self { dir };
        for name in ["home", "run", "tmp"] {
            let path = sandbox.path(name);
            fs::create_dir(&path).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        }
        sandbox
    }

    pub fn root(&self) -> &Path {
        self.dir.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Puts a file there and gives its path.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).unwrap();
        }
        fs::write(&path, content).unwrap();
        path
    }

    /// Puts a program there and gives its path. It is a new file, which nobody runs yet, and is written by a process of its own:
    /// what other threads start meanwhile would inherit it as open for writing, and then it could not be run.
    pub fn program(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", "rm -f \"$0\" && cat >\"$0\" && chmod 755 \"$0\""])
            .arg(&path);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_ref()).unwrap();
        assert!(child.wait().unwrap().success(), "{}", path.display());
        path
    }

    /// The program with nothing of the caller's environment but what it needs.
    pub fn command(&self) -> Command {
        self.command_of(&binary())
    }

    pub fn command_of(&self, program: &Path) -> Command {
        super::signals::start_programs_as_usual();
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
            .env("HOME", self.path("home"))
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env("TMPDIR", self.path("tmp"))
            .env("LC_ALL", "C.UTF-8")
            .current_dir(self.root())
            .stdin(Stdio::null());
        for kept in ["LD_PRELOAD", "FAKETIME", "LLVM_PROFILE_FILE"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        command
    }

    /// Runs the program and sees that its temporary directories are gone.
    pub fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Outcome {
        let mut command = self.command();
        command.args(args);
        self.finish(&mut command, b"")
    }

    pub fn run_with_input<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>, input: &[u8]) -> Outcome {
        let mut command = self.command();
        command.args(args);
        self.finish(&mut command, input)
    }

    pub fn finish(&self, command: &mut Command, input: &[u8]) -> Outcome {
        let output = output_of(command, input);
        self.assert_clean();
        let stdout = String::from_utf8(output.stdout).unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        // What libraries add for programmers; a line that is wrapped would part the words.
        let numbers =
            ["(os error", "(os\n", ":SSL routines:"].map(|mark| stdout.contains(mark) || stderr.contains(mark));
        let status = output.status.code().unwrap_or(-1);
        let outcome = Outcome { status, stdout, stderr };
        assert_eq!(numbers, [false; 3], "{outcome:#?}");
        outcome
    }

    /// Nothing of ours is left in the temporary directories, and no daemon runs for them.
    #[track_caller]
    pub fn assert_clean(&self) {
        for name in ["run", "tmp"] {
            let left: Vec<PathBuf> = fs::read_dir(self.path(name))
                .unwrap()
                .map(|e| e.unwrap().path())
                .collect();
            assert!(left.is_empty(), "left behind: {left:?}");
        }
        let daemons = self.daemons();
        assert!(daemons.is_empty(), "daemons left behind: {daemons:?}");
    }

    /// GnuPG daemons whose home is one of our temporary ones.
    pub fn daemons(&self) -> Vec<String> {
        processes()
            .into_iter()
            .filter(|line| line.contains("image-signature-") && line.contains(self.root().to_str().unwrap()))
            .filter(|line| {
                let program = line.split(' ').next().unwrap_or_default();
                ["gpg-agent", "dirmngr", "keyboxd", "scdaemon"]
                    .iter()
                    .any(|daemon| program.ends_with(daemon))
            })
            .collect()
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

/// Command lines of all processes.
pub fn processes() -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        if let Ok(line) = fs::read(entry.path().join("cmdline")) {
            found.push(String::from_utf8_lossy(&line).replace('\0', " "));
        }
    }
    found
}

/// The processes whose command line is exactly this, each argument followed by a zero byte.
pub fn processes_like(line: &str) -> Vec<i32> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        if let Ok(number) = entry.file_name().to_string_lossy().parse::<i32>() {
            if fs::read(entry.path().join("cmdline")).is_ok_and(|own| own == line.as_bytes()) {
                found.push(number);
            }
        }
    }
    found
}

/// Ends processes that a test has started.
pub fn end_all(processes: &[i32]) {
    for number in processes.iter().filter_map(|n| rustix::process::Pid::from_raw(*n)) {
        let _ = rustix::process::kill_process(number, rustix::process::Signal::KILL);
    }
}

/// Runs a program to its end, with this on its standard input.
pub fn output_of(command: &mut Command, input: &[u8]) -> std::process::Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // A program that does not read its input closes the pipe, which is its right.
    let writer = std::thread::spawn(move || stdin.write_all(&input).is_ok());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

/// Waits until something holds, for at most ten seconds.
#[track_caller]
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(10), "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// skopeo in a sandbox, with the keys of a GnuPG home.
pub fn skopeo(sandbox: &Sandbox, keys: &Path) -> Command {
    let mut command = Command::new("skopeo");
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", sandbox.path("home"))
        .env("XDG_RUNTIME_DIR", sandbox.path("skopeo-run"))
        .env("TMPDIR", sandbox.root())
        .env("GNUPGHOME", keys)
        .current_dir(sandbox.root())
        .stdin(Stdio::null());
    command
}

/// Whether a program is there.
pub fn has(program: &str) -> bool {
    ["/usr/bin", "/bin", "/usr/sbin", "/sbin"]
        .iter()
        .any(|dir| Path::new(dir).join(program).exists())
}

/// Ends a child and waits for it.
pub fn stop(mut child: Child) {
    let _ = child.kill();
    let _ = child.wait();
}
