// SPDX-License-Identifier: Apache-2.0
//! What a server means that refuses a TLS connection: the alert that it sends (RFC 8446 section 6.2), in plain words.

use openssl::error::ErrorStack;
use openssl::ssl::SslRef;

/// Where the errors of the protocol come from, in the words of OpenSSL.
pub(super) const OF_TLS: &str = "SSL routines";

/// What OpenSSL adds to the number of an alert to have the reason of an error (ssl.h, `SSL_AD_REASON_OFFSET`).
const OFFSET: i32 = 1000;

/// The server speaks no version of TLS that is accepted here (sslerr.h, `SSL_R_UNSUPPORTED_PROTOCOL`).
const UNSUPPORTED_PROTOCOL: i32 = 258;

/// From whom an alert comes, and when.
#[derive(Clone, Copy)]
pub(super) struct From<'w> {
    /// Who sent it: what a sentence begins with.
    pub(super) who: &'w str,
    /// How to give a client certificate.
    pub(super) client: &'w str,
}

/// What is known of client certificates when an alert comes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Client {
    /// It was not asked for yet: servers show their own certificate first.
    NotAsked,
    /// None was given to this program, for servers that ask.
    Missing,
    /// There is one, which is shown to whoever asks for it.
    There,
}

/// Why there is no connection, as far as an error tells it, in a sentence.
pub(super) fn meaning(stack: &ErrorStack, ssl: &SslRef, from: From<'_>) -> Option<String> {
    let of_tls = stack.errors().iter().filter(|error| error.library() == Some(OF_TLS));
    let mut reasons = of_tls.map(openssl::error::Error::reason_code);
    let client = match (ssl.peer_certificate(), ssl.certificate()) {
        (None, _) => Client::NotAsked,
        (Some(_), None) => Client::Missing,
        (Some(_), Some(_)) => Client::There,
    };
    reasons.find_map(|reason| match reason {
        UNSUPPORTED_PROTOCOL => Some(versions(from.who)),
        reason => of(reason.checked_sub(OFFSET)?, client, from),
    })
}

/// What is told of versions, which are the same whoever refuses the other's.
fn versions(who: &str) -> String {
    format!("{who} speaks no version of TLS that is accepted here: TLS 1.2 or 1.3")
}

/// The meaning of an alert by its number.
fn of(alert: i32, client: Client, from: From<'_>) -> Option<String> {
    let From { who, client: how } = from;
    let refused = |name: &str, why: &str| match client {
        Client::There => format!("{who} does not accept the client certificate: {why} ({name})"),
        // Servers without TLS 1.3 have no alert of its own for one that is missing.
        Client::Missing => required(from),
        Client::NotAsked => {
            format!(
                "{who} refuses the TLS connection ({name}) before it asks for a client certificate; the cause is there"
            )
        }
    };
    let handshake = "refuses the TLS handshake (handshake_failure)";
    let ciphers = "no cipher is accepted on both sides";
    Some(match (alert, client) {
        (40, Client::There) => format!("{who} {handshake}: it does not accept the client certificate, or {ciphers}"),
        (40, Client::Missing) => format!("{who} {handshake}: {ciphers}, or it requires a client certificate; {how}"),
        (40, Client::NotAsked) => format!("{who} {handshake}: {ciphers}, or it has an error of its own"),
        (42, _) => refused("bad_certificate", "it is damaged, or not signed as it must be"),
        (43, _) => refused("unsupported_certificate", "it is of a kind that is not supported there"),
        (44, _) => refused("certificate_revoked", "it is revoked"),
        (45, _) => refused("certificate_expired", "it has expired"),
        (46, _) => refused("certificate_unknown", "the server does not say why"),
        (48, _) => refused("unknown_ca", "the authority that issued it is unknown there"),
        (49, Client::There) => format!("{who} denies access to the holder of the client certificate (access_denied)"),
        (49, _) => format!("{who} denies access (access_denied)"),
        (70, _) => versions(who),
        (71, _) => format!("{who} demands stronger ciphers than those accepted here (insufficient_security)"),
        (80, _) => format!("{who} has an error of its own (internal_error)"),
        (112, _) => format!("{who} has no certificate for the name that it is asked by (unrecognized_name)"),
        (116, _) => required(from),
        // Those of errors in the protocol, which users can do nothing about.
        (0..=255, _) => format!("{who} ends the TLS connection with alert {alert}"),
        _ => return None,
    })
}

fn required(from: From<'_>) -> String {
    format!("{} requires a client certificate; {}", from.who, from.client)
}

#[cfg(test)]
mod tests {
    use super::{of, Client, From};

    const FROM: From<'_> = From {
        who: "the server",
        client: "give one",
    };

    #[test]
    fn a_certificate_that_was_not_shown_is_missing_and_not_wrong() {
        for alert in [42, 46, 48, 116] {
            let told = of(alert, Client::Missing, FROM).unwrap();
            assert_eq!(told, "the server requires a client certificate; give one", "{alert}");
        }
        let told = of(48, Client::There, FROM).unwrap();
        assert!(told.contains("the authority that issued it is unknown"));
    }

    #[test]
    fn nothing_is_said_of_a_client_certificate_that_there_is_not() {
        assert_eq!(
            of(49, Client::Missing, FROM).unwrap(),
            "the server denies access (access_denied)"
        );
    }

    #[test]
    fn what_is_no_alert_is_not_explained() {
        assert_eq!(of(-741, Client::There, FROM), None);
        assert_eq!(of(256, Client::There, FROM), None);
    }
}
