#include <string.h>

#include "decode.h"
#include "watchbox_testing.h"

#define DIR "ZABpAHIA" /* `dir` */

static const char *decoded(const char *line) {
    static char events[200000];
    strcpy(events, "[{\"ClientId\":\"C.1\",\"CommandLine\":\"");
    strcat(strcat(events, line), "\"}]");
    const char *rows = wbt_events("X", events), *script = strstr(rows, "\"Script\"");
    return script == NULL ? rows : script;
}

static const char *odd(const char *script) {
    static oddities odd;
    odd.words[0] = 0;
    look(wb_t(script), &odd);
    return odd.words;
}

int main(void) {
    wbt_install("{}");
    static const char *const DASHES[] = {"-", "/", "\xe2\x80\x93", "\xe2\x80\x94", "\xe2\x80\x95", "--"};
    for (int end = 1; end <= 14; end++)
        for (size_t dash = 0; dash < WB_COUNT(DASHES); dash++)
            wbt_same(decoded(wb_format("powershell %s%.*s " DIR, DASHES[dash], end, "encodedcommand").data), "\"Script\":\"dir\",\"Oddities\":\"\"}]");
    wbt_same(decoded("cmd /c p^owershell -enc dwB^oAG8AYQBtAGk"), "\"Script\":\"whoam\",\"Oddities\":\"truncated\"}]");

    static const char *const DIVIDED[][2] = {
        {"\"abc\" d e", "abc|d|e"}, {"a\\\\b d\"e f\"g h", "a\\\\b|de fg|h"}, {"a\\\\\\\"b c d", "a\\\"b|c|d"}, {"a\\\\\\\\\"b c\" d e", "a\\\\b c|d|e"},
        {"a\"b\"\" c d", "ab\" c d"}, {"\"\" end", "|end"}, {"\"never closed x", "never closed x"},
    };
    for (size_t at = 0; at < WB_COUNT(DIVIDED); at++) {
        texts found = arguments(wb_t(DIVIDED[at][0]));
        wb_text all = found.at[0];
        for (size_t next = 1; next < found.len; next++) all = wb_format("%.*s|%.*s", WB_ARG(all), WB_ARG(found.at[next]));
        wbt_same(wb_format("%.*s", WB_ARG(all)).data, DIVIDED[at][1]);
    }

    static const char *const WHOLE[] = {"", "'a''b' + \"c`\"d\" + '\"'", "# don't\nwhoami # can't", "<# it's\n\" #> dir", "@'\nit's \"\n'@", "echo a`'b", "echo a#b"};
    static const char *const CUT[] = {"'", "echo 'a''", "\"a`\"", "<# a", "@'\nit", "echo a#'b"};
    for (size_t at = 0; at < WB_COUNT(WHOLE); at++) wbt_same(odd(WHOLE[at]), "");
    for (size_t at = 0; at < WB_COUNT(CUT); at++) wbt_same(odd(CUT[at]), "unfinished");

    /* Nesting has an end. */
    char deep[71000] = "";
    for (int depth = 0; depth < 10000; depth++) memcpy(deep + 7 * depth, "cmd /c ", 7);
    strcpy(deep + 70000, "powershell -e " DIR);
    wbt_same(decoded(deep), "[]");
    wbt_same(wbt_events("X", "[{\"ClientId\":\"C.1\",\"CommandLine\":5}]"), "[]");
    return wbt_finish();
}
