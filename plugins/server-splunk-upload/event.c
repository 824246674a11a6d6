/* An event, as the collector takes it. */

#include <stdio.h>

#include "splunk.h"

/* The most bytes of an event: of larger ones long texts are cut. */
static const size_t LARGEST = 256 << 10;

/* How many bytes of a text are left, until it fits; 0 for all. */
static const size_t CUTS[] = {0, 64 << 10, 16 << 10, 4 << 10, 1 << 10, 256};

static const char *const NO_JSON = "it is no JSON: a text is no UTF-8, or it nests too deep";

static bool add_named(wb_buffer *body, const char *name, wb_text value) {
    wb_add(body, wb_t(name));
    return wb_add_quoted(body, value);
}

/* Adds the object, without what closes it, up to the event itself. */
static bool add_head(wb_buffer *body, const parameters *given, wb_value event) {
    double at = 0;
    wb_text host = {NULL, 0};
    char time[48];
    if (given->time_column.len == 0 || !time_of(wb_get(event, wb_format("%.*s", WB_ARG(given->time_column)).data), &at)) time_of(wb_get(event, "_ts"), &at);
    snprintf(time, sizeof time, "{\"time\":%.3f", at);
    wb_add(body, wb_t(time));
    const char *const HOSTS[] = {"Hostname", "ClientId"};
    for (size_t nth = 0; nth < WB_COUNT(HOSTS) && host.len == 0; nth++) {
        wb_value value = wb_get(event, HOSTS[nth]);
        if (value.kind == WB_TEXT && value.text.len <= 255) host = value.text;
    }
    return (host.len == 0 || add_named(body, ",\"host\":", host)) && add_named(body, ",\"source\":", given->source.len > 0 ? given->source : given->log) &&
           add_named(body, ",\"sourcetype\":", given->sourcetype) && (given->index.len == 0 || add_named(body, ",\"index\":", given->index));
}

const char *add_event(wb_buffer *body, const parameters *given, wb_value event) {
    size_t before = body->len, largest = given->batch_bytes < LARGEST ? given->batch_bytes : LARGEST;
    for (size_t nth = 0; nth < WB_COUNT(CUTS); nth++) {
        body->len = before;
        if (!add_head(body, given, event)) return body->len = before, NO_JSON;
        wb_add(body, wb_t(",\"event\":"));
        if (!wb_add_json(body, event, CUTS[nth])) return body->len = before, NO_JSON;
        wb_add(body, wb_t("}"));
        if (body->len - before <= largest) return NULL;
    }
    body->len = before;
    return "it is too large, even with its texts cut";
}
