#include "core/guest_table.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define UUID_PREFIX_MIN 4u
#define DOMID_ROOM_MIN  64u

void guest_table_init(struct guest_table *table, uint64_t first_id)
{
    *table = (struct guest_table){.last_id = first_id};
    list_init(&table->all);
}

void guest_table_fini(struct guest_table *table)
{
    hash_fini(&table->by_name);
    hash_fini(&table->by_id);
    hash_fini(&table->by_port);
    free(table->by_domid);
    table->by_domid = NULL;
}

static int reserve_name(struct guest_table *table, struct guest *guest, const char *name)
{
    if (guest_table_by_name(table, name) != NULL)
        return -EEXIST;
    int rc = hash_add(&table->by_name, &guest->by_name, hash_text(name));
    if (rc == 0)
        table->named++;
    return rc;
}

int guest_table_add(struct guest_table *table, struct guest *guest)
{
    return guest_table_restore(table, guest, ++table->last_id);
}

int guest_table_restore(struct guest_table *table, struct guest *guest, uint64_t id)
{
    guest->id = id;
    if (guest_table_by_id(table, id) != NULL)
        return -EEXIST;
    int rc = hash_add(&table->by_id, &guest->by_id, guest->id);
    if (rc < 0)
        return rc;
    if (!guest_is_shell(guest))
        rc = reserve_name(table, guest, guest->name);
    if (rc < 0) {
        hash_remove(&table->by_id, &guest->by_id);
        return rc;
    }
    list_append(&table->all, &guest->all);
    table->vcpus += guest->vcpus;
    table->mapped_pages += guest->layout.window_pages;
    guest->counted = true;
    return 0;
}

void guest_table_release(struct guest_table *table, struct guest *guest)
{
    if (!guest->counted)
        return;
    guest->counted = false;
    table->vcpus -= guest->vcpus;
    table->mapped_pages -= guest->layout.window_pages;
}

int guest_table_name(struct guest_table *table, struct guest *guest, const char *name)
{
    int rc = reserve_name(table, guest, name);

    if (rc == 0)
        snprintf(guest->name, sizeof(guest->name), "%s", name);
    return rc;
}

int guest_table_rename(struct guest_table *table, struct guest *guest, const char *name)
{
    if (guest_table_by_name(table, name) != NULL)
        return -EEXIST;
    hash_remove(&table->by_name, &guest->by_name);
    /* There is room for as many as there were. */
    int rc = hash_add(&table->by_name, &guest->by_name, hash_text(name));
    if (rc < 0)
        return rc;
    /* All of it: it goes into a page that the guest reads. */
    memset(guest->name, 0, sizeof(guest->name));
    memcpy(guest->name, name, strlen(name));
    return 0;
}

static int make_room(struct guest_table *table)
{
    if (table->domid_count < table->domid_room)
        return 0;
    size_t room = table->domid_room > 0 ? table->domid_room * 2 : DOMID_ROOM_MIN;
    struct guest **bigger = realloc(table->by_domid, room * sizeof(struct guest *));
    if (bigger == NULL)
        return -ENOMEM;
    table->by_domid = bigger;
    table->domid_room = room;
    return 0;
}

int guest_table_add_domid(struct guest_table *table, struct guest *guest)
{
    int rc = make_room(table);
    if (rc < 0)
        return rc;
    size_t at = guest_table_from_domid(table, guest->domid);
    memmove(&table->by_domid[at + 1], &table->by_domid[at],
            (table->domid_count - at) * sizeof(struct guest *));
    table->by_domid[at] = guest;
    table->domid_count++;
    return 0;
}

static void remove_domid(struct guest_table *table, const struct guest *guest)
{
    size_t at = guest_table_from_domid(table, guest->domid);

    if (at == table->domid_count || table->by_domid[at] != guest)
        return;
    table->domid_count--;
    memmove(&table->by_domid[at], &table->by_domid[at + 1],
            (table->domid_count - at) * sizeof(struct guest *));
}

int guest_table_add_port(struct guest_table *table, struct guest *guest)
{
    return hash_add(&table->by_port, &guest->control.by_port, guest->control.port.n);
}

void guest_table_remove_port(struct guest_table *table, struct guest *guest)
{
    if (guest_table_by_port(table, guest->control.port) == guest)
        hash_remove(&table->by_port, &guest->control.by_port);
}

void guest_table_hide(struct guest_table *table, struct guest *guest)
{
    remove_domid(table, guest);
    if (guest_is_shell(guest))
        return;
    hash_remove(&table->by_name, &guest->by_name);
    table->named--;
}

void guest_table_remove(struct guest_table *table, struct guest *guest)
{
    guest_table_release(table, guest);
    hash_remove(&table->by_id, &guest->by_id);
    list_remove(&guest->all);
}

struct guest *guest_table_by_name(const struct guest_table *table, const char *name)
{
    for (struct hash_node *node = hash_find(&table->by_name, hash_text(name)); node != NULL;
         node = hash_find_next(node)) {
        struct guest *guest = HASH_OWNER(node, struct guest, by_name);
        if (strcmp(guest->name, name) == 0)
            return guest;
    }
    return NULL;
}

struct guest *guest_table_by_id(const struct guest_table *table, uint64_t id)
{
    struct hash_node *node = hash_find(&table->by_id, id);
    return node == NULL ? NULL : HASH_OWNER(node, struct guest, by_id);
}

struct guest *guest_table_by_port(const struct guest_table *table, struct hv_port port)
{
    struct hash_node *node = hash_find(&table->by_port, port.n);
    return node == NULL ? NULL : HASH_OWNER(node, struct guest, control.by_port);
}

size_t guest_table_from_domid(const struct guest_table *table, uint32_t domid)
{
    size_t low = 0, high = table->domid_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (table->by_domid[middle]->domid < domid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t guest_table_next_named(const struct guest_table *table, size_t at)
{
    while (at < table->domid_count && guest_is_shell(table->by_domid[at]))
        at++;
    return at;
}

struct guest *guest_table_by_domid(const struct guest_table *table, uint32_t domid)
{
    size_t at = guest_table_from_domid(table, domid);
    bool found = at < table->domid_count && table->by_domid[at]->domid == domid;
    return found ? table->by_domid[at] : NULL;
}

static struct guest *find_domid(const struct guest_table *table, const char *text)
{
    char *end;

    if (!isdigit((unsigned char)*text) || strlen(text) > 5)
        return NULL;
    unsigned long domid = strtoul(text, &end, 10);
    struct guest *guest = guest_table_by_domid(table, (uint32_t)domid);
    return *end == '\0' && guest != NULL && !guest_is_shell(guest) ? guest : NULL;
}

static unsigned find_uuid(const struct guest_table *table, const char *text,
                          struct guest **guest_out)
{
    unsigned found = 0;
    size_t length = strlen(text);

    if (length < UUID_PREFIX_MIN || length >= GUEST_UUID_TEXT)
        return 0;
    for (size_t i = guest_table_next_named(table, 0); i < table->domid_count;
         i = guest_table_next_named(table, i + 1)) {
        char uuid[GUEST_UUID_TEXT];
        guest_format_uuid(table->by_domid[i], uuid);
        if (strncasecmp(uuid, text, length) == 0) {
            *guest_out = table->by_domid[i];
            found++;
        }
    }
    return found;
}

int guest_table_find(const struct guest_table *table, const char *text, struct guest **guest_out,
                     struct error *error)
{
    struct guest *guest = guest_table_by_name(table, text);
    if (guest == NULL)
        guest = find_domid(table, text);
    if (guest == NULL && find_uuid(table, text, &guest) > 1)
        return error_set(error, UKVM_E_AMBIGUOUS,
                         "several guests have a UUID that starts with '%.40s'; give more of it",
                         text);
    if (guest == NULL)
        return error_set(error, UKVM_E_NOT_FOUND,
                         "no guest '%.64s'; 'chaos list' shows those there are", text);
    *guest_out = guest;
    return 0;
}
