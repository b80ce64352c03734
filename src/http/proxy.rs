// SPDX-License-Identifier: Apache-2.0
//! Which proxy a server is reached through, by the rules of Go's net/http, which oc and kubectl follow.

use std::net::IpAddr;

use ureq::ProxyProtocol;

use super::url::Url;
use crate::text::safe;

/// A proxy, and who said that it is to be used.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// Its own way of showing itself leaves the password out.
    inner: ureq::Proxy,
    origin: String,
}

impl Proxy {
    pub(super) fn for_agent(&self) -> ureq::Proxy {
        self.inner.clone()
    }

    /// Whether it is itself reached by https.
    pub(super) fn is_https(&self) -> bool {
        self.inner.protocol() == ProxyProtocol::Https
    }
}

/// Host, port, and where it is configured; never a user or password.
impl std::fmt::Display for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (host, port) = (safe(self.inner.host()), self.inner.port());
        write!(f, "proxy {host}:{port} ({})", self.origin)
    }
}

/// A proxy that is of no use. Proxy URLs may hold passwords, so that none is in the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum ProxyError {
    #[error("it is not a URL such as http://proxy:3128 or socks5://proxy:1080")]
    Malformed,
    #[error("scheme {0}: expected http, https or socks5")]
    Scheme(String),
}

/// Reads the URL of a proxy; `origin` says where it stands.
///
/// # Errors
/// When it is not a proxy URL, or of a kind that is not used with Kubernetes.
pub fn parse(text: &str, origin: &str) -> Result<Proxy, ProxyError> {
    let (scheme, rest) = text.split_once("://").ok_or(ProxyError::Malformed)?;
    // Names are resolved by the proxy, also for socks5: Go does so.
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "http" => "http",
        "https" => "https",
        "socks5" | "socks5h" => "socks5h",
        _ => return Err(ProxyError::Scheme(safe(scheme))),
    };
    let rest = rest.trim_end_matches('/');
    // Otherwise a port that does not fit would silently become the usual one.
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let port = host
        .rsplit_once(':')
        .map(|(_, port)| port)
        .filter(|port| !port.contains(']'));
    if host.is_empty() || port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err(ProxyError::Malformed);
    }
    let inner = ureq::Proxy::new(&format!("{scheme}://{rest}")).map_err(|_| ProxyError::Malformed)?;
    Ok(Proxy {
        inner,
        origin: origin.to_owned(),
    })
}

/// The URL of the proxy that the environment names for a server, and the variable that does. Where it names a host only,
/// it is http.
pub fn from_environment<'e>(url: &Url, variable: impl Fn(&str) -> Option<&'e str>) -> Option<(String, &'static str)> {
    let names = if url.is_https() {
        ["HTTPS_PROXY", "https_proxy"]
    } else {
        ["HTTP_PROXY", "http_proxy"]
    };
    let (proxy, name) = names.into_iter().find_map(|name| Some((variable(name)?, name)))?;
    let exceptions = ["NO_PROXY", "no_proxy"].into_iter().find_map(&variable).unwrap_or("");
    if is_excepted(url.host(), url.port(), exceptions) {
        return None;
    }
    let url = if proxy.contains("://") {
        proxy.to_owned()
    } else {
        format!("http://{proxy}")
    };
    Some((url, name))
}

/// Whether a host is reached without proxy: the machine itself always, and what `NO_PROXY` lists.
fn is_excepted(host: &str, port: u16, exceptions: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let address: Option<IpAddr> = host.parse().ok();
    if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
        return true;
    }
    exceptions
        .split(',')
        .map(|entry| entry.trim().to_ascii_lowercase())
        .filter(|entry| !entry.is_empty())
        .any(|entry| entry == "*" || excepts(&entry, &host, address, port))
}

fn excepts(entry: &str, host: &str, address: Option<IpAddr>, port: u16) -> bool {
    if let Some((network, bits)) = entry.split_once('/') {
        if let (Ok(network), Ok(bits)) = (network.parse::<IpAddr>(), bits.parse::<u32>()) {
            return address.is_some_and(|address| is_in(address, network, bits));
        }
    }
    let (name, only_port) = split_port(entry);
    if only_port.is_some_and(|only| only != port) {
        return false;
    }
    if let Ok(excepted) = name.parse::<IpAddr>() {
        return address == Some(excepted);
    }
    let name = name
        .strip_prefix('*')
        .filter(|rest| rest.starts_with('.'))
        .unwrap_or(name);
    match name.strip_prefix('.') {
        Some("") => false,
        Some(_) => host.ends_with(name),
        None => host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.')),
    }
}

fn split_port(entry: &str) -> (&str, Option<u16>) {
    if let Some(rest) = entry.strip_prefix('[') {
        return match rest.split_once(']') {
            Some((address, port)) => (address, port.strip_prefix(':').and_then(|p| p.parse().ok())),
            None => (entry, None),
        };
    }
    match entry.split_once(':') {
        // More than one colon: an address.
        Some((name, port)) if !port.contains(':') => (name, port.parse().ok()),
        _ => (entry, None),
    }
}

fn is_in(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    let same =
        |a: u128, b: u128, width: u32| bits <= width && (bits == 0 || a >> (width - bits) == b >> (width - bits));
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(n)) => same(u32::from(a).into(), u32::from(n).into(), 32),
        (IpAddr::V6(a), IpAddr::V6(n)) => same(a.into(), n.into(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exceptions_as_go_reads_them() {
        for (exceptions, host, port, expected) in [
            ("", "localhost", 6443, true),
            ("", "127.0.0.2", 6443, true),
            ("", "::1", 6443, true),
            ("", "api.example.com", 6443, false),
            ("*", "api.example.com", 6443, true),
            ("example.com", "api.example.com", 6443, true),
            ("example.com", "example.com", 6443, true),
            ("example.com", "badexample.com", 6443, false),
            (".example.com", "api.example.com", 6443, true),
            (".example.com", "example.com", 6443, false),
            ("*.example.com", "api.example.com", 6443, true),
            ("*.example.com", "example.com", 6443, false),
            ("a, example.com:6443", "api.example.com", 6443, true),
            ("example.com:443", "api.example.com", 6443, false),
            ("10.0.0.0/8", "10.1.2.3", 6443, true),
            ("10.0.0.0/8", "11.1.2.3", 6443, false),
            ("10.0.0.0/33", "10.0.0.0", 6443, false),
            ("0.0.0.0/0", "11.1.2.3", 6443, true),
            ("10.1.2.3", "10.1.2.3", 6443, true),
            ("10.1.2.3:1", "10.1.2.3", 6443, false),
            ("[fd00::1]:6443", "fd00::1", 6443, true),
            ("fd00::/8", "fd00::1", 6443, true),
            ("API.Example.COM", "api.example.com", 6443, true),
        ] {
            assert_eq!(
                is_excepted(host, port, exceptions),
                expected,
                "{exceptions:?} {host}:{port}"
            );
        }
    }

    #[test]
    fn proxies() {
        for good in [
            "http://p:3128",
            "https://u:p%40@p:443/",
            "socks5://[::1]:1080",
            "HTTP://p",
        ] {
            assert!(parse(good, "x").is_ok(), "{good}");
        }
        assert_eq!(parse("ftp://p", "x").unwrap_err(), ProxyError::Scheme("ftp".into()));
        assert_eq!(parse("proxy:3128", "x").unwrap_err(), ProxyError::Malformed);
        for bad in [
            "http://",
            "http://u:p@",
            "http://p:99999",
            "http://user:password",
            "http://[::1]:x",
        ] {
            assert_eq!(parse(bad, "x").unwrap_err(), ProxyError::Malformed, "{bad}");
        }
        let shown = parse("http://user:secret@p:3128", "HTTPS_PROXY").unwrap();
        assert_eq!(shown.to_string(), "proxy p:3128 (HTTPS_PROXY)");
        assert!(!format!("{shown:?}").contains("secret"));
    }
}
