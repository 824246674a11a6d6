//! Sizes such as `64MiB` and durations such as `5s`, read and written.

use std::time::Duration;

const SIZES: [(&str, u64); 4] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];

const DURATIONS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Reads a size, in bytes.
pub(crate) fn parse_size(text: &str) -> Result<u64, String> {
    parse(text, &SIZES).ok_or_else(|| {
        format!(
            "`{}` is no size: write 512KiB, 64MiB, 1GiB or 100B",
            cut(text)
        )
    })
}

/// Reads a duration.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    parse(text, &DURATIONS)
        .map(Duration::from_millis)
        .ok_or_else(|| {
            format!(
                "`{}` is no duration: write 500ms, 5s, 10m, 2h or 1d",
                cut(text)
            )
        })
}

/// Writes a size in the largest unit that holds it whole.
pub(crate) fn show_size(bytes: u64) -> String {
    show(bytes, &SIZES)
}

/// Writes a duration, to the millisecond, in the largest unit that holds it whole.
pub(crate) fn show_duration(duration: Duration) -> String {
    show(
        u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
        &DURATIONS,
    )
}

fn parse(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

fn show(amount: u64, units: &[(&str, u64)]) -> String {
    let fits = |(_, factor): &&(&str, u64)| amount > 0 && amount.is_multiple_of(*factor);
    match units.iter().find(fits).or(units.last()) {
        Some((name, factor)) => format!("{}{name}", amount / factor),
        None => amount.to_string(),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_people_write() {
        assert_eq!(parse_size("64MiB"), Ok(64 << 20));
        assert_eq!(parse_size("1 GiB"), Ok(1 << 30));
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("1m"), Ok(Duration::from_secs(60)));
        for wrong in [
            "",
            "64",
            "MiB",
            "64MB",
            "-1s",
            "1.5s",
            "99999999999999GiB",
            "5 s s",
        ] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn writes_the_largest_whole_unit() {
        assert_eq!(show_size(64 << 20), "64MiB");
        assert_eq!(show_size(1_000_000), "1000000B");
        assert_eq!(show_size(0), "0B");
        assert_eq!(show_duration(Duration::from_secs(90)), "90s");
        assert_eq!(show_duration(Duration::ZERO), "0ms");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(amount: u64) {
            prop_assert_eq!(parse_size(&show_size(amount)), Ok(amount));
            let duration = Duration::from_millis(amount);
            prop_assert_eq!(parse_duration(&show_duration(duration)), Ok(duration));
        }
    }
}
