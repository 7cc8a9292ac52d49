#include "util/keyval.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>

#include "util/fault.h"

/* Address space, not memory: that is taken as records come. */
#define MAP_BYTES  ((size_t)256 << 20)
/* Pages are made sure of this many at a time, and never fewer than half of them before a write. */
#define RESERVE    64u
#define PAGE_BYTES 4096u

/*
 * WRITEMAP and NOSYNC: pages are written where they are mapped, and the file is the page cache,
 * which outlives us. LMDB never changes a page that the last commit refers to, and commits by one
 * store, so a death in between leaves the state before. NOLOCK: nobody else has it open.
 */
#define ENV_FLAGS  (MDB_NOSUBDIR | MDB_WRITEMAP | MDB_NOSYNC | MDB_NOMETASYNC | MDB_NOLOCK)

struct keyval {
    MDB_env *env;
    MDB_dbi records;
    size_t reserved_pages;
};

/* LMDB's own codes are negative, the system's positive. */
static int to_errno(int rc)
{
    switch (rc) {
    case MDB_MAP_FULL:
        return -ENOSPC;
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_PANIC:
    case MDB_INCOMPATIBLE:
        return -EPROTO;
    default:
        return rc <= 0 ? -EIO : -rc;
    }
}

static int ended(int rc)
{
    return rc == 0 ? 0 : to_errno(rc);
}

/*
 * Writing to a mapped page that a full file system cannot give is a signal, not an error: the
 * system is asked for pages before they are needed.
 */
static int reserve(struct keyval *keyval)
{
    MDB_envinfo info;
    int fd;

    mdb_env_info(keyval->env, &info);
    if (info.me_last_pgno + RESERVE / 2 < keyval->reserved_pages)
        return 0;
    size_t pages = info.me_last_pgno + RESERVE;
    if (pages > MAP_BYTES / PAGE_BYTES)
        return -ENOSPC;
    mdb_env_get_fd(keyval->env, &fd);
    int rc = posix_fallocate(fd, 0, (off_t)(pages * PAGE_BYTES));
    if (rc == 0)
        keyval->reserved_pages = pages;
    return -rc;
}

static int open_records(struct keyval *keyval)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(keyval->env, NULL, 0, &txn);

    if (rc != 0)
        return ended(rc);
    rc = mdb_dbi_open(txn, NULL, MDB_INTEGERKEY, &keyval->records);
    if (rc != 0) {
        mdb_txn_abort(txn);
        return ended(rc);
    }
    return ended(mdb_txn_commit(txn));
}

int keyval_open(const char *path, struct keyval **keyval_out)
{
    struct keyval *keyval = calloc(1, sizeof(*keyval));

    if (keyval == NULL)
        return -ENOMEM;
    int rc = ended(mdb_env_create(&keyval->env));
    if (rc == 0)
        rc = ended(mdb_env_set_mapsize(keyval->env, MAP_BYTES));
    if (rc == 0)
        rc = ended(mdb_env_open(keyval->env, path, ENV_FLAGS, 0600));
    if (rc == 0)
        rc = reserve(keyval);
    if (rc == 0)
        rc = open_records(keyval);
    if (rc < 0) {
        keyval_close(keyval);
        return rc;
    }
    *keyval_out = keyval;
    return 0;
}

void keyval_close(struct keyval *keyval)
{
    if (keyval == NULL)
        return;
    if (keyval->env != NULL)
        mdb_env_close(keyval->env);
    free(keyval);
}

/* data NULL: delete. */
static int change(struct keyval *keyval, uint64_t key, const void *data, size_t size)
{
    MDB_val name = {.mv_size = sizeof(key), .mv_data = &key};
    /* It is for reading too, so it cannot say that the data stays as it is. */
    MDB_val value = {.mv_size = size, .mv_data = (void *)(uintptr_t)data};
    MDB_txn *txn;

    fault_record(data != NULL ? "put" : "delete", "before");
    int rc = mdb_txn_begin(keyval->env, NULL, 0, &txn);
    if (rc != 0)
        return ended(rc);
    if (data != NULL)
        rc = mdb_put(txn, keyval->records, &name, &value, 0);
    else
        rc = mdb_del(txn, keyval->records, &name, NULL);
    fault_record(data != NULL ? "put" : "delete", "half");
    if (rc == 0) {
        rc = mdb_txn_commit(txn);
        fault_record(data != NULL ? "put" : "delete", "after");
        return ended(rc);
    }
    mdb_txn_abort(txn);
    return data == NULL && rc == MDB_NOTFOUND ? 0 : ended(rc);
}

int keyval_put(struct keyval *keyval, uint64_t key, const void *data, size_t size)
{
    int rc = size == 0 || size > KEYVAL_SIZE_MAX ? -EINVAL : reserve(keyval);
    return rc < 0 ? rc : change(keyval, key, data, size);
}

int keyval_delete(struct keyval *keyval, uint64_t key)
{
    int rc = reserve(keyval);
    return rc < 0 ? rc : change(keyval, key, NULL, 0);
}

static int visit(MDB_cursor *cursor, keyval_fn *fn, void *arg)
{
    MDB_val name, value;
    int rc;

    while ((rc = mdb_cursor_get(cursor, &name, &value, MDB_NEXT)) == 0) {
        uint64_t key;
        if (name.mv_size != sizeof(key))
            return -EPROTO;
        memcpy(&key, name.mv_data, sizeof(key));
        fn(arg, key, value.mv_data, value.mv_size);
    }
    return rc == MDB_NOTFOUND ? 0 : ended(rc);
}

int keyval_each(struct keyval *keyval, keyval_fn *fn, void *arg)
{
    MDB_cursor *cursor;
    MDB_txn *txn;
    int rc = mdb_txn_begin(keyval->env, NULL, MDB_RDONLY, &txn);

    if (rc != 0)
        return ended(rc);
    rc = mdb_cursor_open(txn, keyval->records, &cursor);
    if (rc == 0) {
        rc = visit(cursor, fn, arg);
        mdb_cursor_close(cursor);
    } else {
        rc = ended(rc);
    }
    mdb_txn_abort(txn);
    return rc;
}
