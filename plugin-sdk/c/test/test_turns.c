/* Turns: parameters, failures and what they undo, capabilities and what they refuse. */

#include <stdio.h>
#include <string.h>

#include "watchbox_testing.h"

static struct {
    int64_t longest;
    double share;
    wb_text name;
} parameters;

static const wb_field PARAMETERS[] = {
    {"Longest", WB_OF_INT, false, 0},
    {"Share", WB_OF_FLOAT, false, 8},
    {"Name", WB_OF_TEXT, true, 16},
};

static wb_failure configure(wb_value given) {
    wb_failure failure = wb_read(given, PARAMETERS, WB_COUNT(PARAMETERS), &parameters);
    if (failure.outcome == WB_OK && parameters.longest < 0) return wb_reject("`Longest` must not be negative");
    return failure;
}

/* Tells of new clients, and counts them. */
static wb_failure greet(wb_rows *rows) {
    wb_search found = wb_clients(wb_t("label:New"));
    wb_text label = wb_t("New");
    double now;
    WB_TRY(wb_now(&now));
    for (wb_client client; wb_next_client(&found, &client);) {
        WB_TRY(wb_labels_remove(client.id, &label, 1));
        wb_text count;
        bool known;
        WB_TRY(wb_state_get(wb_t("count"), &count, &known));
        WB_TRY(wb_state_set(wb_t("count"), wb_format("%.*s+", (int)(known ? count.len : 0), known ? count.data : "")));
        wb_response response;
        WB_TRY(wb_http_send(&(wb_request){.method = "POST", .url = {.secret = "token_url"}, .body = client.id, .once = client.id}, &response));
        if (response.status != 200) return wb_retry(2500, "answered %d", response.status);
        wb_log(WB_INFO, "greeted %.*s at %.0f", WB_ARG(client.id), now);
        wb_begin(rows), wb_put_text(rows, "client_id", client.id), wb_end(rows);
    }
    WB_TRY(found.error);
    return wb_ok;
}

/* Tells one, then two. */
static wb_failure mail(wb_rows *rows) {
    const wb_text both[] = {wb_t("a@example.org"), wb_t("b@example.org")};
    wb_text id;
    WB_TRY(wb_mail_send(&(wb_mail){.to = both, .to_count = 1, .subject = wb_t("s"), .text = wb_t("t"), .once = wb_t("C.1")}, &id));
    WB_TRY(wb_mail_send(&(wb_mail){.to = both, .to_count = 2, .subject = wb_t("s"), .text = wb_t("t")}, NULL));
    wb_begin(rows), wb_put_text(rows, "Id", id), wb_end(rows);
    return wb_ok;
}

static wb_failure tick(double due, wb_rows *rows) {
    wb_text label = wb_t("a,b"), x = wb_t("x"), none = wb_t("");
    bool found;
    wb_response response;
    if (due == 1) WB_TRY(wb_clients(none).error);
    if (due == 2) WB_TRY(wb_labels_add(wb_t("C.9"), &x, 1));
    if (due == 3) WB_TRY(wb_labels_add(wb_t("C.1"), &label, 1));
    if (due == 4) WB_TRY(wb_state_get(none, &x, &found));
    if (due == 5) WB_TRY(wb_http_send(&(wb_request){.method = "GET", .url = {.text = wb_t("https://example.org/")}}, &response));
    if (due == 6) return wb_fault("no such thing as %d", 6);
    if (due == 7) {
        size_t count = 0;
        wb_search all = wb_clients(wb_t("host:ws1*"));
        for (wb_client client; wb_next_client(&all, &client);) count++;
        wb_begin(rows), wb_put_uint(rows, "Some", count), wb_end(rows);
        return wb_ok;
    }
    if (due == 8) return mail(rows);
    if (due == 9) {
        WB_TRY(wb_http_send(&(wb_request){.method = "POST", .url = {.text = wb_t("https://example.org/")}, .once = x}, &response));
        if (response.status != 401) return wb_ok;
        wb_http_forget(x);
        return wb_retry(0, "refused");
    }
    return due < 60 ? wb_ok : greet(rows);
}

WB_ARTIFACT{.configure = configure, .tick = tick};

static int answers[] = {200, 503, 200}, answered;

static wb_error in_turn(const wb_request *request, wb_response *response) {
    wbt_same(request->url.secret, "token_url");
    response->status = (uint16_t)answers[answered++ % 3];
    return (wb_error){0};
}

static wb_error busy(const wb_mail *message) {
    return message->to_count > 1 ? (wb_error){WB_UNAVAILABLE, wb_t("busy"), 0} : (wb_error){0};
}

static wb_error refusing(const wb_request *request, wb_response *response) {
    (void)request;
    response->status = 401;
    return (wb_error){WB_NO_ERROR, {NULL, 0}, 0};
}

static void fresh(void) {
    wbt_install("{\"Longest\":5,\"Share\":1}");
    wbt_client("C.1", "WS1", "New,x");
    wbt_client("C.2", "WS2", "new");
    wbt_client("C.3", "", "");
}

static const char *text_of(wb_failure failure) { return strchr(failure.text.data, '`'); }

int main(void) {
    fresh();
    wbt_same(wb_format("%lld %.1f", (long long)parameters.longest, parameters.share).data, "5 1.0");
    wbt_same(text_of(wbt_install("{\"Longest\":\"5\",\"Share\":1}")), "`Longest`: an integer is wanted");
    wbt_same(text_of(wbt_install("{\"Longest\":5}")), "`Share`");
    wbt_same(text_of(wbt_install("{\"Longest\":-1,\"Share\":1}")), "`Longest` must not be negative");

    fresh();
    wbt_respond(in_turn);
    /* C.2 is answered with 503: nothing of the turn stays but C.1's request. */
    wbt_same(wbt_tick(60), "retry in 2500 ms: answered 503");
    wbt_same(wbt_labels("C.1"), "New,x");
    wbt_same(wbt_tick(60), "[{\"client_id\":\"C.1\"},{\"client_id\":\"C.2\"}]");
    wbt_same(wbt_labels("C.1"), "x");
    wbt_same(wb_format("%zu", wbt_requests()).data, "3");
    wbt_same(wbt_line(), "greeted C.2 at 60");
    wbt_same(wbt_tick(120), "[]");

    fresh();
    wbt_deny("clock");
    wbt_same(strstr(wbt_tick(60), ": denied"), ": denied: grant `clock`");
    fresh();
    wbt_same(wbt_tick(1), "[]");
    wbt_same(strstr(wbt_tick(2), ": no"), ": no client C.9");
    wbt_same(strstr(wbt_tick(3), ": inv"), ": invalid: a,b");
    wbt_same(strstr(wbt_tick(4), ": inv"), ": invalid: ");
    wbt_same(strstr(wbt_tick(5), ": unr"), ": unreachable: nobody answers: call wbt_respond");
    const char *fault = wbt_tick(6);
    wbt_same(strncmp(fault, "fault: test_turns.c:", 20) == 0 ? strstr(fault, ": no") : fault, ": no such thing as 6");
    wbt_same(wbt_events("X", "[{}]"), "reject: the manifest subscribes to X, but the artifact has no `events`");
    for (int number = 0; number < 2500; number++) wbt_client(wb_format("C.%05d", number).data, wb_format("WS%d", number).data, "");
    wbt_same(wbt_tick(7), "[{\"Some\":1112}]");

    fresh();
    wbt_deliver(busy);
    for (int tries = 0; tries < 2; tries++) wbt_same(strstr(wbt_tick(8), ": una"), ": unavailable: busy");
    wbt_same(wb_format("%zu", wbt_mails()).data, "3");
    wbt_deliver(NULL);
    wbt_same(wbt_tick(8), "[{\"Id\":\"<1@watchbox.test>\"}]");
    wbt_same(wbt_mail(), "to: a@example.org, b@example.org\ns\nt");
    wbt_deny("mail");
    wbt_same(strstr(wbt_tick(8), ": denied"), ": denied: grant `mail`");

    /* What is forgotten is sent again. */
    fresh();
    wbt_respond(refusing);
    for (int tries = 0; tries < 2; tries++) wbt_same(strstr(wbt_tick(9), "refused"), "refused");
    wbt_respond(NULL);
    wbt_same(strstr(wbt_tick(9), ": unr"), ": unreachable: nobody answers: call wbt_respond");
    wbt_same(wb_format("%zu", wbt_requests()).data, "3");
    return wbt_finish();
}
