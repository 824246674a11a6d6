/* Tells of processes with a long command line: an artifact to start from. */

#include "watchbox.h"

/* The parameters, as artifact.yaml names them. */
static struct {
    uint64_t longest;
} parameters;

static const wb_field PARAMETERS[] = {
    {"Longest", WB_OF_UINT, false, 0},
};

/* What is read of an event, and a row. Columns come from endpoints, so each may be missing or of another type. */
struct process {
    wb_text client_id, command_line;
    uint64_t length;
};

static const wb_field EVENT[] = {
    wb_required("ClientId", WB_OF_TEXT, struct process, client_id),
    wb_optional("CommandLine", WB_OF_TEXT, struct process, command_line),
};

static const wb_field ROW[] = {
    wb_required("ClientId", WB_OF_TEXT, struct process, client_id),
    wb_required("CommandLine", WB_OF_TEXT, struct process, command_line),
    wb_required("Length", WB_OF_UINT, struct process, length),
};

static wb_failure configure(wb_value given) { return wb_read(given, PARAMETERS, WB_COUNT(PARAMETERS), &parameters); }

static wb_failure events(wb_batch *batch, wb_rows *rows) {
    wb_value event;
    for (size_t at = 0; wb_walk(batch->events, &at, &event);) {
        struct process process = {0};
        wb_failure failure = wb_read(event, EVENT, WB_COUNT(EVENT), &process);
        if (failure.outcome != WB_OK) return failure;
        process.length = process.command_line.len;
        if (process.length > parameters.longest) wb_emit(rows, ROW, WB_COUNT(ROW), &process);
    }
    return wb_ok;
}

WB_ARTIFACT{.configure = configure, .events = events};
