/*
 * JSON as text. Private to libukvm.
 */
#ifndef JSON_TEXT_H
#define JSON_TEXT_H

#include <jansson.h>

/*
 * The compact text of any value, for free(); NULL if memory is out. Unlike json_dumps, which drops
 * a quote when its buffer cannot grow (jansson 2.14).
 */
char *json_text(const json_t *value, size_t flags);

#endif
