/* What the data plane has counted, for chaosd. May be included by io only. */
#ifndef CHAOS_IO_STATS_H
#define CHAOS_IO_STATS_H

#include "io/io.h"
#include "io/io_msg.h"

/* The answer to a question, whole. -EINVAL: it asks for too many. */
int io_stats(struct io *io, const struct io_msg_stats *question,
             struct io_msg_counters *answer_out);

#endif
