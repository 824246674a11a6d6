//! Moments, for people.

use watchbox_model::Time;
use watchbox_server::api::types::Timestamp;

/// `time` in UTC to the second: `2026-11-25T04:00:00Z`.
pub fn stamp(time: Time) -> String {
    let second = time
        .micros()
        .div_euclid(1_000_000)
        .saturating_mul(1_000_000);
    Timestamp(Time::from_micros(second)).to_string()
}

/// How long before `now` `time` is, in its largest unit: `3 min ago`; `in 40 s` where it is still to come.
pub fn ago(time: Time, now: Time) -> String {
    let (span, past) = if time <= now {
        (now.since(time), true)
    } else {
        (time.since(now), false)
    };
    let text = match span.as_secs() {
        0 => return "now".to_owned(),
        seconds @ 1..60 => format!("{seconds} s"),
        seconds @ 60..3_600 => format!("{} min", seconds / 60),
        seconds @ 3_600..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    };
    if past {
        format!("{text} ago")
    } else {
        format!("in {text}")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn moments_read_as_people_say_them() {
        let now = Time::from_seconds(1_764_043_200.0);
        let before = |seconds: i64| Time::from_micros(now.micros() - seconds * 1_000_000);
        assert_eq!(ago(now, now), "now");
        assert_eq!(ago(before(59), now), "59 s ago");
        assert_eq!(ago(before(60), now), "1 min ago");
        assert_eq!(ago(before(7_300), now), "2 h ago");
        assert_eq!(ago(before(200_000), now), "2 days ago");
        assert_eq!(ago(now.plus(Duration::from_secs(40)), now), "in 40 s");
    }

    #[test]
    fn a_stamp_is_whole_seconds_in_utc() {
        assert_eq!(
            stamp(Time::from_micros(1_764_043_200_999_999)),
            "2025-11-25T04:00:00Z"
        );
        assert_eq!(stamp(Time::from_micros(-1)), "1969-12-31T23:59:59Z");
    }
}
