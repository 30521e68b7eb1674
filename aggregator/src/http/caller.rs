//! From where a request comes and under which name, and whether that name is ours.
//!
//! A web page of anybody can have its own name lead to this machine (DNS rebinding), and would then
//! be of the same origin as the answers. What its browser sends as `Host` is still that name: so only
//! names that were given are answered. An address cannot be made to lead elsewhere.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName, Uri, header};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    pub address: IpAddr,
    pub is_tls: bool,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub from: IpAddr,
    /// Whether nobody listens on the way, as far as this program knows.
    pub is_secure: bool,
    /// The name under which he comes, with its port.
    pub host: Option<String>,
}

/// Which forwarded words are believed, and which names are ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    pub proxies: Vec<IpAddr>,
    /// In small letters.
    pub hosts: Vec<String>,
}

/// An address, of which some proxies tell the port too.
fn address_of(told: &[u8]) -> Option<IpAddr> {
    let told = std::str::from_utf8(told).ok()?.trim();
    let with_port = || Some(told.parse::<SocketAddr>().ok()?.ip());
    told.parse().ok().or_else(with_port)
}

impl Names {
    /// Whether a peer is believed in what it forwards.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        self.proxies.contains(&peer.to_canonical())
    }

    /// Who asks, after the peer and what it forwards if it is believed in that.
    pub fn caller(&self, peer: Peer, headers: &HeaderMap) -> Caller {
        let address = peer.address.to_canonical();
        let host = text(headers, &header::HOST).map(str::to_owned);
        if !self.trusts(address) {
            return Caller {
                from: address,
                is_secure: peer.is_tls,
                host,
            };
        }
        // Each proxy adds whom it serves at the end: the last that is no proxy of ours is the caller,
        // and what stands before it is his own word.
        let forwarded = headers.get_all(X_FORWARDED_FOR).into_iter();
        // What a caller put into it need not be text.
        let addresses: Vec<&[u8]> = forwarded
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
            .collect();
        let addresses = addresses.iter().rev().map_while(|a| address_of(a));
        let mut addresses = addresses.map(|a| a.to_canonical());
        let from = addresses.find(|a| !self.trusts(*a)).unwrap_or(address);
        let proto = text(headers, &X_FORWARDED_PROTO).and_then(last);
        let forwarded_host = text(headers, &X_FORWARDED_HOST).and_then(last);
        Caller {
            from,
            is_secure: peer.is_tls || proto.is_some_and(|p| p.eq_ignore_ascii_case("https")),
            host: forwarded_host.map(str::to_owned).or(host),
        }
    }

    /// Whether this name is ours. A request without one comes from no browser, and a name without a dot
    /// is one of this network's own: nobody outside can let it lead here.
    pub fn knows(&self, host: Option<&str>) -> bool {
        let Some(host) = host else { return true };
        let Some(name) = name(host) else { return false };
        let is_address = name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        let is_of_this_network = !name.is_empty() && !name.contains('.');
        is_address || is_of_this_network || self.hosts.contains(&name)
    }
}

/// Whether a request names two hosts: this program and whatever stands before it might each believe another.
pub fn names_two(target: &Uri, headers: &HeaderMap) -> bool {
    let mut named = headers.get_all(header::HOST).into_iter();
    let named_first = named.next().map(|host| host.to_str().unwrap_or_default());
    let differs = |host: &str| {
        target
            .authority()
            .is_some_and(|at| !at.as_str().eq_ignore_ascii_case(host))
    };
    named.next().is_some() || named_first.is_some_and(differs)
}

/// The name without its port, in small letters and without the root's dot.
fn name(host: &str) -> Option<String> {
    let authority = host.parse::<Uri>().ok()?;
    // Nothing but a name and a port: no path, no scheme, no user.
    let is_bare = authority.path().is_empty() || authority.path() == "/";
    if !is_bare || authority.scheme().is_some() || host.contains(['@', '/']) {
        return None;
    }
    let name = authority.host()?.to_ascii_lowercase();
    Some(name.strip_suffix('.').unwrap_or(&name).to_owned())
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn last(list: &str) -> Option<&str> {
    let last = list.rsplit(',').next().map(str::trim);
    last.filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn names() -> Names {
        Names {
            proxies: vec![[10, 0, 0, 2].into(), [10, 0, 0, 3].into()],
            hosts: vec!["flood.city.example".to_owned()],
        }
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        pairs.collect()
    }

    #[test]
    fn names_that_were_given_and_addresses_are_ours_and_no_other() {
        for (host, expected) in [
            ("localhost:8080", true),
            ("flood", true),
            ("127.0.0.1:8080", true),
            ("[::1]:8080", true),
            ("192.168.3.4", true),
            ("flood.city.example", true),
            ("Flood.City.Example.:8443", true),
            ("evil.example", false),
            ("evil.example:8080", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.evil.example", false),
            ("flood.city.example@evil.example", false),
            ("http://flood.city.example", false),
            ("", false),
            ("a b", false),
        ] {
            assert_eq!(names().knows(Some(host)), expected, "{host}");
        }
        assert!(names().knows(None));
    }

    #[test]
    fn a_request_that_names_two_hosts_is_found_out() {
        let named = |hosts: &[&'static str]| {
            let hosts = hosts.iter().map(|host| ("host", *host));
            headers(&hosts.collect::<Vec<_>>())
        };
        for (target, hosts, expected) in [
            ("/a", &[][..], false),
            ("/a", &["flood.example"], false),
            ("/a", &["flood.example", "evil.example"], true),
            ("/a", &["flood.example", "flood.example"], true),
            ("http://flood.example/a", &["Flood.example"], false),
            ("http://flood.example/a", &[], false),
            ("http://evil.example/a", &["flood.example"], true),
        ] {
            let target: Uri = target.parse().expect("a target");
            assert_eq!(
                names_two(&target, &named(hosts)),
                expected,
                "{target} {hosts:?}"
            );
        }
    }

    #[test]
    fn what_a_caller_forwards_himself_hides_nobody() {
        let peer = Peer {
            address: [10, 0, 0, 2].into(),
            is_tls: false,
        };
        for told in [
            &b"\xff, 203.0.113.66"[..],
            b"garbage, 203.0.113.66:4711",
            b"203.0.113.66",
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(
                X_FORWARDED_FOR,
                HeaderValue::from_bytes(told).expect("bytes"),
            );
            let from = names().caller(peer, &headers).from;
            assert_eq!(from, IpAddr::from([203, 0, 113, 66]), "{told:?}");
        }
    }

    #[test]
    fn only_a_proxy_that_was_named_is_believed_in_what_it_forwards() {
        let peer = |last: u8| Peer {
            address: [10, 0, 0, last].into(),
            is_tls: false,
        };
        let forwarded = headers(&[
            ("host", "10.0.0.1:8080"),
            ("x-forwarded-for", "6.6.6.6, 203.0.113.9, 10.0.0.3"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "flood.city.example"),
        ]);
        let stranger = names().caller(peer(9), &forwarded);
        assert_eq!(stranger.from, IpAddr::from([10, 0, 0, 9]));
        assert!(!stranger.is_secure);
        assert_eq!(stranger.host.as_deref(), Some("10.0.0.1:8080"));
        let proxied = names().caller(peer(2), &forwarded);
        assert_eq!(proxied.from, IpAddr::from([203, 0, 113, 9]));
        assert!(proxied.is_secure);
        assert_eq!(proxied.host.as_deref(), Some("flood.city.example"));
        // A word that is no address ends what is believed.
        let odd = headers(&[("x-forwarded-for", "203.0.113.9, unknown")]);
        let odd = names().caller(peer(2), &odd);
        assert_eq!(odd.from, IpAddr::from([10, 0, 0, 2]));
    }
}
