// SPDX-License-Identifier: Apache-2.0
//! Engines at work at the same time, each with keys and a GnuPG home of its own.

use image_signature::openpgp::engine::Engine;
use image_signature::openpgp::framing::message::Message;
use image_signature::openpgp::gnupg::batch::{BatchCheck, Terms};
use image_signature::openpgp::gnupg::check::GpgCheck;
use image_signature::openpgp::judgement::Judgement;
use image_signature::openpgp::keys::signed_by::SignedBy;
use image_signature::openpgp::roles::SignatureCheck;
use image_signature::openpgp::trust::import;
use image_signature::reason::Reason;

use super::keys::signed;
use crate::support::apart::is_apart;
use crate::support::forge::{now, Key};
use crate::support::program::Sandbox;

const ENGINES: usize = 4;
const ROUNDS: usize = 12;

#[test]
fn engines_in_parallel_threads_know_their_own_keys_and_no_others() {
    if is_apart(
        module_path!(),
        "engines_in_parallel_threads_know_their_own_keys_and_no_others",
    ) {
        in_parallel(|single| Box::new(single));
    }
}

/// The same with a worker each; then with one that is replaced all the time.
#[test]
fn workers_in_parallel_threads_know_their_own_keys_and_no_others() {
    if !is_apart(
        module_path!(),
        "workers_in_parallel_threads_know_their_own_keys_and_no_others",
    ) {
        return;
    }
    in_parallel(|single| Box::new(BatchCheck::new(single, 0, Terms::default())));
    let short = Terms {
        messages: 2,
        ..Terms::default()
    };
    in_parallel(|single| Box::new(BatchCheck::new(single, 1, short)));
}

fn in_parallel(checker: impl Fn(GpgCheck) -> Box<dyn SignatureCheck> + Sync) {
    let sandbox = Sandbox::new();
    let keys: Vec<Key> = (0..ENGINES).map(|_| Key::new()).collect();
    let messages: Vec<Message> = keys.iter().map(|key| Message::parse(&signed(key)).unwrap()).collect();
    let engine = |n: usize| {
        let file = sandbox.file(&format!("key{n}.gpg"), keys[n].certificate(&format!("Owner {n}")));
        let mut check = checker(GpgCheck::new(vec![sandbox.path("run")], now()));
        let loaded = import::from_files(&[file], &mut *check).unwrap();
        Engine::new(Box::new(loaded.keys), check, SignedBy::default(), now())
    };
    std::thread::scope(|scope| {
        let (engine, messages, keys) = (&engine, &messages, &keys);
        for (n, key) in keys.iter().enumerate() {
            scope.spawn(move || {
                let mut engine = engine(n);
                for round in 0..ROUNDS {
                    let maker = (n + round) % ENGINES;
                    match engine.verify(&messages[maker]).unwrap() {
                        Judgement::Good(signer) => {
                            assert_eq!(maker, n);
                            assert_eq!(signer.primary.as_str(), key.fingerprint());
                            assert_eq!(signer.user_id, format!("Owner {n}"));
                        }
                        Judgement::Refused { refusal, .. } => {
                            assert_ne!(maker, n, "{refusal}");
                            assert_eq!(refusal.reason, Reason::UnknownKey);
                        }
                    }
                }
            });
        }
    });
    sandbox.assert_clean();
}
