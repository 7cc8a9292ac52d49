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

#include "config.h"

enum token_type {
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

struct parser {
    const char *file;
    const char *at, *end, *line_start;
    unsigned line;
    char *message;
    /* The token at hand: its text is [start, at). */
    enum token_type token;
    const char *start;
    struct config_place place;
};

static struct config_place place_of(const struct parser *parser, const char *at)
{
    return (struct config_place){.file = parser->file,
                                 .line = parser->line,
                                 .column = (unsigned)(at - parser->line_start) + 1};
}

#define fail_at(parser, at, ...)                                                                   \
    config_fail((parser)->message, UKVM_E_CONFIG, place_of(parser, at), __VA_ARGS__)
#define fail_here(parser, ...)                                                                     \
    config_fail((parser)->message, UKVM_E_CONFIG, (parser)->place, __VA_ARGS__)

/* ---- tokens ---- */

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_key_char(char c)
{
    return is_lower(c) || is_digit(c) || c == '_' || c == '.';
}

/* What belongs to a number is decided when its key is read: 0x10 and 12abc are both one token. */
static bool is_number_char(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || c == 'x';
}

static int scan_while(struct parser *parser, enum token_type token, bool (*belongs)(char))
{
    while (parser->at < parser->end && belongs(*parser->at))
        parser->at++;
    parser->token = token;
    return 0;
}

static int scan_string(struct parser *parser)
{
    char quote = *parser->start;

    while (parser->at < parser->end && *parser->at != quote && *parser->at != '\n') {
#ifdef CHAOS_PLANTED_BUG_CONFIG
        if (*parser->at == '\\' && parser->at[1] != '\n')
#else
        if (*parser->at == '\\' && parser->at + 1 < parser->end && parser->at[1] != '\n')
#endif
            parser->at++;
        parser->at++;
    }
    if (parser->at == parser->end || *parser->at != quote)
        return fail_here(parser, "no closing %c on this line", quote);
    parser->at++;
    parser->token = TOKEN_STRING;
    return 0;
}

static int scan_comment(struct parser *parser)
{
    while (parser->at < parser->end && *parser->at != '\n')
        parser->at++;
    if (parser->at < parser->end)
        parser->at++;
    parser->token = TOKEN_NEWLINE;
    return 0;
}

static int unexpected_byte(const struct parser *parser, char c)
{
    if (c == '\r')
        return fail_here(parser, "carriage return: the file has DOS line ends, convert it");
    if (c >= 'A' && c <= 'Z')
        return fail_here(parser, "'%c': keys are lower case and strings need quotes", c);
    if (c > ' ' && c < 0x7f)
        return fail_here(parser, "unexpected '%c'", c);
    return fail_here(parser, "unexpected byte 0x%02x", (unsigned)(unsigned char)c);
}

static int scan_symbol(struct parser *parser, char c)
{
    switch (c) {
    case '\n':
        parser->token = TOKEN_NEWLINE;
        return 0;
    case ';':
        parser->token = TOKEN_SEMICOLON;
        return 0;
    case '=':
        parser->token = TOKEN_ASSIGN;
        return 0;
    case '[':
        parser->token = TOKEN_OPEN;
        return 0;
    case ']':
        parser->token = TOKEN_CLOSE;
        return 0;
    case ',':
        parser->token = TOKEN_COMMA;
        return 0;
    case '+':
        if (parser->at == parser->end || *parser->at != '=')
            return fail_here(parser, "'+' without '='");
        parser->at++;
        parser->token = TOKEN_APPEND;
        return 0;
    default:
        return unexpected_byte(parser, c);
    }
}

static int next_token(struct parser *parser)
{
    if (parser->token == TOKEN_NEWLINE) {
        parser->line++;
        parser->line_start = parser->at;
    }
    while (parser->at < parser->end && (*parser->at == ' ' || *parser->at == '\t'))
        parser->at++;
    parser->start = parser->at;
    parser->place = place_of(parser, parser->at);
    if (parser->at == parser->end) {
        parser->token = TOKEN_END;
        return 0;
    }
    char c = *parser->at++;
    if (is_lower(c))
        return scan_while(parser, TOKEN_KEY, is_key_char);
    if (is_digit(c))
        return scan_while(parser, TOKEN_NUMBER, is_number_char);
    if (c == '\'' || c == '"')
        return scan_string(parser);
    if (c == '#')
        return scan_comment(parser);
    return scan_symbol(parser, c);
}

/* ---- values ---- */

/* The byte of an escape, or 0: libxlutil drops \NNN and refuses every \xHH, so we refuse both. */
static char escape(char c)
{
    static const char from[] = "abfnrtv\\\"'", to[] = "\a\b\f\n\r\t\v\\\"'";

    for (size_t i = 0; i < sizeof(from) - 1; i++) {
        if (from[i] == c)
            return to[i];
    }
    return '\0';
}

static int decode_string(struct parser *parser, char **text_out)
{
    const char *at = parser->start + 1, *end = parser->at - 1;
    char *text = malloc((size_t)(end - at) + 1), *to = text;

    if (text == NULL)
        return config_no_memory(parser->message);
    for (; at < end; at++) {
        if (*at != '\\') {
            *to++ = *at;
            continue;
        }
        *to = escape(*++at);
        if (*to++ == '\0') {
            free(text);
            if (*at == 'x' || is_digit(*at))
                return fail_at(parser, at - 1,
                               "numeric escapes are not supported, as xl loses them");
            return fail_at(parser, at - 1, "unknown escape '\\%c'", *at);
        }
    }
    *to = '\0';
    *text_out = text;
    return 0;
}

static int token_text(struct parser *parser, char **text_out)
{
    if (parser->token == TOKEN_STRING)
        return decode_string(parser, text_out);
    char *text = strndup(parser->start, (size_t)(parser->at - parser->start));
    if (text == NULL)
        return config_no_memory(parser->message);
    *text_out = text;
    return 0;
}

static int skip_newlines(struct parser *parser)
{
    int rc = 0;

    while (rc == 0 && parser->token == TOKEN_NEWLINE)
        rc = next_token(parser);
    return rc;
}

static int expected_value(const struct parser *parser)
{
    if (parser->token == TOKEN_KEY)
        return fail_here(parser, "'%.*s' is no value: a string needs quotes",
                         (int)(parser->at - parser->start), parser->start);
    return fail_here(parser, "expected a number, a quoted string or a [list]");
}

static int parse_value(struct parser *parser, struct config_value *value, unsigned depth);

/* Behind the '[' of a list and after each of its commas. */
static int parse_items(struct parser *parser, struct config_value *list, unsigned depth)
{
    for (;;) {
        int rc = skip_newlines(parser);
        if (rc != 0 || parser->token == TOKEN_CLOSE)
            return rc;
        struct config_value *item = config_value_add(list);
        if (item == NULL)
            return config_no_memory(parser->message);
        rc = parse_value(parser, item, depth);
        if (rc == 0)
            rc = skip_newlines(parser);
        if (rc != 0 || parser->token == TOKEN_CLOSE)
            return rc;
        if (parser->token == TOKEN_END)
            return fail_here(parser, "no closing ] of the list at line %u", list->place.line);
        if (parser->token != TOKEN_COMMA)
            return fail_here(parser, "expected , or ] in the list");
        rc = next_token(parser);
        if (rc != 0)
            return rc;
    }
}

static int parse_list(struct parser *parser, struct config_value *value, unsigned depth)
{
    if (depth == CONFIG_NESTING_MAX)
        return fail_here(parser, "lists nested deeper than %u", CONFIG_NESTING_MAX);
    value->type = CONFIG_LIST;
    int rc = next_token(parser);
    return rc != 0 ? rc : parse_items(parser, value, depth + 1);
}

/* On return the token after the value is at hand. */
static int parse_value(struct parser *parser, struct config_value *value, unsigned depth)
{
    int rc;

    value->place = parser->place;
    switch (parser->token) {
    case TOKEN_OPEN:
        rc = parse_list(parser, value, depth);
        break;
    case TOKEN_STRING:
    case TOKEN_NUMBER:
        value->type = parser->token == TOKEN_STRING ? CONFIG_STRING : CONFIG_NUMBER;
        rc = token_text(parser, &value->text);
        break;
    default:
        return expected_value(parser);
    }
    return rc != 0 ? rc : next_token(parser);
}

/* ---- settings ---- */

static int parse_assignment(struct parser *parser, struct config_settings *settings,
                            const char *name, struct config_place place)
{
    struct config_value value = {0};

    if (parser->token != TOKEN_ASSIGN && parser->token != TOKEN_APPEND)
        return fail_here(parser, "expected = or += after '%s'", name);
    bool append = parser->token == TOKEN_APPEND;
    int rc = next_token(parser);
    if (rc == 0)
        rc = parse_value(parser, &value, 0);
    if (rc != 0) {
        config_value_fini(&value);
        return rc;
    }
    return config_settings_store(settings, name, place, append, &value, parser->message);
}

static int parse_setting(struct parser *parser, struct config_settings *settings)
{
    struct config_place place = parser->place;
    char *name = NULL;

    if (parser->token != TOKEN_KEY)
        return fail_here(parser, "expected KEY = VALUE");
    int rc = token_text(parser, &name);
    if (rc != 0)
        return rc;
    rc = next_token(parser);
    if (rc == 0)
        rc = parse_assignment(parser, settings, name, place);
    if (rc == 0 && parser->token != TOKEN_NEWLINE && parser->token != TOKEN_SEMICOLON &&
        parser->token != TOKEN_END)
        rc = fail_here(parser, "expected the end of the line after the value of '%s'", name);
    free(name);
    return rc;
}

/* A NUL byte would end strings early: it has no place in a text file. */
static int check_bytes(struct parser *parser)
{
    const char *nul = memchr(parser->at, '\0', (size_t)(parser->end - parser->at));

    if (nul == NULL)
        return 0;
    for (const char *at = parser->at; at < nul; at++) {
        if (*at == '\n') {
            parser->line++;
            parser->line_start = at + 1;
        }
    }
    return fail_at(parser, nul, "NUL byte");
}

int config_xl_parse(const char *file, const char *text, size_t length,
                    struct config_settings *settings, char *message)
{
    struct parser parser = {.file = file,
                            .at = text,
                            .end = text + length,
                            .line_start = text,
                            .line = 1,
                            .message = message};
    int rc = check_bytes(&parser);

    if (rc == 0)
        rc = next_token(&parser);
    while (rc == 0 && parser.token != TOKEN_END) {
        if (parser.token == TOKEN_NEWLINE || parser.token == TOKEN_SEMICOLON)
            rc = next_token(&parser);
        else
            rc = parse_setting(&parser, settings);
    }
    return rc;
}
