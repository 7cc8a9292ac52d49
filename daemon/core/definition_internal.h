/* What definition.c shares with definition_run.c and define.c, beside its interface. */
#ifndef CHAOS_CORE_DEFINITION_INTERNAL_H
#define CHAOS_CORE_DEFINITION_INTERNAL_H

#include "core/core.h"
#include "core/definition.h"

/* 0: the table has it. -EEXIST: another has its name; -ENOMEM. */
int definition_add(struct definition *definition);
void definition_move(struct definition *definition, enum definition_state state);
/* The directory of its files. */
int definition_directory(const struct definition *definition);
/* Sets the size of its image, if with it its owner's are not too many. Code: LIMIT. */
int definition_admit_image(struct definition *definition, uint64_t bytes, struct error *error);
/* Nobody wants it up any more, note (or NULL) says why. One that is not persistent is gone then. */
void definition_rest(struct definition *definition, const char *note);
/* Remove one that is DEFINED, with its files. */
void definition_remove(struct definition *definition);
/* The same to one that is over, because it was for one guest; nothing to others. */
void definition_settle(struct definition *definition);
/* Builds its guest; state is DEFINED or WAITING. False: error is set, and nothing has begun. */
int definition_launch(struct definition *definition, const struct create_request *how,
                      struct error *error);
/* definition_launch() that nobody had asked for has failed. */
void definition_failed_again(struct definition *definition, const struct error *error);

/* Forget that it is to be up, though it has no guest (definition_run.c). */
void definition_run_remove(struct definition *definition);
/* What a former chaosd has recorded of them, before anything ends. */
void definition_run_load(struct core *core);

#endif
