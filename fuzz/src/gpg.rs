// SPDX-License-Identifier: Apache-2.0
//! What gpg finds in a message: the same as the framing, and the same however it is asked.

use std::cell::RefCell;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use image_signature::openpgp::framing::compression;
use image_signature::openpgp::framing::message::Message;
use image_signature::openpgp::framing::packet::{self, tag};
use image_signature::openpgp::gnupg::batch::transcript;
use image_signature::openpgp::gnupg::batch::worker::BatchWorker;
use image_signature::openpgp::gnupg::gpgme::Gpg;
use image_signature::openpgp::gnupg::home::Home;
use image_signature::openpgp::gnupg::status::{read_answer, Answer, StatusLine};

/// How long a worker may take for a message.
const PATIENCE: Duration = Duration::from_secs(20);

/// A worker is replaced after so many messages.
const MOST: usize = 10_000;

/// At every how many messages gpg is asked for the data in it, which takes a process each.
const DATA_STEP: usize = 50;

/// How many messages that is done for first: those that the tests have.
const DATA_FIRST: usize = 200;

/// A worker, and how many messages it was given.
struct Asked {
    home: Home,
    worker: BatchWorker,
    count: usize,
}

impl Asked {
    fn new(home: Home) -> Self {
        let worker = BatchWorker::start(&home).expect("gpg starts");
        let count = 0;
        Self { home, worker, count }
    }

    /// What the worker says of messages, one after the other.
    fn ask<const COUNT: usize>(&mut self, messages: [Vec<u8>; COUNT]) -> [Vec<StatusLine>; COUNT] {
        self.count += 1;
        if self.count % MOST == 0 {
            self.worker = BatchWorker::start(&self.home).expect("gpg starts");
        }
        let answers = self.worker.ask(&self.home, &messages, PATIENCE).expect("gpg answers");
        answers.try_into().expect("an answer for each message")
    }
}

thread_local! {
    /// A worker that has no key.
    static KEYLESS: RefCell<Option<Asked>> = const { RefCell::new(None) };
    /// On a home that has the keys of the corpus; gpgme is asked on it too.
    static WITH_KEYS: RefCell<Option<(Asked, Gpg)>> = const { RefCell::new(None) };
}

fn new_home() -> Home {
    Home::isolated(&[std::env::temp_dir()]).expect("a home can be made")
}

/// The keys of the corpus, each in a file of its own.
fn keys() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = [
        root.join("tests/data/corpus/keys"),
        root.join("../tests/data/corpus/keys"),
    ];
    let place = places.iter().find(|place| place.is_dir()).expect("there is a corpus");
    let files = fs::read_dir(place).expect("the corpus can be read");
    let paths = files.map(|file| file.expect("the corpus can be read").path());
    let armoured = paths.filter(|path| path.extension().is_some_and(|end| end == "asc"));
    armoured
        .map(|path| fs::read(path).expect("a key can be read"))
        .collect()
}

/// Does something with a worker and gpgme on one home that has the keys of the corpus.
fn with_keys<T>(act: impl FnOnce(&mut Asked, &mut Gpg) -> T) -> T {
    WITH_KEYS.with_borrow_mut(|own| {
        let (asked, gpg) = own.get_or_insert_with(|| {
            let home = new_home();
            let mut gpg = Gpg::start(home.path()).expect("gpg starts");
            // Some are broken on purpose.
            let taken = keys()
                .iter()
                .filter(|key| gpg.import(key).is_ok_and(|own| !own.taken.is_empty()))
                .count();
            assert!(taken > 10, "{taken} keys");
            // The worker reads the keyring once.
            (Asked::new(home), gpg)
        });
        act(asked, gpg)
    })
}

/// Whatever the framing accepts, gpg takes for one signature over data, by the key that the framing names: without a key at
/// hand gpg says whose it would be (`ERRSIG`, `NO_PUBKEY`). It finds the same bytes in the input as the framing does: what
/// verifies as it came verifies as we write it, and the other way round; and now and then gpg is asked for the data itself.
pub fn gpg_agrees(input: &[u8]) {
    let Ok(message) = Message::parse(input) else {
        return;
    };
    KEYLESS.with_borrow_mut(|own| {
        let own = own.get_or_insert_with(|| Asked::new(new_home()));
        let [lines] = own.ask([message.encode()]);
        without_a_key(&message, &lines);
        if !is_unchecked(input) && (own.count <= DATA_FIRST || own.count % DATA_STEP == 0) {
            assert_eq!(data_in(&own.home, input).as_ref(), Some(&message.payload));
        }
    });
    if is_unchecked(input) {
        return;
    }
    let [came, written] = with_keys(|asked, _| asked.ask([input.to_vec(), message.encode()]));
    let facts = |lines: &[StatusLine]| transcript::good(lines).and_then(|answer| answer.valid);
    assert_eq!(facts(&came), facts(&written), "{came:?} {written:?}");
}

/// Nothing, as zlib compresses it, with a checksum that is wrong.
const WRONG_SUM: [u8; 9] = [2, 0x78, 0x9c, 3, 0, 0, 0, 0, 2];

/// Whether the data may be damaged and not show it: the library for zlib looks at no checksum when it is built for fuzzing,
/// and gpg ends at a wrong one.
fn is_unchecked(input: &[u8]) -> bool {
    let mut rest = input;
    let is_compressed = matches!(packet::next(&mut rest), Ok(Some(own)) if own.tag == tag::COMPRESSED);
    is_compressed && compression::decompress(&WRONG_SUM).is_ok()
}

fn without_a_key(message: &Message, lines: &[StatusLine]) {
    let with = |wanted: &str| lines.iter().filter(|(keyword, _)| keyword == wanted).count();
    assert_eq!(with("NEWSIG"), 1, "{lines:?}");
    assert_eq!(with("PLAINTEXT"), 0, "{lines:?}");
    assert!(
        transcript::good(lines).is_none(),
        "without a key nothing is good: {lines:?}"
    );
    let errors: Vec<&str> = lines
        .iter()
        .filter(|(keyword, _)| keyword == "ERRSIG")
        .map(|(_, arguments)| arguments.as_str())
        .collect();
    assert_eq!(errors.len(), 1, "{lines:?}");
    let key = errors[0].split(' ').next().unwrap_or_default();
    let maker = message.signature.maker();
    assert!(maker.to_uppercase().contains(key), "{key} for gpg, {maker} for us");
}

/// The data that gpg finds in a message, whoever signed it; nothing where it says that it found none.
fn data_in(home: &Home, input: &[u8]) -> Option<Vec<u8>> {
    let mut gpg = Command::new("gpg")
        .arg("--homedir")
        .arg(home.path())
        .args(["--batch", "--no-tty", "--quiet", "--output", "-", "--decrypt"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("gpg starts");
    let mut stdin = gpg.stdin.take().expect("it has a pipe");
    let input = input.to_vec();
    // gpg may end before it has read everything.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = gpg.wait_with_output().expect("gpg ends");
    writer.join().expect("the input is written");
    // 2: nobody knows the maker.
    [0, 2].contains(&output.status.code()?).then_some(output.stdout)
}

/// gpgme and a worker have one outcome for a message, with the keys of the corpus at hand: what a worker finds good gpgme finds good,
/// with the same facts, and the other way round.
pub fn engines_agree(input: &[u8]) {
    let Ok(message) = Message::parse(input) else {
        return;
    };
    with_keys(|asked, gpg| {
        let [lines] = asked.ask([message.encode()]);
        let by_worker = read_answer(&lines).ok();
        let by_gpgme = gpg.verify(&message.detached_signature(), &message.payload).ok();
        let facts = |answer: Option<&Answer>| answer.map(|own| (own.check.clone(), own.valid.clone()));
        assert_eq!(facts(by_worker.as_ref()), facts(by_gpgme.as_ref()), "{lines:?}");
    });
}
