//! Addresses: who may send, as `allow_from` names them, and which proxies count, as `trusted_proxies` does.

use std::fmt;
use std::net::IpAddr;

/// One address, or a range of them: `203.0.113.7`, `10.0.0.0/8`, `2001:db8::/32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    address: IpAddr,
    /// How many leading bits must agree.
    bits: u32,
}

impl Range {
    /// Reads one; `None` if the text is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let all = width(address);
        let bits = bits.unwrap_or(all);
        (bits <= all).then_some(Self { address, bits })
    }

    /// Whether the address lies in it. IPv4 written as IPv6 is IPv4.
    #[must_use]
    pub fn holds(&self, other: IpAddr) -> bool {
        let (own, other) = (self.address, other.to_canonical());
        if own.is_ipv4() != other.is_ipv4() {
            return false;
        }
        let differ = number(own) ^ number(other);
        self.bits == 0 || differ >> (width(own) - self.bits) == 0
    }
}

impl fmt::Display for Range {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}", self.address)?;
        if self.bits < width(self.address) {
            write!(to, "/{}", self.bits)?;
        }
        Ok(())
    }
}

/// How many bits an address has.
const fn width(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// The address as a number.
fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(range: &str, address: &str) -> bool {
        let range = Range::parse(range).expect("a range");
        range.holds(address.parse().expect("an address"))
    }

    #[test]
    fn a_range_holds_what_shares_its_leading_bits() {
        assert!(holds("203.0.113.7", "203.0.113.7"));
        assert!(!holds("203.0.113.7", "203.0.113.8"));
        assert!(holds("10.0.0.0/8", "10.255.0.1"));
        assert!(!holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("10.0.0.0/8", "::ffff:10.1.2.3"));
        assert!(holds("0.0.0.0/0", "1.2.3.4"));
        assert!(!holds("0.0.0.0/0", "::1"));
        assert!(holds("2001:db8::/32", "2001:db8:1::1"));
        assert!(!holds("2001:db8::/33", "2001:db8:8000::1"));
        assert!(holds("::/0", "::1"));
    }

    #[test]
    fn what_is_no_address_is_no_range() {
        for text in [
            "",
            "host",
            "10.0.0.0/33",
            "10.0.0/8",
            "::/129",
            "10.0.0.0/x",
        ] {
            assert_eq!(Range::parse(text), None, "{text}");
        }
    }
}
