//! Which addresses are not the public internet's.
//!
//! By the registries of special-purpose addresses (RFC 6890 and what came after it). An IPv6 address that carries an IPv4
//! one (mapped, compatible, NAT64, 6to4, Teredo, ISATAP) is judged by that one as well: a gateway would go there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What `address` is, where it is not a public one.
pub(crate) fn special(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => special_v4(address),
        IpAddr::V6(address) => special_v6(address),
    }
}

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, d] = address.octets();
    match (a, b, c, d) {
        (0, ..) => Some("unspecified"),
        (127, ..) => Some("loopback"),
        (10, ..) | (172, 16..=31, ..) | (192, 168, ..) => Some("private"),
        (169, 254, 169, 254) => Some("metadata"),
        (169, 254, ..) => Some("link-local"),
        // Alibaba's metadata service is in here as well.
        (100, 64..=127, ..) => Some("carrier-grade NAT"),
        (192, 0, 0, _) => Some("protocol assignment"),
        (192, 0, 2, _) | (198, 51, 100, _) | (203, 0, 113, _) => Some("documentation"),
        (192, 88, 99, _) => Some("6to4 relay"),
        (192, 31, 196, _) | (192, 52, 193, _) | (192, 175, 48, _) => Some("AS112"),
        (198, 18..=19, ..) => Some("benchmarking"),
        (224..=239, ..) => Some("multicast"),
        (255, 255, 255, 255) => Some("broadcast"),
        (240..=255, ..) => Some("reserved"),
        // Azure's channel to its virtual machines' agents: a public address by its number alone.
        (168, 63, 129, 16) => Some("metadata"),
        _ => None,
    }
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    let segments = address.segments();
    if let Some(embedded) = embedded(address) {
        // Carried ones are judged by what they carry; loopback and unspecified look like compatible ones.
        return match segments {
            [0, 0, 0, 0, 0, 0, 0, 0] => Some("unspecified"),
            [0, 0, 0, 0, 0, 0, 0, 1] => Some("loopback"),
            // Deprecated: nothing public is reached by them.
            [0, 0, 0, 0, 0, 0, ..] => Some("IPv4-compatible"),
            _ => special_v4(embedded),
        };
    }
    match segments {
        [0xfc00..=0xfdff, ..] if segments == [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] => {
            Some("metadata")
        }
        [0xfc00..=0xfdff, ..] => Some("private"),
        [0xfe80..=0xfebf, ..] => Some("link-local"),
        [0xfec0..=0xfeff, ..] => Some("site-local"),
        [0xff00..=0xffff, ..] => Some("multicast"),
        [0x0100, 0, 0, 0 | 1, ..] => Some("discard-only"),
        [0x0064, 0xff9b, 1, ..] => Some("NAT64, for local use"),
        // The rest of what is set aside for protocols: benchmarking, ORCHID, DRIP and the like.
        [0x2001, 0x0000..=0x01ff, ..] => Some("protocol assignment"),
        [0x2001, 0x0db8, ..] | [0x3fff, 0x0000..=0x0fff, ..] => Some("documentation"),
        [0x5f00, ..] => Some("segment routing"),
        // All that is public unicast lies in 2000::/3; behind a router there may be a private address.
        [0x2000..=0x3fff, ..] => isatap(address).and_then(special_v4),
        _ => Some("reserved"),
    }
}

/// The IPv4 address that an IPv6 one carries.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let at = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        // Compatible, mapped, translated (SIIT), NAT64.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x0064, 0xff9b, 0, 0, 0, 0, high, low] => at(high, low),
        // 6to4.
        [0x2002, high, low, ..] => at(high, low),
        // Teredo: the client's address, inverted.
        [0x2001, 0, .., high, low] => at(!high, !low),
        _ => None,
    }
}

/// The IPv4 address that an IPv6 one carries in the form of ISATAP, whatever its network is.
fn isatap(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [.., 0x0000 | 0x0200, 0x5efe, high, low] => {
            let bits = (u32::from(high) << 16) | u32::from(low);
            Some(Ipv4Addr::from_bits(bits))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_class_by_an_address_of_it() {
        let addresses = [
            "0.0.0.0",
            "0.1.2.3",
            "127.0.0.1",
            "127.255.255.254",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "169.254.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.8",
            "192.0.2.1",
            "198.51.100.7",
            "203.0.113.9",
            "192.88.99.1",
            "198.18.0.1",
            "224.0.0.1",
            "239.255.255.255",
            "255.255.255.255",
            "240.0.0.1",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::1",
            "2002:c0a8:101::",
            "2001:0:1:2:3:4:80ff:fffe",
            "2606:4700::5efe:10.0.0.1",
            "fd00::5efe:8.8.8.8",
            "fe80::5efe:8.8.8.8",
            "ff02::5efe:8.8.8.8",
            "2001:db8::5efe:8.8.8.8",
            "::ffff:0:10.0.0.1",
            "fe80::1",
            "fd00::1",
            "fd00:ec2::254",
            "fec0::1",
            "ff02::1",
            "100::1",
            "2001:db8::1",
            "3fff::1",
            "2001:2::1",
            "2001:20::1",
            "5f00::1",
            "4000::1",
            "e000::1",
        ];
        let said: Vec<String> = addresses
            .iter()
            .map(|text| {
                format!(
                    "{text}: {}",
                    special(text.parse().unwrap()).unwrap_or("PUBLIC")
                )
            })
            .collect();
        insta::assert_snapshot!(said.join("\n"), @r"
        0.0.0.0: unspecified
        0.1.2.3: unspecified
        127.0.0.1: loopback
        127.255.255.254: loopback
        10.0.0.1: private
        172.16.0.1: private
        172.31.255.255: private
        192.168.1.1: private
        169.254.169.254: metadata
        169.254.0.1: link-local
        100.64.0.1: carrier-grade NAT
        100.100.100.200: carrier-grade NAT
        168.63.129.16: metadata
        192.0.0.8: protocol assignment
        192.0.2.1: documentation
        198.51.100.7: documentation
        203.0.113.9: documentation
        192.88.99.1: 6to4 relay
        198.18.0.1: benchmarking
        224.0.0.1: multicast
        239.255.255.255: multicast
        255.255.255.255: broadcast
        240.0.0.1: reserved
        ::: unspecified
        ::1: loopback
        ::7f00:1: IPv4-compatible
        ::ffff:127.0.0.1: loopback
        ::ffff:10.0.0.1: private
        ::ffff:169.254.169.254: metadata
        64:ff9b::127.0.0.1: loopback
        64:ff9b::a9fe:a9fe: metadata
        64:ff9b:1::1: NAT64, for local use
        2002:7f00:1::1: loopback
        2002:c0a8:101::: private
        2001:0:1:2:3:4:80ff:fffe: loopback
        2606:4700::5efe:10.0.0.1: private
        fd00::5efe:8.8.8.8: private
        fe80::5efe:8.8.8.8: link-local
        ff02::5efe:8.8.8.8: multicast
        2001:db8::5efe:8.8.8.8: documentation
        ::ffff:0:10.0.0.1: private
        fe80::1: link-local
        fd00::1: private
        fd00:ec2::254: metadata
        fec0::1: site-local
        ff02::1: multicast
        100::1: discard-only
        2001:db8::1: documentation
        3fff::1: documentation
        2001:2::1: protocol assignment
        2001:20::1: protocol assignment
        5f00::1: segment routing
        4000::1: reserved
        e000::1: reserved
        ");
    }

    #[test]
    fn public_ones_are_public() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "172.15.255.255",
            "172.32.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "192.0.1.1",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
        ] {
            assert_eq!(special(text.parse().unwrap()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_embedded_address_is_never_safer_than_itself(octets in any::<[u8; 4]>()) {
            let v4 = Ipv4Addr::from(octets);
            let [a, b, c, d] = octets.map(u16::from);
            let (high, low) = (a << 8 | b, c << 8 | d);
            for carrier in [
                [0, 0, 0, 0, 0, 0xffff, high, low],
                [0x64, 0xff9b, 0, 0, 0, 0, high, low],
                [0x2002, high, low, 0, 0, 0, 0, 1],
                [0x2001, 0, 0, 0, 0, 0, !high, !low],
            ] {
                let carrier = IpAddr::V6(Ipv6Addr::from(carrier));
                if special(IpAddr::V4(v4)).is_some() {
                    prop_assert!(special(carrier).is_some(), "{carrier}");
                }
            }
        }
    }
}
