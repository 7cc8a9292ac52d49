/*
 * A client of chaosd at its worst, for the lab:
 *
 *     stuck_client UID
 *
 * As a user of the group "chaos" it takes all connections that it may have. Some ask and never read
 * the answers, some have sent half a request, some hold descriptors that will not close for an
 * hour, and more knock and leave such descriptors behind. Prints "stuck" and stays so until it is
 * killed.
 */
#include <arpa/inet.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CONNECTIONS 128
#define KNOCKS      64

static void need(int ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    exit(EXIT_FAILURE);
}

static int dial(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/chaos/chaosd.sock"};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    need(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0, "connect");
    return fd;
}

/* Its close waits for a peer, which stays open here, to read what it never will. */
static int lingering(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct linger linger = {.l_onoff = 1, .l_linger = 3600};
    const int few = 4096; /* bytes that the sockets take: there are many of them */
    static char data[4096];
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);

    need(setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &few, sizeof(few)) == 0, "receive buffer");
    need(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &few, sizeof(few)) == 0, "send buffer");
    need(bind(listener, (struct sockaddr *)&address, size) == 0, "bind");
    need(listen(listener, 1) == 0, "listen");
    need(getsockname(listener, (struct sockaddr *)&address, &size) == 0, "getsockname");
    need(connect(fd, (struct sockaddr *)&address, size) == 0, "connect to itself");
    need(accept(listener, NULL, NULL) >= 0, "accept");
    close(listener);
    need(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) == 0, "linger");
    while (send(fd, data, sizeof(data), MSG_DONTWAIT) > 0) {
    }
    return fd;
}

static int say(int to, const char *text)
{
    return send(to, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
}

static void pass(int to, int fd)
{
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec part = {.iov_base = control.space, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof(int));
    /* Hung up on already: the close would wait here, for the hour. */
    if (sendmsg(to, &message, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
        close(fd);
}

static void get_stuck(int fd, int way)
{
    switch (way) {
    case 0: /* asks until nobody listens */
        for (int i = 0; i < 1000 && say(fd, "{\"op\":\"list\"}"); i++) {
        }
        break;
    case 1:
        say(fd, "{\"op\":\"create\",\"config\":{\"na");
        break;
    case 2:
        pass(fd, lingering());
        break;
    default: /* connects and says nothing */
        break;
    }
}

int main(int argc, char **argv)
{
    const struct group *group = getgrnam("chaos");
    uid_t uid = argc == 2 ? (uid_t)atoi(argv[1]) : 0;

    need(group != NULL && uid != 0, "usage: stuck_client UID, and a group chaos");
    need(setgroups(0, NULL) == 0 && setgid(group->gr_gid) == 0 && setuid(uid) == 0, "user");
    for (int i = 0; i < CONNECTIONS; i++)
        get_stuck(dial(), i % 4);
    for (int i = 0; i < KNOCKS; i++) {
        int fd = dial();
        pass(fd, lingering());
        close(fd);
    }
    puts("stuck");
    fflush(stdout);
    for (;;)
        pause();
}
