#include "util/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>

#define LINE_MAX_BYTES 512

static const char *log_program = "chaos";
static enum log_level log_threshold = LOG_LEVEL_INFO;
static bool journal;
static bool to_syslog;

void log_init(const char *program, enum log_level level)
{
    log_program = program;
    log_threshold = level;
    /* systemd sets this when stderr is the journal, which then reads "<level>" prefixes. */
    journal = getenv("JOURNAL_STREAM") != NULL;
}

void log_to_syslog(void)
{
    openlog(log_program, LOG_PID, LOG_DAEMON);
    to_syslog = true;
}

bool log_wanted(enum log_level level)
{
    return level <= log_threshold;
}

static const char *level_word(enum log_level level)
{
    switch (level) {
    case LOG_LEVEL_ERROR:
        return "error: ";
    case LOG_LEVEL_WARNING:
        return "warning: ";
    case LOG_LEVEL_DEBUG:
        return "debug: ";
    case LOG_LEVEL_INFO:
        break;
    }
    return "";
}

/* One write, so that lines of several processes do not mix. */
static void to_stderr(enum log_level level, const char *text)
{
    char line[LINE_MAX_BYTES + 64];
    int length;

    if (journal)
        length = snprintf(line, sizeof(line), "<%d>%s\n", (int)level, text);
    else
        length = snprintf(line, sizeof(line), "%s: %s%s\n", log_program, level_word(level), text);
    /* A log that cannot be written has nobody to tell. */
    if (write(STDERR_FILENO, line, (size_t)length) < 0)
        return;
}

/* Names and texts come from clients and guests: none may make a line of its own, or a colour. */
static void make_printable(char *text)
{
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = '?';
}

void log_line(enum log_level level, const char *format, ...)
{
    char text[LINE_MAX_BYTES];
    va_list args;

    if (!log_wanted(level))
        return;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    make_printable(text);
    if (to_syslog)
        syslog((int)level, "%s", text);
    else
        to_stderr(level, text);
}
