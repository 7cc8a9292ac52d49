/* daytime: tells the time to whoever connects to TCP port 13 (RFC 867), as RFC 3339 writes it. */
#include "lwip/tcp.h"
#include "rfc3339.h"
#include "ukg.h"
#include "ukg_lwip.h"

#define PORT         13
#define NS_PER_S     UINT64_C(1000000000)
#define EXIT_NO_NET  2
#define EXIT_NO_PORT 3

/* What clients send is taken and thrown away; their end of the connection closes it. */
static err_t on_data(void *argument, struct tcp_pcb *connection, struct pbuf *data, err_t error)
{
    (void)argument;
    (void)error;
    if (data != NULL) {
        tcp_recved(connection, data->tot_len);
        pbuf_free(data);
    }
    return ERR_OK;
}

static err_t on_connect(void *argument, struct tcp_pcb *connection, err_t error)
{
    char line[RFC3339_SIZE];
    (void)argument;
    if (error != ERR_OK || connection == NULL)
        return ERR_VAL;
    rfc3339_format(line, ukg_clock_wall() / NS_PER_S);
    line[RFC3339_SIZE - 1] = '\n';
    tcp_recv(connection, on_data);
    if (tcp_write(connection, line, sizeof line, TCP_WRITE_FLAG_COPY) != ERR_OK ||
        tcp_close(connection) != ERR_OK) {
        tcp_abort(connection);
        return ERR_ABRT;
    }
    return ERR_OK;
}

static bool listen_for_clients(void)
{
    struct tcp_pcb *pcb = tcp_new();
    if (pcb == NULL || tcp_bind(pcb, IP_ADDR_ANY, PORT) != ERR_OK)
        return false;
    struct tcp_pcb *listener = tcp_listen(pcb);
    if (listener == NULL)
        return false;
    tcp_accept(listener, on_connect);
    return true;
}

/* Says where it listens now, if that has changed. */
static void tell_address(void)
{
    static uint32_t told;
    struct ukg_net_info net;
    if (ukg_net_info(0, &net) != UKG_OK || net.serial == told)
        return;
    told = net.serial;
    ukg_print("daytime: listening on %u.%u.%u.%u:%u\n", net.ip[0], net.ip[1], net.ip[2], net.ip[3],
              PORT);
}

int ukg_main(const struct ukg_start *start)
{
    if (!ukg_lwip_start(0)) {
        ukg_print("daytime: needs a network device with an address\n");
        return EXIT_NO_NET;
    }
    if (!listen_for_clients()) {
        ukg_print("daytime: cannot listen on port %u\n", PORT);
        return EXIT_NO_PORT;
    }
    if (start->net_count == 0)
        ukg_print("daytime: waits for a network device\n");
    for (;;) {
        tell_address();
        ukg_lwip_wait(UKG_FOREVER);
    }
}
