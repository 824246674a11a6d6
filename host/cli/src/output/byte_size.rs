//! Sizes, for people.

/// `bytes` in the largest binary unit in which it is at least one: `1.2 MiB`.
pub fn byte_size(bytes: u64) -> String {
    let mut size = bytes as f64;
    for unit in ["bytes", "KiB", "MiB", "GiB"] {
        if size < 1_024.0 {
            return match unit {
                "bytes" => format!("{bytes} bytes"),
                _ => format!("{size:.1} {unit}"),
            };
        }
        size /= 1_024.0;
    }
    format!("{size:.1} TiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_fits_the_size() {
        assert_eq!(byte_size(0), "0 bytes");
        assert_eq!(byte_size(1_023), "1023 bytes");
        assert_eq!(byte_size(1_258_291), "1.2 MiB");
        assert_eq!(byte_size(3 << 40), "3.0 TiB");
    }
}
