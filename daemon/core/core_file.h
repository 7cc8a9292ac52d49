/*
 * Files for core dumps that a policy asks for: NAME-TIME.core, with the time in seconds since 1970,
 * in a directory of root's. May be included by core only.
 */
#ifndef CHAOS_CORE_CORE_FILE_H
#define CHAOS_CORE_CORE_FILE_H

#include "core/error.h"

struct guest;

/* A new, empty file for this guest's core, its owner's alone to read; the caller closes it. Codes:
   LIMIT (of files in the directory, and of its owner's; root removes them), NO_FILE. */
int core_file_create(struct guest *guest, struct error *error);
/* The one that was created is no core. */
void core_file_remove(const struct guest *guest);

#endif
