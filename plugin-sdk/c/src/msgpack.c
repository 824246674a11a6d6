/* MessagePack, read in place. */

#include <string.h>

#include "internal.h"

static uint64_t big_end(const uint8_t *bytes, size_t count) {
    uint64_t value = 0;
    for (size_t at = 0; at < count; at++) value = value << 8 | bytes[at];
    return value;
}

/* How many bytes follow a marker of 0xc0 to 0xdf: of its head, and before its content is counted. */
static const uint8_t HEADS[32] = {
    0, 0, 0, 0, 1, 2, 4, 1, 2, 4, 4, 8, 1, 2, 4, 8, /* nil to uint64 */
    1, 2, 4, 8, 1, 2, 4, 8, 16, 1, 2, 4, 2, 4, 2, 4, /* int8 to map32; of a fixext, its content without its type */
};

bool wb_head(wb_text bytes, size_t *at, wb_value *value) {
    if (*at >= bytes.len) return false;
    const uint8_t *start = (const uint8_t *)bytes.data + *at;
    size_t left = bytes.len - *at - 1, skip = 0, content = 0;
    uint8_t marker = start[0];
    *value = (wb_value){.kind = WB_UINT};
    if (marker < 0x80) {
        value->natural = marker;
    } else if (marker < 0x90) {
        value->kind = WB_MAP, value->count = marker & 0x0f;
    } else if (marker < 0xa0) {
        value->kind = WB_ARRAY, value->count = marker & 0x0f;
    } else if (marker < 0xc0) {
        value->kind = WB_TEXT, content = marker & 0x1f;
    } else if (marker >= 0xe0) {
        value->kind = WB_INT, value->integer = (int8_t)marker;
    } else {
        skip = HEADS[marker - 0xc0];
        if (skip > left) return false;
        uint64_t number = skip <= 8 ? big_end(start + 1, skip) : 0;
        switch (marker) {
        case 0xc0: value->kind = WB_NIL; break;
        case 0xc1: return false;
        case 0xc2: case 0xc3: value->kind = WB_BOOL, value->truth = marker == 0xc3; break;
        case 0xc4: case 0xc5: case 0xc6: value->kind = WB_BYTES, content = (size_t)number; break;
        /* An extension is bytes: its type comes first and does not count. */
        case 0xc7: case 0xc8: case 0xc9: value->kind = WB_BYTES, content = (size_t)number, skip++; break;
        case 0xca: {
            uint32_t bits = (uint32_t)number;
            float narrow;
            memcpy(&narrow, &bits, sizeof narrow);
            value->kind = WB_FLOAT, value->number = narrow;
            break;
        }
        case 0xcb: value->kind = WB_FLOAT, memcpy(&value->number, &number, sizeof number); break;
        case 0xcc: case 0xcd: case 0xce: case 0xcf: value->natural = number; break;
        case 0xd0: value->integer = (int8_t)number; break;
        case 0xd1: value->integer = (int16_t)number; break;
        case 0xd2: value->integer = (int32_t)number; break;
        case 0xd3: value->integer = (int64_t)number; break;
        case 0xd4: case 0xd5: case 0xd6: case 0xd7: case 0xd8: value->kind = WB_BYTES, content = skip, skip = 1; break;
        case 0xd9: case 0xda: case 0xdb: value->kind = WB_TEXT, content = (size_t)number; break;
        case 0xdc: case 0xdd: value->kind = WB_ARRAY, value->count = (uint32_t)number; break;
        default: value->kind = WB_MAP, value->count = (uint32_t)number; break;
        }
        if (marker >= 0xd0 && marker <= 0xd3 && value->integer < 0) value->kind = WB_INT;
        if (skip > left) return false;
    }
    if (content > left - skip) return false;
    if (value->kind == WB_TEXT || value->kind == WB_BYTES) value->text = (wb_text){(const char *)start + 1 + skip, content};
    *at += 1 + skip + content;
    return true;
}

wb_value wb_decode(wb_text bytes) {
    wb_value value, inner;
    size_t at = 0;
    if (!wb_head(bytes, &at, &value)) return (wb_value){.kind = WB_MISSING};
    /* Without recursion, so that no depth can hurt. */
    uint64_t pending = value.kind == WB_ARRAY ? value.count : value.kind == WB_MAP ? 2 * (uint64_t)value.count : 0;
    while (pending-- > 0) {
        if (!wb_head(bytes, &at, &inner)) return (wb_value){.kind = WB_MISSING};
        pending += inner.kind == WB_ARRAY ? inner.count : inner.kind == WB_MAP ? 2 * (uint64_t)inner.count : 0;
    }
    value.raw = (wb_text){bytes.data, at};
    return value;
}

bool wb_walk(wb_value value, size_t *at, wb_value *item) {
    if (value.kind != WB_ARRAY && value.kind != WB_MAP) return false;
    if (*at == 0) {
        wb_value own;
        if (!wb_head(value.raw, at, &own)) return false;
    }
    *item = wb_decode((wb_text){value.raw.data + *at, value.raw.len - *at});
    *at += item->raw.len;
    return item->kind != WB_MISSING;
}

wb_value wb_get(wb_value map, const char *name) {
    size_t at = 0;
    wb_value key, item;
    if (map.kind == WB_MAP) {
        while (wb_walk(map, &at, &key) && wb_walk(map, &at, &item)) {
            if (key.kind == WB_TEXT && wb_is(key.text, name)) return item;
        }
    }
    return (wb_value){.kind = WB_MISSING};
}
