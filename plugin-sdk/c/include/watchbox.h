/* Write watchbox artifacts in C: see README.md. */

#ifndef WATCHBOX_H
#define WATCHBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Text and bytes, borrowed: they live as long as what they are of, at most until the turn ends. ---- */

/* UTF-8, without a NUL at its end. Bytes are one as well. */
typedef struct {
    const char *data;
    size_t len;
} wb_text;

/* Of a C string. */
wb_text wb_t(const char *text);
/* Whether it is this C string. */
bool wb_is(wb_text text, const char *other);

/* Memory that is given back when the turn ends; never NULL. */
void *wb_alloc(size_t size);
/* A text as printf writes it, which lives until the turn ends; `%.*s` with WB_ARG(text) puts a text in. */
wb_text wb_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define WB_ARG(text) (int)(text).len, (text).data

/* ---- Values, as they come in ---- */

typedef enum { WB_MISSING, WB_NIL, WB_BOOL, WB_INT, WB_UINT, WB_FLOAT, WB_TEXT, WB_BYTES, WB_ARRAY, WB_MAP } wb_kind;

/* A value of whatever type an endpoint sent. Integers of zero or more are WB_UINT, those below are WB_INT: all of 64 bits, exact. */
typedef struct {
    wb_kind kind;
    union {
        bool truth;
        int64_t integer;
        uint64_t natural;
        double number;
        wb_text text;
        uint32_t count; /* of an array's items, of a map's entries */
    };
    wb_text raw; /* as MessagePack, to hand on as it is */
} wb_value;

/* The value of a map under a name; WB_MISSING where there is none, or where it is no map. */
wb_value wb_get(wb_value map, const char *name);
/* Walks an array or a map: `*at` begins as 0. Of a map, names and values take turns. */
bool wb_walk(wb_value value, size_t *at, wb_value *item);

/* ---- JSON ---- */

/* Text that grows, empty where it is all zeros. What is in it moves as it grows, and lives until the turn ends. */
typedef struct {
    char *data;
    size_t len, room;
} wb_buffer;

void wb_add(wb_buffer *buffer, wb_text text);
/* Adds a text as a JSON text, with its quotes; false where it is no UTF-8. */
bool wb_add_quoted(wb_buffer *buffer, wb_text text);
/* Adds a value as JSON: integers and floats exactly, bytes as base64 text, NaN and infinities as null, maps in their order. Where `longest` is not 0, texts and bytes of more bytes are
   cut, and say so. False, and nothing is added, where there is no JSON for it: it is missing or not whole, a text is no UTF-8, a name is no text, it nests deeper than 128. */
bool wb_add_json(wb_buffer *buffer, wb_value value, size_t longest);
/* JSON as a value: numbers without fraction and exponent as integers where they fit into 64 bits. WB_MISSING where it is none, or nests deeper than 64. */
wb_value wb_from_json(wb_text json);

/* ---- Why a turn does not count ---- */

typedef enum { WB_OK, WB_RETRY, WB_REJECT, WB_FAULT } wb_outcome;

typedef struct {
    wb_outcome outcome;
    uint32_t after_ms;
    wb_text text;
} wb_failure;

/* The turn counts. */
#define wb_ok ((wb_failure){WB_OK, 0, {0, 0}})
/* Something outside was not ready: try this turn again, not before this many milliseconds from now. */
#define wb_retry(after_ms, ...) ((wb_failure){WB_RETRY, (after_ms), wb_format(__VA_ARGS__)})
/* No further try can help: the trigger is set aside at once, a batch as a whole. */
#define wb_reject(...) ((wb_failure){WB_REJECT, 0, wb_format(__VA_ARGS__)})
/* The artifact failed on what it did not expect; file and line are put before the text. */
#define wb_fault(...) wb_fault_at(__FILE__, __LINE__, wb_format(__VA_ARGS__))
wb_failure wb_fault_at(const char *file, int line, wb_text text);
/* Returns a fault from the function where the condition does not hold. */
#define WB_CHECK(condition, ...)                                                                                                           \
    do {                                                                                                                                   \
        if (!(condition)) return wb_fault(__VA_ARGS__);                                                                                    \
    } while (0)
/* Traps, and leaves the text with file and line for the operator, for where there is no way to return. So does a failed assert() of the C library. */
#define wb_panic(...) wb_panic_at(__FILE__, __LINE__, wb_format(__VA_ARGS__))
_Noreturn void wb_panic_at(const char *file, int line, wb_text text);

/* ---- Structs, for parameters, events and rows ---- */

/* What a member of a struct is: bool, int64_t, uint64_t, double, wb_text (text, or bytes), wb_value. */
typedef enum { WB_OF_BOOL, WB_OF_INT, WB_OF_UINT, WB_OF_FLOAT, WB_OF_TEXT, WB_OF_BYTES, WB_OF_VALUE } wb_type;

/* A member, and the parameter's or column's name. One that is `optional` stays as it was where there is no such value, or none of its type. */
typedef struct {
    const char *name;
    wb_type type;
    bool optional;
    uint16_t offset;
} wb_field;

#define wb_required(name, type, struct_type, member) {(name), (type), false, (uint16_t)offsetof(struct_type, member)}
#define wb_optional(name, type, struct_type, member) {(name), (type), true, (uint16_t)offsetof(struct_type, member)}
#define WB_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Reads a map into a struct. A fault names what is missing or of another type. */
wb_failure wb_read(wb_value map, const wb_field *fields, size_t count, void *into);

/* ---- A turn ---- */

/* Events of one log, oldest first. */
typedef struct {
    wb_text artifact; /* the log's name: tells several subscriptions apart */
    uint32_t len;
    wb_value events; /* an array of maps; `wb_walk` goes through it. Columns come from endpoints: never trust their presence or type */
} wb_batch;

/* The rows that a turn emits. */
typedef struct wb_rows wb_rows;

/* Emits a struct as a row. */
void wb_emit(wb_rows *rows, const wb_field *fields, size_t count, const void *row);

/* Emits a row column by column, between wb_begin and wb_end. */
void wb_begin(wb_rows *rows);
void wb_put_nil(wb_rows *rows, const char *name);
void wb_put_bool(wb_rows *rows, const char *name, bool value);
void wb_put_int(wb_rows *rows, const char *name, int64_t value);
void wb_put_uint(wb_rows *rows, const char *name, uint64_t value);
void wb_put_float(wb_rows *rows, const char *name, double value);
void wb_put_text(wb_rows *rows, const char *name, wb_text value);
void wb_put_bytes(wb_rows *rows, const char *name, wb_text value);
void wb_put_value(wb_rows *rows, const char *name, wb_value value);
/* A map or an array within the row, up to its wb_end. In an array names are NULL. */
void wb_put_map(wb_rows *rows, const char *name);
void wb_put_array(wb_rows *rows, const char *name);
void wb_end(wb_rows *rows);

/* An artifact. Each function may be NULL. What must last longer than the instance belongs in state. */
typedef struct {
    /* Once, before the first turn. A failure's text tells the operator what is wrong with the parameters. What they hold stays valid. */
    wb_failure (*configure)(wb_value parameters);
    /* One turn with events of a log that the manifest subscribes to. */
    wb_failure (*events)(wb_batch *batch, wb_rows *rows);
    /* One turn with a tick that was due at this time. */
    wb_failure (*tick)(double due, wb_rows *rows);
} wb_artifact;

/* Defined once by each artifact. */
extern const wb_artifact wb_the_artifact;
#define WB_ARTIFACT const wb_artifact wb_the_artifact =

/* ---- Capabilities: calling a function imports its interface, which the manifest must declare ---- */

typedef enum {
    WB_NO_ERROR,
    WB_DENIED,          /* no grant covers it; the text names the one that would */
    WB_INVALID,         /* the query, label, request, message or key is none */
    WB_UNAVAILABLE,     /* the server could not read its clients, or its mail relay did not take the message, just now */
    WB_REFUSED,         /* the mail relay never will take the message */
    WB_UNKNOWN_CLIENT,  /* there is no client of this id */
    WB_UNREACHABLE,     /* whether the other side acted on the request is unknown */
    WB_TIMEOUT,         /* the same */
    WB_TOO_LARGE,       /* of a response, or of the state; `number` is the limit in bytes */
    WB_LIMITED,         /* in `number` milliseconds there is room for one more request, or message */
} wb_error_kind;

typedef struct {
    wb_error_kind kind;
    wb_text text;
    uint32_t number;
} wb_error;

/* Returns a fault from the function where a call of a capability gave an error. */
#define WB_TRY(call)                                                                                                                       \
    do {                                                                                                                                   \
        wb_error wb_error_ = (call);                                                                                                       \
        if (wb_error_.kind != WB_NO_ERROR) return wb_fault_at(__FILE__, __LINE__, wb_error_text(wb_error_));                               \
    } while (0)
wb_text wb_error_text(wb_error error);

/* An endpoint. Times are seconds since the Unix epoch. */
typedef struct {
    wb_text id, hostname, os;
    const wb_text *labels;
    size_t label_count;
    double first_seen, last_seen; /* 0 where it has not reported yet */
} wb_client;

/* A search that fetches a thousand clients at a time. */
typedef struct {
    wb_text query;
    wb_client *page;
    size_t at, len;
    bool ended;
    wb_error error;
} wb_search;

/* Clients that match `label:X`, `host:X` (`*` stands for any characters), `client:X`, `all`, or bare text, ordered by id:
   `wb_search found = wb_clients(wb_t("all")); while (wb_next_client(&found, &client)) ...; WB_TRY(found.error);` */
wb_search wb_clients(wb_text query);
bool wb_next_client(wb_search *search, wb_client *client);
/* The client of this id, if there is one that a granted term matches. */
wb_error wb_client_get(wb_text id, wb_client *client, bool *found);

/* All of them, or on an error none. */
wb_error wb_labels_add(wb_text client_id, const wb_text *labels, size_t count);
wb_error wb_labels_remove(wb_text client_id, const wb_text *labels, size_t count);

/* A text, or where `secret` is set that text and then the value of the secret parameter, which the artifact never sees. */
typedef struct {
    wb_text text;
    const char *secret;
} wb_filled;

typedef struct {
    const char *name;
    wb_filled value;
} wb_header;

/* A place in a body where a secret parameter's value goes: before the byte `at` of what is written. Places ascend. */
typedef struct {
    size_t at;
    const char *secret;
} wb_insertion;

typedef struct {
    const char *method;
    wb_filled url;
    const wb_header *headers;
    size_t header_count;
    wb_text body;
    const wb_insertion *body_secrets; /* for services that want their key in the body */
    size_t body_secret_count;
    uint32_t timeout_ms; /* 0: 30 s */
    wb_text once;        /* names the effect within its turn: what was settled under this name is not done again; empty for no name */
} wb_request;

typedef struct {
    uint16_t status;
    const wb_text *headers; /* names, in lower case, and values take turns */
    size_t header_count;
    wb_text body;
} wb_response;

wb_error wb_http_send(const wb_request *request, wb_response *response);
/* Forgets what settled the request of this `once` name, so that the next call makes it again: in a further try of the turn, when its dead letter is redriven, in the ticks
 * that follow one that was set aside. For an answer that somebody can mend the cause of, such as a 401 for a key that ran out: forget it, then retry or reject. What the
 * other side did for the request it may then do twice. */
void wb_http_forget(wb_text once);
/* The first header of this name, in lower case; WB_MISSING's empty text where there is none. */
wb_text wb_http_header(const wb_response *response, const char *name);

/* A message of plain text. The relay and the sender are the server's. */
typedef struct {
    const wb_text *to; /* addresses, each of which must be granted */
    size_t to_count;
    wb_text subject, text;
    wb_text once; /* names the effect within its turn, as that of a request does; empty for no name */
} wb_mail;

/* Sends it, and waits until the relay took it over. Errors are WB_DENIED, WB_INVALID, WB_REFUSED (and always will be), WB_UNAVAILABLE (try the turn again),
   WB_LIMITED. `message_id` may be NULL. */
wb_error wb_mail_send(const wb_mail *mail, wb_text *message_id);

wb_error wb_state_get(wb_text key, wb_text *value, bool *found);
wb_error wb_state_set(wb_text key, wb_text value);
wb_error wb_state_remove(wb_text key);
wb_error wb_state_keys(wb_text prefix, const wb_text **keys, size_t *count);

typedef enum { WB_DEBUG, WB_INFO, WB_WARN, WB_ERROR } wb_level;
/* Writes a line for the operator. Never fails. */
void wb_log(wb_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The turn's time, in seconds since the Unix epoch: the same at every call and on every try of the turn. */
wb_error wb_now(double *now);

#endif
