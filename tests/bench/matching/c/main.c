/* Counts the events that match. */

#define _GNU_SOURCE
#include <string.h>

#include "watchbox.h"

typedef struct {
    wb_text command_line;
} event;

static const wb_field EVENT[] = {wb_required("CommandLine", WB_OF_TEXT, event, command_line)};

static wb_failure events(wb_batch *batch, wb_rows *rows) {
    uint64_t matched = 0;
    wb_value value;
    for (size_t at = 0; wb_walk(batch->events, &at, &value);) {
        event one;
        wb_failure failure = wb_read(value, EVENT, WB_COUNT(EVENT), &one);
        if (failure.outcome != WB_OK) return failure;
        matched += memmem(one.command_line.data, one.command_line.len, "powershell", 10) != NULL;
    }
    wb_begin(rows), wb_put_uint(rows, "Matched", matched), wb_end(rows);
    return wb_ok;
}

WB_ARTIFACT{.events = events};
