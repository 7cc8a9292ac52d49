/* What `chaos top` shows, apart from how it gets on a terminal. Private to chaos. */
#ifndef TOP_H
#define TOP_H

#include <stddef.h>
#include <ukvm.h>

enum top_key {
    TOP_CPU,
    TOP_MEMORY,
    TOP_RX,
    TOP_TX,
    TOP_NAME,
};
#define TOP_KEYS 5

struct top_row {
    struct ukvm_stats now;
    /* Since the sample before; 0 for a guest that was not in it. */
    double cpu_percent; /* of one CPU; a guest of two may have 200 */
    double rx_per_s;    /* bytes, towards the guest */
    double tx_per_s;
};

/* Rows by ascending domain id, as they are taken. */
struct top_sample {
    struct top_row *rows;
    size_t count;
    size_t room;
    bool no_memory;
};

/* "cpu", "memory", "rx", "tx" or "name". False: none of them. */
bool top_key_parse(const char *text, enum top_key *key_out);
const char *top_key_name(enum top_key key);
/* The key that a letter chooses on the terminal: c, m, r, t, n. */
bool top_key_of_letter(char letter, enum top_key *key_out);

/* An ukvm_on_stats; arg is a struct top_sample. */
void top_add(void *arg, const struct ukvm_stats *stats);
/* Fill in the rates of now by before, both as they were taken. */
void top_rates(struct top_sample *now, const struct top_sample *before);
/* Largest first, names alphabetically; equal ones by domain id. */
void top_sort(struct top_sample *sample, enum top_key key);

/*
 * Lines, each with a line end and of at most width characters, at most height of them (0: no bound)
 * : a summary, the heads of the columns, a guest each. Printable ASCII only. NULL: out of memory;
 * the caller frees it.
 */
char *top_render(const struct top_sample *sample, enum top_key key, size_t width, size_t height);

#endif
