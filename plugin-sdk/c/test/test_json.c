/* JSON: what is written of values, and what is read of JSON. */

#include <string.h>

#include "internal.h"
#include "watchbox_testing.h"

WB_ARTIFACT{0};

static const char *copied(wb_buffer buffer) { return wb_format("%.*s", (int)buffer.len, buffer.data).data; }

/* MessagePack as JSON; `none` where there is no JSON for it. */
static const char *written(const char *bytes, size_t len, size_t longest) {
    wb_buffer buffer = {0};
    wb_add(&buffer, wb_t("> "));
    bool is_json = wb_add_json(&buffer, wb_decode((wb_text){bytes, len}), longest);
    return is_json ? copied(buffer) + 2 : buffer.len == 2 ? "none" : "something";
}
#define WRITTEN(bytes) written((bytes), sizeof(bytes) - 1, 0)
#define CUT(bytes, longest) written((bytes), sizeof(bytes) - 1, (longest))

/* JSON, read and written again; `none` where it is none. */
static const char *again(const char *json) {
    wb_value value = wb_from_json(wb_t(json));
    return value.kind == WB_MISSING ? "none" : written(value.raw.data, value.raw.len, 0);
}
#define SAME(json) wbt_same(again(json), json)
#define NONE(json) wbt_same(again(json), "none")

static void values(void) {
    wbt_same(WRITTEN("\xc0"), "null");
    wbt_same(WRITTEN("\xc2"), "false");
    wbt_same(WRITTEN("\x7f"), "127");
    wbt_same(WRITTEN("\xcf\xff\xff\xff\xff\xff\xff\xff\xff"), "18446744073709551615");
    wbt_same(WRITTEN("\xd3\x80\x00\x00\x00\x00\x00\x00\x00"), "-9223372036854775808");
    wbt_same(WRITTEN("\xcf\x00\x20\x00\x00\x00\x00\x00\x01"), "9007199254740993");
    wbt_same(WRITTEN("\xca\x3f\x00\x00\x00"), "0.5");
    wbt_same(WRITTEN("\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a"), "0.1");
    wbt_same(WRITTEN("\xcb\x3f\xd3\x33\x33\x33\x33\x33\x34"), "0.30000000000000004");
    wbt_same(WRITTEN("\xcb\x40\x00\x00\x00\x00\x00\x00\x00"), "2.0");
    wbt_same(WRITTEN("\xcb\x80\x00\x00\x00\x00\x00\x00\x00"), "-0.0");
    wbt_same(WRITTEN("\xcb\x7f\xef\xff\xff\xff\xff\xff\xff"), "1.7976931348623157e+308");
    wbt_same(WRITTEN("\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00"), "null");
    wbt_same(WRITTEN("\xcb\xff\xf0\x00\x00\x00\x00\x00\x00"), "null");
    wbt_same(WRITTEN("\xa6\xc3\xbc\xf0\x9f\x98\x80"), "\"\xc3\xbc\xf0\x9f\x98\x80\"");
    wbt_same(WRITTEN("\xaa\"\\/\b\t\n\f\r\x1f\x7f"), "\"\\\"\\\\/\\b\\t\\n\\f\\r\\u001f\\u007f\"");
    wbt_same(WRITTEN("\xa3" "a\x00" "b"), "\"a\\u0000b\"");
    wbt_same(WRITTEN("\xc4\x00"), "\"\"");
    wbt_same(WRITTEN("\xc4\x01\xff"), "\"/w==\"");
    wbt_same(WRITTEN("\xc4\x02\xff\x00"), "\"/wA=\"");
    wbt_same(WRITTEN("\xc4\x04\x00\x01\x02\xfe"), "\"AAEC/g==\"");
    wbt_same(WRITTEN("\xd4\x05\x09"), "\"CQ==\"");
    wbt_same(WRITTEN("\x82\xa1z\x92\x01\x81\xa1y\xc0\xa1" "a\x80"), "{\"z\":[1,{\"y\":null}],\"a\":{}}");
    wbt_same(WRITTEN("\x90"), "[]");
}

static void no_json(void) {
    /* Cut short, wherever. */
    static const char WHOLE[] = "\x82\xa1z\x92\x01\x81\xa1y\xcb\x3f\xd3\x33\x33\x33\x33\x33\x34\xa1" "a\x80";
    for (size_t len = 0; len < sizeof WHOLE - 1; len++) wbt_same(written(WHOLE, len, 0), "none");
    wbt_same(WRITTEN("\xc1"), "none");
    wbt_same(WRITTEN("\xdd\xff\xff\xff\xff"), "none");
    /* A name that is no text, text that is no UTF-8. */
    wbt_same(WRITTEN("\x81\x01\x02"), "none");
    static const char *const WRONG[] = {"\xff", "\xc3", "\x80", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80"};
    for (size_t at = 0; at < WB_COUNT(WRONG); at++) {
        wb_text bytes = wb_format("%c%s", (int)(0xa0 | strlen(WRONG[at])), WRONG[at]);
        wbt_same(written(bytes.data, bytes.len, 0), "none");
    }
    char deep[200];
    memset(deep, 0x91, sizeof deep);
    for (size_t depth = 127; depth < 131; depth++) {
        deep[depth] = (char)0xc0;
        wbt_same(written(deep, depth + 1, 0)[0] == '[' ? "json" : "none", depth <= 128 ? "json" : "none");
        deep[depth] = (char)0x91;
    }
}

static void cut(void) {
    wbt_same(CUT("\xa5hello", 5), "\"hello\"");
    wbt_same(CUT("\xa5hello", 2), "\"he\xe2\x80\xa6 (3 more bytes)\"");
    wbt_same(CUT("\x92\xa5h\xc3\xbc" "el\xa1x", 2), "[\"h\xe2\x80\xa6 (4 more bytes)\",\"x\"]");
    wbt_same(CUT("\xc4\x04\x00\x01\x02\xfe", 3), "\"AAEC\xe2\x80\xa6 (1 more bytes)\"");
    wbt_same(CUT("\x81\xa5hello\x01", 2), "{\"hello\":1}");
}

static void reading(void) {
    SAME("null"); SAME("true"); SAME("false"); SAME("0"); SAME("-1"); SAME("18446744073709551615"); SAME("-9223372036854775808");
    SAME("0.5"); SAME("\"\""); SAME("[]"); SAME("{}"); SAME("{\"a\":[1,{\"b\":null}],\"\":\"x\"}");
    wbt_same(again("-0"), "0");
    wbt_same(again("18446744073709551616"), "1.8446744073709552e+19");
    wbt_same(again("-9223372036854775809"), "-9.223372036854776e+18");
    wbt_same(again("1e2"), "100.0");
    wbt_same(again("-2.5E-1"), "-0.25");
    wbt_same(again(" {\n\"a\" :\t[ 1 , 2 ] }\r\n"), "{\"a\":[1,2]}");
    wbt_same(again("\"\\u00fc\\ud83d\\ude00\\ud800x\\ud800\\u0041\\udc00\\/\\b\""), "\"\xc3\xbc\xf0\x9f\x98\x80\xef\xbf\xbdx\xef\xbf\xbd" "A\xef\xbf\xbd/\\b\"");
    static const char *const WRONG[] = {
        "", " ", "nul", "tru", "01", "-", "1.", ".5", "1e", "+1", "NaN", "'a'", "\"", "\"\\x\"", "\"\\u12\"", "\"\\ud800\\u12\"", "\"\x01\"", "\"\xff\"", "[", "[1", "[1,]", "[,1]", "[1 2]",
        "{", "{\"a\"", "{\"a\":", "{\"a\":1,}", "{a:1}", "{1:2}", "1 2", "{}x", "[\"\\",
    };
    for (size_t at = 0; at < WB_COUNT(WRONG); at++) NONE(WRONG[at]);
    char deep[200];
    memset(deep, '[', sizeof deep);
    wbt_same(wb_from_json((wb_text){deep, sizeof deep}).kind == WB_MISSING ? "none" : "a value", "none");
    wbt_same(wb_from_json((wb_text){"{\"a\":1}", 6}).kind == WB_MISSING ? "none" : "a value", "none");
}

static void buffers(void) {
    wb_buffer buffer = {0};
    for (int count = 0; count < 1000; count++) wb_add(&buffer, wb_t("abc"));
    wbt_same(wb_format("%zu %.6s", buffer.len, buffer.data).data, "3000 abcabc");
    wbt_same(wb_add_quoted(&buffer, (wb_text){"a\xff", 2}) ? "added" : "not added", "not added");
    wbt_same(wb_format("%zu", buffer.len).data, "3000");
}

int main(void) {
    wbt_install("{}");
    values(), no_json(), cut(), reading(), buffers();
    return wbt_finish();
}
