#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "cli.h"

#define DETACH_KEY 0x1d /* Ctrl-] */

/* The terminal as it was: for the signal handler too, hence not in a struct of the call. */
static struct termios saved;
static volatile sig_atomic_t is_raw;

static void restore(void)
{
    if (is_raw) {
        is_raw = 0;
        tcsetattr(STDIN_FILENO, TCSANOW, &saved);
    }
}

static void on_signal(int number)
{
    restore();
    signal(number, SIG_DFL);
    raise(number);
}

/* Keys go to the guest as they are typed; what the guest prints is still line-ended for us. */
static void make_raw(void)
{
    static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE};
    struct termios raw;

    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &saved) != 0)
        return;
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        signal(signals[i], on_signal);
    atexit(restore);
    raw = saved;
    cfmakeraw(&raw);
    raw.c_oflag = saved.c_oflag;
    is_raw = 1;
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    fprintf(stderr, "chaos: console: press Ctrl-] to leave\n");
}

static int write_all(int fd, const char *data, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, data, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        data += n;
        length -= (size_t)n;
    }
    return 0;
}

/* Moves what can be read: 1 to go on, 0 at the end, or a negated errno. */
static int copy_output(int console_fd)
{
    char data[4096];
    ssize_t n = read(console_fd, data, sizeof(data));

    if (n < 0)
        return errno == EINTR ? 1 : errno == ECONNRESET ? 0 : -errno;
    if (n == 0)
        return 0;
    int error = write_all(STDOUT_FILENO, data, (size_t)n);
    return error == 0 ? 1 : error;
}

/* What was typed and the guest has not taken yet. */
struct input {
    char data[4096];
    size_t length;
    bool open;    /* more may come */
    bool refused; /* another client has the guest's input */
    bool detach;  /* the key was pressed */
};

/*
 * Never blocks: the detach key must work when the guest takes nothing. What cannot be sent any more
 * is dropped: that the stream has ended, or takes nothing of us, is found out elsewhere.
 */
static void send_input(int console_fd, struct input *input)
{
    ssize_t n = send(console_fd, input->data, input->length, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n < 0)
        n = (ssize_t)input->length;
    input->length -= (size_t)n;
    memmove(input->data, input->data + n, input->length);
}

/* A stream that has not ended, and takes nothing. */
static bool is_refused(int console_fd)
{
    struct pollfd end = {.fd = console_fd};

    return send(console_fd, "", 0, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno == EPIPE &&
           poll(&end, 1, 0) == 0;
}

static void look_for_refusal(const struct cli *cli, int console_fd, struct input *input)
{
    if (!input->open || input->refused || !is_refused(console_fd))
        return;
    input->refused = true;
    input->length = 0;
    cli_error(cli, 0, "somebody else has the input of this console; this one only reads");
}

/* Keys for which there is no room are lost. */
static void take_input(int console_fd, struct input *input)
{
    char data[256];
    size_t room = input->refused ? 0 : sizeof(input->data) - input->length;
    ssize_t n = read(STDIN_FILENO, data, is_raw || room > sizeof(data) ? sizeof(data) : room);

    if (n < 0 && errno == EINTR)
        return;
    if (n <= 0) {
        input->open = false;
        return;
    }
    const char *detach = is_raw ? memchr(data, DETACH_KEY, (size_t)n) : NULL;
    size_t length = detach != NULL ? (size_t)(detach - data) : (size_t)n;
    input->detach = detach != NULL;
    if (length > room)
        length = room;
    memcpy(input->data + input->length, data, length);
    input->length += length;
    send_input(console_fd, input);
}

/* A pipe waits until there is room; keys are read always, for one of them may be the detach key. */
static bool wants_input(const struct input *input)
{
    return input->open && (is_raw || (!input->refused && input->length < sizeof(input->data)));
}

static int copy_until_end(const struct cli *cli, int console_fd, bool has_input)
{
    struct input input = {.open = has_input};
    int more = 1;

    while (more > 0 && !input.detach) {
        struct pollfd fds[2] = {
            {.fd = console_fd, .events = input.length > 0 ? POLLIN | POLLOUT : POLLIN},
            {.fd = wants_input(&input) ? STDIN_FILENO : -1, .events = POLLIN}};
        if (poll(fds, 2, -1) < 0) {
            if (errno == EINTR)
                continue;
            return -errno;
        }
        look_for_refusal(cli, console_fd, &input);
        if ((fds[0].revents & POLLOUT) != 0)
            send_input(console_fd, &input);
        if ((fds[0].revents & ~POLLOUT) != 0)
            more = copy_output(console_fd);
        if (more > 0 && fds[1].revents != 0)
            take_input(console_fd, &input);
        /* The end of our input is not the end of the guest's output, but the turn of another. */
        if (has_input && !input.open && input.length == 0) {
            has_input = false;
            shutdown(console_fd, SHUT_WR);
        }
    }
    return more;
}

/* All that the console holds, as a string; what is not printable ASCII or a line end is '?'. */
int console_json(const struct cli *cli, int console_fd)
{
    char *text = NULL;
    size_t length = 0, room = 0;
    ssize_t n;

    do {
        if (length + 1 >= room) {
            room = room == 0 ? 4096 : 2 * room;
            char *grown = realloc(text, room);
            if (grown == NULL) {
                free(text);
                return cli_error(cli, -UKVM_E_INTERNAL, "out of memory");
            }
            text = grown;
        }
        n = read(console_fd, text + length, room - 1 - length);
        if (n > 0)
            length += (size_t)n;
    } while (n > 0 || (n < 0 && errno == EINTR));
    for (size_t i = 0; i < length; i++) {
        if (text[i] != '\n' && text[i] != '\r' && text[i] != '\t' &&
            (text[i] < ' ' || text[i] > '~'))
            text[i] = '?';
    }
    int rc =
        out_json(json_pack("{s:s, s:s%}", "guest", cli->arguments[0], "console", text, length));
    free(text);
    return rc;
}

int console_copy(const struct cli *cli, int console_fd, bool interactive)
{
    if (interactive)
        make_raw();
    int error = copy_until_end(cli, console_fd, interactive);
    restore();
    return error < 0 ? cli_error(cli, -UKVM_E_INTERNAL, "%s", strerror(-error)) : 0;
}

static int show(struct cli *cli, const char *guest, bool follow)
{
    int fd;
    int rc = ukvm_console(cli->handle, guest, follow, &fd);

    if (rc != 0)
        return cli_failed(cli, rc);
    rc = cli->json ? console_json(cli, fd) : console_copy(cli, fd, follow);
    close(fd);
    return rc;
}

int console_use(struct cli *cli, const char *guest)
{
    return show(cli, guest, true);
}

int cmd_console(struct cli *cli)
{
    int rc = cli_connect(cli);

    return rc != 0 ? rc : show(cli, cli->arguments[0], !cli->json && !cli_flag(cli, "--no-follow"));
}
