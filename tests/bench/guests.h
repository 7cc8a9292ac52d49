/*
 * Guests as the benchmarks make them: numbered ones of a configuration file, by a path that must
 * be taken, and the pool that they come from. For tests/bench only; every error ends the program.
 */
#ifndef BENCH_GUESTS_H
#define BENCH_GUESTS_H

#include <stdbool.h>
#include <stddef.h>

#include "bench.h"
#include "ukvm.h"

#define NOOP_CFG    "/usr/share/chaos/guests/noop.cfg"
#define DAYTIME_CFG "/usr/share/chaos/guests/daytime.cfg"

struct guests {
    struct ukvm *ukvm;
    const char *image;      /* configuration file */
    unsigned memory_mib;    /* 0: what the file says */
    struct ukvm_guest like; /* what the pool is filled for; set by guests_pool */
};

void guests_open(struct guests *guests);
void guests_close(struct guests *guests);

/* The name of number: "bench-NUMBER",, valid during four calls more. */
const char *guests_name(size_t number);
/* The configuration of number, the caller's. */
struct ukvm_config *guests_config(const struct guests *guests, size_t number);
/* As options say; fails if path_taken is not what their path asks for. */
void guests_create(struct guests *guests, struct ukvm_config *config,
                   struct ukvm_create_options *options, struct ukvm_guest *guest_out);
void guests_destroy(struct guests *guests, const char *name);

/*
 * Have target shells ready from now on, with the image or empty; 0: none. The kind is learnt from a
 * guest that is made cold.
 */
void guests_pool(struct guests *guests, bool loaded, unsigned target);
/* Waits until the pool has what it should. False: it did not have it at once. */
bool guests_pool_wait(struct guests *guests);

/* Waits until TCP port 13 of the guest has sent a byte. */
void guests_await_answer(const struct ukvm_guest *guest);
/* Whether it answers a ping within a second. */
bool guests_ping(const struct ukvm_guest *guest);

/* "1,2" into at most GUESTS_SIZES numbers of MiB; returns how many. */
#define GUESTS_SIZES 8
unsigned guests_sizes(char *list, unsigned sizes_out[GUESTS_SIZES]);
/* 1 and 2 MiB for noop, else what the file says (0); returns how many. */
unsigned guests_default_sizes(const char *image, unsigned sizes_out[GUESTS_SIZES]);

/* What is free, as Xen counts. */
double guests_free_bytes(struct guests *guests);

#endif
