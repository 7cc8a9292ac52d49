/*
 * Creating a guest, in the order it happens. Steps end at once, but for four: the image may have
 * to be read, a shell may have to make room, chaos-iod must answer, and the guest must say that it
 * is ready.
 *
 * A shell is built by the same steps ahead of time; a create that finds one that fits takes it in
 * "pool" and does only what is left.
 */
#include "core/create.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/create_internal.h"
#include "core/define.h"
#include "core/pool.h"
#include "util/fd_closer.h"
#include "util/log.h"

static int read_image(struct create *create);
static int attach(struct create *create);
static int await_ready(struct create *create);

#define BIT(path)  (1u << CREATE_##path)
#define COLD       BIT(COLD)
#define BUILDS     (BIT(BUILD_SHELL) | BIT(BUILD_LOADED))
#define CLAIMS     (BIT(CLAIM_SHELL) | BIT(CLAIM_LOADED))
#define BUILT      (COLD | BUILDS) /* somebody builds the domain */
#define ASKED      (COLD | CLAIMS) /* somebody waits for the guest */

/* clang-format off */
static const struct step {
    const char *phase;
    int (*run)(struct create *create);
    unsigned paths; /* those that it is on */
} timeline[] = {
    {"check", create_check, ASKED},       /* what needs nothing but the spec */
    {"image", read_image, ASKED},         /* from the cache, or waits for a thread that reads it */
    {"pool", create_take, ASKED},         /* a shell that fits: from here on the path is known */
    {"room", create_room, COLD},          /* memory; waits for shells that must give way */
    {"reserve", create_reserve, BUILT},   /* name and addresses: nobody else gets them now */
    {"name", create_name, CLAIMS},        /* the shell becomes somebody's guest */
    {"record", create_record, CLAIMS},    /* before anything in it is changed */
    {"publish", create_publish, ASKED},   /* ports of the host, before there is a domain to undo */
    {"domain", create_domain, BUILT},     /* empty and paused */
    {"memory", create_memory, BUILT},     /* RAM */
    {"channels", create_channels, BUILT}, /* the two event channels, at their constant numbers */
    {"grants", create_grants, BUILT},     /* the window's references, at their constant numbers */
    {"window", create_window, BIT(BUILD_SHELL)}, /* zeroed: rings are served before the image comes */
    {"load", create_load, COLD | BIT(BUILD_LOADED) | BIT(CLAIM_SHELL)}, /* the vCPU at the entry */
    {"cmdline", create_cmdline, BIT(CLAIM_LOADED)}, /* if there is one */
    {"page", create_page, BUILT},         /* the noxs page, mapped for life */
    {"clock", create_clock, BUILT},       /* shared_info and the wall clock */
    {"params", create_params, BUILT},     /* where the page and the control channel are */
    {"control", create_control, BUILT},   /* from now on its doorbell is heard */
    {"io", create_io, BUILT},             /* the fds that chaos-iod gets */
    {"trim", create_trim, BUILDS},        /* what only the way here needed; a cold one does it later */
    {"attach", attach, BUILT},            /* waits until its backends are up */
    {"record", create_record, COLD},      /* before anybody is answered */
    {"cpus", create_cpus, ASKED},         /* hard affinity, if it was asked for */
    {"unpause", create_unpause, ASKED},   /* the first instruction */
    {"ready", await_ready, ASKED},        /* waits for the guest's own word */
};
/* clang-format on */

#define STEP_COUNT (sizeof(timeline) / sizeof(timeline[0]))

static_assert(STEP_COUNT + 1 <= CREATE_PHASES_MAX, "a phase for each step and for the request");

static bool is_build(const struct create *create)
{
    return (BUILDS >> create->path & 1) != 0;
}

static void stamp(struct create *create, const char *phase)
{
    if (!create->timing)
        return;
    uint64_t now_ns = core_now_ns(create->core);

    create->phases[create->phase_count++] =
        (struct create_phase){.name = phase, .ns = now_ns - create->step_ns};
    create->step_ns = now_ns;
}

void create_release_image(struct create *create)
{
    image_cache_release(&create->core->images, create->image);
    create->image = NULL;
}

static void create_free(struct create *create)
{
    list_remove(&create->all);
    list_remove(&create->evicted.node);
    if (create->timer != NULL)
        create->core->loop->ops->timer_destroy(create->timer);
    image_cache_cancel(&create->read);
    create_release_image(create);
    fd_close_foreign(&create->image_fd, create->owner);
    free(create);
}

/* ---- the ends ----------------------------------------------------------------------- */

static void succeed(struct create *create)
{
    struct guest *guest = create->guest;
    struct create_result result = {.guest = guest,
                                   .path = create->path,
                                   .cold = create->cold,
                                   .phases = create->phases,
                                   .phase_count = create->phase_count};

    guest->create = NULL;
    create->done(create->arg, &result, NULL);
    log_info("%s: created as domain %u", guest->name, guest->domid);
    if (create->trim)
        trim_later(guest);
    if (create->path == CREATE_COLD && create->cold == CREATE_COLD_UNKNOWN)
        pool_learn(&create->core->pool, &create->spec, &create->key);
    create_free(create);
}

static void succeed_build(struct create *create)
{
    struct guest *guest = create->guest;

    guest->create = NULL;
    pool_on_built(&create->core->pool, guest);
    create_free(create);
}

/* Nothing is left of the guest: now its creator may know. */
static void answer_failure(struct create *create)
{
    log_info("%s: not created: %s", create->label, create->error.text);
    if (is_build(create))
        pool_on_build_failed(&create->core->pool, &create->error);
    else
        create->done(create->arg, NULL, &create->error);
    create_free(create);
}

static void on_released(struct destroy_waiter *waiter)
{
    answer_failure(LIST_OWNER(waiter, struct create, released));
}

/* create->error says why. create may be freed. */
static void fail(struct create *create)
{
    struct guest *guest = create->guest;

    create->core->loop->ops->timer_cancel(create->timer);
    list_remove(&create->evicted.node);
    if (guest == NULL) {
        answer_failure(create);
        return;
    }
    create->guest = NULL;
    guest->create = NULL;
    create->released.done = on_released;
    guest->cause = create->error.text;
    destroy_guest(guest, &create->released);
}

void create_abort(struct create *create, int code, const char *format, ...)
{
    va_list args;

    create->error.code = code;
    va_start(args, format);
    vsnprintf(create->error.text, sizeof(create->error.text), format, args);
    va_end(args);
    fail(create);
}

static void abort_list(struct list *creates)
{
    LIST_FOR_EACH(node, creates)
    {
        struct create *create = LIST_OWNER(node, struct create, all);
        /* Some have failed already, and only wait for the release. */
        if (create->error.code == 0)
            create_abort(create, UKVM_E_NO_DAEMON, "%s: chaosd is stopping", create->label);
    }
}

void create_abort_all(struct core *core)
{
    abort_list(&core->creates);
    abort_list(&core->builds);
}

static void forget_list(struct list *creates)
{
    LIST_FOR_EACH(node, creates)
    create_free(LIST_OWNER(node, struct create, all));
}

void create_forget_all(struct core *core)
{
    forget_list(&core->creates);
    forget_list(&core->builds);
}

/* ---- the way there ------------------------------------------------------------------ */

/* Returns false when the timeline ends here for now; create may be gone then. */
static bool take_step(struct create *create)
{
    const struct step *step = &timeline[create->step];

    if ((step->paths >> create->path & 1) == 0)
        return true;
    int rc = step->run(create);
    /* Who waits may be gone by now: the event may have come already. */
    if (rc == CREATE_WAIT)
        return false;
    if (rc < 0) {
        fail(create);
        return false;
    }
    stamp(create, step->phase);
    if (!is_build(create))
        return true;
    create->step++;
    create->core->loop->ops->timer_set(create->timer, 0);
    return false;
}

static void advance(struct create *create)
{
    for (; create->step < STEP_COUNT; create->step++)
        if (!take_step(create))
            return;
    if (is_build(create))
        succeed_build(create);
    else
        succeed(create);
}

void create_retry(struct create *create)
{
    advance(create);
}

/* The event that the present step waits for has come. */
static void resume(struct create *create)
{
    stamp(create, timeline[create->step].phase);
    create->step++;
    advance(create);
}

static void on_image(struct image_waiter *waiter, struct image_entry *entry,
                     const struct error *error)
{
    struct create *create = LIST_OWNER(waiter, struct create, read);

    create->image = entry;
    if (entry == NULL) {
        create_abort(create, error->code, "%s: %s", create->spec.kernel, error->text);
        return;
    }
    create->key = entry->key;
    resume(create);
}

static int read_image(struct create *create)
{
    struct error error;

    create->read.done = on_image;
    if (image_cache_get(&create->core->images, create->image_fd, create->owner, &create->read,
                        &create->image, &error) < 0)
        return error_set(&create->error, error.code, "%s: %s", create->spec.kernel, error.text);
    if (create->image == NULL)
        return CREATE_WAIT;
    create->key = create->image->key;
    return 0;
}

static int attach(struct create *create)
{
    iod_attach(&create->core->iod, create->guest);
    return CREATE_WAIT;
}

void create_on_attached(struct create *create, int status, const char *text)
{
    if (status == 0)
        resume(create);
    else
        create_abort(create, status == -ENOMEM ? UKVM_E_NO_MEMORY : UKVM_E_INTERNAL,
                     "%s: chaos-iod cannot attach it: %s: %s", create->label, text,
                     strerror(-status));
}

static int await_ready(struct create *create)
{
    if (create->wait)
        return CREATE_WAIT;
    succeed(create);
    return CREATE_WAIT;
}

void create_on_ready(struct create *create)
{
    resume(create);
}

static void on_build_turn(void *arg)
{
    struct create *create = arg;
    uint64_t wait_ns = pool_busy_ns(&create->core->pool);

    if (wait_ns > 0)
        create->core->loop->ops->timer_set(create->timer, wait_ns);
    else
        advance(create);
}

static void on_deadline(void *arg)
{
    struct create *create = arg;
    unsigned ms = (unsigned)(create->timeout_ns / 1000000);

    if (create->guest != NULL && create->guest->unpaused_ns != 0)
        create_abort(create, UKVM_E_TIMEOUT,
                     "%s: not ready after %u ms; destroyed ('chaos logs %s' shows what it printed)",
                     create->label, ms, create->label);
    else
        create_abort(create, UKVM_E_TIMEOUT, "%s: '%s' took longer than %u ms", create->label,
                     timeline[create->step].phase, ms);
}

static struct create *create_new(struct core *core, const struct guest_spec *spec,
                                 loop_timer_fn *on_timer)
{
    struct create *create = calloc(1, sizeof(*create));

    if (create == NULL)
        return NULL;
    create->core = core;
    create->spec = *spec;
    create->label = create->spec.name;
    create->image_fd = -1;
    create->timer = core->loop->ops->timer_create(core->loop, on_timer, create);
    if (create->timer == NULL) {
        create_free(create);
        return NULL;
    }
    return create;
}

static struct create *create_for(struct core *core, struct create_request *request)
{
    struct create *create = create_new(core, request->spec, on_deadline);

    if (create == NULL)
        return NULL;
    create->owner = request->owner;
    create->wait = request->wait;
    create->timing = request->timing;
    create->from = request->from;
    create->definition = request->definition;
    create->done = request->done;
    create->arg = request->arg;
    create->timeout_ns = request->timeout_ns;
    create->step_ns = request->received_ns;
    create->trim = true;
    create->image_fd = request->image_fd;
    request->image_fd = -1;
    list_append(&core->creates, &create->all);
    return create;
}

void core_create(struct core *core, struct create_request *request)
{
    if (spec_restarts(request->spec) && request->definition == NULL) {
        core_define_and_create(core, request);
        return;
    }
    struct create *create = create_for(core, request);

    if (create == NULL) {
        struct error error;
        fd_close_foreign(&request->image_fd, request->owner);
        error_set(&error, UKVM_E_NO_MEMORY, "%s: chaosd is out of memory", request->spec->name);
        request->done(request->arg, NULL, &error);
        return;
    }
    core->loop->ops->timer_set(create->timer, create->timeout_ns);
    stamp(create, "request");
    advance(create);
}

struct create *create_shell(struct core *core, const struct guest_spec *spec,
                            struct image_entry *image)
{
    struct create *create = create_new(core, spec, on_build_turn);

    if (create == NULL)
        return NULL;
    create->label = "a shell";
    create->path = image == NULL ? CREATE_BUILD_SHELL : CREATE_BUILD_LOADED;
    create->image = image;
    list_append(&core->builds, &create->all);
    core->loop->ops->timer_set(create->timer, 0);
    return create;
}
