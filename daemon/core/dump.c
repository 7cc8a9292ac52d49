/* A core dump, in the order it happens. */
#include "core/dump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/core.h"
#include "core/dump_elf.h"
#include "core/dump_writer.h"
#include "util/log.h"

#define PIECE_PAGES (DUMP_WRITER_BYTES / HV_PAGE_SIZE)
#define TEXT_MAX    512u

enum step {
    STEP_MEMORY,
    STEP_HEAD, /* last, so that a file that is not complete is no core */
    STEP_FINISH,
};

struct dump {
    struct guest *guest;
    struct dump_writer *writer;
    struct loop_watch *watch;
    enum step step;
    uint64_t next_gfn;
    uint8_t *head;
    size_t head_size;
    dump_done_fn *done;
    void *arg;
};

/* ---- standing still ----------------------------------------------------------------- */

/* Recorded first: the next chaosd lets it run on if this one does not. */
static int hold_still(struct guest *guest)
{
    struct hv *hv = guest->core->hv;

    if (!guest_alive(guest) || guest_state(guest) == GUEST_PAUSED)
        return 0;
    guest->still = true;
    store_refresh(guest);
    int rc = hv->ops->domain_pause(hv, guest->domid);
    if (rc == 0)
        return 0;
    guest->still = false;
    store_refresh(guest);
    return rc;
}

static void let_run(struct guest *guest)
{
    struct hv *hv = guest->core->hv;

    if (!guest->still)
        return;
    guest->still = false;
    if (guest_hold(guest) != GUEST_HELD)
        return;
    int rc = hv->ops->domain_unpause(hv, guest->domid);
    if (rc < 0)
        log_error("%s: stands still after its dump: %s", guest->name, strerror(-rc));
    store_refresh(guest);
}

/* ---- the end ------------------------------------------------------------------------ */

static void dump_free(struct dump *dump)
{
    if (dump->watch != NULL)
        dump->guest->core->loop->ops->watch_destroy(dump->watch);
    if (dump->writer != NULL)
        dump_writer_destroy(dump->writer);
    free(dump->head);
    free(dump);
}

static void end(struct dump *dump, const struct error *error)
{
    struct guest *guest = dump->guest;
    dump_done_fn *done = dump->done;
    void *arg = dump->arg;

    guest->dump = NULL;
    dump_free(dump);
    let_run(guest);
    done(arg, error);
}

static void fail(struct dump *dump, int rc, const char *what)
{
    struct error error;

    error_set(&error, UKVM_E_INTERNAL, "%s: dump: %s: %s", dump->guest->name, what, strerror(-rc));
    end(dump, &error);
}

void dump_abort(struct guest *guest)
{
    struct error error;

    if (guest->dump == NULL)
        return;
    error_set(&error, UKVM_E_BAD_STATE, "%s: ended before its dump was complete", guest->name);
    end(guest->dump, &error);
}

void dump_abandon(struct guest *guest)
{
    struct error error;

    if (guest->dump == NULL)
        return;
    error_set(&error, UKVM_E_NO_DAEMON, "%s: chaosd is stopping; the dump is not complete",
              guest->name);
    end(guest->dump, &error);
}

void dump_forget(struct guest *guest)
{
    if (guest->dump != NULL)
        dump_free(guest->dump);
    guest->dump = NULL;
}

/* ---- memory ------------------------------------------------------------------------- */

/* Its id may be another domain's by now, whose memory is nobody's to see. */
static bool is_there(const struct guest *guest)
{
    struct hv *hv = guest->core->hv;
    struct hv_domain_info info;

    return hv->ops->domain_list(hv, guest->domid, &info, 1) == 1 && info.domid == guest->domid &&
           !info.dying && memcmp(info.uuid, guest->uuid, sizeof(guest->uuid)) == 0;
}

/* The next piece, or, of frames that are not there, a hole. 0 or -errno. */
static int copy_piece(struct dump *dump)
{
    struct guest *guest = dump->guest;
    struct hv *hv = guest->core->hv;
    uint64_t gfn = dump->next_gfn;
    uint64_t left = guest->layout.ram_pages - gfn;
    size_t pages = left < PIECE_PAGES ? (size_t)left : PIECE_PAGES;

    if (!is_there(guest))
        return -ESRCH;
    int count = hv->ops->domain_copy(hv, guest->domid, (struct hv_gfn){gfn}, pages,
                                     dump_writer_buffer(dump->writer));
    if (count < 0)
        return count;
    dump->next_gfn += pages;
    dump_writer_write(dump->writer, count > 0 ? pages * HV_PAGE_SIZE : 0,
                      dump->head_size + gfn * HV_PAGE_SIZE);
    return 0;
}

static void write_head(struct dump *dump)
{
    memcpy(dump_writer_buffer(dump->writer), dump->head, dump->head_size);
    dump_writer_write(dump->writer, dump->head_size, 0);
}

static void on_written(void *arg, int fd, unsigned ready)
{
    struct dump *dump = arg;
    struct guest *guest = dump->guest;
    struct error error;
    int rc;

    (void)fd;
    (void)ready;
    if (!dump_writer_result(dump->writer, &rc))
        return;
    if (rc < 0) {
        error_set(&error, UKVM_E_NO_FILE, "%s: dump: cannot write the file: %s", guest->name,
                  strerror(-rc));
        end(dump, &error);
        return;
    }
    if (dump->step == STEP_FINISH) {
        end(dump, NULL);
    } else if (dump->step == STEP_HEAD) {
        dump->step = STEP_FINISH;
        dump_writer_finish(dump->writer, dump->head_size + guest->layout.ram_pages * HV_PAGE_SIZE);
    } else if (dump->next_gfn == guest->layout.ram_pages) {
        dump->step = STEP_HEAD;
        write_head(dump);
    } else {
        rc = copy_piece(dump);
        if (rc < 0)
            fail(dump, rc, "memory");
    }
}

/* ---- the beginning ------------------------------------------------------------------ */

static int check_state(const struct guest *guest, struct error *error)
{
    enum guest_state state = guest_state(guest);
    bool kept =
        (state == GUEST_STOPPED || state == GUEST_CRASHED) && guest_hold(guest) == GUEST_HELD;

    if (guest->dump != NULL)
        return error_set(error, UKVM_E_BAD_STATE, "%s: is being dumped already", guest->name);
    if (!guest_alive(guest) && !kept)
        return error_set(error, UKVM_E_BAD_STATE, "%s: is %s; its memory is not there%s",
                         guest->name, guest_state_name(guest),
                         state == GUEST_CRASHED ? " any more: on_crash='preserve' keeps it" : "");
    return 0;
}

/* Answered from what the kernel knows, so that a file server that never answers holds up nobody. */
static int check_file(int fd, struct error *error)
{
    struct statx st;
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &st) < 0)
        return error_set(error, UKVM_E_NO_FILE, "dump: the file: %s", strerror(errno));
    if (!S_ISREG(st.stx_mode))
        return error_set(error, UKVM_E_NO_FILE, "dump: the file must be a regular file");
    if ((flags & O_PATH) != 0 || (flags & O_ACCMODE) == O_RDONLY || (flags & O_APPEND) != 0)
        return error_set(error, UKVM_E_NO_FILE,
                         "dump: the file must be open for writing, and not for appending");
    return 0;
}

static int check_limits(const struct guest *guest, struct error *error)
{
    if (guest->owner != 0 && dump_writer_count(guest->owner) >= LIMIT_USER_DUMPS)
        return limit_reached(error, LIMIT_ID_USER_DUMPS);
    if (dump_writer_count((uid_t)-1) >= LIMIT_DUMPS)
        return limit_reached(error, LIMIT_ID_DUMPS);
    return 0;
}

static int read_vcpus(const struct guest *guest, struct dump_elf_vcpu *vcpus, size_t *count_out)
{
    struct hv *hv = guest->core->hv;
    size_t count = 0;

    for (uint32_t i = 0; i < guest->vcpus; i++) {
        int rc = hv->ops->vcpu_registers(hv, guest->domid, i, &vcpus[count].registers);
        if (rc == -ENODATA)
            continue;
        if (rc < 0)
            return rc;
        vcpus[count++].number = i;
    }
    *count_out = count;
    return 0;
}

static void describe(const struct guest *guest, char text[TEXT_MAX])
{
    char uuid[GUEST_UUID_TEXT];

    guest_format_uuid(guest, uuid);
    snprintf(text, TEXT_MAX, "name=%s\nuuid=%s\nstate=%s\nreason=%s\n", guest->name, uuid,
             guest_state_name(guest), guest->reason);
}

static int make_head(struct dump *dump)
{
    const struct guest *guest = dump->guest;
    char text[TEXT_MAX];
    struct dump_elf elf = {.text = text, .ram_pages = guest->layout.ram_pages};
    struct dump_elf_vcpu *vcpus = calloc(guest->vcpus, sizeof(*vcpus));
    int rc = vcpus == NULL ? -ENOMEM : read_vcpus(guest, vcpus, &elf.vcpu_count);

    if (rc == 0) {
        elf.vcpus = vcpus;
        describe(guest, text);
        dump->head_size = dump_elf_size(&elf);
        rc = dump->head_size > DUMP_WRITER_BYTES ? -E2BIG : 0;
    }
    if (rc == 0) {
        dump->head = malloc(dump->head_size);
        rc = dump->head == NULL ? -ENOMEM : 0;
    }
    if (rc == 0)
        dump_elf_write(&elf, dump->head);
    free(vcpus);
    return rc;
}

static int start(struct dump *dump, int fd)
{
    struct guest *guest = dump->guest;
    struct loop *loop = guest->core->loop;
    int rc = dump_writer_create(fd, guest->owner, &dump->writer);

    if (rc < 0)
        return rc;
    dump->watch = loop->ops->watch_create(loop, dump_writer_event_fd(dump->writer), LOOP_READ,
                                          on_written, dump);
    if (dump->watch == NULL)
        return -ENOMEM;
    rc = hold_still(guest);
    if (rc == 0)
        rc = make_head(dump);
    return rc < 0 ? rc : copy_piece(dump);
}

int dump_begin(struct guest *guest, int fd, dump_done_fn *done, void *arg, struct error *error)
{
    int rc = check_state(guest, error);

    if (rc == 0)
        rc = check_file(fd, error);
    if (rc == 0)
        rc = check_limits(guest, error);
    if (rc < 0)
        return rc;
    struct dump *dump = calloc(1, sizeof(*dump));
    if (dump == NULL)
        return error_from_errno(error, ENOMEM, "dump");
    *dump = (struct dump){.guest = guest, .done = done, .arg = arg};
    guest->dump = dump;
    rc = start(dump, fd);
    if (rc == 0)
        return 0;
    guest->dump = NULL;
    dump_free(dump);
    let_run(guest);
    return error_from_errno(error, -rc, "dump");
}
