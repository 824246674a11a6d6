/* JSON, read into MessagePack. */

#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* What is read, and what becomes of it. */
typedef struct {
    const char *at, *end;
    wb_buffer out;
} reader;

static bool value(reader *json, int depth);

static void put(reader *json, uint8_t marker, uint64_t number, size_t count) {
    char bytes[9] = {(char)marker};
    for (size_t at = 0; at < count; at++) bytes[1 + at] = (char)(number >> 8 * (count - 1 - at));
    wb_add(&json->out, (wb_text){bytes, 1 + count});
}

/* Fills in the 32 bits behind the marker at `at`. */
static void fill(reader *json, size_t at, uint32_t number) {
    for (size_t byte = 0; byte < 4; byte++) json->out.data[at + 1 + byte] = (char)(number >> 8 * (3 - byte));
}

static void blanks(reader *json) {
    while (json->at < json->end && (*json->at == ' ' || *json->at == '\t' || *json->at == '\n' || *json->at == '\r')) json->at++;
}

/* Steps over a letter, if it is there. */
static bool takes(reader *json, char letter) {
    if (json->at == json->end || *json->at != letter) return false;
    json->at++;
    return true;
}

static bool word(reader *json, const char *wanted, uint8_t marker) {
    size_t len = strlen(wanted);
    if ((size_t)(json->end - json->at) < len || memcmp(json->at, wanted, len) != 0) return false;
    json->at += len;
    put(json, marker, 0, 0);
    return true;
}

/* The four hexadecimal digits of an escape. */
static bool unit(reader *json, uint32_t *found) {
    *found = 0;
    if (json->end - json->at < 4) return false;
    for (int nth = 0; nth < 4; nth++) {
        char digit = *json->at++;
        if (digit >= '0' && digit <= '9') *found = *found << 4 | (uint32_t)(digit - '0');
        else if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f') *found = *found << 4 | (uint32_t)((digit | 0x20) - 'a' + 10);
        else return false;
    }
    return true;
}

static void character(reader *json, uint32_t point) {
    char bytes[4];
    size_t len = 0;
    if (point < 0x80) bytes[len++] = (char)point;
    else if (point < 0x800) bytes[len++] = (char)(0xc0 | point >> 6);
    else if (point < 0x10000) bytes[len++] = (char)(0xe0 | point >> 12);
    else bytes[len++] = (char)(0xf0 | point >> 18);
    if (point >= 0x10000) bytes[len++] = (char)(0x80 | (point >> 12 & 63));
    if (point >= 0x800) bytes[len++] = (char)(0x80 | (point >> 6 & 63));
    if (point >= 0x80) bytes[len++] = (char)(0x80 | (point & 63));
    wb_add(&json->out, (wb_text){bytes, len});
}

/* What follows a backslash. Half of a pair becomes U+FFFD. */
static bool escape(reader *json) {
    static const char FROM[] = "\"\\/bfnrt", TO[] = "\"\\/\b\f\n\r\t";
    if (json->at == json->end) return false;
    char letter = *json->at++;
    if (letter != 'u') {
        const char *found = letter == 0 ? NULL : strchr(FROM, letter);
        if (found != NULL) character(json, (uint8_t)TO[found - FROM]);
        return found != NULL;
    }
    uint32_t high, low;
    if (!unit(json, &high)) return false;
    if (high >= 0xd800 && high < 0xdc00 && json->end - json->at >= 6 && json->at[0] == '\\' && json->at[1] == 'u') {
        const char *before = json->at;
        json->at += 2;
        if (!unit(json, &low)) return false;
        if (low >= 0xdc00 && low < 0xe000) {
            character(json, 0x10000 + ((high & 0x3ff) << 10) + (low & 0x3ff));
            return true;
        }
        json->at = before;
    }
    character(json, high >= 0xd800 && high < 0xe000 ? 0xfffd : high);
    return true;
}

static bool text(reader *json) {
    if (!takes(json, '"')) return false;
    size_t head = json->out.len;
    put(json, 0xdb, 0, 4);
    while (!takes(json, '"')) {
        if (takes(json, '\\')) {
            if (!escape(json)) return false;
            continue;
        }
        size_t left = (size_t)(json->end - json->at), len = left > 0 ? wb_utf8((const uint8_t *)json->at, left) : 0;
        if (len == 0 || (uint8_t)*json->at < 0x20) return false;
        wb_add(&json->out, (wb_text){json->at, len});
        json->at += len;
    }
    size_t len = json->out.len - head - 5;
    fill(json, head, (uint32_t)len);
    return len <= UINT32_MAX;
}

static size_t digits(reader *json) {
    const char *before = json->at;
    while (json->at < json->end && *json->at >= '0' && *json->at <= '9') json->at++;
    return (size_t)(json->at - before);
}

static bool number(reader *json) {
    const char *from = json->at;
    bool below = takes(json, '-'), whole = true;
    const char *first = json->at;
    size_t count = digits(json);
    if (count == 0 || (count > 1 && *first == '0')) return false;
    if (takes(json, '.')) {
        whole = false;
        if (digits(json) == 0) return false;
    }
    if (json->at < json->end && (*json->at == 'e' || *json->at == 'E')) {
        json->at++;
        whole = false;
        if (!takes(json, '+')) takes(json, '-');
        if (digits(json) == 0) return false;
    }
    if (whole) {
        uint64_t sum = 0;
        bool fits = true;
        for (const char *at = first; at < json->at; at++) fits = fits && !__builtin_mul_overflow(sum, 10, &sum) && !__builtin_add_overflow(sum, *at - '0', &sum);
        if (fits && !below) {
            put(json, 0xcf, sum, 8);
            return true;
        }
        if (fits && sum <= (uint64_t)INT64_MAX + 1) {
            put(json, 0xd3, ~sum + 1, 8);
            return true;
        }
    }
    wb_text copy = wb_format("%.*s", (int)(json->at - from), from);
    double read = strtod(copy.data, NULL);
    uint64_t bits;
    memcpy(&bits, &read, sizeof bits);
    put(json, 0xcb, bits, 8);
    return true;
}

static bool many(reader *json, bool map, int depth) {
    char end = map ? '}' : ']';
    size_t head = json->out.len;
    uint32_t count = 0;
    if (depth == WB_DEPTH) return false;
    json->at++;
    put(json, map ? 0xdf : 0xdd, 0, 4);
    for (blanks(json); !takes(json, end); blanks(json)) {
        if (count++ > 0) {
            if (!takes(json, ',')) return false;
            blanks(json);
        }
        if (map) {
            if (!text(json)) return false;
            blanks(json);
            if (!takes(json, ':')) return false;
        }
        if (!value(json, depth + 1)) return false;
    }
    fill(json, head, count);
    return true;
}

static bool value(reader *json, int depth) {
    blanks(json);
    if (json->at == json->end) return false;
    switch (*json->at) {
    case '{': return many(json, true, depth);
    case '[': return many(json, false, depth);
    case '"': return text(json);
    case 'n': return word(json, "null", 0xc0);
    case 't': return word(json, "true", 0xc3);
    case 'f': return word(json, "false", 0xc2);
    default: return number(json);
    }
}

wb_value wb_from_json(wb_text given) {
    reader json = {given.data, given.data + given.len, {0}};
    bool is_json = given.len > 0 && value(&json, 0);
    blanks(&json);
    if (!is_json || json.at != json.end) return (wb_value){.kind = WB_MISSING};
    return wb_decode((wb_text){json.out.data, json.out.len});
}
