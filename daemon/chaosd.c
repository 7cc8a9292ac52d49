/*
 * chaosd: the control plane. This is its composition root: it reads settings, opens the ports,
 * runs core and the control socket on one loop, and takes all down again.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/core.h"
#include "core/iod_process.h"
#include "ctl/daemon_config.h"
#include "ctl/server.h"
#include "hostnet/hostnet.h"
#include "hv/xen/hv_xen.h"
#include "util/fd.h"
#include "util/fd_closer.h"
#include "util/keyval.h"
#include "util/log.h"
#include "util/loop_event.h"

#define CONFIG_FILE "/etc/chaos/chaosd.conf"
/* For a socket, an event channel and room to spare for each of thousands of guests. */
#define FILES_MAX   262144u
/* After SIGTERM guests get this long to be taken apart. */
#define STOP_NS     (UINT64_C(10) * 1000000000)

struct daemon {
    struct daemon_config config;
    char iod_program[DAEMON_PATH_MAX];
    char iod_socket[DAEMON_PATH_MAX];
    char store_path[DAEMON_PATH_MAX];
    struct keyval *store;
    struct iod_process iod;
    struct loop *loop;
    struct loop_timer *stop_timer;
    struct hv *hv;
    struct hostnet *hostnet;
    struct core core;
    struct ctl_server server;
    int parent; /* -1, or where the process that started us waits for a word */
    bool serving;
    bool leaves;        /* guests, shells and chaos-iod stay for the next chaosd */
    struct error error; /* why it ends, if not because it was asked to */
};

struct options {
    const char *config; /* NULL: CONFIG_FILE if there is one */
    const char *socket;
    bool daemonise;
    bool debug;
};

/* ---- options ------------------------------------------------------------------------ */

static int usage(FILE *to, int status)
{
    fputs("usage: chaosd [-d] [--config FILE] [--socket PATH] [--debug]\n"
          "The control plane of chaos. Stays in the foreground.\n"
          "SIGTERM stops it, and its guests go on for the next; SIGINT ends them, too.\n"
          "\n"
          "  -d, --daemonise   return once it serves; then log to syslog, or to stderr if a file\n"
          "      --config FILE settings (" CONFIG_FILE " if it exists)\n"
          "      --socket PATH where to serve (/run/chaos/chaosd.sock)\n"
          "      --debug       log more\n"
          "      --version     print the version\n"
          "      --help        print this\n",
          to);
    return status;
}

/* Returns -1 to go on, or the exit status. */
static int parse_options(int argc, char **argv, struct options *options)
{
    static const struct option table[] = {
        {"daemonise", no_argument, NULL, 'd'},
        {"config", required_argument, NULL, 'c'},
        {"socket", required_argument, NULL, 's'},
        {"debug", no_argument, NULL, 'D'},
        {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "d", table, NULL)) != -1) {
        switch (option) {
        case 'd':
            options->daemonise = true;
            break;
        case 'c':
            options->config = optarg;
            break;
        case 's':
            options->socket = optarg;
            break;
        case 'D':
            options->debug = true;
            break;
        case 'v':
            puts("chaosd " CHAOS_VERSION);
            return EXIT_SUCCESS;
        case 'h':
            return usage(stdout, EXIT_SUCCESS);
        default:
            return usage(stderr, UKVM_E_USAGE);
        }
    }
    return optind == argc ? -1 : usage(stderr, UKVM_E_USAGE);
}

/* An option beats the environment, which beats the file. */
static int read_settings(struct daemon *daemon, const struct options *options)
{
    struct daemon_config *config = &daemon->config;
    const char *socket = options->socket != NULL ? options->socket : getenv("CHAOS_SOCKET");
    const char *iod = getenv("CHAOS_IOD");
    int rc = 0;

    daemon_config_init(config);
    if (options->config != NULL)
        rc = daemon_config_load(options->config, config, &daemon->error);
    else if (access(CONFIG_FILE, F_OK) == 0)
        rc = daemon_config_load(CONFIG_FILE, config, &daemon->error);
    if (rc == 0 && socket != NULL && *socket != '\0')
        rc = daemon_config_set("command line or environment", "socket", socket, config,
                               &daemon->error);
    if (rc == 0 && iod != NULL && *iod != '\0')
        rc = daemon_config_set("CHAOS_IOD", "iod", iod, config, &daemon->error);
    return rc;
}

/* A file beside the control socket. */
static int beside_socket(struct daemon *daemon, const char *name, char path[DAEMON_PATH_MAX])
{
    char socket[DAEMON_PATH_MAX];

    memcpy(socket, daemon->config.socket, sizeof(socket));
    if (snprintf(path, DAEMON_PATH_MAX, "%s/%s", dirname(socket), name) >= (int)DAEMON_PATH_MAX)
        return error_set(&daemon->error, UKVM_E_CONFIG, "a path is too long");
    return 0;
}

/* chaos-iod lies beside chaosd unless told otherwise. */
static int find_iod(struct daemon *daemon)
{
    char self[DAEMON_PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    int written, rc = beside_socket(daemon, "iod.sock", daemon->iod_socket);

    if (rc < 0)
        return rc;

    if (daemon->config.iod[0] != '\0') {
        written =
            snprintf(daemon->iod_program, sizeof(daemon->iod_program), "%s", daemon->config.iod);
    } else {
        self[length > 0 ? length : 0] = '\0';
        written = snprintf(daemon->iod_program, sizeof(daemon->iod_program), "%s/chaos-iod",
                           dirname(self));
    }
    if (written >= (int)sizeof(daemon->iod_program))
        return error_set(&daemon->error, UKVM_E_CONFIG, "a path is too long");
    if (access(daemon->iod_program, X_OK) < 0)
        return error_set(&daemon->error, UKVM_E_NO_FILE,
                         "%s: %s; set 'iod' in the configuration or CHAOS_IOD", daemon->iod_program,
                         strerror(errno));
    return 0;
}

/* ---- the process that started us ---------------------------------------------------- */

/* The first byte is the exit status, the rest the error's text. */
static void tell_parent(struct daemon *daemon)
{
    char text[ERROR_TEXT_MAX + 1];

    if (daemon->parent < 0)
        return;
    int length = snprintf(text, sizeof(text), "%c%s", daemon->error.code, daemon->error.text);
    if (daemon->error.code == 0)
        length = 1;
    if (write(daemon->parent, text, (size_t)length) < 0)
        log_warning("who started chaosd is gone");
    fd_close(&daemon->parent);
}

static _Noreturn void wait_for_child(int from)
{
    char text[ERROR_TEXT_MAX + 1];
    ssize_t length = read(from, text, sizeof(text) - 1);

    if (length <= 0) {
        fputs("chaosd: died before it served\n", stderr);
        _exit(UKVM_E_INTERNAL);
    }
    text[length] = '\0';
    if (text[0] != 0)
        fprintf(stderr, "chaosd: %s\n", text + 1);
    _exit(text[0]);
}

/* stderr is kept if it is a file: whoever waits for the end of a pipe would wait for ever. */
static int detach_stdio(void)
{
    struct stat st;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null < 0)
        return -errno;
    bool is_file = fstat(STDERR_FILENO, &st) == 0 && S_ISREG(st.st_mode);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    if (!is_file) {
        dup2(null, STDERR_FILENO);
        log_to_syslog();
    }
    fd_close(&null);
    return 0;
}

/* Returns in the child only. Before anything is opened: hypercall buffers do not survive a fork. */
static int daemonise(struct daemon *daemon)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_from_errno(&daemon->error, errno, "pipe");
    pid_t pid = fork();
    if (pid < 0)
        return error_from_errno(&daemon->error, errno, "fork");
    if (pid > 0) {
        close(ends[1]);
        wait_for_child(ends[0]);
    }
    close(ends[0]);
    daemon->parent = ends[1];
    setsid();
    int rc = detach_stdio();
    return rc < 0 ? error_from_errno(&daemon->error, -rc, "/dev/null") : 0;
}

/* ---- what happens while it runs ----------------------------------------------------- */

static void on_core_started(void *arg, const struct error *error)
{
    struct daemon *daemon = arg;

    if (error != NULL)
        daemon->error = *error;
    else
        ctl_server_listen(&daemon->server, &daemon->core, &daemon->error);
    if (daemon->error.code != 0) {
        loop_event_stop(daemon->loop);
        return;
    }
    daemon->serving = true;
    log_info("serves %s", daemon->config.socket);
    tell_parent(daemon);
}

static void on_core_stopped(void *arg)
{
    struct daemon *daemon = arg;
    loop_event_stop(daemon->loop);
}

static void on_stop_deadline(void *arg)
{
    struct daemon *daemon = arg;

    log_warning("some guests are still being taken apart; stopping all the same");
    loop_event_stop(daemon->loop);
}

static void on_signal(void *arg, int signo)
{
    struct daemon *daemon = arg;

    if (daemon->core.stopping)
        return;
    daemon->leaves = signo == SIGTERM;
    log_info("%s: stopping; guests %s", strsignal(signo),
             daemon->leaves ? "go on, for the next chaosd" : "are destroyed");
    if (!daemon->serving) {
        loop_event_stop(daemon->loop);
        return;
    }
    daemon->loop->ops->timer_set(daemon->stop_timer, STOP_NS);
    if (daemon->leaves)
        core_leave(&daemon->core);
    else
        core_stop(&daemon->core);
}

/* ---- the way up and down ------------------------------------------------------------ */

static void prepare_process(void)
{
    struct rlimit files = {.rlim_cur = FILES_MAX, .rlim_max = FILES_MAX};

    if (setrlimit(RLIMIT_NOFILE, &files) < 0 && getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    signal(SIGPIPE, SIG_IGN);
    /* There is no configuration to read anew, and guests must not end with a terminal. */
    signal(SIGHUP, SIG_IGN);
    /* chaos-iod is reaped by who started it, so that its pid stays its own until then. */
    signal(SIGCHLD, SIG_DFL);
    umask(0022);
    if (chdir("/") < 0)
        log_warning("cannot change to /: %s", strerror(errno));
}

static int open_hypervisor(struct daemon *daemon)
{
    int rc = hv_xen_open(&daemon->hv);

    if (rc == -EACCES || rc == -EPERM)
        return error_set(&daemon->error, UKVM_E_PERMISSION,
                         "no right to make hypercalls: run chaosd as root");
    if (rc < 0)
        return error_set(&daemon->error, UKVM_E_NO_XEN,
                         "cannot reach Xen (%s): boot this host under Xen, as its dom0",
                         strerror(-rc));
    return 0;
}

static int open_ports(struct daemon *daemon)
{
    int rc = open_hypervisor(daemon);

    if (rc < 0)
        return rc;
    rc = hostnet_linux_open(&daemon->hostnet);
    if (rc < 0)
        return error_from_errno(&daemon->error, -rc, "host network");
    iod_process_init(&daemon->iod, daemon->iod_program, daemon->iod_socket);
    return 0;
}

static int store_failed(struct daemon *daemon, int rc)
{
    return error_from_errno(&daemon->error, -rc, daemon->store_path);
}

/* The lock on the directory is ours, so nobody else has it open. */
static int open_store(struct daemon *daemon)
{
    char aside[DAEMON_PATH_MAX + 8];
    int rc = beside_socket(daemon, "state.lmdb", daemon->store_path);

    if (rc < 0)
        return rc;
    rc = keyval_open(daemon->store_path, &daemon->store);
    if (rc != -EPROTO)
        return rc < 0 ? store_failed(daemon, rc) : 0;
    snprintf(aside, sizeof(aside), "%s.bad", daemon->store_path);
    log_error("%s is damaged and set aside as %s: its guests are unknown, and destroyed",
              daemon->store_path, aside);
    if (rename(daemon->store_path, aside) < 0)
        return store_failed(daemon, -errno);
    rc = keyval_open(daemon->store_path, &daemon->store);
    return rc < 0 ? store_failed(daemon, rc) : 0;
}

static int open_loop(struct daemon *daemon)
{
    daemon->loop = loop_event_create(LOOP_COARSE);
    if (daemon->loop == NULL)
        return error_from_errno(&daemon->error, ENOMEM, "event loop");
    daemon->stop_timer = daemon->loop->ops->timer_create(daemon->loop, on_stop_deadline, daemon);
    int rc = daemon->stop_timer == NULL ? -ENOMEM : fd_closer_init(daemon->loop);
    if (rc == 0)
        rc = loop_event_signal(daemon->loop, SIGTERM, on_signal, daemon);
    if (rc == 0)
        rc = loop_event_signal(daemon->loop, SIGINT, on_signal, daemon);
    return rc < 0 ? error_from_errno(&daemon->error, -rc, "event loop") : 0;
}

static int open_core(struct daemon *daemon)
{
    struct core_config config = {.loop = daemon->loop,
                                 .hv = daemon->hv,
                                 .hostnet = daemon->hostnet,
                                 .iod_link = &daemon->iod.link,
                                 .store = daemon->store,
                                 .network = daemon->config.network,
                                 .prefix_len = daemon->config.prefix_len,
                                 .bridges = daemon->config.bridges,
                                 .virq = daemon->config.virq,
                                 .xenstored = hv_xen_xenstored(""),
                                 .pool = daemon->config.pool,
                                 .on_started = on_core_started,
                                 .on_stopped = on_core_stopped,
                                 .arg = daemon};

    store_mark(daemon->config.socket, config.mark);
    memcpy(config.uplink_ifname, daemon->config.uplink, sizeof(config.uplink_ifname));
    int rc = core_init(&daemon->core, &config, &daemon->error);
    for (unsigned i = 0; rc == 0 && i < daemon->config.flavour_count; i++)
        rc = pool_set(&daemon->core.pool, &daemon->config.flavours[i], &daemon->error);
    return rc;
}

static int serve(struct daemon *daemon)
{
    int rc = find_iod(daemon);

    if (rc == 0)
        rc = ctl_server_lock(&daemon->server, daemon->config.socket, &daemon->error);
    if (rc == 0)
        rc = open_ports(daemon);
    if (rc == 0)
        rc = open_store(daemon);
    if (rc == 0)
        rc = open_loop(daemon);
    if (rc == 0)
        rc = open_core(daemon);
    if (rc < 0)
        return rc;
    core_start(&daemon->core);
    rc = loop_event_run(daemon->loop);
    return rc < 0 ? error_from_errno(&daemon->error, -rc, "event loop") : -daemon->error.code;
}

static void close_all(struct daemon *daemon)
{
    /*
     * One that could not start leaves the guests of the one before their domains, their chaos-iod
     * and the rules. It may have made the rules anew before it failed: ports that it did not get to
     * publish again stay closed until a chaosd starts.
     */
    bool leaves = daemon->leaves || (!daemon->serving && !daemon->iod.started);

    ctl_server_close(&daemon->server);
    if (daemon->core.loop != NULL)
        core_fini(&daemon->core);
    if (daemon->iod.program != NULL && !leaves)
        iod_process_stop(&daemon->iod);
    if (daemon->hostnet != NULL)
        daemon->hostnet->ops->close(daemon->hostnet, leaves);
    keyval_close(daemon->store);
    if (daemon->hv != NULL)
        daemon->hv->ops->close(daemon->hv);
    if (daemon->loop != NULL) {
        fd_closer_fini();
        daemon->loop->ops->timer_destroy(daemon->stop_timer);
        loop_event_destroy(daemon->loop);
    }
    /* Last: while a channel is bound here the next one cannot bind it, and crashes its guest. */
    ctl_server_unlock(&daemon->server);
}

static int run(struct daemon *daemon, const struct options *options)
{
    int rc = read_settings(daemon, options);

    if (rc == 0 && options->daemonise)
        rc = daemonise(daemon);
    if (rc == 0) {
        prepare_process();
        rc = serve(daemon);
        close_all(daemon);
    }
    if (rc < 0 && daemon->parent < 0)
        log_error("%s", daemon->error.text);
    tell_parent(daemon);
    return -rc;
}

int main(int argc, char **argv)
{
    static struct daemon daemon;
    struct options options = {0};
    int status = parse_options(argc, argv, &options);

    if (status >= 0)
        return status;
    log_init("chaosd", options.debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
    daemon.parent = -1;
    daemon.server.lock = -1;
    return run(&daemon, &options);
}
