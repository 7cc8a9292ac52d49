/* chaos-iod: the data plane. Started by chaosd as root; serves without privileges. */
#include "io/io.h"
#include "io/io_server.h"
#include "io/sandbox.h"
#include "util/log.h"
#include "util/loop_event.h"

#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
    const char *socket;
    const char *user; /* NULL: the default */
};

static int usage(FILE *to, int status)
{
    fputs("usage: chaos-iod --socket PATH [--user NAME]\n"
          "The data plane of chaosd, which starts it. PATH: where it takes chaosd's orders.\n",
          to);
    return status;
}

/* Returns -1 to go on, or the exit status. */
static int parse_options(int argc, char **argv, struct options *options)
{
    static const struct option table[] = {
        {"socket", required_argument, NULL, 's'},
        {"user", required_argument, NULL, 'u'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
        switch (option) {
        case 's':
            options->socket = optarg;
            break;
        case 'u':
            options->user = optarg;
            break;
        case 'h':
            return usage(stdout, EXIT_SUCCESS);
        default:
            return usage(stderr, EXIT_FAILURE);
        }
    }
    return options->socket == NULL || optind != argc ? usage(stderr, EXIT_FAILURE) : -1;
}

static int failed(const char *what, const char *why)
{
    fprintf(stderr, "chaos-iod: %s: %s\n", what, why);
    return EXIT_FAILURE;
}

static int drop(const struct options *options)
{
    char path[PATH_MAX], root_dir[PATH_MAX + 16], text[SANDBOX_TEXT_MAX] = "out of memory";
    snprintf(path, sizeof(path), "%s", options->socket);
    snprintf(root_dir, sizeof(root_dir), "%s/empty", dirname(path));
    if (sandbox_drop(options->user, root_dir, text) < 0 || sandbox_seal(text) < 0)
        return failed("cannot enter the sandbox", text);
    return EXIT_SUCCESS;
}

static void on_signal(void *arg, int signo)
{
    (void)signo;
    loop_event_stop(arg);
}

/* loop and listener exist; nothing needs a privilege any more. */
static int serve(struct loop *loop, int listener)
{
    struct io io;
    struct io_server server;
    io_init(&io, loop, &io_xen_linux);
    int rc = io_server_init(&server, &io, listener, 0);
    if (rc == 0) {
        rc = loop_event_run(loop);
        io_server_fini(&server);
    }
    io_fini(&io);
    return rc < 0 ? failed("cannot serve", strerror(-rc)) : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct options options = {0};
    int status = parse_options(argc, argv, &options);
    if (status >= 0)
        return status;
    log_init("chaos-iod", LOG_LEVEL_WARNING);
    if (geteuid() != 0)
        return failed("cannot start", "must be root, to become somebody with fewer rights");
    /* Out of chaosd's session: what ends chaosd must not end us. Fails if we lead one already. */
    setsid();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    int listener = io_server_listen(options.socket);
    if (listener < 0)
        return failed(options.socket, strerror(-listener));
    /* Guests are throttled for fractions of a millisecond. */
    struct loop *loop = loop_event_create(LOOP_PRECISE);
    if (loop == NULL || loop_event_signal(loop, SIGTERM, on_signal, loop) < 0 ||
        loop_event_signal(loop, SIGINT, on_signal, loop) < 0)
        return failed("cannot start", "out of memory");
    status = drop(&options);
    if (status == EXIT_SUCCESS)
        status = serve(loop, listener);
    loop_event_destroy(loop);
    close(listener);
    return status;
}
