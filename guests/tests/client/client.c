/*
 * client: connects to IP:PORT, its command line, and prints the first line it receives. Exit code
 * 0 if there was one. With " stay" after the address the guest then lives on.
 */
#include "address.h"
#include "lwip/tcp.h"
#include "ukg.h"
#include "ukg_lwip.h"

#include <string.h>

#define NS_PER_S   UINT64_C(1000000000)
#define DEADLINE_S 5
#define LINE_MAX   120u

enum exit_code {
    EXIT_LINE = 0,
    EXIT_USAGE = 64,
    EXIT_NO_NET = 2,
    EXIT_REFUSED = 3,
    EXIT_NO_LINE = 4,
};

static char line[LINE_MAX + 1];
static size_t length;
static bool done;
static enum exit_code result = EXIT_NO_LINE;

static void finish(enum exit_code code)
{
    done = true;
    result = code;
}

static void take(const char *data, size_t size)
{
    for (size_t i = 0; i < size && !done; i++) {
        if (data[i] == '\n' || length == LINE_MAX)
            finish(EXIT_LINE);
        else
            line[length++] = data[i];
    }
}

static err_t on_data(void *argument, struct tcp_pcb *connection, struct pbuf *data, err_t error)
{
    (void)argument;
    (void)error;
    if (data == NULL) {
        tcp_close(connection);
        finish(length > 0 ? EXIT_LINE : EXIT_NO_LINE);
        return ERR_OK;
    }
    for (struct pbuf *piece = data; piece != NULL; piece = piece->next)
        take(piece->payload, piece->len);
    tcp_recved(connection, data->tot_len);
    pbuf_free(data);
    return ERR_OK;
}

static err_t on_connected(void *argument, struct tcp_pcb *connection, err_t error)
{
    (void)argument;
    (void)error;
    tcp_recv(connection, on_data);
    return ERR_OK;
}

/* lwIP has freed the connection. */
static void on_error(void *argument, err_t error)
{
    (void)argument;
    (void)error;
    finish(EXIT_REFUSED);
}

static bool start_connection(const struct address *to)
{
    struct tcp_pcb *connection = tcp_new();
    ip_addr_t ip;
    if (connection == NULL)
        return false;
    memcpy(&ip.addr, to->ip, sizeof ip.addr);
    tcp_err(connection, on_error);
    return tcp_connect(connection, &ip, to->port, on_connected) == ERR_OK;
}

int ukg_main(const struct ukg_start *start)
{
    struct address to;
    const char *rest = address_parse(start->cmdline, &to);
    if (rest == NULL || (*rest != '\0' && strcmp(rest, " stay") != 0)) {
        ukg_print("client: the command line must be IP:PORT, or IP:PORT stay\n");
        return EXIT_USAGE;
    }
    if (!ukg_lwip_start(0) || !start_connection(&to)) {
        ukg_print("client: needs a network device with an address\n");
        return EXIT_NO_NET;
    }
    uint64_t deadline_ns = ukg_clock_monotonic() + DEADLINE_S * NS_PER_S;
    while (!done && ukg_clock_monotonic() < deadline_ns)
        ukg_lwip_wait(deadline_ns);
    if (result == EXIT_LINE)
        ukg_print("client: received %s\n", line);
    else
        ukg_print("client: %s\n", result == EXIT_REFUSED ? "no connection" : "no line received");
    while (*rest != '\0')
        ukg_lwip_wait(UKG_FOREVER);
    return result;
}
