#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

/* A guest's memory is for its owner's eyes only. */
#define FILE_MODE 0600

static int open_file(const struct cli *cli, const char *path, bool force, int *fd_out)
{
    /* Emptied by who writes it, once it is known that there is something to write. */
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (force ? 0 : O_EXCL), FILE_MODE);

    if (fd < 0 && errno == EEXIST)
        return cli_error(cli, -UKVM_E_EXISTS, "%s: is there already (--force overwrites it)", path);
    if (fd < 0)
        return cli_error(cli, -UKVM_E_NO_FILE, "%s: %s", path, strerror(errno));
    *fd_out = fd;
    return 0;
}

int cmd_dump_core(struct cli *cli)
{
    const char *guest = cli->arguments[0], *path = cli->arguments[1];
    bool force = cli_flag(cli, "--force");
    int fd = -1;
    int rc = cli_connect(cli);

    if (rc == 0)
        rc = open_file(cli, path, force, &fd);
    if (rc != 0)
        return rc;
    rc = ukvm_dump_core(cli->handle, guest, fd);
    close(fd);
    if (rc != 0) {
        if (!force)
            unlink(path);
        return cli_failed(cli, rc);
    }
    if (cli->json)
        return out_json(json_pack("{s:s, s:s}", "guest", guest, "file", path));
    return 0;
}
