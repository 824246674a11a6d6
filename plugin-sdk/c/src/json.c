/* Values, written as JSON. */

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

enum { DEEPEST = 128 };

void wb_add(wb_buffer *buffer, wb_text text) {
    if (text.len > buffer->room - buffer->len) {
        size_t room = 2 * (buffer->room + text.len);
        char *grown = wb_alloc(room);
        if (buffer->len > 0) memcpy(grown, buffer->data, buffer->len);
        buffer->data = grown;
        buffer->room = room;
    }
    if (text.len > 0) memcpy(buffer->data + buffer->len, text.data, text.len);
    buffer->len += text.len;
}

static void add(wb_buffer *buffer, const char *text, size_t len) { wb_add(buffer, (wb_text){text, len}); }

size_t wb_utf8(const uint8_t *at, size_t left) {
    uint8_t head = at[0];
    if (head < 0x80) return 1;
    size_t len = head < 0xc2 ? 0 : head < 0xe0 ? 2 : head < 0xf0 ? 3 : head < 0xf5 ? 4 : 0;
    if (len == 0 || len > left) return 0;
    /* Neither longer than it must be, nor half of a pair, nor beyond the last character there is. */
    uint8_t low = head == 0xe0 ? 0xa0 : head == 0xf0 ? 0x90 : 0x80;
    uint8_t high = head == 0xed ? 0x9f : head == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < low || at[1] > high) return 0;
    for (size_t more = 2; more < len; more++)
        if ((at[more] & 0xc0) != 0x80) return 0;
    return len;
}

/* Adds what stands between quotes. */
static bool add_escaped(wb_buffer *buffer, wb_text text) {
    size_t plain = 0, at = 0;
    while (at < text.len) {
        const uint8_t *byte = (const uint8_t *)text.data + at;
        size_t len = wb_utf8(byte, text.len - at);
        if (len == 0) return false;
        if (*byte >= 0x20 && *byte != '"' && *byte != '\\' && *byte != 0x7f) {
            at += len;
            continue;
        }
        char escaped[7];
        const char *shorts = "\b\t\n\f\r\"\\", *found = strchr(shorts, *byte);
        if (*byte != 0 && found != NULL) snprintf(escaped, sizeof escaped, "\\%c", "btnfr\"\\"[found - shorts]);
        else snprintf(escaped, sizeof escaped, "\\u%04x", *byte);
        add(buffer, text.data + plain, at - plain);
        wb_add(buffer, wb_t(escaped));
        plain = ++at;
    }
    add(buffer, text.data + plain, at - plain);
    return true;
}

bool wb_add_quoted(wb_buffer *buffer, wb_text text) {
    size_t before = buffer->len;
    add(buffer, "\"", 1);
    bool is_text = add_escaped(buffer, text);
    add(buffer, "\"", 1);
    if (!is_text) buffer->len = before;
    return is_text;
}

/* Adds a note of how much is missing. */
static void add_note(wb_buffer *buffer, size_t missing) {
    char note[64];
    snprintf(note, sizeof note, "\xe2\x80\xa6 (%zu more bytes)", missing);
    wb_add(buffer, wb_t(note));
}

static bool add_text(wb_buffer *buffer, wb_text text, size_t longest) {
    if (longest == 0 || text.len <= longest) return wb_add_quoted(buffer, text);
    /* Not within a character. */
    size_t len = longest;
    while (len > 0 && ((uint8_t)text.data[len] & 0xc0) == 0x80) len--;
    add(buffer, "\"", 1);
    bool is_text = add_escaped(buffer, (wb_text){text.data, len});
    add_note(buffer, text.len - len);
    add(buffer, "\"", 1);
    return is_text;
}

static void add_base64(wb_buffer *buffer, wb_text bytes, size_t longest) {
    static const char SYMBOLS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = longest != 0 && bytes.len > longest ? longest : bytes.len;
    add(buffer, "\"", 1);
    for (size_t at = 0; at < len; at += 3) {
        size_t left = len - at < 3 ? len - at : 3;
        uint32_t group = 0;
        for (size_t byte = 0; byte < 3; byte++) group = group << 8 | (byte < left ? (uint8_t)bytes.data[at + byte] : 0);
        char symbols[4];
        for (size_t nth = 0; nth < 4; nth++) symbols[nth] = nth <= left ? SYMBOLS[group >> (18 - 6 * nth) & 63] : '=';
        add(buffer, symbols, sizeof symbols);
    }
    if (len < bytes.len) add_note(buffer, bytes.len - len);
    add(buffer, "\"", 1);
}

static void add_float(wb_buffer *buffer, double number) {
    char text[40];
    if (!isfinite(number)) {
        wb_add(buffer, wb_t("null"));
        return;
    }
    /* As short as it can be and still be read as the same. */
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number) break;
    }
    if (strpbrk(text, ".e") == NULL) strcat(text, ".0");
    wb_add(buffer, wb_t(text));
}

/* Adds a value that holds no others. */
static bool add_single(wb_buffer *buffer, wb_value value, size_t longest) {
    char number[24];
    switch (value.kind) {
    case WB_NIL: wb_add(buffer, wb_t("null")); return true;
    case WB_BOOL: wb_add(buffer, wb_t(value.truth ? "true" : "false")); return true;
    case WB_INT: snprintf(number, sizeof number, "%" PRId64, value.integer); break;
    case WB_UINT: snprintf(number, sizeof number, "%" PRIu64, value.natural); break;
    case WB_FLOAT: add_float(buffer, value.number); return true;
    case WB_TEXT: return add_text(buffer, value.text, longest);
    case WB_BYTES: add_base64(buffer, value.text, longest); return true;
    default: return false;
    }
    wb_add(buffer, wb_t(number));
    return true;
}

/* Adds the value at `raw[*at]`, and steps behind it. */
static bool add_value(wb_buffer *buffer, wb_text raw, size_t *at, size_t longest, int depth) {
    wb_value value, name;
    if (!wb_head(raw, at, &value)) return false;
    if (value.kind != WB_ARRAY && value.kind != WB_MAP) return add_single(buffer, value, longest);
    if (depth == DEEPEST) return false;
    bool map = value.kind == WB_MAP;
    add(buffer, map ? "{" : "[", 1);
    for (uint32_t nth = 0; nth < value.count; nth++) {
        if (nth > 0) add(buffer, ",", 1);
        if (map) {
            if (!wb_head(raw, at, &name) || name.kind != WB_TEXT || !wb_add_quoted(buffer, name.text)) return false;
            add(buffer, ":", 1);
        }
        if (!add_value(buffer, raw, at, longest, depth + 1)) return false;
    }
    add(buffer, map ? "}" : "]", 1);
    return true;
}

bool wb_add_json(wb_buffer *buffer, wb_value value, size_t longest) {
    size_t before = buffer->len, at = 0;
    bool is_json = value.kind != WB_MISSING && add_value(buffer, value.raw, &at, longest, 0);
    if (!is_json) buffer->len = before;
    return is_json;
}
