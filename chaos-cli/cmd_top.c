/* chaos top: samples, and the terminal that they are shown on. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "top.h"

#define DELAY_MS 2000u
#define FRAMES   1000000000L
/* What a terminal has if it does not say. */
#define WIDTH    80
#define HEIGHT   24

/* The other screen, without a cursor; and back. */
#define ENTER    "\033[?1049h\033[?25l"
#define LEAVE    "\033[?25h\033[?1049l"

struct top {
    struct cli *cli;
    struct top_sample now, before;
    enum top_key key;
    uint32_t delay_ms;
    long frames;
    bool live; /* on a terminal */
};

/* ---- the terminal ---- */

/* As it was: for the signal handlers too, hence not in a struct of the call. */
static struct termios saved, quiet;
static volatile sig_atomic_t is_entered, is_resized;

static void put(const char *text)
{
    /* Nothing can be done about a terminal that is gone; the next read says so. */
    if (write(STDOUT_FILENO, text, strlen(text)) < 0)
        return;
}

static void enter(void)
{
    is_entered = 1;
    tcsetattr(STDIN_FILENO, TCSANOW, &quiet);
    put(ENTER);
}

static void leave(void)
{
    if (!is_entered)
        return;
    is_entered = 0;
    put(LEAVE);
    tcsetattr(STDIN_FILENO, TCSANOW, &saved);
}

static void on_end(int number)
{
    leave();
    signal(number, SIG_DFL);
    raise(number);
}

static void on_stop(int number)
{
    int error = errno;

    (void)number;
    leave();
    raise(SIGSTOP);
    enter();
    is_resized = 1;
    errno = error;
}

static void on_resize(int number)
{
    (void)number;
    is_resized = 1;
}

/* A size that changes is seen while nothing else is done: no signal is missed in between. */
static sigset_t resize_only(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGWINCH);
    sigaddset(&set, SIGTSTP);
    return set;
}

static bool take_terminal(void)
{
    static const int ends[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE};
    struct sigaction stop = {.sa_handler = on_stop}, resize = {.sa_handler = on_resize};
    sigset_t held = resize_only();

    if (tcgetattr(STDIN_FILENO, &saved) != 0)
        return false;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        signal(ends[i], on_end);
    sigaction(SIGTSTP, &stop, NULL);
    sigaction(SIGWINCH, &resize, NULL);
    sigprocmask(SIG_BLOCK, &held, NULL);
    atexit(leave);
    quiet = saved;
    quiet.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    enter();
    return true;
}

static void draw(const struct top *top)
{
    struct winsize size = {.ws_col = WIDTH, .ws_row = HEIGHT};
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
    char *text =
        top_render(&top->now, top->key, known ? size.ws_col : WIDTH, known ? size.ws_row : HEIGHT);

    if (text == NULL)
        return;
    printf("\033[H");
    /* The last line has no end: the screen would move up. */
    for (char *at = text, *end; (end = strchr(at, '\n')) != NULL; at = end + 1)
        printf("%.*s\033[K%s", (int)(end - at), at, end[1] != '\0' ? "\n" : "");
    printf("\033[J");
    fflush(stdout);
    free(text);
}

/* ---- samples ---- */

static int take(struct top *top)
{
    struct top_sample old = top->before;

    top->before = top->now;
    top->now = old;
    top->now.count = 0;
    int rc = ukvm_stats(top->cli->handle, top_add, &top->now);
    if (rc != 0) {
        leave();
        return cli_failed(top->cli, rc);
    }
    if (top->now.no_memory) {
        leave();
        return cli_error(top->cli, -UKVM_E_INTERNAL, "out of memory");
    }
    top_rates(&top->now, &top->before);
    return 0;
}

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* By domain id again, for the next sample to be compared with. */
static void show_sorted(struct top *top, void (*show)(const struct top *top))
{
    struct top_row *taken = malloc((top->now.count + 1) * sizeof(*taken));

    if (taken == NULL)
        return;
    if (top->now.count > 0)
        memcpy(taken, top->now.rows, top->now.count * sizeof(*taken));
    top_sort(&top->now, top->key);
    show(top);
    if (top->now.count > 0)
        memcpy(top->now.rows, taken, top->now.count * sizeof(*taken));
    free(taken);
}

/* ---- for scripts ---- */

static json_t *row_json(const struct top_row *row)
{
    const struct ukvm_stats *now = &row->now;
    json_t *rx = now->net_known ? json_real(row->rx_per_s) : json_null();
    json_t *tx = now->net_known ? json_real(row->tx_per_s) : json_null();

    return json_pack("{s:s, s:I, s:s, s:f, s:I, s:I, s:I, s:o, s:o}", "name", now->name, "domid",
                     (json_int_t)now->domid, "state", now->state, "cpu_percent", row->cpu_percent,
                     "cpu_ns", (json_int_t)now->cpu_ns, "memory_bytes",
                     (json_int_t)now->memory_bytes, "vcpus", (json_int_t)now->vcpus,
                     "rx_bytes_per_s", rx, "tx_bytes_per_s", tx);
}

static void print_json(const struct top *top)
{
    json_t *guests = json_array();

    for (size_t i = 0; i < top->now.count; i++)
        json_array_append_new(guests, row_json(&top->now.rows[i]));
    out_json(json_pack("{s:s, s:o}", "sort", top_key_name(top->key), "guests", guests));
    fflush(stdout);
}

static void print_text(const struct top *top)
{
    char *text = top_render(&top->now, top->key, 0, 0);

    if (text != NULL)
        fputs(text, stdout);
    free(text);
    fflush(stdout);
}

/* The first sample is what the first frame's rates begin with. */
static int run_batch(struct top *top)
{
    const struct timespec delay = {.tv_sec = top->delay_ms / 1000,
                                   .tv_nsec = (long)(top->delay_ms % 1000) * 1000000};
    int rc = take(top);

    for (long frame = 0; rc == 0 && frame < top->frames; frame++) {
        nanosleep(&delay, NULL);
        rc = take(top);
        if (rc == 0)
            show_sorted(top, top->cli->json ? print_json : print_text);
    }
    return rc;
}

/* ---- live ---- */

/* False: to quit. */
static bool on_keys(struct top *top)
{
    char keys[32];
    ssize_t count = read(STDIN_FILENO, keys, sizeof(keys));

    if (count <= 0)
        return count < 0 && errno == EINTR;
    for (ssize_t i = 0; i < count; i++) {
        if (keys[i] == 'q')
            return false;
        top_key_of_letter(keys[i], &top->key);
    }
    return true;
}

/* Until the next sample is due. False: to quit. */
static bool wait_for_keys(struct top *top, uint64_t due_ms)
{
    sigset_t all;

    sigemptyset(&all);
    for (uint64_t now = now_ms(); now < due_ms; now = now_ms()) {
        struct pollfd keys = {.fd = STDIN_FILENO, .events = POLLIN};
        struct timespec left = {.tv_sec = (time_t)((due_ms - now) / 1000),
                                .tv_nsec = (long)((due_ms - now) % 1000) * 1000000};
        int ready = ppoll(&keys, 1, &left, &all);
        if (ready < 0 && errno != EINTR)
            return false;
        if (ready > 0 && !on_keys(top))
            return false;
        if (ready > 0 || is_resized) {
            is_resized = 0;
            show_sorted(top, draw);
        }
    }
    return true;
}

static int run_live(struct top *top)
{
    bool on = true;
    int rc = 0;

    for (long frame = 0; rc == 0 && on && frame < top->frames; frame++) {
        uint64_t due_ms = now_ms() + top->delay_ms;
        rc = take(top);
        if (rc != 0)
            break;
        show_sorted(top, draw);
        on = wait_for_keys(top, due_ms);
    }
    leave();
    return rc;
}

static int parse(struct top *top)
{
    const char *sort = cli_value(top->cli, "--sort");
    int rc = cli_milliseconds(top->cli, "--delay", &top->delay_ms);

    if (rc == 0)
        rc = cli_number(top->cli, "--count", 1, FRAMES, &top->frames);
    if (rc == 0 && sort != NULL && !top_key_parse(sort, &top->key))
        rc = cli_usage(top->cli, "--sort takes cpu, memory, rx, tx or name, not '%s'", sort);
    return rc;
}

int cmd_top(struct cli *cli)
{
    struct top top = {.cli = cli, .delay_ms = DELAY_MS};

    top.live =
        !cli->json && !cli_flag(cli, "--batch") && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    top.frames = top.live ? FRAMES : 1;
    int rc = parse(&top);
    if (rc == 0)
        rc = cli_connect(cli);
    if (rc == 0)
        rc = top.live && take_terminal() ? run_live(&top) : run_batch(&top);
    free(top.now.rows);
    free(top.before.rows);
    return rc;
}
