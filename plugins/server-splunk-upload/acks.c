/* Acknowledgements: what Splunk has taken and not told to be indexed yet. */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "splunk.h"

static const char KEY[] = "acks";

/* How many requests may wait for theirs, and how many are asked for at once. */
enum { MOST = 5000, AT_ONCE = 500 };

void acks_add(acks *all, unacked one) {
    if (all->len == all->room) {
        all->room = all->room == 0 ? 64 : 2 * all->room;
        unacked *grown = wb_alloc(all->room * sizeof *grown);
        if (all->len > 0) memcpy(grown, all->at, all->len * sizeof *grown);
        all->at = grown;
    }
    all->at[all->len++] = one;
    all->changed = true;
}

wb_failure acks_load(acks *all) {
    wb_text kept;
    bool found;
    *all = (acks){0};
    WB_TRY(wb_state_get(wb_t(KEY), &kept, &found));
    if (!found) return wb_ok;
    wb_value state = wb_from_json(kept), channel = wb_get(state, "channel"), waiting = wb_get(state, "waiting"), one;
    WB_CHECK(channel.kind == WB_TEXT && waiting.kind == WB_ARRAY, "what is kept under `%s` is none of ours", KEY);
    all->channel = channel.text;
    for (size_t at = 0; wb_walk(waiting, &at, &one);) {
        wb_value id = wb_get(one, "id"), events = wb_get(one, "events"), when = wb_get(one, "at");
        acks_add(all, (unacked){id.natural, events.natural, when.number});
    }
    all->changed = false;
    return wb_ok;
}

wb_failure acks_save(const acks *all) {
    wb_buffer kept = {0};
    if (!all->changed) return wb_ok;
    wb_add(&kept, wb_t("{\"channel\":"));
    wb_add_quoted(&kept, all->channel);
    wb_add(&kept, wb_t(",\"waiting\":["));
    for (size_t at = 0; at < all->len; at++)
        wb_add(&kept, wb_format("%s{\"id\":%" PRIu64 ",\"events\":%" PRIu64 ",\"at\":%.6f}", at == 0 ? "" : ",", all->at[at].id, all->at[at].events, all->at[at].at));
    wb_add(&kept, wb_t("]}"));
    WB_TRY(wb_state_set(wb_t(KEY), (wb_text){kept.data, kept.len}));
    return wb_ok;
}

/* Mixes 64 bits. */
static uint64_t mixed(uint64_t bits) {
    bits = (bits ^ bits >> 32) * 0xd6e8feb86659fd93;
    bits = (bits ^ bits >> 32) * 0xd6e8feb86659fd93;
    return bits ^ bits >> 32;
}

/* There are no random numbers: the time of the first turn, the log and the URL tell installations apart. */
void acks_open(acks *all, const parameters *given, double now) {
    uint64_t seed, half[2];
    if (all->channel.len > 0) return;
    memcpy(&seed, &now, sizeof seed);
    wb_text salt = wb_format("%.*s %.*s %.*s", WB_ARG(given->log), WB_ARG(given->url), WB_ARG(given->index));
    for (size_t at = 0; at < salt.len; at++) seed = mixed(seed + (uint8_t)salt.data[at]);
    half[0] = mixed(seed + 1);
    half[1] = mixed(seed + 2);
    all->channel = wb_format("%08x-%04x-4%03x-%04x-%012" PRIx64, (unsigned)(half[0] >> 32), (unsigned)(half[0] >> 16 & 0xffff), (unsigned)(half[0] & 0xfff),
                             (unsigned)(0x8000 | (half[1] >> 48 & 0x3fff)), half[1] & 0xffffffffffff);
    all->changed = true;
}

/* Emits a row about what was not acknowledged. */
static void tell(const unacked *one, const parameters *given, const char *why, wb_rows *rows) {
    begin_row(rows, given, "unacknowledged");
    wb_put_uint(rows, "Sent", one->events);
    wb_put_float(rows, "Received", one->at);
    wb_put_text(rows, "Reason", wb_format("ackId %" PRIu64 ": %s", one->id, why));
    wb_end(rows);
}

/* Asks for those from `from` to `to`, and marks what is acknowledged by 0 events. Gives why nothing is known; NULL where it is. */
static const char *ask_for(acks *all, size_t from, size_t to, const parameters *given, double due) {
    wb_buffer body = {0};
    wb_response response;
    answer read;
    wb_add(&body, wb_t("{\"acks\":["));
    for (size_t at = from; at < to; at++) wb_add(&body, wb_format("%s%" PRIu64, at == from ? "" : ",", all->at[at].id));
    wb_add(&body, wb_t("]}"));
    wb_text path = wb_format("/services/collector/ack?channel=%.*s", WB_ARG(all->channel));
    wb_failure failure = ask(given, path, (wb_text){body.data, body.len}, all->channel, wb_format("acks %.0f %zu", due, from), &read, &response);
    if (failure.outcome != WB_OK) return failure.text.data;
    wb_value told = wb_get(wb_from_json(response.body), "acks");
    if (response.status != 200 || told.kind != WB_MAP)
        return wb_format("Splunk answers %u %.*s%s%s", (unsigned)read.status, WB_ARG(read.text), *advice(&read) == 0 ? "" : ": ", advice(&read)).data;
    for (size_t at = from; at < to; at++) {
        wb_value one = wb_get(told, wb_format("%" PRIu64, all->at[at].id).data);
        if (one.kind == WB_BOOL && one.truth) all->at[at].events = 0, all->changed = true;
    }
    return NULL;
}

wb_failure acks_ask(acks *all, const parameters *given, double due, double now, wb_rows *rows) {
    const char *unknown = NULL;
    size_t left = 0;
    /* Where one asking fails, the others do. */
    for (size_t from = 0; from < all->len && unknown == NULL; from += AT_ONCE) unknown = ask_for(all, from, from + AT_ONCE < all->len ? from + AT_ONCE : all->len, given, due);
    if (unknown != NULL) wb_log(WB_WARN, "acknowledgements: %s", unknown);
    for (size_t at = 0; at < all->len; at++) {
        unacked one = all->at[at];
        if (one.events == 0) continue;
        if (now >= one.at + (double)given->ack_wait) {
            tell(&one, given, unknown != NULL ? unknown : "Splunk has not indexed it in time", rows);
        } else if (all->len - at > MOST) {
            tell(&one, given, "too many others wait", rows);
        } else {
            all->at[left++] = one;
            continue;
        }
        all->changed = true;
    }
    all->len = left;
    return wb_ok;
}
