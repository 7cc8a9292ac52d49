/*
 * All guests of this host: found by name, domain id, UUID prefix, id and control port. May be
 * included by core; ctl looks guests up. Guests that are gone but not yet released are found by
 * id only. Shells have no name yet: they are found by those who know their domain id or their
 * port, and by no user.
 */
#ifndef CHAOS_CORE_GUEST_TABLE_H
#define CHAOS_CORE_GUEST_TABLE_H

#include "core/guest.h"

struct guest_table {
    struct list all; /* gone ones included */
    struct hash by_name;
    struct hash by_id;
    struct hash by_port;
    struct guest **by_domid; /* ascending */
    size_t domid_count;
    size_t domid_room;
    size_t named;          /* guests that have a name and are not gone */
    uint64_t vcpus;        /* of all, shells and those not released yet included */
    uint64_t mapped_pages; /* likewise, in dom0 */
    uint64_t last_id;
};

void guest_table_init(struct guest_table *table, uint64_t first_id);
void guest_table_fini(struct guest_table *table);

/* Give the guest its id, and reserve its name if it has one. -EEXIST, -ENOMEM. */
int guest_table_add(struct guest_table *table, struct guest *guest);
/* The same with the id that it had under a former chaosd. */
int guest_table_restore(struct guest_table *table, struct guest *guest, uint64_t id);
/* Name a guest that has none. -EEXIST, -ENOMEM. */
int guest_table_name(struct guest_table *table, struct guest *guest, const char *name);
/* Give one that has a name another. -EEXIST, -ENOMEM. */
int guest_table_rename(struct guest_table *table, struct guest *guest, const char *name);
/* Make it findable by domain id. -ENOMEM. */
int guest_table_add_domid(struct guest_table *table, struct guest *guest);
int guest_table_add_port(struct guest_table *table, struct guest *guest);
void guest_table_remove_port(struct guest_table *table, struct guest *guest);
/* Its domain is gone, and with it what counts; safe to call again. */
void guest_table_release(struct guest_table *table, struct guest *guest);
/* Out of all lists; still found by id. */
void guest_table_hide(struct guest_table *table, struct guest *guest);
/* Out of the table for good. */
void guest_table_remove(struct guest_table *table, struct guest *guest);

struct guest *guest_table_by_name(const struct guest_table *table, const char *name);
struct guest *guest_table_by_id(const struct guest_table *table, uint64_t id);
struct guest *guest_table_by_port(const struct guest_table *table, struct hv_port port);
struct guest *guest_table_by_domid(const struct guest_table *table, uint32_t domid);
/* Index in by_domid of the first guest with a domain id of at least domid. */
size_t guest_table_from_domid(const struct guest_table *table, uint32_t domid);
/* Index in by_domid of the first guest from at on that has a name. */
size_t guest_table_next_named(const struct guest_table *table, size_t at);

/* By name, domain id in decimal, or unique UUID prefix. Codes: NOT_FOUND, AMBIGUOUS. */
int guest_table_find(const struct guest_table *table, const char *text, struct guest **guest_out,
                     struct error *error);

#endif
