/* Runs an artifact natively, in a test, with capabilities that are played: every one granted, no client, no state, nobody who answers, the
   clock at 0. A failed turn changes nothing, and the requests that it made under a `once` name, and that settled something, are not made again by the
   next turn of the same kind. */

#ifndef WATCHBOX_TESTING_H
#define WATCHBOX_TESTING_H

#include "watchbox.h"

/* Forgets everything, and configures the artifact with parameters: JSON text, such as "{\"Longest\": 5}". The failure is configure's. */
wb_failure wbt_install(const char *parameters);

/* A client of the played host; labels are separated by commas. */
void wbt_client(const char *id, const char *hostname, const char *labels);
/* Its labels, with commas between them. */
const char *wbt_labels(const char *id);
/* A capability (`clients`, `labels`, `http`, `mail`, `state`, `log`, `clock`) that is not granted. */
void wbt_deny(const char *capability);
/* Answers requests from now on; an error's kind other than WB_NO_ERROR is what the request fails with. */
void wbt_respond(wb_error (*respond)(const wb_request *request, wb_response *response));
/* How many requests were made; those answered out of the journal were not. */
size_t wbt_requests(void);
/* Takes mail from now on, in the place of a relay that takes all of it; an error's kind other than WB_NO_ERROR is what sending it fails with. */
void wbt_deliver(wb_error (*deliver)(const wb_mail *mail));
/* How many messages were handed to the relay; those known from the journal were not. */
size_t wbt_mails(void);
/* The last of them, as `to: ADDRESS, ADDRESS`, the subject and the text, each on lines of its own; empty for none. */
const char *wbt_mail(void);
/* The last line that was logged; empty for none. */
const char *wbt_line(void);

/* One turn with events, a JSON array, of the log `artifact`. Rows come as JSON, or the failure as `fault: ...`, `retry in N ms: ...`, `reject: ...`. Bytes are
   shown as `b"hex"`, text that is no UTF-8 with its bytes as \xHH. Valid until the next call. */
const char *wbt_events(const char *artifact, const char *events);
/* The same with events as MessagePack. */
const char *wbt_events_msgpack(const char *artifact, const void *events, size_t len);
/* One turn with a tick that is due at this time, to which the clock is set as well. */
const char *wbt_tick(double at);

/* Fails the test where the texts differ. */
#define wbt_same(got, wanted) wbt_same_at(__FILE__, __LINE__, (got), (wanted))
void wbt_same_at(const char *file, int line, const char *got, const char *wanted);
/* Ends the test program: says how many checks passed, and gives the exit code. */
int wbt_finish(void);

#endif
