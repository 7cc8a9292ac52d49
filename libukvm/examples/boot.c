/*
 * Create a guest from a configuration file and wait until it is ready.
 *
 *   cc boot.c $(pkg-config --cflags --libs ukvm) -o boot && ./boot /usr/share/chaos/guests/noop.cfg
 */
#include <stdio.h>
#include <ukvm.h>

static int boot(struct ukvm *handle, struct ukvm_config *config)
{
    struct ukvm_guest guest;
    int rc = ukvm_create(handle, config, NULL, &guest);

    if (rc != 0)
        fprintf(stderr, "%s\n", ukvm_error_message(handle));
    else
        printf("%s is ready: domain %u\n", guest.name, guest.domid);
    return rc;
}

int main(int argc, char **argv)
{
    char message[UKVM_MESSAGE_MAX] = "usage: boot FILE";
    struct ukvm_config *config = NULL;
    struct ukvm *handle = NULL;
    int rc = -UKVM_E_USAGE;

    if (argc == 2)
        rc = ukvm_config_load(argv[1], &config, message);
    if (rc == 0)
        rc = ukvm_open(NULL, &handle, message);
    if (rc != 0)
        fprintf(stderr, "%s\n", message);
    else
        rc = boot(handle, config);
    ukvm_close(handle);
    ukvm_config_free(config);
    return -rc;
}
