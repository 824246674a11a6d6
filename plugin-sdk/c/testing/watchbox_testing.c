#include "watchbox_testing.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "watchbox_json.h"

enum { MOST = 4096, CAPABILITIES = 7 };

/* A name and a value that malloc gave: a client's labels under its id, state, settled requests. */
typedef struct {
    char *name, *value;
    size_t len;
} entry;

typedef struct {
    entry entries[MOST];
    size_t len;
} table;

static struct {
    table labels, hostnames, state, journal, mailed;
    bool denied[CAPABILITIES];
    double now;
    size_t requests, mails;
    char *mail, *line, *parameters, *shown, *trigger;
    bool open;
    size_t parameters_len;
    wb_error (*respond)(const wb_request *, wb_response *);
    wb_error (*deliver)(const wb_mail *);
} world;

static const char *const NAMES[CAPABILITIES] = {"clients", "labels", "http", "mail", "state", "log", "clock"};

static char *copy(const void *data, size_t len) {
    char *made = malloc(len + 1);
    if (made == NULL) abort();
    memcpy(made, data, len);
    made[len] = 0;
    return made;
}

static entry *find(table *in, wb_text name) {
    for (size_t at = 0; at < in->len; at++)
        if (wb_is(name, in->entries[at].name)) return &in->entries[at];
    return NULL;
}

static void drop(table *from, entry *gone) {
    free(gone->name), free(gone->value);
    memmove(gone, gone + 1, (size_t)(&from->entries[--from->len] - gone) * sizeof *gone);
}

/* Keeps the entries sorted. */
static void put(table *in, wb_text name, wb_text value) {
    entry *known = find(in, name);
    if (known != NULL) drop(in, known);
    if (in->len == MOST) abort();
    entry made = {copy(name.data, name.len), copy(value.data, value.len), value.len};
    size_t at = in->len++;
    for (; at > 0 && strcmp(in->entries[at - 1].name, made.name) > 0; at--) in->entries[at] = in->entries[at - 1];
    in->entries[at] = made;
}

static void clear(table *all) {
    while (all->len > 0) drop(all, &all->entries[all->len - 1]);
}

static table copied(const table *from) {
    table made = {.len = 0};
    for (size_t at = 0; at < from->len; at++) put(&made, wb_t(from->entries[at].name), (wb_text){from->entries[at].value, from->entries[at].len});
    return made;
}

static const wb_error NONE = {WB_NO_ERROR, {NULL, 0}, 0};

static wb_error denial(const char *capability) {
    for (size_t at = 0; at < CAPABILITIES; at++)
        if (world.denied[at] && strcmp(NAMES[at], capability) == 0) return (wb_error){WB_DENIED, wb_format("grant `%s`", capability), 0};
    return NONE;
}

#define GRANTED(capability)                                                                                                                \
    do {                                                                                                                                   \
        wb_error denied_ = denial(capability);                                                                                             \
        if (denied_.kind != WB_NO_ERROR) return denied_;                                                                                   \
    } while (0)

void wbt_client(const char *id, const char *hostname, const char *labels) {
    put(&world.labels, wb_t(id), wb_t(labels));
    put(&world.hostnames, wb_t(id), wb_t(hostname));
}

const char *wbt_labels(const char *id) {
    entry *found = find(&world.labels, wb_t(id));
    return found == NULL ? "" : found->value;
}

void wbt_deny(const char *capability) {
    for (size_t at = 0; at < CAPABILITIES; at++) world.denied[at] |= strcmp(NAMES[at], capability) == 0;
}

void wbt_respond(wb_error (*respond)(const wb_request *, wb_response *)) { world.respond = respond; }
size_t wbt_requests(void) { return world.requests; }
void wbt_deliver(wb_error (*deliver)(const wb_mail *)) { world.deliver = deliver; }
size_t wbt_mails(void) { return world.mails; }
const char *wbt_mail(void) { return world.mail == NULL ? "" : world.mail; }
const char *wbt_line(void) { return world.line == NULL ? "" : world.line; }

/* The next of the texts between commas; `*rest` goes behind it. */
static bool next_label(const char **rest, wb_text *label) {
    if (**rest == 0) return false;
    size_t len = strcspn(*rest, ",");
    *label = (wb_text){*rest, len};
    *rest += len;
    if (**rest == ',') ++*rest;
    return true;
}

static bool same_label(wb_text one, wb_text other) { return one.len == other.len && strncasecmp(one.data, other.data, one.len) == 0; }

static bool carries(const char *labels, wb_text wanted) {
    wb_text label;
    while (next_label(&labels, &label))
        if (same_label(label, wanted)) return true;
    return false;
}

static bool fits(const char *pattern, const char *text) {
    if (*pattern == 0) return *text == 0;
    if (*pattern == '*') return fits(pattern + 1, text) || (*text != 0 && fits(pattern, text + 1));
    return tolower((unsigned char)*pattern) == tolower((unsigned char)*text) && fits(pattern + 1, text + 1);
}

static bool matches(const char *query, const entry *labels, const entry *hostname) {
    if (strcmp(query, "all") == 0) return true;
    if (strncmp(query, "label:", 6) == 0) return carries(labels->value, wb_t(query + 6));
    if (strncmp(query, "host:", 5) == 0) return fits(query + 5, hostname->value);
    if (strncmp(query, "client:", 7) == 0) return strcasecmp(query + 7, labels->name) == 0;
    const char *pattern = wb_format("*%s*", query).data;
    return fits(pattern, labels->name) || fits(pattern, hostname->value) || fits(pattern, labels->value);
}

/* A text that lives as long as the turn, whatever becomes of the table. */
static wb_text kept(const char *data, size_t len) {
    char *made = wb_alloc(len + 1);
    memcpy(made, data, len);
    made[len] = 0;
    return (wb_text){made, len};
}

static wb_client client_at(size_t at) {
    const entry *own = &world.labels.entries[at], *hostname = &world.hostnames.entries[at];
    const char *rest = kept(own->value, own->len).data;
    wb_text *labels = wb_alloc((strlen(rest) + 1) * sizeof *labels);
    wb_client client = {kept(own->name, strlen(own->name)), kept(hostname->value, hostname->len), {"", 0}, labels, 0, 0, 0};
    while (next_label(&rest, &labels[client.label_count])) client.label_count++;
    return client;
}

wb_error wb_host_search(wb_text query, uint32_t limit, wb_text after, wb_client **page, size_t *len) {
    GRANTED("clients");
    if (query.len == 0) return (wb_error){WB_INVALID, wb_t("it is empty"), 0};
    *page = wb_alloc((world.labels.len + 1) * sizeof **page);
    for (size_t at = 0; at < world.labels.len && *len < limit; at++) {
        bool later = after.len == 0 || strcmp(world.labels.entries[at].name, wb_format("%.*s", WB_ARG(after)).data) > 0;
        if (later && matches(wb_format("%.*s", WB_ARG(query)).data, &world.labels.entries[at], &world.hostnames.entries[at]))
            (*page)[(*len)++] = client_at(at);
    }
    return NONE;
}

wb_error wb_client_get(wb_text id, wb_client *client, bool *found) {
    GRANTED("clients");
    entry *known = find(&world.labels, id);
    *found = known != NULL;
    if (*found) *client = client_at((size_t)(known - world.labels.entries));
    return NONE;
}

static wb_error change(wb_text id, const wb_text *labels, size_t count, bool add) {
    GRANTED("labels");
    for (size_t at = 0; at < count; at++)
        if (labels[at].len == 0 || labels[at].len > 64 || memchr(labels[at].data, ',', labels[at].len)) return (wb_error){WB_INVALID, labels[at], 0};
    entry *client = find(&world.labels, id);
    if (client == NULL) return (wb_error){WB_UNKNOWN_CLIENT, id, 0};
    for (size_t at = 0; at < count; at++) {
        wb_text made = {"", 0}, label;
        const char *rest = client->value;
        while (next_label(&rest, &label))
            if (!same_label(label, labels[at])) made = wb_format("%.*s%s%.*s", WB_ARG(made), made.len ? "," : "", WB_ARG(label));
        if (add) made = wb_format("%.*s%s%.*s", WB_ARG(made), made.len ? "," : "", WB_ARG(labels[at]));
        put(&world.labels, id, made);
        client = find(&world.labels, id);
    }
    return NONE;
}

wb_error wb_labels_add(wb_text id, const wb_text *labels, size_t count) { return change(id, labels, count, true); }
wb_error wb_labels_remove(wb_text id, const wb_text *labels, size_t count) { return change(id, labels, count, false); }

wb_error wb_http_send(const wb_request *request, wb_response *response) {
    GRANTED("http");
    entry *settled = find(&world.journal, request->once);
    *response = (wb_response){.status = 200};
    if (request->once.len > 0 && settled != NULL) {
        char *body;
        response->status = (uint16_t)strtol(settled->value, &body, 10);
        response->body = kept(body + 1, settled->len - (size_t)(body + 1 - settled->value));
        return NONE;
    }
    world.requests++;
    if (world.respond == NULL) return (wb_error){WB_UNREACHABLE, wb_t("nobody answers: call wbt_respond"), 0};
    wb_error error = world.respond(request, response);
    bool patience = response->status == 408 || response->status == 425 || response->status == 429 || response->status >= 500;
    if (error.kind == WB_NO_ERROR && request->once.len > 0 && !patience) {
        put(&world.journal, request->once, wb_format("%d %.*s", response->status, WB_ARG(response->body)));
    }
    return error;
}

void wb_http_forget(wb_text once) {
    entry *settled = find(&world.journal, once);
    if (settled != NULL && denial("http").kind == WB_NO_ERROR) drop(&world.journal, settled);
}

wb_error wb_mail_send(const wb_mail *mail, wb_text *message_id) {
    GRANTED("mail");
    entry *settled = find(&world.mailed, mail->once);
    if (mail->once.len > 0 && settled != NULL) {
        /* An id begins with `<`, a refusal with its text. */
        if (settled->value[0] != '<') return (wb_error){WB_REFUSED, wb_t(settled->value), 0};
        if (message_id != NULL) *message_id = wb_t(settled->value);
        return NONE;
    }
    wb_text shown = wb_t("to: ");
    for (size_t at = 0; at < mail->to_count; at++) shown = wb_format("%.*s%s%.*s", WB_ARG(shown), at > 0 ? ", " : "", WB_ARG(mail->to[at]));
    shown = wb_format("%.*s\n%.*s\n%.*s", WB_ARG(shown), WB_ARG(mail->subject), WB_ARG(mail->text));
    free(world.mail), world.mail = copy(shown.data, shown.len);
    wb_text id = wb_format("<%zu@watchbox.test>", ++world.mails);
    wb_error error = world.deliver == NULL ? NONE : world.deliver(mail);
    if (error.kind == WB_REFUSED && mail->once.len > 0) put(&world.mailed, mail->once, error.text);
    if (error.kind != WB_NO_ERROR) return error;
    if (mail->once.len > 0) put(&world.mailed, mail->once, id);
    if (message_id != NULL) *message_id = id;
    return NONE;
}

static wb_error check_key(wb_text key) {
    GRANTED("state");
    return key.len == 0 || key.len > 256 ? (wb_error){WB_INVALID, key, 0} : NONE;
}

wb_error wb_state_get(wb_text key, wb_text *value, bool *found) {
    wb_error error = check_key(key);
    entry *known = error.kind == WB_NO_ERROR ? find(&world.state, key) : NULL;
    *found = known != NULL;
    if (*found) *value = kept(known->value, known->len);
    return error;
}

wb_error wb_state_set(wb_text key, wb_text value) {
    wb_error error = check_key(key);
    if (error.kind == WB_NO_ERROR) put(&world.state, key, value);
    return error;
}

wb_error wb_state_remove(wb_text key) {
    wb_error error = check_key(key);
    entry *known = error.kind == WB_NO_ERROR ? find(&world.state, key) : NULL;
    if (known != NULL) drop(&world.state, known);
    return error;
}

wb_error wb_state_keys(wb_text prefix, const wb_text **keys, size_t *count) {
    GRANTED("state");
    wb_text *found = wb_alloc((world.state.len + 1) * sizeof *found);
    *count = 0;
    for (size_t at = 0; at < world.state.len; at++)
        if (strncmp(world.state.entries[at].name, wb_format("%.*s", WB_ARG(prefix)).data, prefix.len) == 0) found[(*count)++] = wb_t(world.state.entries[at].name);
    *keys = found;
    return NONE;
}

void wb_host_log(wb_level level, wb_text line) {
    (void)level;
    if (denial("log").kind != WB_NO_ERROR) return;
    free(world.line);
    world.line = copy(line.data, line.len);
}

_Noreturn void wb_host_die(wb_text words) {
    fprintf(stderr, "panic: %.*s\n", WB_ARG(words));
    abort();
}

wb_error wb_now(double *now) {
    GRANTED("clock");
    *now = world.now;
    return NONE;
}

/* JSON as MessagePack that malloc gave. */
static wb_text msgpack(const char *json) {
    wb_rows rows = {0};
    wb_text all;
    wb_rows_begin(&rows);
    wb_begin(&rows);
    wbt_put_json(&rows, "_", json);
    wb_end(&rows);
    if (wb_rows_finish(&rows, &all).outcome != WB_OK) abort();
    size_t at = 0;
    wb_value row;
    wb_walk(wb_decode(all), &at, &row);
    wb_text value = wb_get(row, "_").raw;
    value.data = copy(value.data, value.len);
    free(rows.bytes);
    return value;
}

static const char *show_failure(wb_failure failure) {
    wb_text text = failure.outcome == WB_FAULT    ? wb_format("fault: %.*s", WB_ARG(failure.text))
                   : failure.outcome == WB_REJECT ? wb_format("reject: %.*s", WB_ARG(failure.text))
                                                  : wb_format("retry in %u ms: %.*s", (unsigned)failure.after_ms, WB_ARG(failure.text));
    free(world.shown);
    return world.shown = copy(text.data, text.len);
}

wb_failure wbt_install(const char *parameters) {
    clear(&world.labels), clear(&world.hostnames), clear(&world.state), clear(&world.journal), clear(&world.mailed);
    memset(world.denied, 0, sizeof world.denied);
    world.respond = NULL, world.requests = 0, world.now = 0;
    world.deliver = NULL, world.mails = 0;
    free(world.mail), world.mail = NULL;
    free(world.line), world.line = NULL;
    free(world.parameters);
    wb_text made = msgpack(parameters);
    world.parameters = (char *)made.data;
    world.parameters_len = made.len;
    return wb_configure(made);
}

static const char *turn(wb_text artifact, wb_text events, double due, bool tick) {
    static table labels, state;
    static wb_rows rows;
    wb_failure failure = wb_ok;
    wb_text made = {NULL, 0};
    /* A turn of another kind is another turn, with a journal of its own. */
    wb_text trigger = tick ? wb_format("tick %f", due) : wb_format("%.*s %zu", WB_ARG(artifact), events.len);
    if (world.trigger == NULL || !world.open || !wb_is(trigger, world.trigger)) clear(&world.journal), clear(&world.mailed);
    free(world.trigger), world.trigger = copy(trigger.data, trigger.len);
    labels = copied(&world.labels), state = copied(&world.state);
    wb_rows_begin(&rows);
    failure = tick ? wb_handle_tick(due, &rows) : wb_handle_events(artifact, events, &rows);
    if (failure.outcome == WB_OK) failure = wb_rows_finish(&rows, &made);
    table *undone[] = {failure.outcome == WB_OK ? &labels : &world.labels, failure.outcome == WB_OK ? &state : &world.state};
    clear(undone[0]), clear(undone[1]);
    world.open = failure.outcome != WB_OK;
    if (world.open) {
        world.labels = labels, world.state = state;
        show_failure(failure);
        /* The instance is made anew. */
        wb_configure((wb_text){world.parameters, world.parameters_len});
    } else {
        free(world.shown);
        world.shown = made.len == 0 ? copy("[]", 2) : wbt_show(NULL, wb_decode(made));
    }
    wb_release();
    return world.shown;
}

const char *wbt_events_msgpack(const char *artifact, const void *events, size_t len) {
    return turn(wb_t(artifact), (wb_text){events, len}, 0, false);
}

const char *wbt_events(const char *artifact, const char *events) {
    wb_text made = msgpack(events);
    const char *shown = wbt_events_msgpack(artifact, made.data, made.len);
    free((char *)made.data);
    return shown;
}

const char *wbt_tick(double at) {
    world.now = at;
    return turn((wb_text){NULL, 0}, (wb_text){NULL, 0}, at, true);
}

static size_t passed, failed;

void wbt_same_at(const char *file, int line, const char *got, const char *wanted) {
    if (strcmp(got, wanted) == 0) {
        passed++;
        return;
    }
    failed++;
    fprintf(stderr, "%s:%d: got\n  %s\nwanted\n  %s\n", file, line, got, wanted);
}

int wbt_finish(void) {
    free(world.shown), free(world.line), free(world.trigger), free(world.parameters);
    world.shown = world.line = world.trigger = world.parameters = NULL;
    clear(&world.labels), clear(&world.hostnames), clear(&world.state), clear(&world.journal), clear(&world.mailed);
    wb_release();
    printf("%zu passed, %zu failed\n", passed, failed);
    return failed > 0;
}
