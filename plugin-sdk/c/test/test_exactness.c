/* In MessagePack everything is exact, both ways. */

#include <string.h>

#include "internal.h"
#include "watchbox_testing.h"

/* Emits the column `a` of what comes in, as it is and as C sees it. */
static wb_failure events(wb_batch *batch, wb_rows *rows) {
    wb_value event;
    for (size_t at = 0; wb_walk(batch->events, &at, &event);) {
        wb_value value = wb_get(event, "a");
        wb_begin(rows);
        wb_put_value(rows, "as-is", value);
        switch (value.kind) {
        case WB_INT: wb_put_int(rows, "read", value.integer); break;
        case WB_UINT: wb_put_uint(rows, "read", value.natural); break;
        case WB_FLOAT: wb_put_float(rows, "read", value.number); break;
        case WB_TEXT: wb_put_text(rows, "read", value.text); break;
        case WB_BYTES: wb_put_bytes(rows, "read", value.text); break;
        case WB_BOOL: wb_put_bool(rows, "read", value.truth); break;
        default: wb_put_nil(rows, "read"); break;
        }
        wb_end(rows);
    }
    return wb_ok;
}

static wb_failure tick(double due, wb_rows *rows) {
    if (due == 1) wb_begin(rows), wb_put_nil(rows, NULL), wb_end(rows);
    if (due == 2) wb_begin(rows);
    if (due == 3) wb_put_nil(rows, "x");
    if (due == 4) {
        wb_begin(rows);
        for (int deep = 0; deep < 100; deep++) wb_put_array(rows, deep == 0 ? "deep" : NULL);
        for (int deep = 0; deep < 101; deep++) wb_end(rows);
    }
    if (due == 5) {
        wb_begin(rows), wb_put_map(rows, "z"), wb_put_int(rows, "y", -1), wb_put_array(rows, "a");
        for (int count = 0; count < 20; count++) wb_put_bool(rows, NULL, count % 2);
        wb_end(rows), wb_end(rows), wb_put_text(rows, "b", (wb_text){"\xff", 1}), wb_end(rows);
    }
    return wb_ok;
}

WB_ARTIFACT{.events = events, .tick = tick};

#define SAME_JSON(value) wbt_same(wbt_events("X", "[{\"b\":0,\"a\":" value "}]"), "[{\"as-is\":" value ",\"read\":" value "}]")

/* One event whose column `a` is these bytes of MessagePack. */
static const char *echo(const char *bytes, size_t len) {
    char event[64] = "\x91\x81\xa1\x61";
    memcpy(event + 4, bytes, len);
    return wbt_events_msgpack("X", event, len + 4);
}
#define ECHO(bytes) echo((bytes), sizeof(bytes) - 1)

int main(void) {
    wbt_install("{}");
    /* Integers of 64 bits. */
    SAME_JSON("0"); SAME_JSON("127"); SAME_JSON("128"); SAME_JSON("255"); SAME_JSON("256"); SAME_JSON("65535"); SAME_JSON("65536");
    SAME_JSON("4294967295"); SAME_JSON("4294967296"); SAME_JSON("9007199254740993"); SAME_JSON("18446744073709551615");
    SAME_JSON("-1"); SAME_JSON("-32"); SAME_JSON("-33"); SAME_JSON("-128"); SAME_JSON("-129"); SAME_JSON("-32769"); SAME_JSON("-2147483649");
    SAME_JSON("-9223372036854775808");
    wbt_same(ECHO("\xd3\x00\x00\x00\x00\x00\x00\x00\x07"), "[{\"as-is\":7,\"read\":7}]");
    /* Floats stay floats, and NaN is one. */
    SAME_JSON("1.0"); SAME_JSON("0.5"); SAME_JSON("-0.25");
    wbt_same(ECHO("\xca\x3f\x00\x00\x00"), "[{\"as-is\":0.5,\"read\":0.5}]");
    wbt_same(ECHO("\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00"), "[{\"as-is\":nan,\"read\":nan}]");
    wbt_same(ECHO("\xcb\xff\xf0\x00\x00\x00\x00\x00\x00"), "[{\"as-is\":-inf,\"read\":-inf}]");
    /* Bytes, extensions, text with everything in it. */
    wbt_same(ECHO("\xc4\x02\xff\x00"), "[{\"as-is\":b\"ff00\",\"read\":b\"ff00\"}]");
    wbt_same(ECHO("\xd4\x05\x09"), "[{\"as-is\":b\"09\",\"read\":b\"09\"}]");
    wbt_same(ECHO("\xc7\x02\x05\x09\x0a"), "[{\"as-is\":b\"090a\",\"read\":b\"090a\"}]");
    SAME_JSON("\"\xc3\xbc \xf0\x9f\x98\x80 \\u0000 \\\"\"");
    SAME_JSON("\"a text of more than thirty-one bytes has a head of two\"");
    /* What is nested keeps its shape and order. */
    wbt_same(wbt_events("X", "[{\"a\":{\"z\":[1,{\"y\":null,\"a\":[true,0.5]}],\"a\":{}}}]"),
             "[{\"as-is\":{\"z\":[1,{\"y\":null,\"a\":[true,0.5]}],\"a\":{}},\"read\":null}]");
    wbt_same(wbt_tick(5), "[{\"z\":{\"y\":-1,\"a\":[false,true,false,true,false,true,false,true,false,true,false,true,false,true,false,true,false,true,false,true]},\"b\":\"\\xff\"}]");
    /* What is missing is null; what is cut short is a fault, and no read past the end. */
    wbt_same(wbt_events("X", "[{}]"), "[{\"as-is\":null,\"read\":null}]");
    for (size_t len = 0; len < 9; len++)
        wbt_same(strncmp(wbt_events_msgpack("X", "\x91\x81\xa1\x61\xdf\x00\x00\x00\x01", len), "fault: turn.c:", 14) == 0 ? "fault" : "none", "fault");
    wbt_same(wb_decode((wb_text){"\xdd\xff\xff\xff\xff", 5}).kind == WB_MISSING ? "missing" : "a value", "missing");
    /* What makes no row is a fault. */
    wbt_same(strstr(wbt_tick(1), ": row ") + 2, "row 0: in a map each value has a name, in an array none");
    wbt_same(strstr(wbt_tick(2), ": row ") + 2, "row 0: a wb_end is missing");
    wbt_same(strstr(wbt_tick(3), ": row ") + 2, "row 0: a column stands between wb_begin and wb_end");
    wbt_same(strstr(wbt_tick(4), ": row ") + 2, "row 0: a row nests deeper than 64 maps and arrays");
    return wbt_finish();
}
