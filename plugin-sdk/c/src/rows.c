/* Rows, written as MessagePack. */

#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define HEAD 5 /* of an array or map with a count of 32 bits, which is filled in at its end */

/* Remembers the first thing that makes no row. */
static void blame(wb_rows *rows, const char *what) {
    if (rows->wrong == NULL) rows->wrong = what, rows->wrong_row = rows->count;
}

static void add(wb_rows *rows, const void *bytes, size_t len) {
    if (len > rows->room - rows->len) {
        size_t room = 2 * (rows->room + len);
        uint8_t *grown = realloc(rows->bytes, room);
        if (grown == NULL) abort();
        rows->bytes = grown;
        rows->room = room;
    }
    memcpy(rows->bytes + rows->len, bytes, len);
    rows->len += len;
}

static void add_tagged(wb_rows *rows, uint8_t marker, uint64_t value, size_t count) {
    uint8_t bytes[9] = {marker};
    for (size_t at = 0; at < count; at++) bytes[1 + at] = (uint8_t)(value >> 8 * (count - 1 - at));
    add(rows, bytes, 1 + count);
}

static void add_content(wb_rows *rows, wb_text text, uint8_t fixed, uint8_t marker) {
    if (fixed != 0 && text.len < 32) add_tagged(rows, fixed | (uint8_t)text.len, 0, 0);
    else if (text.len < 0x100) add_tagged(rows, marker, text.len, 1);
    else if (text.len < 0x10000) add_tagged(rows, marker + 1, text.len, 2);
    else add_tagged(rows, marker + 2, text.len, 4);
    add(rows, text.data, text.len);
}

/* A value begins: under a name in a map, without one in an array. */
static void name(wb_rows *rows, const char *given) {
    if (rows->depth == 0) {
        blame(rows, "a column stands between wb_begin and wb_end");
        return;
    }
    if (rows->open[rows->depth - 1].map != (given != NULL)) blame(rows, "in a map each value has a name, in an array none");
    rows->open[rows->depth - 1].count++;
    if (given != NULL) add_content(rows, wb_t(given), 0xa0, 0xd9);
}

static void begin(wb_rows *rows, bool map) {
    if (rows->depth == WB_DEPTH) {
        blame(rows, "a row nests deeper than 64 maps and arrays");
        return;
    }
    rows->open[rows->depth].at = rows->len;
    rows->open[rows->depth].count = 0;
    rows->open[rows->depth].map = map;
    rows->depth++;
    add_tagged(rows, map ? 0xdf : 0xdd, 0, 4);
}

static void fill(wb_rows *rows, size_t at, uint32_t count) {
    for (int byte = 0; byte < 4; byte++) rows->bytes[at + 1 + (size_t)byte] = (uint8_t)(count >> 8 * (3 - byte));
}

void wb_begin(wb_rows *rows) {
    if (rows->depth != 0) blame(rows, "wb_begin stands before the wb_end of the row before");
    begin(rows, true);
}

void wb_end(wb_rows *rows) {
    if (rows->depth == 0) {
        blame(rows, "wb_end stands without a wb_begin");
        return;
    }
    rows->depth--;
    fill(rows, rows->open[rows->depth].at, rows->open[rows->depth].count);
    if (rows->depth == 0) rows->count++;
}

void wb_put_map(wb_rows *rows, const char *given) { name(rows, given), begin(rows, true); }
void wb_put_array(wb_rows *rows, const char *given) { name(rows, given), begin(rows, false); }
void wb_put_nil(wb_rows *rows, const char *given) { name(rows, given), add_tagged(rows, 0xc0, 0, 0); }
void wb_put_bool(wb_rows *rows, const char *given, bool value) { name(rows, given), add_tagged(rows, value ? 0xc3 : 0xc2, 0, 0); }

void wb_put_uint(wb_rows *rows, const char *given, uint64_t value) {
    name(rows, given);
    if (value < 0x80) add_tagged(rows, (uint8_t)value, 0, 0);
    else if (value <= UINT8_MAX) add_tagged(rows, 0xcc, value, 1);
    else if (value <= UINT16_MAX) add_tagged(rows, 0xcd, value, 2);
    else if (value <= UINT32_MAX) add_tagged(rows, 0xce, value, 4);
    else add_tagged(rows, 0xcf, value, 8);
}

void wb_put_int(wb_rows *rows, const char *given, int64_t value) {
    if (value >= 0) {
        wb_put_uint(rows, given, (uint64_t)value);
        return;
    }
    name(rows, given);
    if (value >= -0x20) add_tagged(rows, (uint8_t)value, 0, 0);
    else if (value >= INT8_MIN) add_tagged(rows, 0xd0, (uint64_t)value, 1);
    else if (value >= INT16_MIN) add_tagged(rows, 0xd1, (uint64_t)value, 2);
    else if (value >= INT32_MIN) add_tagged(rows, 0xd2, (uint64_t)value, 4);
    else add_tagged(rows, 0xd3, (uint64_t)value, 8);
}

void wb_put_float(wb_rows *rows, const char *given, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    name(rows, given), add_tagged(rows, 0xcb, bits, 8);
}

void wb_put_text(wb_rows *rows, const char *given, wb_text value) { name(rows, given), add_content(rows, value, 0xa0, 0xd9); }
void wb_put_bytes(wb_rows *rows, const char *given, wb_text value) { name(rows, given), add_content(rows, value, 0, 0xc4); }

void wb_put_value(wb_rows *rows, const char *given, wb_value value) {
    if (value.kind == WB_MISSING) {
        wb_put_nil(rows, given);
        return;
    }
    name(rows, given), add(rows, value.raw.data, value.raw.len);
}

void wb_emit(wb_rows *rows, const wb_field *fields, size_t count, const void *row) {
    wb_begin(rows);
    for (size_t at = 0; at < count; at++) {
        const char *given = fields[at].name;
        const void *member = (const char *)row + fields[at].offset;
        switch (fields[at].type) {
        case WB_OF_BOOL: wb_put_bool(rows, given, *(const bool *)member); break;
        case WB_OF_INT: wb_put_int(rows, given, *(const int64_t *)member); break;
        case WB_OF_UINT: wb_put_uint(rows, given, *(const uint64_t *)member); break;
        case WB_OF_FLOAT: wb_put_float(rows, given, *(const double *)member); break;
        case WB_OF_TEXT: wb_put_text(rows, given, *(const wb_text *)member); break;
        case WB_OF_BYTES: wb_put_bytes(rows, given, *(const wb_text *)member); break;
        case WB_OF_VALUE: wb_put_value(rows, given, *(const wb_value *)member); break;
        }
    }
    wb_end(rows);
}

void wb_rows_begin(wb_rows *rows) {
    rows->len = 0, rows->count = 0, rows->depth = 0, rows->wrong = NULL;
    add_tagged(rows, 0xdd, 0, 4);
}

wb_failure wb_rows_finish(wb_rows *rows, wb_text *bytes) {
    if (rows->depth != 0) blame(rows, "a wb_end is missing");
    if (rows->wrong != NULL) return wb_fault("row %u: %s", (unsigned)rows->wrong_row, rows->wrong);
    fill(rows, 0, rows->count);
    *bytes = rows->count == 0 ? (wb_text){NULL, 0} : (wb_text){(const char *)rows->bytes, rows->len};
    return wb_ok;
}
