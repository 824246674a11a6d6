/* Which PowerShells a command line starts: itself one, or one behind cmd or another program that starts what it is told to. */

#include <string.h>

#include "decode.h"

enum { MAX_DEPTH = 8 };

/* Who is told of what is found. */
typedef struct {
    void (*found)(void *with, shell which, wb_text rest);
    void *with;
    size_t count;
} listener;

/* A program's name without its folder and `.exe`. */
static wb_text base_name(wb_text name) {
    name = trim(name);
    for (size_t at = name.len; at > 0; at--) {
        if (name.data[at - 1] == '\\' || name.data[at - 1] == '/') {
            name = from(name, at);
            break;
        }
    }
    return name.len >= 4 && same(from(name, name.len - 4), ".exe") ? upto(name, name.len - 4) : name;
}

static bool is_one_of(wb_text name, const char *const *names) {
    for (; *names != NULL; names++)
        if (same(name, *names)) return true;
    return false;
}

static shell shell_of(wb_text program) {
    wb_text name = base_name(program);
    if (same(name, "powershell")) return WINDOWS;
    return same(name, "pwsh") || same(name, "pwsh-preview") ? CORE : NO_SHELL;
}

/* By its name or by the variable that holds it; a service's command line doubles the percent signs. */
static bool is_cmd(wb_text program) {
    static const char *const NAMES[] = {"cmd", "%comspec%", "%%comspec%%", NULL};
    return is_one_of(base_name(program), NAMES);
}

/* Programs, and commands of cmd, that run what stands in their arguments. */
static bool is_launcher(wb_text program) {
    static const char *const NAMES[] = {"start",  "call",     "if",     "for",  "forfiles", "conhost", "runas",
                                        "psexec", "psexec64", "paexec", "wmic", "schtasks", NULL};
    return is_one_of(base_name(program), NAMES);
}

static void tell(listener *to, shell which, wb_text rest) {
    to->count++;
    to->found(to->with, which, rest);
}

static void find(wb_text line, int depth, listener *to);

/* The commands of a cmd script, as the programs are given them: divided at `&`, `|` and line ends, without carets, redirections, and the
   parentheses and `@` before them. All of these are plain within quotes. */
static void find_in_script(wb_text script, int depth, listener *to) {
    char *command = wb_alloc(script.len + 1);
    size_t len = 0, at = 0;
    bool quoted = false;
    while (at < script.len) {
        char c = script.data[at++];
        if (c == '"') {
            quoted = !quoted;
            command[len++] = c;
        } else if (quoted && c != '\n') {
            command[len++] = c;
        } else if (c == '^') {
            if (at < script.len) command[len++] = script.data[at++];
        } else if (strchr("&|\n\r", c) != NULL && c != 0) {
            quoted = false;
            find((wb_text){command, len}, depth + 1, to);
            /* What was found points into the command. */
            command = wb_alloc(script.len - at + 1);
            len = 0;
        } else if ((c == '(' || c == '@') && trim((wb_text){command, len}).len == 0) {
            continue;
        } else if (c == '>' || c == '<') {
            /* `2>` says which handle; `a2>` ends in a word of its own. */
            if (len > 1 && command[len - 1] >= '0' && command[len - 1] <= '9' && is_space(command[len - 2])) len--;
            while (at < script.len && script.data[at] != 0 && strchr("><& \t", script.data[at]) != NULL) at++;
            at += first_of(from(script, at), " \t&|\n<>");
            command[len++] = ' ';
        } else {
            command[len++] = c;
        }
    }
    find((wb_text){command, len}, depth + 1, to);
}

/* What cmd is told to run: what follows its switch `/c`, `/k` or `/r`. Where that begins with a quote there are two readings, since cmd takes
   that quote and the last one off only if some conditions hold; the usual one comes first. */
static void find_in_cmd(wb_text rest, int depth, listener *to) {
    for (;;) {
        while (rest.len > 0 && rest.data[0] != 0 && strchr(" \t,;=", rest.data[0]) != NULL) rest = from(rest, 1);
        if (rest.len < 2 || rest.data[0] != '/') return;
        char letter = rest.data[1];
        rest = from(rest, 2);
        if (letter != 0 && strchr("cCkKrR", letter) != NULL) break;
        rest = from(rest, first_of(rest, " \t/"));
    }
    rest = trim_start(rest);
    size_t before = to->count;
    if (rest.len > 0 && rest.data[0] == '"') {
        size_t last = rest.len - 1;
        while (rest.data[last] != '"') last--;
        wb_text inner = from(rest, 1), behind = from(rest, last + 1);
        if (last > 0) inner = wb_format("%.*s%.*s", (int)last - 1, rest.data + 1, WB_ARG(behind));
        find_in_script(inner, depth, to);
    }
    if (to->count == before) find_in_script(rest, depth, to);
}

/* A launcher's arguments: a program and its arguments, or a whole command line in one argument. */
static void find_in_arguments(wb_text rest, int depth, listener *to) {
    rest = trim_start(rest);
    while (rest.len > 0) {
        wb_text behind = rest, argument = first_argument(&behind);
        if (shell_of(argument) != NO_SHELL || is_cmd(argument)) {
            find(rest, depth + 1, to);
            return;
        }
        if (first_of(argument, " \t") < argument.len) find(argument, depth + 1, to);
        rest = trim_start(behind);
    }
}

/* A path with spaces and without quotes, as in `C:\Program Files\PowerShell\7\pwsh.exe -e`: Windows tries it word by word. */
static bool unquoted_path(wb_text line, listener *to) {
    while (line.len > 0 && trim(upto(line, 1)).len == 0) line = from(line, 1);
    if (line.len < 3 || line.data[1] != ':' || line.data[2] != '\\') return false;
    size_t at = 0;
    for (int word = 0; word < 9; word++) {
        at += first_of(from(line, at), " \t");
        wb_text path = upto(line, at);
        if (memchr(path.data, '"', path.len) != NULL) return false;
        shell which = word == 0 ? NO_SHELL : shell_of(path);
        if (which != NO_SHELL) {
            tell(to, which, from(line, at));
            return true;
        }
        if (at++ >= line.len) return false;
    }
    return false;
}

static void find(wb_text line, int depth, listener *to) {
    if (depth == MAX_DEPTH) return;
    wb_text rest, name = program(line, &rest);
    shell which = shell_of(name);
    if (which != NO_SHELL) tell(to, which, rest);
    else if (is_cmd(name)) find_in_cmd(rest, depth, to);
    else if (is_launcher(name)) find_in_arguments(rest, depth, to);
    /* With a caret it stands as it was typed to cmd, which is not in the line itself. */
    else if (!unquoted_path(line, to) && memchr(name.data, '^', name.len) != NULL) find_in_script(line, depth, to);
}

void each_shell(wb_text line, void (*found)(void *with, shell which, wb_text rest), void *with) {
    listener to = {found, with, 0};
    find(line, 0, &to);
}
