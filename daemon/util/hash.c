#include "util/hash.h"

#include <errno.h>
#include <stdlib.h>

#define FIRST_BUCKETS 16u

/* Spreads keys such as domain ids and port numbers, which differ in their low bits only. */
static size_t bucket_of(const struct hash *hash, uint64_t key)
{
    return (size_t)(key * 0x9e3779b97f4a7c15u >> 32) & (hash->bucket_count - 1);
}

static int grow(struct hash *hash)
{
    struct hash bigger = {.bucket_count =
                              hash->bucket_count ? hash->bucket_count * 2 : FIRST_BUCKETS,
                          .count = hash->count};
    bigger.buckets = calloc(bigger.bucket_count, sizeof(struct hash_node *));
    if (bigger.buckets == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < hash->bucket_count; i++) {
        for (struct hash_node *node = hash->buckets[i], *next; node != NULL; node = next) {
            size_t bucket = bucket_of(&bigger, node->key);
            next = node->next;
            node->next = bigger.buckets[bucket];
            bigger.buckets[bucket] = node;
        }
    }
    free(hash->buckets);
    *hash = bigger;
    return 0;
}

void hash_fini(struct hash *hash)
{
    free(hash->buckets);
    *hash = (struct hash){0};
}

int hash_add(struct hash *hash, struct hash_node *node, uint64_t key)
{
    /* A table that cannot grow gets slower; only one without buckets cannot take the node. */
    if (hash->count >= hash->bucket_count && grow(hash) < 0 && hash->bucket_count == 0)
        return -ENOMEM;
    size_t bucket = bucket_of(hash, key);
    node->key = key;
    node->next = hash->buckets[bucket];
    hash->buckets[bucket] = node;
    hash->count++;
    return 0;
}

void hash_remove(struct hash *hash, struct hash_node *node)
{
    struct hash_node **link = &hash->buckets[bucket_of(hash, node->key)];
    while (*link != node)
        link = &(*link)->next;
    *link = node->next;
    node->next = NULL;
    hash->count--;
}

static struct hash_node *skip_to(struct hash_node *node, uint64_t key)
{
    while (node != NULL && node->key != key)
        node = node->next;
    return node;
}

struct hash_node *hash_find(const struct hash *hash, uint64_t key)
{
    return hash->count == 0 ? NULL : skip_to(hash->buckets[bucket_of(hash, key)], key);
}

struct hash_node *hash_find_next(const struct hash_node *node)
{
    return skip_to(node->next, node->key);
}

uint64_t hash_text(const char *text)
{
    uint64_t digest = 0xcbf29ce484222325u; /* FNV-1a */
    for (; *text != '\0'; text++)
        digest = (digest ^ (uint8_t)*text) * 0x100000001b3u;
    return digest;
}
