// SPDX-License-Identifier: Apache-2.0
//! The URL of a server.

use std::fmt;

use ureq::http::uri::{Scheme, Uri};

/// Scheme, host, port and a prefix of paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    text: String,
    host: String,
    port: u16,
    is_https: bool,
}

/// A text that is not a URL of a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum UrlError {
    #[error("it is not a URL such as https://api.example.com:6443")]
    Malformed,
    #[error("{0} is not a port (1 to 65535)")]
    Port(String),
    #[error("scheme {0}: expected https or http")]
    Scheme(String),
    #[error("a query or fragment is not allowed")]
    Query,
    #[error("a user name or password in it would be seen by anyone who sees the URL; use a token or a certificate")]
    UserInfo,
}

impl Url {
    /// Reads a URL; the scheme must be there.
    ///
    /// # Errors
    /// When it is not that of an http or https server.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let uri: Uri = text.parse().map_err(|_| UrlError::Malformed)?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(UrlError::Malformed);
        };
        let is_https = *scheme == Scheme::HTTPS;
        if !is_https && *scheme != Scheme::HTTP {
            return Err(UrlError::Scheme(crate::text::safe(scheme.as_str())));
        }
        if authority.as_str().contains('@') {
            return Err(UrlError::UserInfo);
        }
        // Otherwise the port that does not fit would silently become the usual one.
        let written = authority.as_str().rsplit_once(':').map(|(_, port)| port);
        if let Some(port) = written.filter(|port| !port.contains(']') && authority.port_u16().is_none()) {
            return Err(
                match port.bytes().all(|byte| byte.is_ascii_digit()) && !port.is_empty() {
                    true => UrlError::Port(crate::text::safe(port)),
                    false => UrlError::Malformed,
                },
            );
        }
        if uri.query().is_some() || text.contains('#') {
            return Err(UrlError::Query);
        }
        let host = authority.host();
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        if host.is_empty() {
            return Err(UrlError::Malformed);
        }
        Ok(Self {
            text: text.trim_end_matches('/').to_owned(),
            host: host.to_owned(),
            port: authority.port_u16().unwrap_or(if is_https { 443 } else { 80 }),
            is_https,
        })
    }

    /// The host; an IPv6 address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, by the scheme where the URL names none.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether the connection is secured by TLS.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.is_https
    }

    /// Host and port, as messages name a server.
    #[must_use]
    pub fn address(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers() {
        let url = Url::parse("https://api.example.com:6443/k8s/").unwrap();
        assert_eq!(url.to_string(), "https://api.example.com:6443/k8s");
        assert_eq!(url.address(), "api.example.com:6443");
        let url = Url::parse("http://[::1]").unwrap();
        assert_eq!((url.host(), url.port(), url.is_https()), ("::1", 80, false));
        assert_eq!(url.address(), "[::1]:80");
        for bad in [
            "api.example.com:6443",
            "/path",
            "ftp://x",
            "https://u:p@x",
            "https://x?y",
            "https://",
        ] {
            assert!(Url::parse(bad).is_err(), "{bad}");
        }
    }
}
