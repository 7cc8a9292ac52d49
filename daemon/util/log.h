/*
 * The daemons' log: one line an event on stderr, or to syslog once log_to_syslog was called.
 * Under systemd lines carry the journal's level prefix. May be included by every daemon layer;
 * libraries do not log.
 */
#ifndef CHAOS_LOG_H
#define CHAOS_LOG_H

#include <stdbool.h>

enum log_level {
    LOG_LEVEL_ERROR = 3, /* syslog's numbers */
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7,
};

/* program: borrowed for good. Lines above level are dropped. */
void log_init(const char *program, enum log_level level);
/* From now on lines go to syslog: for a daemon without a terminal. */
void log_to_syslog(void);
bool log_wanted(enum log_level level);
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...)   log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_line(LOG_LEVEL_INFO, __VA_ARGS__)
/* Arguments are not evaluated when the line is not wanted. */
#define log_debug(...)                                                                             \
    do {                                                                                           \
        if (log_wanted(LOG_LEVEL_DEBUG))                                                           \
            log_line(LOG_LEVEL_DEBUG, __VA_ARGS__);                                                \
    } while (0)

#endif
