/*
 * The connection to chaosd: frames of docs/protocol.md over a SOCK_SEQPACKET socket. Private to
 * libukvm.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <jansson.h>
#include <sys/un.h>

#include "error.h"

/* One packet, either way, in bytes. */
#define CLIENT_PACKET_MAX 65536u

struct ukvm {
    int fd; /* -1 after the connection was lost; the next call connects again */
    json_int_t last_id;
    struct sockaddr_un address;
    char message[UKVM_MESSAGE_MAX];
    char packet[CLIENT_PACKET_MAX];
};

struct client_reply {
    json_t *ok; /* the reply's "ok" object */
    int fd;     /* the file descriptor beside it, or -1 */
};

/*
 * One request and its reply. arguments is an object, given away; NULL means that building it
 * failed. send_fd is borrowed, -1 for none. On success the caller ends *reply_out with
 * client_reply_fini; on failure handle->message is set and nothing is held. Returns a negated
 * enum ukvm_error_code.
 */
int client_call(struct ukvm *handle, const char *op, json_t *arguments, int send_fd,
                struct client_reply *reply_out);
/* The two halves of it, for what is answered more than once or by a record. */
int client_send(struct ukvm *handle, const char *op, json_t *arguments, int send_fd);
/* For a request of length bytes that is in handle->packet already, with handle->last_id as its id.
 */
int client_send_record(struct ukvm *handle, const char *op, size_t length, int send_fd);
/*
 * A reply that is no JSON is left in handle->packet: *record_length_out (else 0), and *reply_out is
 * empty. *number_out: of the guest of many that this answers, also with an error; 0: of none.
 */
int client_receive(struct ukvm *handle, struct client_reply *reply_out, size_t *record_length_out,
                   uint32_t *number_out);
void client_reply_fini(struct client_reply *reply);

/* Add an argument; an object that cannot hold it becomes NULL, which client_call refuses. */
void client_add_argument(json_t **arguments, const char *name, json_t *value);

/* Drop the connection and report a reply that breaks the protocol. */
int client_malformed(struct ukvm *handle, const char *what);

#endif
