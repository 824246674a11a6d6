/* The contract's handler and imports. Each function calls one import and nothing else, so that the linker drops those that are not used.

   What the bindings hand out is the guest's to free; it is kept until the turn ends, by wb_keep. */

#include <stdlib.h>
#include <string.h>

#include "contract/contract.h"
#include "internal.h"

/* The bindings ask for an object file that describes the world; `watchbox build` puts the description in instead. */
void __component_type_object_force_link_contract(void) {}

/* The memory that holds the parameters, for as long as there is an instance. */
static contract_list_u8_t parameters;
static wb_rows rows;


static struct {
    void **at;
    size_t len, room;
} kept;

/* Takes over what malloc gave; it is freed when the turn ends. */
static void wb_keep(void *given) {
    if (kept.len == kept.room) {
        kept.room = kept.room == 0 ? 64 : 2 * kept.room;
        kept.at = realloc(kept.at, kept.room * sizeof *kept.at);
        if (kept.at == NULL) abort();
    }
    kept.at[kept.len++] = given;
}

static wb_text taken(contract_string_t text) {
    if (text.len > 0) wb_keep(text.ptr);
    return (wb_text){(const char *)text.ptr, text.len};
}

static contract_string_t lent(wb_text text) { return (contract_string_t){(uint8_t *)text.data, text.len}; }

/* The bindings free what is returned, so it is a copy. */
static contract_string_t given(wb_text text) {
    contract_string_t copy;
    contract_string_dup_n(&copy, text.data, text.len);
    return copy;
}

static void turn_ends(void) {
    while (kept.len > 0) free(kept.at[--kept.len]);
    wb_release();
}

bool exports_watchbox_artifact_handler_configure(contract_list_u8_t *from, contract_string_t *error) {
    parameters = *from;
    wb_failure failure = wb_configure((wb_text){(const char *)parameters.ptr, parameters.len});
    if (failure.outcome != WB_OK) *error = given(failure.text);
    turn_ends();
    return failure.outcome == WB_OK;
}

bool exports_watchbox_artifact_handler_handle(exports_watchbox_artifact_handler_trigger_t *trigger, contract_list_u8_t *bytes,
                                              exports_watchbox_artifact_handler_failure_t *error) {
    wb_failure failure;
    wb_rows_begin(&rows);
    if (trigger->tag == EXPORTS_WATCHBOX_ARTIFACT_HANDLER_TRIGGER_EVENTS) {
        exports_watchbox_artifact_handler_batch_t *batch = &trigger->val.events;
        failure = wb_handle_events(taken(batch->artifact), (wb_text){(const char *)batch->rows.ptr, batch->rows.len}, &rows);
        if (batch->rows.len > 0) wb_keep(batch->rows.ptr);
    } else {
        failure = wb_handle_tick(trigger->val.tick.due, &rows);
    }
    wb_text made = {NULL, 0};
    if (failure.outcome == WB_OK) failure = wb_rows_finish(&rows, &made);
    if (failure.outcome == WB_OK) {
        /* The bindings free the rows. */
        *bytes = (contract_list_u8_t){(uint8_t *)made.data, made.len};
        if (made.len > 0) rows.bytes = NULL, rows.room = 0, rows.len = 0;
    } else if (failure.outcome == WB_RETRY) {
        error->tag = EXPORTS_WATCHBOX_ARTIFACT_HANDLER_FAILURE_RETRY;
        error->val.retry.reason = given(failure.text);
        error->val.retry.after_ms = failure.after_ms;
    } else {
        bool reject = failure.outcome == WB_REJECT;
        error->tag = reject ? EXPORTS_WATCHBOX_ARTIFACT_HANDLER_FAILURE_REJECT : EXPORTS_WATCHBOX_ARTIFACT_HANDLER_FAILURE_FAULT;
        error->val.fault = given(failure.text);
    }
    turn_ends();
    return failure.outcome == WB_OK;
}

static wb_error failed(wb_error_kind kind, contract_string_t text) { return (wb_error){kind, taken(text), 0}; }
#define DONE ((wb_error){WB_NO_ERROR, {NULL, 0}, 0})

static wb_error clients_error(watchbox_artifact_clients_error_t error) {
    static const wb_error_kind KINDS[] = {WB_DENIED, WB_INVALID, WB_UNAVAILABLE};
    return failed(KINDS[error.tag], error.val.denied);
}

static wb_client client_of(watchbox_artifact_clients_client_t from) {
    wb_text *labels = wb_alloc(from.labels.len * sizeof *labels);
    for (size_t at = 0; at < from.labels.len; at++) labels[at] = taken(from.labels.ptr[at]);
    if (from.labels.len > 0) wb_keep(from.labels.ptr);
    return (wb_client){taken(from.id), taken(from.hostname), taken(from.os), labels, from.labels.len, from.first_seen, from.last_seen};
}

wb_error wb_host_search(wb_text query, uint32_t limit, wb_text after, wb_client **page, size_t *len) {
    contract_string_t text = lent(query), last = lent(after);
    watchbox_artifact_clients_list_client_t found;
    watchbox_artifact_clients_error_t error;
    if (!watchbox_artifact_clients_search(&text, limit, after.len > 0 ? &last : NULL, &found, &error)) return clients_error(error);
    *page = wb_alloc(found.len * sizeof **page);
    *len = found.len;
    for (size_t at = 0; at < found.len; at++) (*page)[at] = client_of(found.ptr[at]);
    if (found.len > 0) wb_keep(found.ptr);
    return DONE;
}

wb_error wb_client_get(wb_text id, wb_client *client, bool *is_found) {
    contract_string_t text = lent(id);
    watchbox_artifact_clients_option_client_t found;
    watchbox_artifact_clients_error_t error;
    if (!watchbox_artifact_clients_get(&text, &found, &error)) return clients_error(error);
    *is_found = found.is_some;
    if (found.is_some) *client = client_of(found.val);
    return DONE;
}

typedef bool change(contract_string_t *, contract_list_string_t *, watchbox_artifact_labels_error_t *);

static wb_error change_labels(change *change, wb_text client_id, const wb_text *labels, size_t count) {
    static const wb_error_kind KINDS[] = {WB_DENIED, WB_UNKNOWN_CLIENT, WB_INVALID};
    contract_string_t id = lent(client_id), *texts = wb_alloc(count * sizeof *texts);
    for (size_t at = 0; at < count; at++) texts[at] = lent(labels[at]);
    contract_list_string_t list = {texts, count};
    watchbox_artifact_labels_error_t error;
    return change(&id, &list, &error) ? DONE : failed(KINDS[error.tag], error.val.denied);
}

wb_error wb_labels_add(wb_text client_id, const wb_text *labels, size_t count) {
    return change_labels(watchbox_artifact_labels_add, client_id, labels, count);
}

wb_error wb_labels_remove(wb_text client_id, const wb_text *labels, size_t count) {
    return change_labels(watchbox_artifact_labels_remove, client_id, labels, count);
}

static watchbox_artifact_http_text_t filled(wb_filled from) {
    watchbox_artifact_http_text_t text = {.tag = WATCHBOX_ARTIFACT_HTTP_TEXT_PLAIN, .val.plain = lent(from.text)};
    if (from.secret != NULL) {
        text.tag = WATCHBOX_ARTIFACT_HTTP_TEXT_SECRET;
        text.val.secret = (watchbox_artifact_http_secret_t){lent(wb_t(from.secret)), lent(from.text)};
    }
    return text;
}

wb_error wb_http_send(const wb_request *request, wb_response *response) {
    static const wb_error_kind KINDS[] = {WB_DENIED, WB_INVALID, WB_UNREACHABLE, WB_TIMEOUT, WB_TOO_LARGE, WB_LIMITED};
    watchbox_artifact_http_header_t *headers = wb_alloc(request->header_count * sizeof *headers);
    for (size_t at = 0; at < request->header_count; at++)
        headers[at] = (watchbox_artifact_http_header_t){lent(wb_t(request->headers[at].name)), filled(request->headers[at].value)};
    watchbox_artifact_http_insertion_t *places = wb_alloc(request->body_secret_count * sizeof *places);
    for (size_t at = 0; at < request->body_secret_count; at++)
        places[at] = (watchbox_artifact_http_insertion_t){(uint32_t)request->body_secrets[at].at, lent(wb_t(request->body_secrets[at].secret))};
    watchbox_artifact_http_request_t made = {
        .method = lent(wb_t(request->method)),
        .url = filled(request->url),
        .headers = {headers, request->header_count},
        .body = {(uint8_t *)request->body.data, request->body.len},
        .body_secrets = {places, request->body_secret_count},
        .timeout_ms = {request->timeout_ms != 0, request->timeout_ms},
        .once = {request->once.len > 0, lent(request->once)},
    };
    watchbox_artifact_http_response_t answer;
    watchbox_artifact_http_error_t error;
    if (!watchbox_artifact_http_send(&made, &answer, &error)) {
        wb_error_kind kind = KINDS[error.tag];
        if (kind == WB_TIMEOUT) return (wb_error){kind, {NULL, 0}, 0};
        if (kind == WB_TOO_LARGE || kind == WB_LIMITED) return (wb_error){kind, {NULL, 0}, error.val.limited};
        return failed(kind, error.val.denied);
    }
    wb_text *pairs = wb_alloc(2 * answer.headers.len * sizeof *pairs);
    for (size_t at = 0; at < answer.headers.len; at++) {
        pairs[2 * at] = taken(answer.headers.ptr[at].f0);
        pairs[2 * at + 1] = taken(answer.headers.ptr[at].f1);
    }
    if (answer.headers.len > 0) wb_keep(answer.headers.ptr);
    if (answer.body.len > 0) wb_keep(answer.body.ptr);
    *response = (wb_response){answer.status, pairs, answer.headers.len, {(const char *)answer.body.ptr, answer.body.len}};
    return DONE;
}

void wb_http_forget(wb_text once) {
    contract_string_t name = lent(once);
    watchbox_artifact_http_forget(&name);
}

wb_error wb_mail_send(const wb_mail *mail, wb_text *message_id) {
    static const wb_error_kind KINDS[] = {WB_DENIED, WB_INVALID, WB_REFUSED, WB_UNAVAILABLE, WB_LIMITED};
    contract_string_t *to = wb_alloc(mail->to_count * sizeof *to);
    for (size_t at = 0; at < mail->to_count; at++) to[at] = lent(mail->to[at]);
    watchbox_artifact_mail_message_t made = {
        .to = {to, mail->to_count},
        .subject = lent(mail->subject),
        .text = lent(mail->text),
        .once = {mail->once.len > 0, lent(mail->once)},
    };
    contract_string_t id;
    watchbox_artifact_mail_error_t error;
    if (!watchbox_artifact_mail_send(&made, &id, &error)) {
        wb_error_kind kind = KINDS[error.tag];
        return kind == WB_LIMITED ? (wb_error){kind, {NULL, 0}, error.val.limited} : failed(kind, error.val.denied);
    }
    wb_text taken_id = taken(id);
    if (message_id != NULL) *message_id = taken_id;
    return DONE;
}

static wb_error state_error(watchbox_artifact_state_error_t error) {
    if (error.tag == WATCHBOX_ARTIFACT_STATE_ERROR_TOO_LARGE) return (wb_error){WB_TOO_LARGE, {NULL, 0}, error.val.too_large};
    return failed(error.tag == WATCHBOX_ARTIFACT_STATE_ERROR_DENIED ? WB_DENIED : WB_INVALID, error.val.denied);
}

wb_error wb_state_get(wb_text key, wb_text *value, bool *is_found) {
    contract_string_t name = lent(key);
    contract_option_list_u8_t found;
    watchbox_artifact_state_error_t error;
    if (!watchbox_artifact_state_get(&name, &found, &error)) return state_error(error);
    *is_found = found.is_some;
    if (found.is_some) {
        if (found.val.len > 0) wb_keep(found.val.ptr);
        *value = (wb_text){(const char *)found.val.ptr, found.val.len};
    }
    return DONE;
}

wb_error wb_state_set(wb_text key, wb_text value) {
    contract_string_t name = lent(key);
    contract_list_u8_t bytes = {(uint8_t *)value.data, value.len};
    watchbox_artifact_state_error_t error;
    return watchbox_artifact_state_set(&name, &bytes, &error) ? DONE : state_error(error);
}

wb_error wb_state_remove(wb_text key) {
    contract_string_t name = lent(key);
    watchbox_artifact_state_error_t error;
    return watchbox_artifact_state_remove(&name, &error) ? DONE : state_error(error);
}

wb_error wb_state_keys(wb_text prefix, const wb_text **keys, size_t *count) {
    contract_string_t text = lent(prefix);
    contract_list_string_t found;
    watchbox_artifact_state_error_t error;
    if (!watchbox_artifact_state_keys(&text, &found, &error)) return state_error(error);
    wb_text *texts = wb_alloc(found.len * sizeof *texts);
    for (size_t at = 0; at < found.len; at++) texts[at] = taken(found.ptr[at]);
    if (found.len > 0) wb_keep(found.ptr);
    *keys = texts;
    *count = found.len;
    return DONE;
}

void wb_host_log(wb_level level, wb_text line) {
    contract_string_t text = lent(line);
    watchbox_artifact_log_write((watchbox_artifact_log_level_t)level, &text);
}

/* A page that the host looks for after the trap: handler.wit, under `fault`. */
_Noreturn void wb_host_die(wb_text words) {
    static const char MARK[16] = "watchbox:died";
    const size_t page = 64 << 10, head = sizeof MARK + sizeof(uint32_t);
    size_t at = __builtin_wasm_memory_grow(0, 1);
    if (at != SIZE_MAX) {
        uint8_t *left = (uint8_t *)(at * page);
        uint32_t len = (uint32_t)(words.len < page - head ? words.len : page - head);
        memcpy(left, MARK, sizeof MARK);
        memcpy(left + sizeof MARK, &len, sizeof len);
        memcpy(left + head, words.data, len);
        /* Nobody in here reads it, which must be no reason to leave it out. */
        __asm__ volatile("" : : "r"(left) : "memory");
    }
    __builtin_trap();
}

wb_error wb_now(double *now) {
    watchbox_artifact_clock_error_t error;
    return watchbox_artifact_clock_now(now, &error) ? DONE : failed(WB_DENIED, error.val.denied);
}
