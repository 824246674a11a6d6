/* PowerShell's own parameters: which argument is the encoded command.

   The rules are those of `CommandLineParameterParser`: a parameter may be shortened to any prefix of at least some length, the first table entry
   that fits wins, and from `-Command`, `-File` or the first argument that is no parameter on, all is script text. */

#include <string.h>

#include "decode.h"

/* What a parameter does to the arguments behind it. */
typedef enum {
    UNKNOWN,
    FLAG,    /* nothing */
    VALUE,   /* it takes the next one */
    ENCODED, /* it takes the next one as the encoded command */
    FILE,    /* it takes all of them, unless its value is `-` (read from stdin) */
    SCRIPT,  /* it takes all of them */
    ENDS,    /* what follows does not matter: the shell shows something and ends */
} kind;

/* A parameter, the length of its shortest form, what it does, and which shell has it alone. What is tried earlier for one of the two comes first. */
static const struct {
    const char *name;
    size_t shortest;
    kind kind;
    shell only;
} PARAMETERS[] = {
    {"version", 1, VALUE, WINDOWS},
    {"psconsolefile", 1, VALUE, WINDOWS},
    {"importsystemmodules", 3, FLAG, WINDOWS},
    {"inputformat", 1, VALUE, WINDOWS},
    {"version", 1, ENDS, CORE},
    {"login", 1, FLAG, CORE},
    {"interactive", 1, FLAG, CORE},
    {"help", 1, ENDS, NO_SHELL},
    {"?", 1, ENDS, NO_SHELL},
    {"noexit", 3, FLAG, NO_SHELL},
    {"noprofile", 3, FLAG, NO_SHELL},
    {"nologo", 3, FLAG, NO_SHELL},
    {"noninteractive", 4, FLAG, NO_SHELL},
    {"socketservermode", 2, FLAG, NO_SHELL},
    {"v2socketservermode", 4, FLAG, NO_SHELL},
    {"servermode", 1, FLAG, NO_SHELL},
    {"namedpipeservermode", 3, FLAG, NO_SHELL},
    {"sshservermode", 4, FLAG, NO_SHELL},
    {"noprofileloadtime", 17, FLAG, NO_SHELL},
    {"configurationfile", 17, VALUE, NO_SHELL},
    {"configurationname", 6, VALUE, NO_SHELL},
    {"custompipename", 3, VALUE, NO_SHELL},
    {"commandwithargs", 15, SCRIPT, NO_SHELL},
    {"cwa", 3, SCRIPT, NO_SHELL},
    {"command", 1, SCRIPT, NO_SHELL},
    {"windowstyle", 1, VALUE, NO_SHELL},
    {"file", 1, FILE, NO_SHELL},
    {"isswait", 7, FLAG, NO_SHELL},
    {"outputformat", 1, VALUE, NO_SHELL},
    {"of", 2, VALUE, NO_SHELL},
    {"inputformat", 3, VALUE, NO_SHELL},
    {"if", 2, VALUE, NO_SHELL},
    {"executionpolicy", 2, VALUE, NO_SHELL},
    {"ep", 2, VALUE, NO_SHELL},
    {"encodedcommand", 1, ENCODED, NO_SHELL},
    {"ec", 1, ENCODED, NO_SHELL},
    {"encodedarguments", 8, VALUE, NO_SHELL},
    {"ea", 2, VALUE, NO_SHELL},
    {"settingsfile", 8, VALUE, NO_SHELL},
    {"sta", 3, FLAG, NO_SHELL},
    {"mta", 3, FLAG, NO_SHELL},
    {"workingdirectory", 2, VALUE, NO_SHELL},
    {"wd", 2, VALUE, NO_SHELL},
    {"removeworkingdirectorytrailingcharacter", 39, FLAG, NO_SHELL},
    {"token", 2, VALUE, NO_SHELL},
    {"utctimestamp", 3, VALUE, NO_SHELL},
};

static kind kind_of(shell which, wb_text key) {
    char name[64];
    if (key.len >= sizeof name) return UNKNOWN;
    for (size_t at = 0; at < key.len; at++) name[at] = (char)(key.data[at] >= 'A' && key.data[at] <= 'Z' ? key.data[at] + 32 : key.data[at]);
    for (size_t at = 0; at < WB_COUNT(PARAMETERS); at++) {
        bool has = PARAMETERS[at].only == NO_SHELL || PARAMETERS[at].only == which;
        if (has && key.len >= PARAMETERS[at].shortest && strncmp(PARAMETERS[at].name, name, key.len) == 0) return PARAMETERS[at].kind;
    }
    return UNKNOWN;
}

/* How long the dash at the start of a text is: a hyphen, U+2013, U+2014 or U+2015; 0 where there is none. */
static size_t dash(wb_text text) {
    if (text.len > 0 && text.data[0] == '-') return 1;
    bool wide = text.len >= 3 && memcmp(text.data, "\xe2\x80", 2) == 0 && (uint8_t)text.data[2] >= 0x93 && (uint8_t)text.data[2] <= 0x95;
    return wide ? 3 : 0;
}

/* What is left of a switch without its dash, slash or two dashes. */
static bool switch_of(wb_text argument, wb_text *key) {
    argument = trim(argument);
    size_t first = dash(argument);
    if (first == 0 && argument.len > 0 && argument.data[0] == '/') first = 1;
    if (first == 0) return false;
    *key = from(argument, first);
    *key = from(*key, dash(*key));
    return true;
}

/* The payload of `-EncodedCommand:payload` or `-EncodedCommand: payload`. */
static bool behind_colon(shell which, wb_text key, const wb_text *following, wb_text *payload) {
    size_t at = first_of(key, ":=");
    if (at == key.len || kind_of(which, upto(key, at)) != ENCODED) return false;
    *payload = from(key, at + 1);
    if (payload->len > 0) return true;
    if (following == NULL) return false;
    *payload = *following;
    return true;
}

bool find_payload(shell which, texts arguments, wb_text *payload, oddities *odd) {
    bool found = false;
    for (size_t at = 0; at < arguments.len; at++) {
        wb_text key;
        const wb_text *next = at + 1 < arguments.len ? &arguments.at[at + 1] : NULL;
        /* Without a switch, the script's name or text begins here, which may not follow a command. */
        bool is_switch = switch_of(arguments.at[at], &key);
        kind kind = is_switch ? kind_of(which, key) : UNKNOWN;
        if (kind == FLAG) continue;
        if (kind == VALUE) {
            at++;
            continue;
        }
        if (kind == ENCODED && !found) {
            if (next == NULL) return false;
            *payload = *next;
            found = true;
            at++;
            continue;
        }
        if (kind == FILE && next != NULL && wb_is(*next, "-")) {
            at++;
            continue;
        }
        if (kind == ENDS) break;
        if (found) {
            note(odd, "refused");
        } else if (is_switch && kind == UNKNOWN && behind_colon(which, key, next, payload)) {
            found = true;
            note(odd, "colon");
        }
        break;
    }
    return found;
}
