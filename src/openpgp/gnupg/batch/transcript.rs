// SPDX-License-Identifier: Apache-2.0
//! What a gpg worker says about one message (doc/DETAILS of GnuPG): good beyond doubt, or nothing to rely on.

use crate::openpgp::gnupg::status::{read_answer, Answer, StatusCheck, StatusLine};

/// What each status line begins with.
const PREFIX: &str = "[GNUPG:] ";

/// What gpg may say of a good signature and what goes with it. Whatever else it says is a doubt.
const HARMLESS: [&str; 14] = [
    "KEY_CONSIDERED",
    "SIG_ID",
    "PLAINTEXT",
    "PLAINTEXT_LENGTH",
    "NOTATION_NAME",
    "NOTATION_FLAGS",
    "NOTATION_DATA",
    "POLICY_URL",
    "TRUST_UNDEFINED",
    "TRUST_ULTIMATE",
    "TRUST_FULLY",
    "TRUST_MARGINAL",
    "VERIFICATION_COMPLIANCE_MODE",
    "ASSERT_SIGNER",
];

/// What a good signature has one of each of, in this order.
const VERDICT: [&str; 3] = ["NEWSIG", "GOODSIG", "VALIDSIG"];

/// The keyword that begins the answer about a file.
pub(crate) const START: &str = "FILE_START";

/// The keyword that ends it.
pub(crate) const DONE: &str = "FILE_DONE";

/// Digits of a key ID, which `GOODSIG` names the key by; it may be the whole fingerprint.
const KEY_ID: usize = 16;

/// Takes a status line apart. Nothing but status lines comes from a worker.
pub fn read_line(line: &[u8]) -> Option<StatusLine> {
    let line = String::from_utf8_lossy(line);
    let rest = line.strip_prefix(PREFIX)?;
    let (keyword, arguments) = rest.split_once(' ').unwrap_or((rest, ""));
    Some((keyword.to_owned(), arguments.to_owned()))
}

/// gpg's answer where all that it says about a file is that it has exactly one signature and that this one is good.
/// `None` for anything else.
pub fn good(lines: &[StatusLine]) -> Option<Answer> {
    let is_harmless = |keyword: &str| HARMLESS.contains(&keyword);
    let verdict: Vec<&StatusLine> = lines.iter().filter(|(keyword, _)| !is_harmless(keyword)).collect();
    if !verdict.iter().map(|(keyword, _)| keyword.as_str()).eq(VERDICT) {
        return None;
    }
    let answer = read_answer(lines).ok()?;
    let key = answer.valid.as_ref()?.fingerprint.as_str();
    let named = verdict[1].1.split(' ').next()?;
    (answer.check == StatusCheck::Good && named.len() >= KEY_ID && key.ends_with(named)).then_some(answer)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// As gpg 2.2 says it.
    const GOOD: [&str; 7] = [
        "NEWSIG",
        "KEY_CONSIDERED DA7E77B8168E50C1687F8579AFAF432683D524F5 0",
        "SIG_ID +1TlX8dlJogENReNQind4dh8ma4 2023-11-14 1700000000",
        "GOODSIG AFAF432683D524F5 rsa2048 <rsa2048@example.org>",
        "NOTATION_NAME a@example.org",
        "VALIDSIG DA7E77B8168E50C1687F8579AFAF432683D524F5 2023-11-14 1700000000 0 4 0 1 8 00 DA7E77B8168E50C1687F8579AFAF432683D524F5",
        "TRUST_UNDEFINED 0 pgp",
    ];

    fn is_good(lines: &[&str]) -> bool {
        let lines: Vec<StatusLine> = lines
            .iter()
            .map(|line| read_line(format!("{PREFIX}{line}").as_bytes()).unwrap())
            .collect();
        good(&lines).is_some()
    }

    #[test]
    fn nothing_can_be_left_out_doubled_moved_or_added() {
        assert!(is_good(&GOOD));
        for at in [0, 3, 5] {
            let mut lines = GOOD.to_vec();
            let line = lines.remove(at);
            assert!(!is_good(&lines), "without {line}");
            lines.insert(at, line);
            lines.insert(at, line);
            assert!(!is_good(&lines), "{line} twice");
        }
        for (from, to) in [(0, 3), (0, 6), (3, 0), (3, 5), (5, 0), (5, 3)] {
            let mut lines = GOOD.to_vec();
            let line = lines.remove(from);
            lines.insert(to, line);
            assert!(!is_good(&lines), "{line} at {to}");
        }
        for more in [
            "BADSIG AFAF432683D524F5 rsa2048",
            "ERRSIG AFAF432683D524F5 1 8 00 1700000000 9",
            "EXPSIG AFAF432683D524F5 rsa2048",
            "EXPKEYSIG AFAF432683D524F5 rsa2048",
            "REVKEYSIG AFAF432683D524F5 rsa2048",
            "NODATA 1",
            "UNEXPECTED 0",
            "KEYEXPIRED 1700000000",
            "KEYREVOKED",
            "TRUST_NEVER 0 pgp",
            "ERROR verify 1",
            "FAILURE gpg-exit 1",
            "DECRYPTION_OKAY",
            "SOMETHING_NEW",
            "FILE_START 1 message",
            "FILE_DONE",
        ] {
            for at in 0..=GOOD.len() {
                let mut lines = GOOD.to_vec();
                lines.insert(at, more);
                assert!(!is_good(&lines), "{more} at {at}");
            }
        }
        assert!(!is_good(&[]));
    }

    #[test]
    fn both_lines_name_the_same_key() {
        for (named, expected) in [
            ("AFAF432683D524F5", true),
            ("DA7E77B8168E50C1687F8579AFAF432683D524F5", true),
            ("AFAF432683D524F4", false),
            ("83D524F5", false),
            ("", false),
        ] {
            let line = format!("GOODSIG {named} rsa2048");
            let mut lines = GOOD.to_vec();
            lines[3] = &line;
            assert_eq!(is_good(&lines), expected, "{named}");
        }
    }

    #[test]
    fn a_line_that_is_no_status_line_is_none() {
        for line in [
            "",
            "GOODSIG AFAF432683D524F5 a",
            " [GNUPG:] GOODSIG AFAF432683D524F5 a",
            "[GNUPG:]",
        ] {
            assert!(read_line(line.as_bytes()).is_none(), "{line}");
        }
    }
}
