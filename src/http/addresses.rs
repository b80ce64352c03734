// SPDX-License-Identifier: Apache-2.0
//! Which addresses may be contacted: a name that a server gave us must not lead to services of this machine or of its
//! link (metadata services of clouds, for one).

use std::net::IpAddr;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs};
use ureq::unversioned::transport::NextTimeout;

/// Which addresses a server may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Addresses {
    /// Any: the user named the server.
    #[default]
    Any,
    /// None of this machine and its link: another server named it.
    Outer,
}

/// Whether an address is of this machine or of its link only.
#[must_use]
pub fn is_inner(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.is_loopback() || address.is_link_local() || address.is_unspecified() || address.is_broadcast()
        }
        IpAddr::V6(address) => {
            // An IPv4 address in its IPv6 spelling leads to the same place.
            address.to_ipv4_mapped().is_some_and(|mapped| is_inner(mapped.into()))
                || address.is_loopback()
                || address.is_unspecified()
                || address.is_unicast_link_local()
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
        if self.addresses == Addresses::Any {
            return Ok(found);
        }
        // One inner address among outer ones is reason enough: the next look-up may give that one alone.
        if found.iter().any(|address| is_inner(address.ip())) {
            return Err(ureq::Error::Other(
                "its name leads to an address of this machine or its link, where no server may send us".into(),
            ));
        }
        Ok(found)
    }
}
