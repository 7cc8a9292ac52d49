#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"

#define COUNT_MAX 32751 /* Xen has no more domain ids */

struct creation {
    struct cli *cli;
    struct ukvm_config *config;
    long count; /* 0: one guest, by its own name */
    uint32_t timeout_ms;
    bool timing;
    struct ukvm_phase phases[UKVM_PHASES_MAX];
    uint32_t phase_count;
    char path[UKVM_PATH_MAX]; /* how it was built */
    double call_us;           /* from the call to the answer, by our clock */
    double start_us;
    json_t *created;
};

/* ---- configuration ---- */

static int load_config(struct creation *creation)
{
    struct cli *cli = creation->cli;
    char message[UKVM_MESSAGE_MAX];
    int rc = cli_load_config(cli, &creation->config);

    if (rc != 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < cli->given_count; i++) {
        if (strcmp(cli->given[i].option->name, "--publish") == 0)
            rc = ukvm_config_publish(creation->config, cli->given[i].value, message);
    }
    return rc != 0 ? cli_error(cli, rc, "%s", message) : 0;
}

/* Several guests cannot share an address or a host port. */
static int check_shared(const struct cli *cli, const json_t *config)
{
    static const char *const fixed[] = {"mac", "ip", "publish"};
    const json_t *vifs = json_object_get(config, "vif");

    for (size_t i = 0; i < json_array_size(vifs); i++) {
        for (size_t k = 0; k < sizeof(fixed) / sizeof(fixed[0]); k++) {
            if (json_object_get(json_array_get(vifs, i), fixed[k]) != NULL)
                return cli_error(
                    cli, -UKVM_E_CONFIG,
                    "-n: vif %zu has a fixed %s, which %s guests cannot share: remove it", i,
                    fixed[k], cli_value(cli, "--count"));
        }
    }
    return 0;
}

/* ---- one guest ---- */

/* Only for those who look at it: the clock is a page that most runs need not touch. */
static double now_us(const struct creation *creation)
{
    struct timespec now;

    if (!creation->timing)
        return 0;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void print_timing(const struct creation *creation)
{
    double total = 0;

    for (uint32_t i = 0; i < creation->phase_count; i++) {
        printf("  %-20s %10.1f us\n", out_clean(creation->phases[i].name), creation->phases[i].us);
        total += creation->phases[i].us;
    }
    printf("  %-20s %10.1f us\n", "total", total);
    printf("  %-20s %10.1f us\n", "as seen by caller", creation->call_us);
    printf("  %-20s %s\n", "path", out_clean(creation->path));
}

static json_t *timing_json(const struct creation *creation)
{
    json_t *timing = json_array();

    for (uint32_t i = 0; i < creation->phase_count; i++)
        json_array_append_new(timing, json_pack("{s:s, s:f}", "phase", creation->phases[i].name,
                                                "us", creation->phases[i].us));
    return timing;
}

static void print_guest(struct creation *creation, const struct ukvm_guest *guest)
{
    if (creation->cli->json) {
        json_t *object = out_guest(guest);
        if (creation->timing) {
            json_object_set_new(object, "timing", timing_json(creation));
            json_object_set_new(object, "path", json_string(creation->path));
            json_object_set_new(object, "call_us", json_real(creation->call_us));
        }
        json_array_append_new(creation->created, object);
        return;
    }
    if (cli_flag(creation->cli, "--quiet"))
        return;
    printf("%s: ", out_clean(guest->name));
    if (guest->domid != 0)
        printf("domain %u, ", guest->domid);
    printf("%s", guest->state);
    if (guest->vif_count > 0 && guest->vifs[0].ip[0] != '\0')
        printf(", %s", guest->vifs[0].ip);
    putchar('\n');
    if (creation->timing)
        print_timing(creation);
}

static struct ukvm_create_options options_of(struct creation *creation)
{
    return (struct ukvm_create_options){
        .size = sizeof(struct ukvm_create_options),
        .no_wait = cli_flag(creation->cli, "--no-wait") || cli_flag(creation->cli, "--console"),
        .timeout_ms = creation->timeout_ms,
        .phases = creation->timing ? creation->phases : NULL,
        .path = cli_flag(creation->cli, "--cold") ? UKVM_PATH_COLD : UKVM_PATH_ANY,
    };
}

static void on_guest(struct creation *creation, const struct ukvm_create_options *options,
                     const struct ukvm_guest *guest)
{
    creation->call_us = now_us(creation) - creation->start_us;
    creation->phase_count = options->phase_count;
    memcpy(creation->path, options->path_taken, sizeof(creation->path));
    print_guest(creation, guest);
}

static int create_one(struct creation *creation)
{
    struct ukvm_create_options options = options_of(creation);
    struct ukvm_guest guest;

    creation->start_us = now_us(creation);
    int rc = ukvm_create(creation->cli->handle, creation->config, &options, &guest);
    if (rc != 0)
        return cli_failed(creation->cli, rc);
    on_guest(creation, &options, &guest);
    if (!cli_flag(creation->cli, "--console"))
        return 0;
    /* All that it prints meanwhile is kept, even if it ends before we ask. */
    fflush(stdout);
    return console_use(creation->cli, guest.name);
}

/* ---- all of them ---- */

struct many {
    struct creation *creation;
    struct ukvm_create_options options;
    bool failed;
};

/* The first error comes again with the answer to the whole. */
static void on_created(void *arg, const struct ukvm_created *created)
{
    struct many *many = arg;

    if (created->guest != NULL)
        on_guest(many->creation, &many->options, created->guest);
    else if (many->failed)
        cli_error(many->creation->cli, created->rc, "%s", created->message);
    many->failed = many->failed || created->guest == NULL;
}

static int create_numbered(struct creation *creation)
{
    struct many many = {.creation = creation, .options = options_of(creation)};

    creation->start_us = now_us(creation);
    int rc = ukvm_create_many(creation->cli->handle, creation->config, &many.options,
                              (uint32_t)creation->count, on_created, &many);
    return rc != 0 ? cli_failed(creation->cli, rc) : 0;
}

static int create_many(struct creation *creation)
{
    json_t *config = json_loads(ukvm_config_json(creation->config), 0, NULL);
    int rc = check_shared(creation->cli, config);

    if (rc == 0 && json_object_get(config, "name") == NULL)
        rc = cli_error(creation->cli, -UKVM_E_CONFIG, "%s: 'name' is missing",
                       creation->cli->arguments[0]);
    json_decref(config);
    if (rc == 0)
        rc = cli_connect(creation->cli);
    return rc != 0 ? rc : create_numbered(creation);
}

static int create_all(struct creation *creation)
{
    int rc = load_config(creation);

    if (rc != 0)
        return rc;
    if (creation->count > 0)
        return create_many(creation);
    rc = cli_connect(creation->cli);
    return rc != 0 ? rc : create_one(creation);
}

/* One object, or with -n an array of what was created, also when a later one failed. */
static void print_json(struct creation *creation)
{
    if (json_array_size(creation->created) == 0)
        return;
    if (creation->count > 0)
        out_json(json_incref(creation->created));
    else
        out_json(json_incref(json_array_get(creation->created, 0)));
}

int cmd_create(struct cli *cli)
{
    struct creation creation = {.cli = cli, .timing = cli_flag(cli, "--timing")};
    int rc = cli_number(cli, "--count", 1, COUNT_MAX, &creation.count);

    if (rc == 0)
        rc = cli_milliseconds(cli, "--timeout", &creation.timeout_ms);
    if (rc == 0 && cli_flag(cli, "--console") && (cli->json || creation.count > 0))
        rc = cli_usage(cli, "--console shows one guest, and cannot be had with %s",
                       cli->json ? "--json" : "--count");
    if (rc != 0)
        return rc;
    if (cli->json)
        creation.created = json_array();
    rc = create_all(&creation);
    if (cli->json)
        print_json(&creation);
    ukvm_config_free(creation.config);
    json_decref(creation.created);
    return rc;
}
