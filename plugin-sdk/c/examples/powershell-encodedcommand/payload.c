/* What a payload says: base64 of UTF-16, little end first, or what is left or made of it. */

#include <string.h>

#include "decode.h"

/* How many bytes must stand before a character that is not base64 for the whole to count as a payload and not as a word. */
enum { MIN_BEFORE_JUNK = 16 };

static int digit(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* The bytes of a payload, as far as it is base64. White space in it is passed over, as .NET does. */
static wb_text content(wb_text payload, oddities *odd) {
    char *symbols = wb_alloc(payload.len + 1), *bytes = wb_alloc(payload.len + 1);
    size_t len = 0, end = 0, made = 0;
    for (size_t at = 0; at < payload.len; at++)
        if (payload.data[at] == 0 || strchr(" \t\r\n", payload.data[at]) == NULL) symbols[len++] = payload.data[at];
    while (end < len && digit(symbols[end]) >= 0) end++;
    bool padded = true;
    for (size_t at = end; at < len; at++) padded &= symbols[at] == '=';
    if (!padded) note(odd, "not-base64");
    else if (len % 4 != 0 || len - end > 2) note(odd, "truncated");
    uint32_t bits = 0;
    for (size_t at = 0; at < end; at++) {
        bits = bits << 6 | (uint32_t)digit(symbols[at]);
        /* Of each quantum of four symbols, the second and those behind it end a byte. */
        if (at % 4 != 0) bytes[made++] = (char)(bits >> (6 - 2 * (at % 4)));
    }
    return (wb_text){bytes, padded || made >= MIN_BEFORE_JUNK ? made : 0};
}

static bool is_control(uint32_t point) { return (point < 0x20 && point != '\t' && point != '\n' && point != '\r') || (point >= 0x7f && point < 0xa0); }

/* The bytes as UTF-8, if that is what they are. UTF-16 of a script is not: its ASCII brings zeros along. */
static bool is_utf8(wb_text bytes) {
    for (size_t at = 0; at < bytes.len;) {
        uint8_t head = (uint8_t)bytes.data[at];
        size_t more = head < 0x80 ? 0 : head < 0xc2 ? 9 : head < 0xe0 ? 1 : head < 0xf0 ? 2 : head < 0xf5 ? 3 : 9;
        if (more >= bytes.len - at) return false;
        uint32_t point = more == 0 ? head : head & (0x3fu >> more);
        for (size_t next = 1; next <= more; next++) {
            uint8_t tail = (uint8_t)bytes.data[at + next];
            if ((tail & 0xc0) != 0x80) return false;
            point = point << 6 | (tail & 0x3f);
        }
        bool odd = (more == 2 && (point < 0x800 || (point >= 0xd800 && point < 0xe000))) || (more == 3 && (point < 0x10000 || point > 0x10ffff));
        if (odd || (is_control(point) && point != 0x1b)) return false;
        at += 1 + more;
    }
    return bytes.len > 2;
}

static size_t put(char *out, uint32_t point) {
    if (point < 0x80) return out[0] = (char)point, 1;
    if (point < 0x800) return out[0] = (char)(0xc0 | point >> 6), out[1] = (char)(0x80 | (point & 63)), 2;
    size_t len = point < 0x10000 ? 3 : 4;
    out[0] = (char)(len == 3 ? 0xe0 | point >> 12 : 0xf0 | point >> 18);
    for (size_t at = 1; at < len; at++) out[at] = (char)(0x80 | (point >> 6 * (len - 1 - at) & 63));
    return len;
}

/* The text of a payload's bytes. */
static wb_text text_of(wb_text bytes, oddities *odd) {
    if (is_utf8(bytes)) {
        note(odd, "not-utf16");
        return bytes;
    }
    if (bytes.len % 2 == 1) note(odd, "truncated");
    size_t units = bytes.len / 2, little = 0, big = 0, len = 0;
    const uint8_t *byte = (const uint8_t *)bytes.data;
    /* ASCII, which every script has some of, tells which end comes first. */
    for (size_t at = 0; at < units; at++) {
        little += byte[2 * at + 1] == 0 && byte[2 * at] != 0;
        big += byte[2 * at] == 0 && byte[2 * at + 1] != 0;
    }
    bool big_end = big > little || (units > 0 && byte[0] == 0xfe && byte[1] == 0xff);
    if (big_end) note(odd, "utf-16be");
    char *script = wb_alloc(3 * units + 1);
    uint32_t first = 0;
    for (size_t at = 0; at < units; at++) {
        uint32_t unit = big_end ? (uint32_t)byte[2 * at] << 8 | byte[2 * at + 1] : byte[2 * at] | (uint32_t)byte[2 * at + 1] << 8;
        if (at == 0) first = unit;
        if (unit >= 0xd800 && unit < 0xdc00 && at + 1 < units) {
            const uint8_t *next = byte + 2 * at + 2;
            uint32_t low = big_end ? (uint32_t)next[0] << 8 | next[1] : next[0] | (uint32_t)next[1] << 8;
            if (low >= 0xdc00 && low < 0xe000) unit = 0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff), at++;
        }
        if (unit >= 0xd800 && unit < 0xe000) {
            note(odd, "lone-surrogate");
            unit = 0xfffd;
        }
        len += put(script + len, unit);
    }
    if (first == 0xfeff) note(odd, "bom");
    return (wb_text){script, len};
}

bool decode_payload(wb_text payload, wb_text *script, oddities *odd) {
    wb_text bytes = content(payload, odd);
    if (bytes.len == 0) return false;
    if (bytes.len >= 3 && memcmp(bytes.data, "\x1f\x8b\x08", 3) == 0) note(odd, "gzip");
    *script = text_of(bytes, odd);
    for (size_t at = 0; at < script->len; at++) {
        uint8_t c = (uint8_t)script->data[at];
        /* U+0080 to U+009F are C2 80 to C2 9F. */
        bool wide = c == 0xc2 && at + 1 < script->len && (uint8_t)script->data[at + 1] < 0xa0;
        if (wide || (c < 0x80 && is_control(c))) note(odd, "control-characters");
    }
    look(*script, odd);
    return script->len > 0;
}
