/* Requests with events, and what becomes of each event. */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "splunk.h"

/* The longest text of an event that a row about it shows, and the most bytes of the event. */
enum { SHOWN_TEXT = 1000, SHOWN = 8000 };

/* How long to wait, in milliseconds, where something has to be granted first. */
enum { NOT_GRANTED = 60000 };

wb_failure ask(const parameters *given, wb_text path, wb_text body, wb_text channel, wb_text once, answer *read, wb_response *response) {
    const wb_header headers[] = {
        {"authorization", {wb_t("Splunk "), "token"}},
        {"content-type", {wb_t("application/json"), NULL}},
        {"x-splunk-request-channel", {channel, NULL}},
    };
    const wb_request request = {
        .method = "POST",
        .url = {wb_format("%.*s%.*s", WB_ARG(given->url), WB_ARG(path)), NULL},
        .headers = headers,
        .header_count = channel.len > 0 ? 3 : 2,
        .body = body,
        .once = once,
    };
    wb_error error = wb_http_send(&request, response);
    switch (error.kind) {
    case WB_NO_ERROR: break;
    case WB_UNREACHABLE: case WB_TIMEOUT: return wb_retry(0, "Splunk: %.*s", WB_ARG(wb_error_text(error)));
    case WB_LIMITED: return wb_retry(error.number, "Splunk: %.*s", WB_ARG(wb_error_text(error)));
    case WB_DENIED: return wb_retry(NOT_GRANTED, "Splunk: %.*s", WB_ARG(wb_error_text(error)));
    default: return wb_reject("Splunk: %.*s", WB_ARG(wb_error_text(error)));
    }
    *read = read_answer(response);
    if (read->meaning == WAIT)
        return wb_retry(read->after_ms, "Splunk takes nothing for now: %u %.*s", (unsigned)read->status, WB_ARG(read->text));
    return wb_ok;
}

/* Tells bodies apart; those that it does not are told apart by their order. */
static uint64_t fingerprint(wb_text body) {
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t at = 0; at < body.len; at++) hash = (hash ^ (uint8_t)body.data[at]) * 0x100000001b3;
    return hash;
}

/* The name of a request: the same on every try of the turn, and no other request's. */
static wb_text name_of(upload *turn, wb_text body) {
    uint64_t hash = fingerprint(body);
    size_t nth = 0;
    for (size_t at = 0; at < turn->named; at++) nth += turn->names[at] == hash;
    if (turn->named == turn->room) {
        turn->room = turn->room == 0 ? 64 : 2 * turn->room;
        uint64_t *grown = wb_alloc(turn->room * sizeof *grown);
        if (turn->named > 0) memcpy(grown, turn->names, turn->named * sizeof *grown);
        turn->names = grown;
    }
    turn->names[turn->named++] = hash;
    return wb_format("%016" PRIx64 "-%zu", hash, nth);
}

/* A refusal is forgotten, so that it is asked anew once somebody has mended its cause: of a refused request nothing was taken. An answer that blames one event is
   remembered, since those before it were. */
static wb_failure post(upload *turn, wb_text body, answer *read) {
    wb_response response;
    wb_text name = name_of(turn, body), channel = turn->acks != NULL ? turn->acks->channel : (wb_text){NULL, 0};
    wb_failure failure = ask(turn->given, wb_t("/services/collector/event"), body, channel, name, read, &response);
    if (failure.outcome == WB_OK && read->meaning == REFUSED) wb_http_forget(name);
    return failure;
}

void refuse(upload *turn, wb_value event, const answer *given, const char *why) {
    wb_buffer shown = {0};
    wb_add_json(&shown, event, SHOWN_TEXT);
    wb_text json = {shown.data, shown.len};
    if (json.len > SHOWN) {
        size_t len = SHOWN;
        while (len > 0 && ((uint8_t)json.data[len] & 0xc0) == 0x80) len--;
        json = wb_format("%.*s\xe2\x80\xa6 (%zu more bytes)", (int)len, json.data, json.len - len);
    }
    begin_row(turn->rows, turn->given, "refused");
    wb_put_value(turn->rows, "ClientId", wb_get(event, "ClientId"));
    wb_put_value(turn->rows, "Received", wb_get(event, "_ts"));
    if (given != NULL) {
        wb_put_uint(turn->rows, "Status", given->status);
        if (given->has_code) wb_put_uint(turn->rows, "Code", given->code);
        wb_put_text(turn->rows, "Reason", given->text);
    } else {
        wb_put_text(turn->rows, "Reason", wb_t(why));
    }
    wb_put_text(turn->rows, "Event", json);
    wb_end(turn->rows);
    turn->refused++;
}

static wb_text body_of(const chunk *all, size_t from, size_t to) {
    size_t start = from == 0 ? 0 : all->ends[from - 1];
    return (wb_text){all->body.data + start, all->ends[to - 1] - start};
}

static wb_failure send_stretch(upload *turn, const chunk *all, size_t from, size_t to) {
    while (from < to) {
        answer read;
        wb_failure failure = post(turn, body_of(all, from, to), &read);
        if (failure.outcome != WB_OK) return failure;
        if (read.meaning == REFUSED) {
            const char *advised = advice(&read);
            return wb_reject("Splunk refuses the events: %u %.*s%s%s", (unsigned)read.status, WB_ARG(read.text), *advised == 0 ? "" : ": ", advised);
        }
        if (read.meaning == ACCEPTED) {
            turn->sent += to - from;
            if (turn->acks != NULL && read.has_ack) acks_add(turn->acks, (unacked){read.ack, to - from, turn->now});
            else if (turn->acks != NULL) wb_log(WB_WARN, "Splunk gave no ackId: the token does not acknowledge");
            return wb_ok;
        }
        if (read.meaning == BAD_EVENT && read.has_number && read.number < to - from) {
            /* Those before it were taken. */
            turn->sent += read.number;
            refuse(turn, all->events[from + read.number], &read, NULL);
            from += read.number + 1;
        } else if (to - from == 1) {
            refuse(turn, all->events[from], &read, NULL);
            return wb_ok;
        } else {
            /* Too much at once; or one of them, and it does not say which. */
            size_t middle = from + (to - from) / 2;
            failure = send_stretch(turn, all, from, middle);
            if (failure.outcome != WB_OK) return failure;
            from = middle;
        }
    }
    return wb_ok;
}

wb_failure send_chunk(upload *turn, const chunk *all) { return send_stretch(turn, all, 0, all->len); }
