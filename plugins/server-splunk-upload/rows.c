/* What all rows begin with. */

#include "splunk.h"

void begin_row(wb_rows *rows, const parameters *given, const char *kind) {
    wb_begin(rows);
    wb_put_text(rows, "Kind", wb_t(kind));
    wb_put_text(rows, "Log", given->log);
}
