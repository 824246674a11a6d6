use std::io::Write as _;

use futures::stream;
use proptest::prelude::*;

use super::{super::limits::InFlight, *};

const MAX: usize = 1 << 20;

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder =
        flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn zstd(data: &[u8]) -> Vec<u8> {
    zstd::encode_all(data, 3).unwrap()
}

fn decode(coding: Coding, body: Vec<u8>) -> Result<Bytes, BodyError> {
    let mut reservation = InFlight::new(16 * MAX).reservation();
    coding.decode(body.into(), MAX, &mut reservation)
}

proptest! {
    #[test]
    fn what_was_compressed_comes_back(data in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        for (coding, body) in [
            (Coding::Identity, data.clone()),
            (Coding::Gzip, gzip(&data)),
            (Coding::Deflate, zlib(&data)),
            (Coding::Zstd, zstd(&data)),
        ] {
            prop_assert_eq!(decode(coding, body).unwrap(), data.clone());
        }
    }

    #[test]
    fn any_bytes_are_an_error_or_some_bytes(data in proptest::collection::vec(any::<u8>(), 0..500)) {
        for coding in [Coding::Gzip, Coding::Deflate, Coding::Zstd] {
            let _ = decode(coding, data.clone());
        }
    }
}

#[test]
fn bare_deflate_is_read_too() {
    assert_eq!(
        decode(Coding::Deflate, deflate(b"{\"a\":1}")).unwrap(),
        &b"{\"a\":1}"[..]
    );
}

#[test]
fn members_of_gzip_and_frames_of_zstd_are_read_to_the_last() {
    let twice = |one: Vec<u8>| [one.clone(), one].concat();
    assert_eq!(
        decode(Coding::Gzip, twice(gzip(b"ab"))).unwrap(),
        &b"abab"[..]
    );
    assert_eq!(
        decode(Coding::Zstd, twice(zstd(b"ab"))).unwrap(),
        &b"abab"[..]
    );
}

#[test]
fn a_bomb_stops_at_the_limit() {
    let bomb = vec![0; 64 * MAX];
    for (coding, body) in [
        (Coding::Gzip, gzip(&bomb)),
        (Coding::Deflate, deflate(&bomb)),
        (Coding::Zstd, zstd(&bomb)),
    ] {
        assert_eq!(decode(coding, body).unwrap_err(), BodyError::TooLarge(MAX));
    }
}

#[test]
fn a_bomb_stops_where_no_more_may_be_in_flight() {
    let mut reservation = InFlight::new(MAX / 4).reservation();
    let body = gzip(&vec![0; MAX / 2]).into();
    let error = Coding::Gzip
        .decode(body, MAX, &mut reservation)
        .unwrap_err();
    assert_eq!(error, BodyError::Busy);
}

#[test]
fn what_is_cut_short_is_malformed() {
    let data: Vec<u8> = (0..10_000_u32).flat_map(u32::to_le_bytes).collect();
    for (coding, whole) in [
        (Coding::Gzip, gzip(&data)),
        (Coding::Deflate, zlib(&data)),
        (Coding::Zstd, zstd(&data)),
    ] {
        let cut = whole[..whole.len() / 2].to_vec();
        let error = decode(coding, cut).unwrap_err();
        assert!(
            matches!(error, BodyError::Malformed(..)),
            "{coding:?}: {error}"
        );
    }
}

#[test]
fn a_zstd_window_larger_than_8_mib_is_refused() {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(27).unwrap();
    encoder.include_contentsize(false).unwrap();
    encoder.write_all(b"x").unwrap();
    let body = encoder.finish().unwrap();
    assert!(matches!(
        decode(Coding::Zstd, body),
        Err(BodyError::Malformed(..))
    ));
}

fn pieces(pieces: &[&'static str]) -> Body {
    let pieces: Vec<Result<_, io::Error>> = pieces
        .iter()
        .map(|piece| Ok(Bytes::from_static(piece.as_bytes())))
        .collect();
    Body::from_stream(stream::iter(pieces))
}

#[tokio::test]
async fn pieces_are_put_together_up_to_the_limit() {
    let idle = Duration::from_secs(1);
    let mut reservation = InFlight::new(MAX).reservation();
    let body = receive(pieces(&["ab", "", "cd", "e"]), 5, idle, &mut reservation).await;
    assert_eq!(body.unwrap(), "abcde");
    let body = receive(pieces(&["ab", "cd", "ef"]), 5, idle, &mut reservation).await;
    assert_eq!(body.unwrap_err(), BodyError::TooLarge(5));
}

#[tokio::test(start_paused = true)]
async fn a_silent_sender_is_given_up() {
    let idle = Duration::from_secs(30);
    let mut reservation = InFlight::new(MAX).reservation();
    let body = Body::from_stream(stream::pending::<Result<Bytes, io::Error>>());
    let error = receive(body, MAX, idle, &mut reservation)
        .await
        .unwrap_err();
    assert_eq!(error, BodyError::Idle(idle));
}
