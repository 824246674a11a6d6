//! Times, as people and programs write them.

/// Seconds since the Unix epoch, as of RFC 3339, in UTC, to the millisecond: `2026-01-02T03:04:05.500Z`.
pub(crate) fn rfc3339(seconds: f64) -> String {
    let milliseconds = (seconds * 1_000.0).round() as i64;
    let (days, of_day) = (
        milliseconds.div_euclid(86_400_000),
        milliseconds.rem_euclid(86_400_000),
    );
    let (year, month, day) = date(days);
    let (minutes, of_minute) = (of_day / 60_000, of_day % 60_000);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        minutes / 60,
        minutes % 60,
        of_minute / 1_000,
        of_minute % 1_000
    )
}

/// The date that is so many days after 1970-01-01, in the Gregorian calendar.
fn date(days: i64) -> (i64, i64, i64) {
    // Counted from the first of March of year 0, so that the leap day is a year's last, in eras of 400 years, which all have the same days.
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc() {
        for (seconds, wanted) in [
            (0.0, "1970-01-01T00:00:00.000Z"),
            (951_782_400.0, "2000-02-29T00:00:00.000Z"),
            (1_767_323_045.5, "2026-01-02T03:04:05.500Z"),
            (4_107_542_399.999_6, "2100-03-01T00:00:00.000Z"),
            (-1.0, "1969-12-31T23:59:59.000Z"),
        ] {
            assert_eq!(rfc3339(seconds), wanted);
        }
    }
}
