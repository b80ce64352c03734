// SPDX-License-Identifier: Apache-2.0
//! Where a server may send us: over https, and to no address of this machine or its link unless it is there itself.

use super::clients::location_of;
use super::network::Reach;
use super::trouble::Trouble;
use super::url_text::{absolute, server_of};
use crate::http::url::Url;
use crate::http::{Addresses, Nearness, Response};
use crate::text::place::shown;
use crate::text::safe;

/// Most redirects of one request.
pub(super) const MAX_REDIRECTS: usize = 5;

/// Whom a request comes from that a server sends to another one; safe to print.
pub(super) fn told(server: &Url) -> String {
    format!("{} redirects there", safe(&location_of(server)))
}

/// Whether an answer sends us somewhere else.
pub(super) fn is_redirect(response: &Response) -> bool {
    matches!(response.status, 301 | 302 | 303 | 307 | 308)
}

/// The URL that an answer of `server` to `url` sends us to, and its server.
pub(super) fn target(server: &Url, url: &str, response: &Response) -> Result<(String, Url), Trouble> {
    let wrong = |what: String| Trouble::Wrong { url: shown(url), what };
    let location = response
        .headers
        .get("location")
        .ok_or_else(|| wrong(format!("status {} without a Location", response.status)))?;
    let target = absolute(url, location)
        .ok_or_else(|| wrong("it redirects to something that is not an http or https URL".into()))?;
    let next = server_of(&target).ok_or_else(|| wrong("it redirects to a malformed URL".into()))?;
    check(server, &next, "redirects").map_err(wrong)?;
    Ok((target, next))
}

/// How a server is reached that another one, not itself, sends us to. That the first need not be verified does not hold
/// for others. Where its own name leads, the first is itself.
pub(super) fn reach(from: &Url, to: &Url) -> Reach {
    let addresses = if to.host().eq_ignore_ascii_case(from.host()) {
        Addresses::Any
    } else {
        Addresses::NamedFrom(Nearness::of_host(from.host()))
    };
    Reach {
        unverified: false,
        addresses,
        is_registry: false,
    }
}

/// Whether a server may send us to another one. `how` is what it does, for the message.
pub(super) fn check(from: &Url, to: &Url, how: &str) -> Result<(), String> {
    if !to.is_https() && from.is_https() {
        return Err(format!("it {how} to {} over plain http", safe(&to.address())));
    }
    let nearness = Nearness::of_host(to.host());
    if nearness != Nearness::Elsewhere && nearness != Nearness::of_host(from.host()) {
        let what = match nearness {
            Nearness::Machine => "this machine itself",
            _ => "a link-local address",
        };
        return Err(format!("it {how} to {}, {what}", safe(&to.address())));
    }
    Ok(())
}
