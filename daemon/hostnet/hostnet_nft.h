/*
 * The nftables rules of this program: one table, "ip chaos", and nothing outside of it. May be
 * included by hostnet only. int functions return 0, or -errno with one line in text
 * (HOSTNET_TEXT_MAX bytes).
 */
#ifndef CHAOS_HOSTNET_NFT_H
#define CHAOS_HOSTNET_NFT_H

#include <stdbool.h>

#include "hostnet/hostnet.h"

struct nft_ctx;

struct hostnet_nft {
    struct nft_ctx *context; /* NULL: no table of ours */
};

/* Make the table for this uplink, in place of what a predecessor left. */
int hostnet_nft_open(struct hostnet_nft *nft, const struct hostnet_uplink *uplink, char *text);
/* Delete the table, unless it stays. Safe on zeroed memory. */
void hostnet_nft_close(struct hostnet_nft *nft, bool stays);
int hostnet_nft_publish(struct hostnet_nft *nft, const struct hostnet_publish *rule, char *text);
void hostnet_nft_unpublish(struct hostnet_nft *nft, const struct hostnet_publish *rule);

#endif
