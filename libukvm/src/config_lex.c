#include "config_lex.h"

#include <stdlib.h>
#include <string.h>

struct config_place config_lex_place(const struct config_lexer *lexer, const char *at)
{
    return (struct config_place){
        .file = lexer->file, .line = lexer->line, .column = (unsigned)(at - lexer->line_start) + 1};
}

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

static int scan_while(struct config_lexer *lexer, enum config_token token, bool (*belongs)(char))
{
    while (lexer->at < lexer->end && belongs(*lexer->at))
        lexer->at++;
    lexer->token = token;
    return 0;
}

static int scan_string(struct config_lexer *lexer)
{
    char quote = *lexer->start;

    while (lexer->at < lexer->end && *lexer->at != quote && *lexer->at != '\n') {
#ifdef CHAOS_PLANTED_BUG_CONFIG
        if (*lexer->at == '\\' && lexer->at[1] != '\n')
#else
        if (*lexer->at == '\\' && lexer->at + 1 < lexer->end && lexer->at[1] != '\n')
#endif
            lexer->at++;
        lexer->at++;
    }
    if (lexer->at == lexer->end || *lexer->at != quote)
        return lex_fail_here(lexer, "no closing %c on this line", quote);
    lexer->at++;
    lexer->token = TOKEN_STRING;
    return 0;
}

static int scan_comment(struct config_lexer *lexer)
{
    while (lexer->at < lexer->end && *lexer->at != '\n')
        lexer->at++;
    if (lexer->at < lexer->end)
        lexer->at++;
    lexer->token = TOKEN_NEWLINE;
    return 0;
}

static int unexpected_byte(const struct config_lexer *lexer, char c)
{
    if (c == '\r')
        return lex_fail_here(lexer, "carriage return: the file has DOS line ends, convert it");
    if (c >= 'A' && c <= 'Z')
        return lex_fail_here(lexer, "'%c': keys are lower case and strings need quotes", c);
    if (c > ' ' && c < 0x7f)
        return lex_fail_here(lexer, "unexpected '%c'", c);
    return lex_fail_here(lexer, "unexpected byte 0x%02x", (unsigned)(unsigned char)c);
}

static int scan_symbol(struct config_lexer *lexer, char c)
{
    switch (c) {
    case '\n':
        lexer->token = TOKEN_NEWLINE;
        return 0;
    case ';':
        lexer->token = TOKEN_SEMICOLON;
        return 0;
    case '=':
        lexer->token = TOKEN_ASSIGN;
        return 0;
    case '[':
        lexer->token = TOKEN_OPEN;
        return 0;
    case ']':
        lexer->token = TOKEN_CLOSE;
        return 0;
    case ',':
        lexer->token = TOKEN_COMMA;
        return 0;
    case '+':
        if (lexer->at == lexer->end || *lexer->at != '=')
            return lex_fail_here(lexer, "'+' without '='");
        lexer->at++;
        lexer->token = TOKEN_APPEND;
        return 0;
    default:
        return unexpected_byte(lexer, c);
    }
}

int config_lex_next(struct config_lexer *lexer)
{
    if (lexer->token == TOKEN_NEWLINE) {
        lexer->line++;
        lexer->line_start = lexer->at;
    }
    while (lexer->at < lexer->end && (*lexer->at == ' ' || *lexer->at == '\t'))
        lexer->at++;
    lexer->start = lexer->at;
    lexer->place = config_lex_place(lexer, lexer->at);
    if (lexer->at == lexer->end) {
        lexer->token = TOKEN_END;
        return 0;
    }
    char c = *lexer->at++;
    if (is_lower(c))
        return scan_while(lexer, TOKEN_KEY, is_key_char);
    if (is_digit(c))
        return scan_while(lexer, TOKEN_NUMBER, is_number_char);
    if (c == '\'' || c == '"')
        return scan_string(lexer);
    if (c == '#')
        return scan_comment(lexer);
    return scan_symbol(lexer, c);
}

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

static int decode_string(struct config_lexer *lexer, char **text_out)
{
    const char *at = lexer->start + 1, *end = lexer->at - 1;
    char *text = malloc((size_t)(end - at) + 1), *to = text;

    if (text == NULL)
        return config_no_memory(lexer->message);
    for (; at < end; at++) {
        if (*at != '\\') {
            *to++ = *at;
            continue;
        }
        *to = escape(*++at);
        if (*to++ == '\0') {
            free(text);
            if (*at == 'x' || is_digit(*at))
                return lex_fail_at(lexer, at - 1,
                                   "numeric escapes are not supported, as xl loses them");
            return lex_fail_at(lexer, at - 1, "unknown escape '\\%c'", *at);
        }
    }
    *to = '\0';
    *text_out = text;
    return 0;
}

int config_lex_text(struct config_lexer *lexer, char **text_out)
{
    if (lexer->token == TOKEN_STRING)
        return decode_string(lexer, text_out);
    char *text = strndup(lexer->start, (size_t)(lexer->at - lexer->start));
    if (text == NULL)
        return config_no_memory(lexer->message);
    *text_out = text;
    return 0;
}
