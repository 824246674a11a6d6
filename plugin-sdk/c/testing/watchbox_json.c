#include "watchbox_json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *skip(const char *json) { return json + strspn(json, " \t\r\n"); }

static _Noreturn void wrong(const char *json) {
    fprintf(stderr, "no JSON from here on: %.60s\n", json);
    exit(2);
}

static size_t utf8(uint32_t point, char *out) {
    if (point < 0x80) return out[0] = (char)point, 1;
    if (point < 0x800) return out[0] = (char)(0xc0 | point >> 6), out[1] = (char)(0x80 | (point & 63)), 2;
    if (point < 0x10000) return out[0] = (char)(0xe0 | point >> 12), out[1] = (char)(0x80 | (point >> 6 & 63)), out[2] = (char)(0x80 | (point & 63)), 3;
    return out[0] = (char)(0xf0 | point >> 18), out[1] = (char)(0x80 | (point >> 12 & 63)), out[2] = (char)(0x80 | (point >> 6 & 63)),
           out[3] = (char)(0x80 | (point & 63)), 4;
}

/* The text between quotes, from behind the first one; gives what is behind the last one. */
static const char *text_of(const char *json, wb_text *text) {
    char *out = wb_alloc(strlen(json) + 1);
    size_t len = 0;
    while (*json != '"') {
        if (*json == 0) wrong(json);
        if (*json != '\\') {
            out[len++] = *json++;
            continue;
        }
        static const char FROM[] = "\"\\/bfnrt", TO[] = "\"\\/\b\f\n\r\t";
        const char *simple = strchr(FROM, json[1]);
        if (json[1] != 'u') {
            if (simple == NULL || json[1] == 0) wrong(json);
            out[len++] = TO[simple - FROM];
            json += 2;
            continue;
        }
        unsigned high = 0, low = 0;
        if (sscanf(json + 2, "%4x", &high) != 1) wrong(json);
        json += 6;
        if (high >= 0xd800 && high < 0xdc00 && sscanf(json, "\\u%4x", &low) == 1) json += 6, high = 0x10000 + ((high & 0x3ff) << 10) + (low & 0x3ff);
        len += utf8(high, out + len);
    }
    *text = (wb_text){out, len};
    return json + 1;
}

const char *wbt_put_json(wb_rows *rows, const char *name, const char *json) {
    json = skip(json);
    if (*json == '{' || *json == '[') {
        bool map = *json == '{';
        char end = map ? '}' : ']';
        map ? wb_put_map(rows, name) : wb_put_array(rows, name);
        json = skip(json + 1);
        while (*json != end) {
            wb_text key = {NULL, 0};
            if (map) {
                if (*json != '"') wrong(json);
                json = skip(text_of(json + 1, &key));
                if (*json++ != ':') wrong(json - 1);
            }
            json = skip(wbt_put_json(rows, map ? wb_format("%.*s", WB_ARG(key)).data : NULL, json));
            if (*json == ',') json = skip(json + 1);
            else if (*json != end) wrong(json);
        }
        wb_end(rows);
        return json + 1;
    }
    if (*json == '"') {
        wb_text text;
        json = text_of(json + 1, &text);
        wb_put_text(rows, name, text);
        return json;
    }
    if (strncmp(json, "null", 4) == 0) return wb_put_nil(rows, name), json + 4;
    if (strncmp(json, "true", 4) == 0) return wb_put_bool(rows, name, true), json + 4;
    if (strncmp(json, "false", 5) == 0) return wb_put_bool(rows, name, false), json + 5;
    size_t len = strspn(json, "+-0123456789.eE");
    if (len == 0) wrong(json);
    if (strcspn(json, ".eE") < len) wb_put_float(rows, name, strtod(json, NULL));
    else if (*json == '-') wb_put_int(rows, name, strtoll(json, NULL, 10));
    else wb_put_uint(rows, name, strtoull(json, NULL, 10));
    return json + len;
}

char *wbt_append(char *text, const char *more, size_t len) {
    size_t before = text == NULL ? 0 : strlen(text);
    text = realloc(text, before + len + 1);
    if (text == NULL) abort();
    memcpy(text + before, more, len);
    text[before + len] = 0;
    return text;
}

static char *add(char *text, const char *more) { return wbt_append(text, more, strlen(more)); }

/* How long the UTF-8 sequence at the start of a text is; 0 where there is none. */
static size_t sequence(const uint8_t *at, size_t left) {
    uint8_t head = at[0];
    size_t len = head < 0x80 ? 1 : head < 0xc2 ? 0 : head < 0xe0 ? 2 : head < 0xf0 ? 3 : head < 0xf5 ? 4 : 0;
    if (len == 0 || len > left) return 0;
    for (size_t more = 1; more < len; more++)
        if ((at[more] & 0xc0) != 0x80) return 0;
    return len;
}

static char *show_text(char *text, wb_text value) {
    text = add(text, "\"");
    for (size_t at = 0; at < value.len;) {
        const uint8_t *byte = (const uint8_t *)value.data + at;
        size_t len = sequence(byte, value.len - at);
        char escaped[8];
        if (len == 0) snprintf(escaped, sizeof escaped, "\\x%02x", *byte);
        else if (*byte == '"' || *byte == '\\') snprintf(escaped, sizeof escaped, "\\%c", *byte);
        else if (*byte == '\n') snprintf(escaped, sizeof escaped, "\\n");
        else if (*byte < 0x20) snprintf(escaped, sizeof escaped, "\\u%04x", *byte);
        else memcpy(escaped, byte, len), escaped[len] = 0;
        text = add(text, escaped);
        at += len == 0 ? 1 : len;
    }
    return add(text, "\"");
}

char *wbt_show(char *text, wb_value value) {
    char number[40];
    size_t at = 0;
    bool first = true;
    wb_value item;
    switch (value.kind) {
    case WB_MISSING: return add(text, "missing");
    case WB_NIL: return add(text, "null");
    case WB_BOOL: return add(text, value.truth ? "true" : "false");
    case WB_INT: snprintf(number, sizeof number, "%" PRId64, value.integer); return add(text, number);
    case WB_UINT: snprintf(number, sizeof number, "%" PRIu64, value.natural); return add(text, number);
    case WB_FLOAT:
        snprintf(number, sizeof number, "%.17g", value.number);
        if (isfinite(value.number) && strpbrk(number, ".e") == NULL) strcat(number, ".0");
        return add(text, number);
    case WB_TEXT: return show_text(text, value.text);
    case WB_BYTES:
        text = add(text, "b\"");
        for (; at < value.text.len; at++) snprintf(number, sizeof number, "%02x", (uint8_t)value.text.data[at]), text = add(text, number);
        return add(text, "\"");
    case WB_ARRAY:
    case WB_MAP:
        text = add(text, value.kind == WB_MAP ? "{" : "[");
        while (wb_walk(value, &at, &item)) {
            if (!first) text = add(text, ",");
            first = false;
            text = wbt_show(text, item);
            if (value.kind == WB_MAP && wb_walk(value, &at, &item)) text = wbt_show(add(text, ":"), item);
        }
        return add(text, value.kind == WB_MAP ? "}" : "]");
    }
    return text;
}
