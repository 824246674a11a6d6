/* Server.Splunk.Upload: uploads the rows of a log to Splunk's HTTP Event Collector. */

#include <string.h>

#include "splunk.h"

static parameters given;

static const wb_field PARAMETERS[] = {
    wb_required("Log", WB_OF_TEXT, parameters, log),
    wb_required("Url", WB_OF_TEXT, parameters, url),
    wb_required("Index", WB_OF_TEXT, parameters, index),
    wb_required("Source", WB_OF_TEXT, parameters, source),
    wb_required("Sourcetype", WB_OF_TEXT, parameters, sourcetype),
    wb_required("TimeColumn", WB_OF_TEXT, parameters, time_column),
    wb_required("Acknowledge", WB_OF_BOOL, parameters, acknowledge),
    wb_required("AckWait", WB_OF_UINT, parameters, ack_wait),
    wb_required("BatchBytes", WB_OF_UINT, parameters, batch_bytes),
};

static bool starts(wb_text text, const char *with) { return text.len >= strlen(with) && memcmp(text.data, with, strlen(with)) == 0; }

static wb_failure configure(wb_value from) {
    given = (parameters){0};
    wb_failure failure = wb_read(from, PARAMETERS, WB_COUNT(PARAMETERS), &given);
    if (failure.outcome != WB_OK) return failure;
    if (!starts(given.url, "https://") && !starts(given.url, "http://")) return wb_reject("Url begins with https://, such as https://splunk.example.org:8088");
    if (given.url.data[given.url.len - 1] == '/') return wb_reject("Url has no slash at its end");
    if (given.sourcetype.len == 0) return wb_reject("Sourcetype is empty");
    if (given.batch_bytes < 10000 || given.batch_bytes > 900000) return wb_reject("BatchBytes is a number from 10000 to 900000");
    return wb_ok;
}

/* Sends the chunk, if there is anything in it, and empties it. */
static wb_failure flush(upload *turn, chunk *all) {
    wb_failure failure = all->len == 0 ? wb_ok : send_chunk(turn, all);
    all->body.len = 0;
    all->len = 0;
    return failure;
}

static wb_failure upload_all(upload *turn, wb_batch *batch) {
    chunk all = {.events = wb_alloc(batch->len * sizeof *all.events), .ends = wb_alloc(batch->len * sizeof *all.ends)};
    wb_failure failure = wb_ok;
    wb_value event;
    for (size_t at = 0; wb_walk(batch->events, &at, &event);) {
        size_t before = all.body.len;
        const char *why = add_event(&all.body, &given, event);
        if (why != NULL) {
            refuse(turn, event, NULL, why);
            continue;
        }
        if (all.body.len > given.batch_bytes) {
            /* One too many: it begins the next. */
            all.body.len = before;
            failure = flush(turn, &all);
            if (failure.outcome != WB_OK) return failure;
            add_event(&all.body, &given, event);
        }
        all.events[all.len] = event;
        all.ends[all.len++] = all.body.len;
    }
    return flush(turn, &all);
}

static wb_failure events(wb_batch *batch, wb_rows *rows) {
    acks waiting;
    upload turn = {.given = &given, .rows = rows, .acks = given.acknowledge ? &waiting : NULL};
    WB_TRY(wb_now(&turn.now));
    wb_failure failure = acks_load(&waiting);
    if (failure.outcome != WB_OK) return failure;
    if (given.acknowledge) acks_open(&waiting, &given, turn.now);
    failure = upload_all(&turn, batch);
    if (failure.outcome != WB_OK) return failure;
    if (turn.sent > 0) {
        begin_row(rows, &given, "sent");
        wb_put_uint(rows, "Sent", turn.sent);
        wb_put_uint(rows, "Refused", turn.refused);
        wb_end(rows);
    }
    return acks_save(&waiting);
}

static wb_failure tick(double due, wb_rows *rows) {
    acks waiting;
    double now;
    WB_TRY(wb_now(&now));
    wb_failure failure = acks_load(&waiting);
    if (failure.outcome == WB_OK && waiting.len > 0) failure = acks_ask(&waiting, &given, due, now, rows);
    return failure.outcome == WB_OK ? acks_save(&waiting) : failure;
}

WB_ARTIFACT{.configure = configure, .events = events, .tick = tick};
