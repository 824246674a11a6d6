/* What the collector's answers mean. A status alone does not tell: the code in the body does. */

#include <stdlib.h>

#include "splunk.h"

/* How much of an answer's text is kept, and the pauses in milliseconds: where 429 asks for none, and the longest that is believed. */
enum { TEXT = 300, PAUSE = 10000, LONGEST_PAUSE = 3600000 };

/* The pause that an answer asks for. */
static uint32_t pause_of(const wb_response *response, uint32_t otherwise) {
    wb_text asked = wb_http_header(response, "retry-after");
    wb_text copy = wb_format("%.*s", WB_ARG(asked));
    char *end;
    double seconds = strtod(copy.data, &end);
    if (asked.len == 0 || end == copy.data || !(seconds >= 0)) return otherwise;
    return seconds * 1000 > LONGEST_PAUSE ? LONGEST_PAUSE : (uint32_t)(seconds * 1000);
}

static bool whole(wb_value map, const char *name, uint64_t *number) {
    wb_value value = wb_get(map, name);
    if (value.kind != WB_UINT) return false;
    *number = value.natural;
    return true;
}

/* Whether a code blames one of the events. */
static bool blames_event(uint64_t code) { return code == 6 || code == 12 || code == 13 || code == 15 || code == 16; }

answer read_answer(const wb_response *response) {
    answer read = {.meaning = REFUSED, .status = response->status};
    wb_value body = wb_from_json(response->body);
    read.has_code = whole(body, "code", &read.code);
    read.has_number = whole(body, "invalid-event-number", &read.number);
    read.has_ack = whole(body, "ackId", &read.ack);
    wb_value text = wb_get(body, "text");
    read.text = text.kind == WB_TEXT ? text.text : response->body;
    if (read.text.len > TEXT) read.text.len = TEXT;
    if (read.status == 408 || read.status == 425 || read.status == 429 || read.status >= 500) {
        read.meaning = WAIT;
        read.after_ms = pause_of(response, read.status == 429 ? PAUSE : 0);
    } else if (read.status == 200 && read.has_code && read.code == 0) {
        read.meaning = ACCEPTED;
    } else if (read.status == 413) {
        read.meaning = TOO_LARGE;
    } else if (read.status == 400 && read.has_code && blames_event(read.code)) {
        read.meaning = BAD_EVENT;
    }
    return read;
}

const char *advice(const answer *given) {
    if (!given->has_code) return "this is not Splunk's collector: look at Url, and at what stands between";
    switch (given->code) {
    case 1: return "the token is disabled: enable it in Splunk";
    case 2: case 3: case 4: return "Splunk does not know the token: set another (watchbox secrets set)";
    case 7: return "the token may not write to the index: allow it in Splunk, or set Index";
    case 10: case 11: case 28: return "the token wants a channel, for acknowledgements: set Acknowledge to true";
    case 14: return "the token does not acknowledge: set Acknowledge to false, or have it acknowledge";
    default: return "";
    }
}
