/* JSON in tests: into MessagePack for events and parameters, out of it for rows. */

#ifndef WATCHBOX_JSON_H
#define WATCHBOX_JSON_H

#include "internal.h"

/* Puts a JSON text into `rows`, as the value of a map's name or, where that is NULL, of an array. Gives what is behind it. Ends the program where it
   is no JSON. */
const char *wbt_put_json(wb_rows *rows, const char *name, const char *json);
/* Appends a value as JSON to a text that malloc gave. */
char *wbt_show(char *text, wb_value value);
/* Appends len bytes to a text that malloc gave. */
char *wbt_append(char *text, const char *more, size_t len);

#endif
