#include <string.h>

#include "decode.h"

void push(texts *to, wb_text text) {
    if (to->len == to->room) {
        to->room = to->room == 0 ? 16 : 2 * to->room;
        wb_text *grown = wb_alloc(to->room * sizeof *grown);
        if (to->len > 0) memcpy(grown, to->at, to->len * sizeof *grown);
        to->at = grown;
    }
    to->at[to->len++] = text;
}

void note(oddities *odd, const char *word) {
    size_t len = strlen(word);
    for (const char *at = odd->words; (at = strstr(at, word)) != NULL; at += len) {
        bool whole = (at == odd->words || at[-1] == ',') && (at[len] == 0 || at[len] == ',');
        if (whole) return;
    }
    if (odd->words[0] != 0) strcat(odd->words, ",");
    strcat(odd->words, word);
}

bool is_space(char c) { return c == ' ' || c == '\t'; }

wb_text from(wb_text text, size_t at) { return at < text.len ? (wb_text){text.data + at, text.len - at} : (wb_text){text.data + text.len, 0}; }

wb_text upto(wb_text text, size_t end) { return (wb_text){text.data, end < text.len ? end : text.len}; }

static bool is_white(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

wb_text trim(wb_text text) {
    while (text.len > 0 && is_white(text.data[0])) text = from(text, 1);
    while (text.len > 0 && is_white(text.data[text.len - 1])) text.len--;
    return text;
}

wb_text trim_start(wb_text text) {
    size_t at = 0;
    while (at < text.len && is_space(text.data[at])) at++;
    return from(text, at);
}

size_t first_of(wb_text text, const char *characters) {
    size_t at = 0;
    while (at < text.len && (text.data[at] == 0 || strchr(characters, text.data[at]) == NULL)) at++;
    return at;
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c; }

bool starts(wb_text text, const char *other) {
    for (size_t at = 0; other[at] != 0; at++)
        if (at == text.len || lower(text.data[at]) != other[at]) return false;
    return true;
}

bool same(wb_text text, const char *other) { return text.len == strlen(other) && starts(text, other); }

bool mentions(wb_text text, const char *word) {
    for (size_t at = 0; at < text.len; at++)
        if (lower(text.data[at]) == word[0] && starts(from(text, at), word)) return true;
    return false;
}
