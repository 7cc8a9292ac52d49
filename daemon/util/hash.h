/*
 * Intrusive hash table over 64-bit keys. May be included by every daemon layer. Several nodes may
 * have one key: callers whose keys are digests compare the owners.
 */
#ifndef CHAOS_HASH_H
#define CHAOS_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_node {
    struct hash_node *next;
    uint64_t key;
};

struct hash {
    struct hash_node **buckets;
    size_t bucket_count; /* 0 or a power of two */
    size_t count;
};

#define HASH_OWNER(node, type, member) ((type *)((char *)(node)-offsetof(type, member)))

/* A zeroed struct hash is a valid empty table. Nodes are the caller's. */
void hash_fini(struct hash *hash);
/* 0, or -ENOMEM with the node not added. */
int hash_add(struct hash *hash, struct hash_node *node, uint64_t key);
/* The node must be in the table. */
void hash_remove(struct hash *hash, struct hash_node *node);
struct hash_node *hash_find(const struct hash *hash, uint64_t key);
struct hash_node *hash_find_next(const struct hash_node *node);
/* A digest of a string, for use as a key. */
uint64_t hash_text(const char *text);

#endif
