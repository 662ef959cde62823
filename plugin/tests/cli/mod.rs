//! Starts the built binary as a user would, in a folder of its own, for the tests of what it does.
#![allow(dead_code, reason = "each test file uses another part of it")]

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Once;
use std::time::{Duration, Instant};
use std::{fs, thread};

use tempfile::TempDir;

/// What the shipped rule matches, without its last brace.
const MATCHING: &str =
    r#"{"event":{"category":"process","type":"start"},"process":{"name":"docker"},"container":{"id":"c1"}"#;
/// The same, tagged.
const TAGGED: &str = concat!(
    r#"{"event":{"category":"process","type":"start","risk_score":21,"severity":21},"process":{"name":"docker"},"#,
    r#""container":{"id":"c1"}"#,
);
/// What is added to it at its end.
const TAG: &str = concat!(
    r#","weir":{"matches":[{"rule":{"id":"6c6bb7ea-0636-44ca-b541-201478ef6b50","#,
    r#""name":"Container Management Utility Run Inside A Container","version":1},"severity":"low","risk_score":21,"#,
    r#""threat":[{"framework":"MITRE ATT&CK","tactic":{"id":"TA0002","name":"Execution"},"#,
    r#""technique":[{"id":"T1609","name":"Container Administration Command"}]}]}]},"#,
    r#""rule":{"id":"6c6bb7ea-0636-44ca-b541-201478ef6b50","#,
    r#""name":"Container Management Utility Run Inside A Container"},"#,
    r#""threat":{"framework":"MITRE ATT&CK","tactic":{"id":["TA0002"],"name":["Execution"]},"#,
    r#""technique":{"id":["T1609"],"name":["Container Administration Command"]}},"#,
    r#""tags":["TA0002","T1609","6c6bb7ea-0636-44ca-b541-201478ef6b50"]"#,
);

/// An event that the shipped rule matches, told from others by a number.
pub fn matching(number: usize) -> String {
    format!(r#"{MATCHING},"n":{number}}}"#)
}

/// The same as it is delivered.
pub fn tagged(number: usize) -> String {
    format!(r#"{TAGGED},"n":{number}{TAG}}}"#)
}

/// The same as it is delivered if an exception of this name suppresses the match.
pub fn suppressed(number: usize, by: &str) -> String {
    let (told, _) = TAG.split_once(r#"}]},"rule":"#).unwrap();
    format!(r#"{MATCHING},"n":{number}{told},"suppressed_by":"{by}"}}]}}}}"#)
}

/// An event that no rule matches.
pub fn clean(number: usize) -> String {
    matching(number).replace("docker", "bash")
}

/// An event of just this many bytes, which the shipped rule matches if it may judge it.
pub fn matching_of(bytes: usize) -> String {
    sized(bytes, matching(1))
}

/// [`matching_of`] as it is delivered after a match.
pub fn tagged_of(bytes: usize) -> String {
    sized(bytes, matching(1)).replace(MATCHING, TAGGED).trim_end_matches('}').to_owned() + TAG + "}"
}

/// [`matching_of`] as it is delivered if it was too large to be judged.
pub fn too_large_of(bytes: usize) -> String {
    sized(bytes, matching(1)).trim_end_matches('}').to_owned() + r#","weir":{"unjudged":"too_large"}}"#
}

fn sized(bytes: usize, event: String) -> String {
    let member = r#","pad":"""#.len();
    let pad = "x".repeat(bytes - event.len() - member);
    format!(r#"{},"pad":"{pad}"}}"#, event.trim_end_matches('}'))
}

/// The lines, each with its newline.
pub fn lines<L: AsRef<str>>(lines: impl IntoIterator<Item = L>) -> String {
    lines.into_iter().map(|line| line.as_ref().to_owned() + "\n").collect()
}

/// A folder in which weir is started. `weir.yaml` there sets nothing but a cache of compiled modules, which all tests
/// share.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        static CACHE_FILLED: Once = Once::new();
        let folder = Self(tempfile::tempdir().unwrap());
        folder.configure("", "");
        CACHE_FILLED.call_once(|| assert_eq!(folder.run("run -c weir.yaml", "").code(), 0));
        folder
    }

    /// Writes `weir.yaml` anew, with these lines in `detect` and these sections.
    pub fn configure(&self, detect: &str, sections: &str) {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("weir-cache");
        self.write("weir.yaml", format!("detect:\n  cache_dir: {}\n{detect}\n{sections}\n", cache.display()));
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        String::from_utf8(fs::read(self.path(name)).unwrap()).unwrap()
    }

    /// The names of what is in the folder.
    pub fn names(&self) -> Vec<String> {
        let names = fs::read_dir(self.0.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// `weir` with arguments that are divided by spaces.
    pub fn weir(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
        command.args(arguments.split_whitespace()).current_dir(self.0.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it to its end.
    pub fn run(&self, arguments: &str, input: impl AsRef<[u8]>) -> Ended {
        finish(self.weir(arguments).spawn().unwrap(), input)
    }

    /// Runs a line of shell, in which `weir` is the command.
    pub fn shell(&self, script: &str) -> Ended {
        let script = format!("weir() {{ {:?} \"$@\"; }}; {script}", env!("CARGO_BIN_EXE_weir"));
        Ended(Command::new("bash").args(["-c", &script]).current_dir(self.0.path()).output().unwrap())
    }

    /// What a line of shell, in which `weir` is the command, shows on a terminal with so many columns.
    pub fn terminal(&self, columns: u16, script: &str) -> String {
        let script = format!("stty cols {columns}; weir() {{ {:?} \"$@\"; }}; {script}", env!("CARGO_BIN_EXE_weir"));
        let mut command = Command::new("script");
        command.args(["-qec", &format!("bash -c '{script}'"), "/dev/null"]).current_dir(self.0.path());
        Ended(command.stdin(Stdio::null()).output().unwrap()).output().replace('\r', "")
    }
}

/// Writes all input at once, and waits for the end.
pub fn finish(mut child: Child, input: impl AsRef<[u8]>) -> Ended {
    let mut stdin = child.stdin.take().unwrap();
    let input = input.as_ref();
    thread::scope(|scope| {
        scope.spawn(move || {
            // It may end before it has read everything.
            let _ = stdin.write_all(input);
        });
        Ended(child.wait_with_output().unwrap())
    })
}

/// Waits for the end of a process whose input is taken care of.
pub fn collect(child: Child) -> Ended {
    Ended(child.wait_with_output().unwrap())
}

/// What a process left behind.
pub struct Ended(Output);

impl Ended {
    pub fn code(&self) -> i32 {
        self.0.status.code().unwrap_or_else(|| panic!("{}: {}", self.0.status, self.stderr()))
    }

    pub fn stdout(&self) -> &[u8] {
        &self.0.stdout
    }

    pub fn stderr(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }

    /// What stdout holds, if all went well.
    pub fn output(&self) -> String {
        assert_eq!(self.code(), 0, "{}", self.stderr());
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    /// What stderr holds, if it ended with this code.
    pub fn complaint(&self, code: i32) -> String {
        assert_eq!(self.code(), code, "{}", self.stderr());
        self.stderr()
    }
}

/// Asserts that two long texts are the same, and else shows the first line that differs.
pub fn assert_same(actual: impl AsRef<[u8]>, expected: impl AsRef<[u8]>) {
    let (actual, expected) = (actual.as_ref(), expected.as_ref());
    let mut pairs = actual.split(|byte| *byte == b'\n').zip(expected.split(|byte| *byte == b'\n'));
    if let Some((actual, expected)) = pairs.find(|(actual, expected)| actual != expected) {
        let show = |line: &[u8]| String::from_utf8_lossy(&line[..line.len().min(2000)]).into_owned();
        assert_eq!(show(actual), show(expected), "of {} and {} bytes", actual.len(), expected.len());
    }
    assert_eq!(actual.len(), expected.len(), "one is the beginning of the other");
}

/// Sends a signal by its name, such as `TERM`.
pub fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Waits until `happened`, but not forever.
pub fn wait_until(what: impl AsRef<OsStr>, mut happened: impl FnMut() -> bool) {
    let patience = Instant::now() + Duration::from_secs(30);
    while !happened() {
        assert!(Instant::now() < patience, "{:?} never happened", what.as_ref());
        thread::sleep(Duration::from_millis(5));
    }
}

/// Reads until `end` has come.
pub fn read_until(stream: &mut impl Read, end: &str) -> String {
    let mut read = Vec::new();
    let mut byte = [0];
    while !read.ends_with(end.as_bytes()) {
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "ended with {:?}", String::from_utf8_lossy(&read));
        read.push(byte[0]);
    }
    String::from_utf8(read).unwrap()
}
