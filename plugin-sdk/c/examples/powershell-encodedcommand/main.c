/* Server.Powershell.EncodedCommand: decodes the commands that were given to PowerShell in base64.

   A command line goes through command.c (which programs are in it, once cmd is done), argv.c (what its arguments are, once the C runtime is
   done), parameters.c (which of them is the payload, by PowerShell's rules) and payload.c (what it says). */

#include "decode.h"

/* What is read of a process creation, and a row. */
typedef struct {
    wb_text client_id, command_line, script, oddities;
    wb_value parent_info, timestamp;
} process;

static const wb_field EVENT[] = {
    wb_required("ClientId", WB_OF_TEXT, process, client_id),
    wb_optional("ParentInfo", WB_OF_VALUE, process, parent_info),
    wb_optional("CommandLine", WB_OF_TEXT, process, command_line),
    wb_optional("Timestamp", WB_OF_VALUE, process, timestamp),
};

static const wb_field ROW[] = {
    wb_required("ClientId", WB_OF_TEXT, process, client_id),       wb_required("ParentInfo", WB_OF_VALUE, process, parent_info),
    wb_required("CommandLine", WB_OF_TEXT, process, command_line), wb_required("Timestamp", WB_OF_VALUE, process, timestamp),
    wb_required("Script", WB_OF_TEXT, process, script),            wb_required("Oddities", WB_OF_TEXT, process, oddities),
};

typedef struct {
    process *process;
    wb_rows *rows;
} emitter;

static void emit(void *with, shell which, wb_text rest) {
    emitter *to = with;
    wb_text payload;
    oddities odd = {{0}};
    if (find_payload(which, arguments(rest), &payload, &odd) && decode_payload(payload, &to->process->script, &odd)) {
        to->process->oddities = wb_t(odd.words);
        wb_emit(to->rows, ROW, WB_COUNT(ROW), to->process);
    }
}

static wb_failure events(wb_batch *batch, wb_rows *rows) {
    wb_value event;
    for (size_t at = 0; wb_walk(batch->events, &at, &event);) {
        process process = {0};
        wb_failure failure = wb_read(event, EVENT, WB_COUNT(EVENT), &process);
        if (failure.outcome != WB_OK) return failure;
        each_shell(process.command_line, emit, &(emitter){&process, rows});
    }
    return wb_ok;
}

WB_ARTIFACT{.events = events};
