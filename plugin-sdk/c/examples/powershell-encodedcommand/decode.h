/* What the files of this artifact share. Texts live until the turn ends. */

#ifndef DECODE_H
#define DECODE_H

#include "watchbox.h"

/* Which PowerShell it is: they differ in their parameters. */
typedef enum { NO_SHELL, WINDOWS, CORE } shell;

/* Texts, one after the other. */
typedef struct {
    wb_text *at;
    size_t len, room;
} texts;

void push(texts *to, wb_text text);

/* What is odd about a command, as words with commas between them; each once. */
typedef struct {
    char words[200];
} oddities;

void note(oddities *odd, const char *word);

/* text.c: texts, compared without regard to ASCII case where they are lower. */
bool is_space(char c);
wb_text from(wb_text text, size_t at);
wb_text upto(wb_text text, size_t end);
wb_text trim(wb_text text);
wb_text trim_start(wb_text text);
/* Where one of the characters first is; the text's length where none is. */
size_t first_of(wb_text text, const char *characters);
bool same(wb_text text, const char *lower);
bool starts(wb_text text, const char *lower);
bool mentions(wb_text text, const char *lower);

/* argv.c: from a command line to arguments, by the rules of the C runtime on Windows. */
wb_text program(wb_text line, wb_text *rest);
wb_text first_argument(wb_text *rest);
texts arguments(wb_text rest);

/* command.c: calls `found` for each PowerShell that a line starts, in order. */
void each_shell(wb_text line, void (*found)(void *with, shell which, wb_text rest), void *with);

/* parameters.c: the encoded command among the arguments, as it stands there. */
bool find_payload(shell which, texts arguments, wb_text *payload, oddities *odd);

/* payload.c: the script in a payload, if there is one to speak of. */
bool decode_payload(wb_text payload, wb_text *script, oddities *odd);

/* script.c: notes what the script itself tells. */
void look(wb_text script, oddities *odd);

#endif
