/* What the files of this artifact share. Texts live until the turn ends. */

#ifndef SPLUNK_H
#define SPLUNK_H

#include "watchbox.h"

/* The parameters, as artifact.yaml names them. The token is a secret, and so not among them. */
typedef struct {
    wb_text log, url, index, source, sourcetype, time_column;
    bool acknowledge;
    uint64_t ack_wait, batch_bytes;
} parameters;

/* time.c: the time in a column, in seconds since 1970: a number, or a text as RFC 3339 has it. False where there is none. */
bool time_of(wb_value value, double *seconds);

/* event.c: adds an event as the collector takes it, with long texts cut if it is too large otherwise. Gives why it can't be; NULL where it could. */
const char *add_event(wb_buffer *body, const parameters *given, wb_value event);

/* What an answer of the collector means. */
typedef enum {
    ACCEPTED,
    WAIT,      /* for now it takes nothing */
    BAD_EVENT, /* one of the events is none; those before it were taken, those behind it were not */
    TOO_LARGE,
    REFUSED, /* everything, until somebody changes something */
} meaning;

typedef struct {
    meaning meaning;
    uint16_t status;
    bool has_code, has_number, has_ack;
    uint64_t code;
    uint64_t number; /* the bad event's, from 0 */
    uint64_t ack;
    uint32_t after_ms; /* with WAIT: the pause that is asked for; 0 for none */
    wb_text text;
} answer;

/* answer.c */
answer read_answer(const wb_response *response);
/* What somebody has to do about a refusal; empty where only Splunk's own text tells. */
const char *advice(const answer *given);

/* Requests that Splunk has taken and not acknowledged yet, kept in state. */
typedef struct {
    uint64_t id, events;
    double at; /* when they were sent */
} unacked;

typedef struct {
    wb_text channel; /* names this installation to Splunk */
    unacked *at;
    size_t len, room;
    bool changed;
} acks;

/* acks.c: those that are kept. */
wb_failure acks_load(acks *all);
/* Makes a channel, if there is none yet: a GUID. */
void acks_open(acks *all, const parameters *given, double now);
void acks_add(acks *all, unacked one);
/* Asks Splunk, and emits a row for what was not acknowledged in time. `due` names the asking: Splunk tells each acknowledgement once. */
wb_failure acks_ask(acks *all, const parameters *given, double due, double now, wb_rows *rows);
wb_failure acks_save(const acks *all);

/* A turn's upload. */
typedef struct {
    const parameters *given;
    wb_rows *rows;
    acks *acks; /* NULL where Splunk is not asked for acknowledgements */
    double now;
    uint64_t sent, refused;
    uint64_t *names; /* of the requests so far */
    size_t named, room;
} upload;

/* Events that go in one request, and where each ends in its body. */
typedef struct {
    wb_buffer body;
    wb_value *events;
    size_t *ends;
    size_t len;
} chunk;

/* upload.c: sends a chunk until each of its events is taken or has a row that says why not. */
wb_failure send_chunk(upload *turn, const chunk *all);
/* Emits a row about an event that was not taken. */
void refuse(upload *turn, wb_value event, const answer *given, const char *why);
/* One request, to `path` below the URL. The failure is that of a turn that must be tried again, or set aside. */
wb_failure ask(const parameters *given, wb_text path, wb_text body, wb_text channel, wb_text once, answer *answer, wb_response *response);

/* rows.c: the beginning of a row, up to what depends on its kind. */
void begin_row(wb_rows *rows, const parameters *given, const char *kind);

#endif
