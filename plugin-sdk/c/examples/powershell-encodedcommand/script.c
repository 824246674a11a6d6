/* What a decoded script itself tells: that it unpacks another, that it is cut. */

#include <string.h>

#include "decode.h"

/* Behind the first `end` in a text; false where there is none. */
static bool behind(wb_text *text, const char *end) {
    for (size_t at = 0; at + strlen(end) <= text->len; at++) {
        if (memcmp(text->data + at, end, strlen(end)) == 0) {
            *text = from(*text, at + strlen(end));
            return true;
        }
    }
    return false;
}

/* Behind a text in double quotes, in which a backtick escapes. (Two quotes in it are one, or two texts: it comes to the same.) */
static bool behind_double_quoted(wb_text *text) {
    for (size_t at = 0; at < text->len; at++) {
        if (text->data[at] == '"') {
            *text = from(*text, at + 1);
            return true;
        }
        if (text->data[at] == '`') at++;
    }
    return false;
}

/* Whether a here-text begins: its quote ends the line. */
static bool here(wb_text text, char quote) {
    if (text.len < 2 || text.data[1] != quote) return false;
    text = trim_start(from(text, 2));
    return text.len > 0 && (text.data[0] == '\r' || text.data[0] == '\n');
}

/* Whether a script ends within a quoted text or a block comment, by PowerShell's rules as far as they concern that: no such script can run. */
static bool ends_within_quotes(wb_text script) {
    wb_text rest = script;
    for (;;) {
        /* Where the next thing begins that can hide a quote. */
        size_t at = first_of(rest, "'\"`#@<");
        if (at == rest.len) return false;
        wb_text found = from(rest, at);
        bool first = found.data == script.data;
        bool begins_word = first || strchr(" \t\r\n\v\f;{}()|&", found.data[-1]) != NULL;
        bool ended = true;
        rest = from(found, 1);
        switch (found.data[0]) {
        case '<':
            if (rest.len > 0 && rest.data[0] == '#') rest = from(rest, 1), ended = behind(&rest, "#>");
            break;
        case '@':
            if (here(found, '\'')) rest = from(rest, 1), ended = behind(&rest, "\n'@");
            else if (here(found, '"')) rest = from(rest, 1), ended = behind(&rest, "\n\"@");
            break;
        case '\'': ended = behind(&rest, "'"); break;
        case '"': ended = behind_double_quoted(&rest); break;
        case '#':
            if (begins_word && !behind(&rest, "\n")) return false;
            break;
        default: rest = from(rest, 1); break;
        }
        if (!ended) return true;
    }
}

void look(wb_text script, oddities *odd) {
    if (mentions(script, "frombase64string")) note(odd, "nested-base64");
    if (mentions(script, "deflatestream")) note(odd, "nested-deflate");
    if (mentions(script, "gzipstream")) note(odd, "nested-gzip");
    if (ends_within_quotes(script)) note(odd, "unfinished");
}
