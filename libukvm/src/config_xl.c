/*
 * The grammar of xl.cfg files, as documented in xl.cfg(5) and as libxlutil accepts it:
 *
 *   file    = { setting | newline | ";" }       a setting ends at a newline, ";" or the end
 *   setting = key ( "=" | "+=" ) value
 *   value   = string | number | "[" gap [ value gap { "," gap value gap } [ "," gap ] ] "]"
 *   gap     = { newline }                       a comment, "#" to the end of its line, is one
 *
 * docs/config.md lists the few inputs where the two differ on purpose.
 */
#include <stdlib.h>
#include <string.h>

#include "config_lex.h"

static int skip_newlines(struct config_lexer *lexer)
{
    int rc = 0;

    while (rc == 0 && lexer->token == TOKEN_NEWLINE)
        rc = config_lex_next(lexer);
    return rc;
}

static int expected_value(const struct config_lexer *lexer)
{
    if (lexer->token == TOKEN_KEY && strcmp(lexer->file, CONFIG_ARGUMENT) == 0)
        return lex_fail_here(lexer,
                             "'%.*s' is no value: the quotes of a string must pass the shell, "
                             "\"KEY='VALUE'\"",
                             (int)(lexer->at - lexer->start), lexer->start);
    if (lexer->token == TOKEN_KEY)
        return lex_fail_here(lexer, "'%.*s' is no value: a string needs quotes",
                             (int)(lexer->at - lexer->start), lexer->start);
    return lex_fail_here(lexer, "expected a number, a quoted string or a [list]");
}

static int parse_value(struct config_lexer *lexer, struct config_value *value, unsigned depth);

/* Behind the '[' of a list and after each of its commas. */
static int parse_items(struct config_lexer *lexer, struct config_value *list, unsigned depth)
{
    for (;;) {
        int rc = skip_newlines(lexer);
        if (rc != 0 || lexer->token == TOKEN_CLOSE)
            return rc;
        struct config_value *item = config_value_add(list);
        if (item == NULL)
            return config_no_memory(lexer->message);
        rc = parse_value(lexer, item, depth);
        if (rc == 0)
            rc = skip_newlines(lexer);
        if (rc != 0 || lexer->token == TOKEN_CLOSE)
            return rc;
        if (lexer->token == TOKEN_END)
            return lex_fail_here(lexer, "no closing ] of the list at line %u", list->place.line);
        if (lexer->token != TOKEN_COMMA)
            return lex_fail_here(lexer, "expected , or ] in the list");
        rc = config_lex_next(lexer);
        if (rc != 0)
            return rc;
    }
}

static int parse_list(struct config_lexer *lexer, struct config_value *value, unsigned depth)
{
    if (depth == CONFIG_NESTING_MAX)
        return lex_fail_here(lexer, "lists nested deeper than %u", CONFIG_NESTING_MAX);
    value->type = CONFIG_LIST;
    int rc = config_lex_next(lexer);
    return rc != 0 ? rc : parse_items(lexer, value, depth + 1);
}

/* On return the token after the value is at hand. */
static int parse_value(struct config_lexer *lexer, struct config_value *value, unsigned depth)
{
    int rc;

    value->place = lexer->place;
    switch (lexer->token) {
    case TOKEN_OPEN:
        rc = parse_list(lexer, value, depth);
        break;
    case TOKEN_STRING:
    case TOKEN_NUMBER:
        value->type = lexer->token == TOKEN_STRING ? CONFIG_STRING : CONFIG_NUMBER;
        rc = config_lex_text(lexer, &value->text);
        break;
    default:
        return expected_value(lexer);
    }
    return rc != 0 ? rc : config_lex_next(lexer);
}

/* ---- settings ---- */

static int parse_assignment(struct config_lexer *lexer, struct config_settings *settings,
                            const char *name, struct config_place place)
{
    struct config_value value = {0};

    if (lexer->token != TOKEN_ASSIGN && lexer->token != TOKEN_APPEND)
        return lex_fail_here(lexer, "expected = or += after '%s'", name);
    bool append = lexer->token == TOKEN_APPEND;
    int rc = config_lex_next(lexer);
    if (rc == 0)
        rc = parse_value(lexer, &value, 0);
    if (rc != 0) {
        config_value_fini(&value);
        return rc;
    }
    return config_settings_store(settings, name, place, append, &value, lexer->message);
}

static int parse_setting(struct config_lexer *lexer, struct config_settings *settings)
{
    struct config_place place = lexer->place;
    char *name = NULL;

    if (lexer->token != TOKEN_KEY)
        return lex_fail_here(lexer, "expected KEY = VALUE");
    int rc = config_lex_text(lexer, &name);
    if (rc != 0)
        return rc;
    rc = config_lex_next(lexer);
    if (rc == 0)
        rc = parse_assignment(lexer, settings, name, place);
    if (rc == 0 && lexer->token != TOKEN_NEWLINE && lexer->token != TOKEN_SEMICOLON &&
        lexer->token != TOKEN_END)
        rc = lex_fail_here(lexer, "expected the end of the line after the value of '%s'", name);
    free(name);
    return rc;
}

/* A NUL byte would end strings early: it has no place in a text file. */
static int check_bytes(struct config_lexer *lexer)
{
    const char *nul = memchr(lexer->at, '\0', (size_t)(lexer->end - lexer->at));

    if (nul == NULL)
        return 0;
    for (const char *at = lexer->at; at < nul; at++) {
        if (*at == '\n') {
            lexer->line++;
            lexer->line_start = at + 1;
        }
    }
    return lex_fail_at(lexer, nul, "NUL byte");
}

int config_xl_parse(const char *file, const char *text, size_t length,
                    struct config_settings *settings, char *message)
{
    struct config_lexer lexer = {.file = file,
                                 .at = text,
                                 .end = text + length,
                                 .line_start = text,
                                 .line = 1,
                                 .message = message};
    int rc = check_bytes(&lexer);

    if (rc == 0)
        rc = config_lex_next(&lexer);
    while (rc == 0 && lexer.token != TOKEN_END) {
        if (lexer.token == TOKEN_NEWLINE || lexer.token == TOKEN_SEMICOLON)
            rc = config_lex_next(&lexer);
        else
            rc = parse_setting(&lexer, settings);
    }
    return rc;
}
