/*
 * The tokens of xl.cfg files. Private to libukvm.
 */
#ifndef CONFIG_LEX_H
#define CONFIG_LEX_H

#include "config.h"

enum config_token {
    TOKEN_END,
    TOKEN_NEWLINE,
    TOKEN_SEMICOLON,
    TOKEN_KEY,
    TOKEN_NUMBER,
    TOKEN_STRING,
    TOKEN_ASSIGN,
    TOKEN_APPEND,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_COMMA,
};

struct config_lexer {
    const char *file;
    const char *at, *end, *line_start;
    unsigned line;
    char *message;
    /* The token at hand: its text is [start, at). */
    enum config_token token;
    const char *start;
    struct config_place place;
};

/* Moves to the next token; after the last one to TOKEN_END, again and again. */
int config_lex_next(struct config_lexer *lexer);
/*
 * The text of a key or number as it stands, or of a string with its escapes resolved: a new string,
 * owned by the caller.
 */
int config_lex_text(struct config_lexer *lexer, char **text_out);
/* The place of a byte of the line at hand. */
struct config_place config_lex_place(const struct config_lexer *lexer, const char *at);

#define lex_fail_at(lexer, at, ...)                                                                \
    config_fail((lexer)->message, UKVM_E_CONFIG, config_lex_place(lexer, at), __VA_ARGS__)
#define lex_fail_here(lexer, ...)                                                                  \
    config_fail((lexer)->message, UKVM_E_CONFIG, (lexer)->place, __VA_ARGS__)

#endif
