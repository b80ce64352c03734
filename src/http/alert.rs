// SPDX-License-Identifier: Apache-2.0
//! What a server means that refuses a TLS connection: the alert that it sends (RFC 8446 section 6.2), in plain words.

use openssl::error::ErrorStack;
use openssl::ssl::SslRef;

/// What OpenSSL adds to the number of an alert to have the reason of an error (ssl.h, `SSL_AD_REASON_OFFSET`).
const OFFSET: i32 = 1000;

/// The server speaks no version of TLS that is accepted here (sslerr.h, `SSL_R_UNSUPPORTED_PROTOCOL`).
const UNSUPPORTED_PROTOCOL: i32 = 258;

/// What is told of versions, which are the same whoever refuses the other's.
const VERSIONS: &str = "the server speaks no version of TLS that is accepted here: TLS 1.2 or 1.3";

/// Why there is no connection, as far as an error tells it, in a sentence; `client` says how to give a client certificate.
pub(super) fn meaning(stack: &ErrorStack, ssl: &SslRef, client: &str) -> Option<String> {
    let of_tls = stack
        .errors()
        .iter()
        .filter(|error| error.library() == Some("SSL routines"));
    let mut reasons = of_tls.map(openssl::error::Error::reason_code);
    let shows_certificate = ssl.certificate().is_some();
    reasons.find_map(|reason| match reason {
        UNSUPPORTED_PROTOCOL => Some(VERSIONS.to_owned()),
        reason => of(reason.checked_sub(OFFSET)?, shows_certificate, client),
    })
}

/// The meaning of an alert by its number.
fn of(alert: i32, shows_certificate: bool, client: &str) -> Option<String> {
    let refused = |why: &str| match shows_certificate {
        true => format!("the server does not accept the client certificate: {why}"),
        // Servers without TLS 1.3 have no alert of its own for one that is missing.
        false => required(client),
    };
    Some(match alert {
        40 if shows_certificate => {
            "the server refuses the TLS handshake (handshake_failure): it does not accept the client certificate, or no cipher is accepted on both sides".to_owned()
        }
        40 => format!(
            "the server refuses the TLS handshake (handshake_failure): no cipher is accepted on both sides, or it requires a client certificate; {client}"
        ),
        42 => refused("it is damaged, or not signed as it must be (bad_certificate)"),
        43 => refused("it is of a kind that is not supported there (unsupported_certificate)"),
        44 => refused("it is revoked (certificate_revoked)"),
        45 => refused("it has expired (certificate_expired)"),
        46 => refused("the server does not say why (certificate_unknown)"),
        48 => refused("the authority that issued it is unknown there (unknown_ca)"),
        49 => "the server denies access to the holder of the client certificate (access_denied)".to_owned(),
        70 => VERSIONS.to_owned(),
        71 => "the server demands stronger ciphers than those accepted here (insufficient_security)".to_owned(),
        80 => "the server has an error of its own (internal_error)".to_owned(),
        112 => "the server has no certificate for the name that it is asked by (unrecognized_name)".to_owned(),
        116 => required(client),
        // Those of errors in the protocol, which users can do nothing about.
        0..=255 => format!("the server ends the TLS connection with alert {alert}"),
        _ => return None,
    })
}

fn required(client: &str) -> String {
    format!("the server requires a client certificate; {client}")
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn a_certificate_that_was_not_shown_is_missing_and_not_wrong() {
        for alert in [42, 46, 48, 116] {
            let told = of(alert, false, "give one").unwrap();
            assert_eq!(told, "the server requires a client certificate; give one", "{alert}");
        }
        assert!(of(48, true, "give one")
            .unwrap()
            .contains("the authority that issued it is unknown"));
    }

    #[test]
    fn what_is_no_alert_is_not_explained() {
        assert_eq!(of(-741, true, ""), None);
        assert_eq!(of(256, true, ""), None);
    }
}
