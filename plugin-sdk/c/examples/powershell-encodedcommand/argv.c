/* From a command line to arguments, by the rules of the C runtime on Windows, which both shells' programs are started through.

   Spaces and tabs outside of quotes divide. A quote begins or ends a quoted part and is dropped; within one, two quotes are one. `2n`
   backslashes before a quote are `n`, `2n+1` are `n` and make it a plain quote; elsewhere backslashes are plain. The program's name
   knows quotes only. */

#include <string.h>

#include "decode.h"

wb_text program(wb_text line, wb_text *rest) {
    line = trim_start(line);
    char *name = wb_alloc(line.len + 1);
    size_t len = 0, at = 0;
    for (bool quoted = false; at < line.len && (quoted || !is_space(line.data[at])); at++) {
        if (line.data[at] == '"') quoted = !quoted;
        else name[len++] = line.data[at];
    }
    *rest = from(line, at);
    return (wb_text){name, len};
}

wb_text first_argument(wb_text *rest) {
    wb_text text = *rest;
    char *argument = wb_alloc(text.len + 1);
    size_t len = 0, at = 0;
    bool quoted = false;
    while (at < text.len) {
        char c = text.data[at];
        if (c == '"') {
            at++;
            if (quoted && at < text.len && text.data[at] == '"') argument[len++] = '"', at++;
            else quoted = !quoted;
        } else if (c == '\\') {
            size_t count = 0;
            while (at < text.len && text.data[at] == '\\') at++, count++;
            bool before_quote = at < text.len && text.data[at] == '"';
            size_t kept = before_quote ? count / 2 : count;
            memset(argument + len, '\\', kept), len += kept;
            if (before_quote && count % 2 == 1) argument[len++] = '"', at++;
        } else if (is_space(c) && !quoted) {
            break;
        } else {
            argument[len++] = c, at++;
        }
    }
    *rest = from(text, at);
    return (wb_text){argument, len};
}

texts arguments(wb_text rest) {
    texts found = {0};
    for (rest = trim_start(rest); rest.len > 0; rest = trim_start(rest)) push(&found, first_argument(&rest));
    return found;
}
