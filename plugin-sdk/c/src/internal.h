/* What the SDK's own files share. */

#ifndef WATCHBOX_INTERNAL_H
#define WATCHBOX_INTERNAL_H

#include "watchbox.h"

#define WB_DEPTH 64

struct wb_rows {
    uint8_t *bytes;
    size_t len, room;
    uint32_t count;
    /* The maps and arrays that are open, and how much is in each. */
    struct {
        size_t at;
        uint32_t count;
        bool map;
    } open[WB_DEPTH];
    size_t depth;
    uint32_t wrong_row;
    const char *wrong; /* what the artifact did that makes no row */
};

/* Reads the value at the start of bytes; WB_MISSING where there is no whole one. */
wb_value wb_decode(wb_text bytes);

/* Reads the head of the value at `bytes[*at]` and steps behind the head and, of what is no array or map, behind its content. */
bool wb_head(wb_text bytes, size_t *at, wb_value *value);

/* How long the character at the start of a text is, in UTF-8; 0 where there is none. */
size_t wb_utf8(const uint8_t *at, size_t left);

/* Gives back what wb_alloc gave since the last time. */
void wb_release(void);

/* Rows as the contract has them: an array of maps, or nothing for none. */
void wb_rows_begin(wb_rows *rows);
wb_failure wb_rows_finish(wb_rows *rows, wb_text *bytes);

/* The contract's handler, in terms of this header. Parameters must outlive the instance, events the turn. */
wb_failure wb_configure(wb_text parameters);
wb_failure wb_handle_events(wb_text artifact, wb_text events, wb_rows *rows);
wb_failure wb_handle_tick(double due, wb_rows *rows);

/* A page of clients, of at most `limit`, after an id where that is not empty: the contract's `search`. */
wb_error wb_host_search(wb_text query, uint32_t limit, wb_text after, wb_client **page, size_t *len);
void wb_host_log(wb_level level, wb_text line);
/* Leaves last words, and ends the guest. */
_Noreturn void wb_host_die(wb_text words);

#endif
