//! What every store must do, whatever is behind it: one check a function, each given a fresh, empty store.
//!
//! [`conformance_tests!`](crate::conformance_tests) makes a test of each.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    reason = "checks: a failure is theirs to tell by a panic, and their names say what they check"
)]

pub mod clients;
pub mod journal;
pub mod logs;
pub mod samples;
pub mod sealed;
pub mod table;
pub mod trail;
pub mod turns;
pub mod usage;
pub mod versions;

/// Makes a `#[tokio::test]` of every check. `$open` is a path to an `async fn` that gives a fresh store, and what must outlive it.
#[macro_export]
macro_rules! conformance_tests {
    ($open:path) => {
        $crate::conformance_tests! { $open:
            logs::positions_follow_each_other,
            logs::rows_come_back_as_they_were,
            logs::an_empty_append_makes_no_log,
            logs::a_log_that_is_not_there_is_empty,
            logs::reading_begins_within_a_block,
            logs::reading_stops_when_there_is_enough,
            logs::large_rows_come_in_portions,
            logs::the_end_is_told,
            logs::a_log_is_awaited_before_its_first_row,
            logs::a_time_is_sought,
            logs::a_time_is_sought_though_the_clock_was_set_back,
            logs::a_time_has_an_end_though_the_clock_was_set_back,
            logs::every_log_is_described,
            clients::being_seen_registers,
            clients::last_seen_never_goes_back,
            clients::a_hostname_is_kept_until_another_comes,
            clients::registering_keeps_labels_and_times,
            clients::labels_differ_by_more_than_case,
            clients::labels_of_an_unknown_client_are_refused_as_a_whole,
            clients::a_removed_client_is_gone_with_its_labels,
            clients::terms_find_what_they_match,
            clients::search_goes_on_page_by_page,
            turns::a_turn_is_committed_as_a_whole,
            turns::a_dead_letter_is_redriven_once,
            turns::a_moved_cursor_discards_the_whole_turn,
            turns::two_turns_from_one_place_are_one,
            turns::ticks_never_go_back,
            turns::a_snapshot_is_one_moment,
            turns::state_is_per_installation,
            turns::labels_of_a_gone_client_are_passed_over,
            turns::a_discarded_try_is_on_record,
            journal::open_turns_come_back_until_they_are_over,
            journal::what_a_part_took_is_no_other_parts,
            journal::a_dead_letter_keeps_what_its_turn_did,
            journal::what_ticks_did_that_were_set_aside_is_carried,
            journal::what_is_forgotten_is_gone_where_it_was_known_from,
            table::installations_come_back,
            table::cursors_are_kept_where_they_are_set,
            table::removal_takes_what_is_its_own,
            table::nothing_is_kept_of_one_that_was_removed,
            table::components_come_back_and_go,
            versions::they_are_numbered_and_come_back_newest_first,
            versions::the_newest_are_kept_with_their_components,
            versions::they_go_with_their_installation,
            versions::what_waits_or_was_set_aside_comes_back,
            sealed::secrets_are_sealed_anew_everywhere_or_nowhere,
            sealed::signatures_come_back_and_go_with_their_component,
            trail::dead_letters_are_numbered_and_paged,
            trail::audit_records_are_found,
            trail::records_are_chained,
            trail::the_end_of_the_trail_is_told,
            trail::checkpoints_come_back_and_the_newest_are_kept,
            usage::what_was_used_is_summed_up,
            usage::what_is_too_much_to_be_told_apart_is_counted,
            trail::tokens_come_back_and_go,
            trail::it_can_be_written_to_until_it_is_closed,
        }
    };
    ($open:path: $($subject:ident :: $check:ident),* $(,)?) => {
        $(
            #[tokio::test]
            async fn $check() {
                let (store, _guard) = $open().await;
                $crate::conformance::$subject::$check(&store).await;
            }
        )*
    };
}
