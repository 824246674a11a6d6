/* Does what an event says. */

#include <assert.h>
#include <stdlib.h>

#include "watchbox.h"

static wb_failure count(wb_rows *rows) {
    wb_text value;
    bool found;
    WB_TRY(wb_state_get(wb_t("count"), &value, &found));
    int count = found ? atoi(wb_format("%.*s", WB_ARG(value)).data) : 0;
    WB_TRY(wb_state_set(wb_t("count"), wb_format("%d", count + 1)));
    wb_log(WB_INFO, "counted");
    wb_begin(rows), wb_put_int(rows, "Count", count + 1), wb_end(rows);
    return wb_ok;
}

static wb_failure events(wb_batch *batch, wb_rows *rows) {
    wb_value event;
    for (size_t at = 0; wb_walk(batch->events, &at, &event);) {
        wb_value what = wb_get(event, "Do");
        if (wb_is(what.text, "echo")) {
            wb_begin(rows), wb_put_value(rows, "Value", wb_get(event, "Value")), wb_end(rows);
        } else if (wb_is(what.text, "emit")) {
            wb_begin(rows), wb_put_uint(rows, "Big", UINT64_MAX), wb_put_bytes(rows, "Bytes", (wb_text){"\xff\0", 2}), wb_put_float(rows, "Whole", 1);
            wb_put_text(rows, "Text", wb_t("a\xef\xbf\xbd")), wb_put_map(rows, "Map"), wb_put_array(rows, "z"), wb_put_int(rows, NULL, 1);
            wb_put_map(rows, NULL), wb_end(rows), wb_end(rows), wb_put_nil(rows, "a"), wb_end(rows), wb_end(rows);
        } else if (wb_is(what.text, "count")) {
            wb_failure failure = count(rows);
            if (failure.outcome != WB_OK) return failure;
        } else if (wb_is(what.text, "throw")) {
            return wb_fault("no such thing"); /* line 33 */
        } else if (wb_is(what.text, "die")) {
            assert(!"no such thing"); /* line 35 */
        }
    }
    return wb_ok;
}

WB_ARTIFACT{.events = events};
