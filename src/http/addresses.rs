// SPDX-License-Identifier: Apache-2.0
//! Which addresses may be contacted: a name that a server gave us must not lead to services of this machine or of its
//! link (metadata services of clouds, for one).

use std::net::IpAddr;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs};
use ureq::unversioned::transport::NextTimeout;

/// How near an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Nearness {
    /// This machine itself: a loopback address.
    Machine,
    /// Its own link only: a link-local address.
    Link,
    /// Any other address: that of a public or private network.
    Elsewhere,
}

impl Nearness {
    /// That of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        let (machine, link) = match address {
            IpAddr::V4(address) => (
                address.is_loopback() || address.is_unspecified(),
                address.is_link_local() || address.is_broadcast(),
            ),
            IpAddr::V6(address) => match address.to_ipv4_mapped() {
                // An IPv4 address in its IPv6 spelling leads to the same place.
                Some(mapped) => return Self::of(mapped.into()),
                None => (
                    address.is_loopback() || address.is_unspecified(),
                    address.is_unicast_link_local(),
                ),
            },
        };
        match (machine, link) {
            (true, _) => Nearness::Machine,
            (_, true) => Nearness::Link,
            _ => Nearness::Elsewhere,
        }
    }

    /// That of a host as a URL writes it; a name is not looked up. Spellings such as 127.1 and 0x7f000001, which some
    /// resolvers take for addresses, are as near as can be.
    #[must_use]
    pub fn of_host(host: &str) -> Self {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        if host == "localhost" || host.ends_with(".localhost") {
            return Nearness::Machine;
        }
        match host.parse() {
            Ok(address) => Self::of(address),
            Err(_) if ends_in_number(&host) => Nearness::Machine,
            Err(_) => Nearness::Elsewhere,
        }
    }
}

/// Whether the last label of a host is a number: then the host is not a name.
fn ends_in_number(host: &str) -> bool {
    let label = host.rsplit('.').next().unwrap_or_default();
    let is_hex = label
        .strip_prefix("0x")
        .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()));
    is_hex || (!label.is_empty() && label.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a host is an address and not a name.
#[must_use]
pub fn is_address(host: &str) -> bool {
    host.parse::<IpAddr>().is_ok()
}

/// Which addresses a server may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Addresses {
    /// Any: the user named the server.
    #[default]
    Any,
    /// Another server named it, which is itself as near as this: none of this machine and its link but where that one is.
    NamedFrom(Nearness),
}

impl Addresses {
    fn allow(self, address: IpAddr) -> bool {
        match (self, Nearness::of(address)) {
            (Addresses::Any, _) | (_, Nearness::Elsewhere) => true,
            (Addresses::NamedFrom(from), to) => from == to,
        }
    }
}

/// Looks names up, and leaves out the addresses that are not allowed.
#[derive(Debug)]
pub(super) struct Resolver {
    inner: DefaultResolver,
    addresses: Addresses,
}

impl Resolver {
    pub fn new(addresses: Addresses) -> Self {
        Self {
            inner: DefaultResolver::default(),
            addresses,
        }
    }
}

impl ureq::unversioned::resolver::Resolver for Resolver {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        // What is looked up is then the proxy, which the user has named; it looks up the server.
        if config.proxy().is_some() {
            return Ok(found);
        }
        // One inner address among outer ones is reason enough: the next look-up may give that one alone.
        if !found.iter().all(|address| self.addresses.allow(address.ip())) {
            return Err(ureq::Error::Other(
                "its name resolves to a loopback or link-local address; redirects to such addresses are refused".into(),
            ));
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::{Addresses, Nearness};

    #[test]
    fn hosts_in_all_their_spellings() {
        for (host, nearness) in [
            ("localhost", Nearness::Machine),
            ("LOCALHOST.", Nearness::Machine),
            ("a.localhost", Nearness::Machine),
            ("127.1.2.3", Nearness::Machine),
            ("0.0.0.0", Nearness::Machine),
            ("::1", Nearness::Machine),
            ("::", Nearness::Machine),
            ("::ffff:127.0.0.1", Nearness::Machine),
            ("169.254.169.254", Nearness::Link),
            ("::ffff:169.254.169.254", Nearness::Link),
            ("fe80::1", Nearness::Link),
            ("255.255.255.255", Nearness::Link),
            ("10.0.0.1", Nearness::Elsewhere),
            ("localhost.example.com", Nearness::Elsewhere),
            ("127.1", Nearness::Machine),
            ("2130706433", Nearness::Machine),
            ("0x7f.1", Nearness::Machine),
            ("0X7F000001.", Nearness::Machine),
            ("1a", Nearness::Elsewhere),
            ("a.0xg", Nearness::Elsewhere),
            ("2001:db8::1", Nearness::Elsewhere),
        ] {
            assert_eq!(Nearness::of_host(host), nearness, "{host}");
        }
    }

    #[test]
    fn a_server_sends_nobody_nearer_than_it_is_itself() {
        let (machine, link, out) = ("127.0.0.1", "169.254.1.1", "192.0.2.1");
        for (from, to, allowed) in [
            (Nearness::Elsewhere, machine, false),
            (Nearness::Elsewhere, link, false),
            (Nearness::Elsewhere, out, true),
            (Nearness::Machine, machine, true),
            (Nearness::Machine, link, false),
            (Nearness::Link, machine, false),
            (Nearness::Link, link, true),
        ] {
            let found = Addresses::NamedFrom(from).allow(to.parse().unwrap());
            assert_eq!(found, allowed, "{from:?} {to}");
        }
        assert!(Addresses::Any.allow(link.parse().unwrap()));
    }
}
