/*
 * Creating a guest, in the order it happens. Steps end at once, but for three: the image may have
 * to be read, chaos-iod must answer, and the guest must say that it is ready.
 */
#include "core/create.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/create_internal.h"
#include "util/fd_closer.h"
#include "util/log.h"

static int read_image(struct create *create);
static int attach(struct create *create);
static int await_ready(struct create *create);

static const struct step {
    const char *phase;
    int (*run)(struct create *create);
} timeline[] = {
    {"check", create_check},       /* what needs nothing but the spec and the host's state */
    {"image", read_image},         /* from the cache, or waits for a thread that reads it */
    {"reserve", create_reserve},   /* name and addresses: nobody else gets them now */
    {"publish", create_publish},   /* ports of the host, before there is a domain to undo */
    {"domain", create_domain},     /* empty and paused */
    {"memory", create_memory},     /* RAM */
    {"channels", create_channels}, /* the two event channels, at their constant numbers */
    {"grants", create_grants},     /* the window's references, at their constant numbers */
    {"load", create_load},         /* image and start_info; the vCPU at the entry */
    {"page", create_page},         /* the noxs page, mapped for life */
    {"clock", create_clock},       /* shared_info and the wall clock */
    {"params", create_params},     /* where the page and the control channel are */
    {"control", create_control},   /* from now on its doorbell is heard */
    {"io", create_io},             /* the fds that chaos-iod gets */
    {"attach", attach},            /* waits until its backends are up */
    {"unpause", create_unpause},   /* the first instruction */
    {"ready", await_ready},        /* waits for the guest's own word */
};

#define STEP_COUNT (sizeof(timeline) / sizeof(timeline[0]))

static_assert(STEP_COUNT + 1 <= CREATE_PHASES_MAX, "a phase for each step and for the request");

static void stamp(struct create *create, const char *phase)
{
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
    if (create->deadline != NULL)
        create->core->loop->ops->timer_destroy(create->deadline);
    if (create->read != NULL)
        image_cache_cancel(create->read);
    create_release_image(create);
    fd_close_foreign(&create->image_fd, create->owner);
    free(create);
}

/* ---- the ends ----------------------------------------------------------------------- */

static void succeed(struct create *create)
{
    struct guest *guest = create->guest;
    struct create_result result = {
        .guest = guest, .phases = create->phases, .phase_count = create->phase_count};

    guest->create = NULL;
    create->done(create->arg, &result, NULL);
    log_info("%s: created as domain %u", guest->name, guest->domid);
    trim_later(guest);
    create_free(create);
}

/* Nothing is left of the guest: now its creator may know. */
static void answer_failure(struct create *create)
{
    log_info("%s: not created: %s", create->spec.name, create->error.text);
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

    create->core->loop->ops->timer_cancel(create->deadline);
    if (guest == NULL) {
        answer_failure(create);
        return;
    }
    create->guest = NULL;
    guest->create = NULL;
    create->released.done = on_released;
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

void create_abort_all(struct core *core)
{
    LIST_FOR_EACH(node, &core->creates)
    {
        struct create *create = LIST_OWNER(node, struct create, all);
        /* Some have failed already, and only wait for the release. */
        if (create->error.code == 0)
            create_abort(create, UKVM_E_NO_DAEMON, "%s: chaosd is stopping", create->spec.name);
    }
}

/* ---- the way there ------------------------------------------------------------------ */

static void advance(struct create *create)
{
    while (create->step < STEP_COUNT) {
        int rc = timeline[create->step].run(create);
        /* Who waits may be gone by now: the event may have come already. */
        if (rc == CREATE_WAIT)
            return;
        if (rc < 0) {
            fail(create);
            return;
        }
        stamp(create, timeline[create->step].phase);
        create->step++;
    }
    succeed(create);
}

/* The event that the present step waits for has come. */
static void resume(struct create *create)
{
    stamp(create, timeline[create->step].phase);
    create->step++;
    advance(create);
}

static void on_image(void *arg, struct image_entry *entry, const struct error *error)
{
    struct create *create = arg;

    create->read = NULL;
    create->image = entry;
    if (entry == NULL)
        create_abort(create, error->code, "%s: %s", create->spec.kernel, error->text);
    else
        resume(create);
}

static int read_image(struct create *create)
{
    struct error error;
    int rc = image_cache_get(&create->core->images, create->image_fd, create->owner, on_image,
                             create, &create->image, &create->read, &error);

    fd_close_foreign(&create->image_fd, create->owner);
    if (rc < 0)
        return error_set(&create->error, error.code, "%s: %s", create->spec.kernel, error.text);
    return create->image != NULL ? 0 : CREATE_WAIT;
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
                     "%s: chaos-iod cannot attach it: %s: %s", create->spec.name, text,
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

static void on_deadline(void *arg)
{
    struct create *create = arg;
    unsigned ms = (unsigned)(create->timeout_ns / 1000000);

    if (create->guest != NULL && create->guest->unpaused_ns != 0)
        create_abort(
            create, UKVM_E_TIMEOUT,
            "%s: not ready after %u ms; destroyed (--no-wait keeps it, to see its console)",
            create->spec.name, ms);
    else
        create_abort(create, UKVM_E_TIMEOUT, "%s: '%s' took longer than %u ms", create->spec.name,
                     timeline[create->step].phase, ms);
}

static struct create *create_new(struct core *core, struct create_request *request)
{
    struct create *create = calloc(1, sizeof(*create));

    if (create == NULL)
        return NULL;
    create->core = core;
    create->spec = *request->spec;
    create->owner = request->owner;
    create->wait = request->wait;
    create->done = request->done;
    create->arg = request->arg;
    create->timeout_ns = request->timeout_ns;
    create->step_ns = request->received_ns;
    create->image_fd = request->image_fd;
    request->image_fd = -1;
    create->deadline = core->loop->ops->timer_create(core->loop, on_deadline, create);
    if (create->deadline == NULL) {
        create_free(create);
        return NULL;
    }
    list_append(&core->creates, &create->all);
    return create;
}

void core_create(struct core *core, struct create_request *request)
{
    struct create *create = create_new(core, request);

    if (create == NULL) {
        struct error error;
        fd_close_foreign(&request->image_fd, request->owner);
        error_set(&error, UKVM_E_NO_MEMORY, "%s: chaosd is out of memory", request->spec->name);
        request->done(request->arg, NULL, &error);
        return;
    }
    core->loop->ops->timer_set(create->deadline, create->timeout_ns);
    stamp(create, "request");
    advance(create);
}
