/* Times, as endpoints tell them. */

#include "splunk.h"

/* The last second of the year 9999. */
static const double LAST = 253402300799.0;

/* The number that `count` digits at `*at` are. */
static bool digits(wb_text text, size_t *at, size_t count, int *found) {
    *found = 0;
    for (size_t nth = 0; nth < count; nth++, ++*at) {
        if (*at >= text.len || text.data[*at] < '0' || text.data[*at] > '9') return false;
        *found = 10 * *found + text.data[*at] - '0';
    }
    return true;
}

static bool letter(wb_text text, size_t *at, const char *wanted) {
    if (*at >= text.len) return false;
    for (; *wanted != 0; wanted++)
        if (text.data[*at] == *wanted) return ++*at, true;
    return false;
}

/* Days from 1970 to a day of the Gregorian calendar. */
static int64_t days(int year, int month, int day) {
    /* Years begin in March, so that the leap day is the last. */
    int64_t y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;
    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static bool rfc3339(wb_text text, double *seconds) {
    size_t at = 0;
    int year, month, day, hour, minute, second, ahead_hours = 0, ahead_minutes = 0;
    if (!digits(text, &at, 4, &year) || !letter(text, &at, "-") || !digits(text, &at, 2, &month) || !letter(text, &at, "-") || !digits(text, &at, 2, &day)) return false;
    if (!letter(text, &at, "Tt ") || !digits(text, &at, 2, &hour) || !letter(text, &at, ":") || !digits(text, &at, 2, &minute)) return false;
    if (!letter(text, &at, ":") || !digits(text, &at, 2, &second)) return false;
    if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return false;
    double part = 0, unit = 0.1;
    if (letter(text, &at, ".")) {
        for (int digit; digits(text, &at, 1, &digit); unit /= 10) part += digit * unit;
    }
    size_t zone = at;
    if (letter(text, &at, "+-")) {
        if (!digits(text, &at, 2, &ahead_hours)) return false;
        letter(text, &at, ":");
        if (!digits(text, &at, 2, &ahead_minutes)) return false;
    } else {
        letter(text, &at, "Zz");
    }
    if (at != text.len) return false;
    int ahead = 3600 * ahead_hours + 60 * ahead_minutes;
    if (zone < text.len && text.data[zone] == '-') ahead = -ahead;
    *seconds = (double)(days(year, month, day) * 86400 + 3600 * hour + 60 * minute + second - ahead) + part;
    return true;
}

bool time_of(wb_value value, double *seconds) {
    switch (value.kind) {
    case WB_TEXT:
        if (!rfc3339(value.text, seconds)) return false;
        break;
    case WB_UINT: *seconds = (double)value.natural; break;
    case WB_FLOAT: *seconds = value.number; break;
    default: return false;
    }
    /* Milliseconds, microseconds or nanoseconds, where seconds would be a time that is far from now. */
    for (int step = 0; step < 3 && value.kind != WB_TEXT && *seconds > 1e11; step++) *seconds /= 1000;
    return *seconds >= 0 && *seconds <= LAST;
}
