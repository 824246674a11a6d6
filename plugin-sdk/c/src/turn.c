/* From the contract's handler to the artifact, and what it is handed besides. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

wb_text wb_t(const char *text) { return (wb_text){text, strlen(text)}; }

bool wb_is(wb_text text, const char *other) { return strlen(other) == text.len && memcmp(text.data, other, text.len) == 0; }

/* Memory of the turn, each piece behind a pointer to the one before. */
union piece {
    union piece *before;
    max_align_t aligned;
};
static union piece *pieces;

void *wb_alloc(size_t size) {
    union piece *piece = malloc(sizeof *piece + size);
    if (piece == NULL) abort();
    piece->before = pieces;
    pieces = piece;
    return piece + 1;
}

void wb_release(void) {
    while (pieces != NULL) {
        union piece *before = pieces->before;
        free(pieces);
        pieces = before;
    }
}

static wb_text format(const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (len < 0) return wb_t(format);
    char *text = wb_alloc((size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, format, arguments);
    return (wb_text){text, (size_t)len};
}

wb_text wb_format(const char *text, ...) {
    va_list arguments;
    va_start(arguments, text);
    wb_text made = format(text, arguments);
    va_end(arguments);
    return made;
}

void wb_log(wb_level level, const char *text, ...) {
    va_list arguments;
    va_start(arguments, text);
    wb_host_log(level, format(text, arguments));
    va_end(arguments);
}

static wb_text placed(const char *file, int line, wb_text text) {
    const char *slash = strrchr(file, '/');
    return wb_format("%s:%d: %.*s", slash ? slash + 1 : file, line, WB_ARG(text));
}

wb_failure wb_fault_at(const char *file, int line, wb_text text) { return (wb_failure){WB_FAULT, 0, placed(file, line, text)}; }

_Noreturn void wb_panic_at(const char *file, int line, wb_text text) { wb_host_die(placed(file, line, text)); }

wb_text wb_error_text(wb_error error) {
    switch (error.kind) {
    case WB_DENIED: return wb_format("denied: %.*s", WB_ARG(error.text));
    case WB_INVALID: return wb_format("invalid: %.*s", WB_ARG(error.text));
    case WB_UNAVAILABLE: return wb_format("unavailable: %.*s", WB_ARG(error.text));
    case WB_REFUSED: return wb_format("refused: %.*s", WB_ARG(error.text));
    case WB_UNKNOWN_CLIENT: return wb_format("no client %.*s", WB_ARG(error.text));
    case WB_UNREACHABLE: return wb_format("unreachable: %.*s", WB_ARG(error.text));
    case WB_TIMEOUT: return wb_t("no response in time");
    case WB_TOO_LARGE: return wb_format("more than the limit of %u bytes", (unsigned)error.number);
    case WB_LIMITED: return wb_format("too many for now, the next one may be sent in %u ms", (unsigned)error.number);
    default: return wb_t("no error");
    }
}

static bool read_member(wb_value value, wb_type type, void *member) {
    bool integer = value.kind == WB_INT || value.kind == WB_UINT;
    switch (type) {
    case WB_OF_BOOL: return value.kind == WB_BOOL && (*(bool *)member = value.truth, true);
    case WB_OF_INT: return integer && !(value.kind == WB_UINT && value.natural > INT64_MAX) && (*(int64_t *)member = value.integer, true);
    case WB_OF_UINT: return value.kind == WB_UINT && (*(uint64_t *)member = value.natural, true);
    case WB_OF_FLOAT:
        if (value.kind != WB_FLOAT && !integer) return false;
        *(double *)member = value.kind == WB_FLOAT ? value.number : value.kind == WB_INT ? (double)value.integer : (double)value.natural;
        return true;
    case WB_OF_TEXT: return value.kind == WB_TEXT && (*(wb_text *)member = value.text, true);
    case WB_OF_BYTES: return value.kind == WB_BYTES && (*(wb_text *)member = value.text, true);
    default: return *(wb_value *)member = value, true;
    }
}

wb_failure wb_read(wb_value map, const wb_field *fields, size_t count, void *into) {
    static const char *const NAMES[] = {"a bool", "an integer", "an integer of zero or more", "a number", "text", "bytes", "a value"};
    for (size_t at = 0; at < count; at++) {
        const wb_field *field = &fields[at];
        wb_value value = wb_get(map, field->name);
        if (value.kind == WB_MISSING) {
            WB_CHECK(field->optional, "there is no `%s`", field->name);
        } else if (!read_member(value, field->type, (char *)into + field->offset)) {
            WB_CHECK(field->optional, "`%s`: %s is wanted", field->name, NAMES[field->type]);
        }
    }
    return wb_ok;
}

wb_failure wb_configure(wb_text parameters) {
    wb_value map = wb_decode(parameters);
    WB_CHECK(map.kind == WB_MAP, "the parameters are no MessagePack; the manifest's `encoding` must be msgpack");
    return wb_the_artifact.configure == NULL ? wb_ok : wb_the_artifact.configure(map);
}

wb_failure wb_handle_events(wb_text artifact, wb_text events, wb_rows *rows) {
    if (wb_the_artifact.events == NULL)
        return wb_reject("the manifest subscribes to %.*s, but the artifact has no `events`", WB_ARG(artifact));
    wb_value array = wb_decode(events);
    WB_CHECK(array.kind == WB_ARRAY, "the events are no MessagePack; the manifest's `encoding` must be msgpack");
    wb_batch batch = {artifact, array.count, array};
    return wb_the_artifact.events(&batch, rows);
}

wb_failure wb_handle_tick(double due, wb_rows *rows) {
    if (wb_the_artifact.tick == NULL) return wb_reject("the manifest has a schedule, but the artifact has no `tick`");
    return wb_the_artifact.tick(due, rows);
}

wb_search wb_clients(wb_text query) { return (wb_search){.query = query}; }

bool wb_next_client(wb_search *search, wb_client *client) {
    enum { PAGE = 1000 };
    if (search->at == search->len && !search->ended) {
        wb_text after = search->len > 0 ? search->page[search->len - 1].id : (wb_text){NULL, 0};
        search->at = 0;
        search->len = 0;
        search->error = wb_host_search(search->query, PAGE, after, &search->page, &search->len);
        search->ended = search->error.kind != WB_NO_ERROR || search->len < PAGE;
    }
    if (search->at == search->len) return false;
    *client = search->page[search->at++];
    return true;
}

wb_text wb_http_header(const wb_response *response, const char *name) {
    for (size_t at = 0; at < response->header_count; at++) {
        if (wb_is(response->headers[2 * at], name)) return response->headers[2 * at + 1];
    }
    return (wb_text){NULL, 0};
}
