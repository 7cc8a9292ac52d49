#include "util/seal.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Hypercalls need none: the devices are root's, and it stays root. */
static const unsigned kept[] = {
    CAP_NET_ADMIN,        /* TAPs, links, nftables */
    CAP_NET_BIND_SERVICE, /* published ports below 1024 */
    CAP_CHOWN,            /* the socket's group */
    CAP_DAC_READ_SEARCH,  /* images that root names for the pool may lie under a user's home */
    CAP_KILL,             /* to end chaos-iod, which is another user's process */
    CAP_SETUID,           /* the others: for chaos-iod to become that, in an empty root directory */
    CAP_SETGID,
    CAP_SETPCAP,
    CAP_SYS_CHROOT,
};

#define WORDS _LINUX_CAPABILITY_U32S_3

static bool is_kept(unsigned capability)
{
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        if (kept[i] == capability)
            return true;
    return false;
}

static int failed(char *text, int errnum)
{
    snprintf(text, SEAL_TEXT_MAX, "cannot give up capabilities: %s", strerror(errnum));
    return -errnum;
}

int seal_capabilities(char *text)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[WORDS] = {0};

    /* The bounding set goes first, while there is the right to: exec gives root what it holds. */
    for (unsigned cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
        if (!is_kept(cap) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
            return failed(text, errno);
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
        return failed(text, errno);
    if (syscall(SYS_capget, &header, sets) < 0)
        return failed(text, errno);
    for (unsigned word = 0; word < WORDS; word++) {
        uint32_t mask = 0;
        for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
            mask |= CAP_TO_INDEX(kept[i]) == word ? CAP_TO_MASK(kept[i]) : 0;
        sets[word].permitted &= mask; /* in a container there may be fewer */
        sets[word].effective = sets[word].permitted;
        sets[word].inheritable = 0;
    }
    if (syscall(SYS_capset, &header, sets) < 0)
        return failed(text, errno);
    return 0;
}
