/* The artifact natively, with Splunk played. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "splunk.h"
#include "watchbox_testing.h"

static const char PARAMETERS[] = "{\"Log\":\"X\",\"Url\":\"https://splunk:8088\",\"Index\":\"main\",\"Source\":\"\",\"Sourcetype\":\"watchbox\",\"TimeColumn\":\"Timestamp\","
                                 "\"Acknowledge\":%s,\"AckWait\":300,\"BatchBytes\":10000}";

/* The first characters of a text. */
static const char *first(const char *text, int len) { return wb_format("%.*s", len, text).data; }

/* Fails the test where a text does not begin with the other. */
#define begins(got, wanted) wbt_same(first((got), sizeof(wanted) - 1), (wanted))

/* A text that is the caller's to free. */
static char *copy(wb_text text) {
    char *made = malloc(text.len + 1);
    if (made == NULL) abort();
    memcpy(made, text.data, text.len);
    made[text.len] = 0;
    return made;
}

/* What was asked, one after the other: bodies, and once names; and what is answered. */
static struct {
    char *bodies[5000], *names[5000];
    char urls[5000][100];
    size_t len;
    struct {
        int status;
        const char *body;
    } answers[64];
    size_t answered, to_answer;
} splunk;

static wb_error asked(const wb_request *request, wb_response *response) {
    size_t nth = splunk.len++;
    free(splunk.bodies[nth]), free(splunk.names[nth]);
    splunk.bodies[nth] = copy(request->body);
    splunk.names[nth] = copy(request->once);
    snprintf(splunk.urls[nth], sizeof splunk.urls[nth], "%.*s", WB_ARG(request->url.text));
    wbt_same(request->headers[0].value.secret, "token");
    wbt_same(request->method, "POST");
    int status = 200;
    const char *body = "{\"text\":\"Success\",\"code\":0}";
    if (splunk.answered < splunk.to_answer) {
        status = splunk.answers[splunk.answered].status;
        body = splunk.answers[splunk.answered++].body;
    }
    if (status == 0) return (wb_error){WB_UNREACHABLE, wb_t("connection refused"), 0};
    response->status = (uint16_t)status;
    response->body = wb_t(body);
    return (wb_error){0};
}

static void answers(int status, const char *body) {
    splunk.answers[splunk.to_answer].status = status;
    splunk.answers[splunk.to_answer++].body = body;
}

static void fresh(bool acknowledge) {
    splunk.len = splunk.answered = splunk.to_answer = 0;
    wb_failure failure = wbt_install(wb_format(PARAMETERS, acknowledge ? "true" : "false").data);
    wbt_same(failure.outcome == WB_OK ? "ok" : failure.text.data, "ok");
    wbt_respond(asked);
}

/* The same text, longer than any that a number is for. */
static const char *long_text(char letter, size_t len) {
    char *text = wb_alloc(len + 1);
    memset(text, letter, len);
    text[len] = 0;
    return text;
}

#define EVENT(n) "{\"ClientId\":\"C.1\",\"_ts\":1000.5,\"N\":" #n "}"
#define OBJECT(n) "{\"time\":1000.500,\"host\":\"C.1\",\"source\":\"X\",\"sourcetype\":\"watchbox\",\"index\":\"main\",\"event\":" EVENT(n) "}"
#define THREE "[" EVENT(1) "," EVENT(2) "," EVENT(3) "]"
#define SENT(sent, refused) "{\"Kind\":\"sent\",\"Log\":\"X\",\"Sent\":" #sent ",\"Refused\":" #refused "}"

static void sending(void) {
    fresh(false);
    wbt_same(wbt_events("X", THREE), "[" SENT(3, 0) "]");
    wbt_same(splunk.bodies[0], OBJECT(1) OBJECT(2) OBJECT(3));
    wbt_same(splunk.urls[0], "https://splunk:8088/services/collector/event");
    wbt_same(wb_format("%zu", splunk.len).data, "1");
    /* The time that a column tells, and the name that one does. */
    wbt_events("X", "[{\"ClientId\":\"C.1\",\"_ts\":1.0,\"Hostname\":\"WS-1\",\"Timestamp\":\"2026-01-01T01:00:00.25+01:00\"}]");
    begins(splunk.bodies[1], "{\"time\":1767225600.250,\"host\":\"WS-1\",\"sour");
}

/* Bodies are bounded, each event goes once, in order. */
static void batches(void) {
    fresh(false);
    wb_buffer all = {0};
    wb_add(&all, wb_t("["));
    for (int nth = 0; nth < 40; nth++) wb_add(&all, wb_format("%s{\"ClientId\":\"C.1\",\"_ts\":1.0,\"N\":%d,\"Text\":\"%s\"}", nth ? "," : "", nth, long_text('x', 1000)));
    wb_add(&all, wb_format("]%c", 0));
    wbt_same(wbt_events("X", all.data), "[" SENT(40, 0) "]");
    int next = 0;
    for (size_t nth = 0; nth < splunk.len; nth++) {
        if (strlen(splunk.bodies[nth]) > 10000) wbt_same("too large", "bounded");
        for (const char *at = splunk.bodies[nth]; (at = strstr(at, "\"N\":")) != NULL; at++)
            if (atoi(at + 4) != next++) wbt_same("another", "the next");
    }
    wbt_same(wb_format("%d in %zu", next, splunk.len).data, "40 in 5");
    /* One that is too large by itself is cut, and says so. */
    wb_text one = wb_format("[{\"ClientId\":\"C.1\",\"_ts\":1.0,\"Text\":\"%s\"}]", long_text('y', 20000));
    wbt_same(wbt_events("X", one.data), "[" SENT(1, 0) "]");
    wbt_same(strstr(splunk.bodies[5], "\xe2\x80\xa6"), "\xe2\x80\xa6 (15904 more bytes)\"}}");
    /* One that stays too large is a row. */
    wb_buffer wide = {0};
    wb_add(&wide, wb_t("[{\"ClientId\":\"C.1\",\"_ts\":1.0"));
    for (int nth = 0; nth < 1000; nth++) wb_add(&wide, wb_format(",\"column %d\":%d", nth, nth));
    wb_add(&wide, wb_format("}," EVENT(2) "]%c", 0));
    const char *rows = wbt_events("X", wide.data);
    begins(rows, "[{\"Kind\":\"refused\",\"Log\":\"X\",\"ClientId\":\"C.1\",\"Received\":1.0,\"Reason\":\"it is too large, even with its texts cut\",\"Event\":");
    wbt_same(strstr(rows, ",{\"Kind\":\"sent\""), "," SENT(1, 1) "]");
}

/* What is for now is tried again, under the same names. */
static void patience(void) {
    fresh(false);
    answers(503, "{\"text\":\"Server is busy\",\"code\":9}");
    answers(429, "{\"text\":\"HEC queue is at capacity\",\"code\":26}");
    answers(0, "");
    answers(500, "<html>");
    wbt_same(wbt_events("X", THREE), "retry in 0 ms: Splunk takes nothing for now: 503 Server is busy");
    wbt_same(wbt_events("X", THREE), "retry in 10000 ms: Splunk takes nothing for now: 429 HEC queue is at capacity");
    wbt_same(wbt_events("X", THREE), "retry in 0 ms: Splunk: unreachable: connection refused");
    wbt_same(wbt_events("X", THREE), "retry in 0 ms: Splunk takes nothing for now: 500 <html>");
    wbt_same(wbt_events("X", THREE), "[" SENT(3, 0) "]");
    for (size_t nth = 1; nth < 5; nth++) wbt_same(splunk.names[nth], splunk.names[0]);
    wbt_deny("http");
    wbt_same(wbt_events("X", "[" EVENT(9) "]"), "retry in 60000 ms: Splunk: denied: grant `http`");
}

/* What an event is to blame for costs that event alone; those before it are not sent again. */
static void bad_events(void) {
    fresh(false);
    answers(400, "{\"text\":\"Event field cannot be blank\",\"code\":13,\"invalid-event-number\":1}");
    wbt_same(wbt_events("X", THREE), "[{\"Kind\":\"refused\",\"Log\":\"X\",\"ClientId\":\"C.1\",\"Received\":1000.5,\"Status\":400,\"Code\":13,\"Reason\":\"Event field cannot be blank\","
                                     "\"Event\":\"{\\\"ClientId\\\":\\\"C.1\\\",\\\"_ts\\\":1000.5,\\\"N\\\":2}\"}," SENT(2, 1) "]");
    wbt_same(splunk.bodies[1], OBJECT(3));
    wbt_same(wb_format("%zu", splunk.len).data, "2");
    /* The last one, and the only one. */
    fresh(false);
    answers(400, "{\"text\":\"Invalid data format\",\"code\":6,\"invalid-event-number\":2}");
    wbt_same(strstr(wbt_events("X", THREE), ",{\"Kind\":\"sent\""), "," SENT(2, 1) "]");
    answers(400, "{\"text\":\"Event field is required\",\"code\":12}");
    wbt_same(strstr(wbt_events("X", "[" EVENT(4) "]"), "sent") == NULL ? "none" : "some", "none");
    /* Where it does not say which, or says one that there is not, it is looked for. */
    fresh(false);
    answers(400, "{\"text\":\"Invalid data format\",\"code\":6,\"invalid-event-number\":3}");
    answers(200, "{\"text\":\"Success\",\"code\":0}");
    answers(400, "{\"text\":\"Invalid data format\",\"code\":6}");
    answers(400, "{\"text\":\"Invalid data format\",\"code\":6}");
    wbt_same(strstr(wbt_events("X", THREE), ",{\"Kind\":\"sent\""), "," SENT(2, 1) "]");
    wbt_same(splunk.bodies[1], OBJECT(1));
    wbt_same(splunk.bodies[2], OBJECT(2) OBJECT(3));
    wbt_same(splunk.bodies[3], OBJECT(2));
    wbt_same(splunk.bodies[4], OBJECT(3));
    /* The same for a body that is too large. */
    fresh(false);
    answers(413, "too large");
    answers(413, "too large");
    const char *rows = wbt_events("X", THREE);
    begins(rows, "[{\"Kind\":\"refused\",\"Log\":\"X\",\"ClientId\":\"C.1\",\"Received\":1000.5,\"Status\":413,\"Reason\":\"to");
    wbt_same(strstr(rows, ",{\"Kind\":\"sent\""), "," SENT(2, 1) "]");
}

/* What somebody has to do something about sets the batch aside; once that is done, it goes when it is given again. */
static void refusals(void) {
    static const struct {
        int status;
        const char *body, *told;
    } CASES[] = {
        {403, "{\"text\":\"Token disabled\",\"code\":1}", "403 Token disabled: the token is disabled: enable it in Splunk"},
        {401, "{\"text\":\"Token is required\",\"code\":2}", "401 Token is required: Splunk does not know the token: set another (watchbox secrets set)"},
        {401, "{\"text\":\"Invalid authorization\",\"code\":3}", "401 Invalid authorization: Splunk does not know the token: set another (watchbox secrets set)"},
        {403, "{\"text\":\"Invalid token\",\"code\":4}", "403 Invalid token: Splunk does not know the token: set another (watchbox secrets set)"},
        {400, "{\"text\":\"Incorrect index\",\"code\":7,\"invalid-event-number\":1}", "400 Incorrect index: the token may not write to the index: allow it in Splunk, or set Index"},
        {400, "{\"text\":\"Data channel is missing\",\"code\":10}", "400 Data channel is missing: the token wants a channel, for acknowledgements: set Acknowledge to true"},
        {400, "{\"text\":\"Invalid data channel\",\"code\":11}", "400 Invalid data channel: the token wants a channel, for acknowledgements: set Acknowledge to true"},
        {400, "{\"text\":\"ACK is disabled\",\"code\":14}", "400 ACK is disabled: the token does not acknowledge: set Acknowledge to false, or have it acknowledge"},
        {400, "{\"text\":\"No data\",\"code\":5}", "400 No data"},
        {404, "<html>", "404 <html>: this is not Splunk's collector: look at Url, and at what stands between"},
        {200, "<html>", "200 <html>: this is not Splunk's collector: look at Url, and at what stands between"},
        {200, "", "200 : this is not Splunk's collector: look at Url, and at what stands between"},
    };
    for (size_t nth = 0; nth < WB_COUNT(CASES); nth++) {
        fresh(false);
        answers(CASES[nth].status, CASES[nth].body);
        static const char BEFORE[] = "reject: Splunk refuses the events: ";
        const char *came = wbt_events("X", THREE);
        wbt_same(first(came, sizeof BEFORE - 1), BEFORE);
        wbt_same(came + sizeof BEFORE - 1, CASES[nth].told);
        wbt_same(wb_format("%zu", splunk.len).data, "1");
    }
    /* What was not mended yet is asked anew, and refused again. */
    fresh(false);
    answers(403, "{\"text\":\"Invalid token\",\"code\":4}");
    answers(403, "{\"text\":\"Invalid token\",\"code\":4}");
    answers(200, "{\"text\":\"Success\",\"code\":0}");
    begins(wbt_events("X", THREE), "reject:");
    begins(wbt_events("X", THREE), "reject:");
    wbt_same(wbt_events("X", THREE), "[" SENT(3, 0) "]");
    wbt_same(splunk.names[0], splunk.names[2]);
    /* The events before one that was blamed are not sent again with that. */
    fresh(false);
    answers(400, "{\"text\":\"Invalid data format\",\"code\":6,\"invalid-event-number\":1}");
    answers(403, "{\"text\":\"Invalid token\",\"code\":4}");
    answers(200, "{\"text\":\"Success\",\"code\":0}");
    begins(wbt_events("X", THREE), "reject:");
    wbt_same(strstr(wbt_events("X", THREE), ",{\"Kind\":\"sent\""), "," SENT(2, 1) "]");
    wbt_same(splunk.bodies[2], OBJECT(3));
}

static void acknowledgements(void) {
    fresh(true);
    wbt_tick(960);
    answers(200, "{\"text\":\"Success\",\"code\":0,\"ackId\":0}");
    answers(200, "{\"text\":\"Success\",\"code\":0,\"ackId\":1}");
    answers(200, "{\"text\":\"Success\",\"code\":0}");
    wbt_same(wbt_events("X", THREE), "[" SENT(3, 0) "]");
    wbt_same(wbt_events("X", "[" EVENT(4) "]"), "[" SENT(1, 0) "]");
    wbt_same(wbt_events("X", "[" EVENT(5) "]"), "[" SENT(1, 0) "]");
    wbt_same(wbt_line(), "Splunk gave no ackId: the token does not acknowledge");
    /* What is acknowledged is asked for no more; what is not, again, and told when its time is up. */
    answers(200, "{\"acks\":{\"0\":true,\"1\":false}}");
    wbt_same(wbt_tick(990), "[]");
    wbt_same(splunk.bodies[3], "{\"acks\":[0,1]}");
    begins(splunk.urls[3], "https://splunk:8088/services/collector/ack?chan");
    wbt_same(wb_format("%zu", strlen(splunk.urls[3])).data, "87");
    answers(503, "{\"text\":\"Server is busy\",\"code\":9}");
    wbt_same(wbt_tick(1020), "[]");
    wbt_same(wbt_line(), "acknowledgements: Splunk takes nothing for now: 503 Server is busy");
    answers(200, "{\"acks\":{\"1\":false}}");
    wbt_same(wbt_tick(1260), "[{\"Kind\":\"unacknowledged\",\"Log\":\"X\",\"Sent\":1,\"Received\":960.0,\"Reason\":\"ackId 1: Splunk has not indexed it in time\"}]");
    wbt_same(splunk.bodies[5], "{\"acks\":[1]}");
    wbt_same(wbt_tick(1290), "[]");
    wbt_same(wb_format("%zu", splunk.len).data, "6");
    /* The channel stays. */
    answers(200, "{\"text\":\"Success\",\"code\":0,\"ackId\":2}");
    answers(400, "{\"text\":\"ACK is disabled\",\"code\":14}");
    wbt_events("X", THREE);
    wbt_tick(1320);
    wbt_same(splunk.urls[7], splunk.urls[3]);
    answers(400, "{\"text\":\"ACK is disabled\",\"code\":14}");
    wbt_same(wbt_tick(1600), "[{\"Kind\":\"unacknowledged\",\"Log\":\"X\",\"Sent\":3,\"Received\":1290.0,\"Reason\":\"ackId 2: Splunk answers 400 ACK is disabled: the token does not acknowledge: "
                             "set Acknowledge to false, or have it acknowledge\"}]");
}

static void channels(void) {
    parameters one = {.log = wb_t("X"), .url = wb_t("https://splunk"), .index = wb_t("")}, other = {.log = wb_t("Y"), .url = wb_t("https://splunk"), .index = wb_t("")};
    acks a = {0}, b = {0}, c = {0}, again = {0};
    acks_open(&a, &one, 1000), acks_open(&b, &other, 1000), acks_open(&c, &one, 1001), acks_open(&again, &one, 1000);
    const char *text = wb_format("%.*s", WB_ARG(a.channel)).data;
    wbt_same(wb_format("%zu %c%c%c%c%c", a.channel.len, text[8], text[13], text[14], text[18], text[23]).data, "36 --4--");
    wbt_same(wb_format("%.*s", WB_ARG(again.channel)).data, text);
    wbt_same(memcmp(a.channel.data, b.channel.data, 36) != 0 && memcmp(a.channel.data, c.channel.data, 36) != 0 ? "others" : "the same", "others");
}

static const char *time_as(const char *json) {
    double seconds;
    return time_of(wb_from_json(wb_t(json)), &seconds) ? wb_format("%.3f", seconds).data : "none";
}

static void times(void) {
    wbt_same(time_as("1767225600"), "1767225600.000");
    wbt_same(time_as("1767225600.25"), "1767225600.250");
    wbt_same(time_as("1767225600250"), "1767225600.250");
    wbt_same(time_as("1767225600250000"), "1767225600.250");
    wbt_same(time_as("1767225600250000000"), "1767225600.250");
    wbt_same(time_as("\"2026-01-01T00:00:00Z\""), "1767225600.000");
    wbt_same(time_as("\"2026-01-01 00:00:00.250\""), "1767225600.250");
    wbt_same(time_as("\"2025-12-31T19:00:00-05:00\""), "1767225600.000");
    wbt_same(time_as("\"2024-02-29T12:00:00Z\""), "1709208000.000");
    wbt_same(time_as("\"1970-01-01T00:00:00Z\""), "0.000");
    static const char *const NONE[] = {"null", "true", "-1", "1e300", "\"\"", "\"yesterday\"", "\"2026-13-01T00:00:00Z\"", "\"2026-01-01T00:00:00Zx\"", "\"2026-01-01T24:00:00Z\"", "\"1969-01-01T00:00:00Z\"", "[1]"};
    for (size_t nth = 0; nth < WB_COUNT(NONE); nth++) wbt_same(time_as(NONE[nth]), "none");
}

static void settings(void) {
    static const char *const WRONG[][2] = {
        {"\"Url\":\"splunk:8088\"", "Url begins with https://, such as https://splunk.example.org:8088"},
        {"\"Url\":\"https://splunk/\"", "Url has no slash at its end"},
        {"\"Url\":\"https://splunk\",\"Sourcetype\":\"\"", "Sourcetype is empty"},
        {"\"Url\":\"https://splunk\",\"Sourcetype\":\"x\",\"BatchBytes\":1", "BatchBytes is a number from 10000 to 900000"},
    };
    for (size_t nth = 0; nth < WB_COUNT(WRONG); nth++) {
        wb_text text = wb_format("{%s,\"Log\":\"X\",\"Index\":\"\",\"Source\":\"\",\"TimeColumn\":\"\",\"Acknowledge\":false,\"AckWait\":1,\"Sourcetype\":\"x\",\"BatchBytes\":10000}", WRONG[nth][0]);
        wbt_same(wbt_install(text.data).text.data, WRONG[nth][1]);
    }
}

int main(void) {
    sending(), batches(), patience(), bad_events(), refusals(), acknowledgements(), channels(), times(), settings();
    for (size_t nth = 0; nth < WB_COUNT(splunk.bodies); nth++) free(splunk.bodies[nth]), free(splunk.names[nth]);
    return wbt_finish();
}
