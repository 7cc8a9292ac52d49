#include "ctl/daemon_config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/addr.h"
#include "core/spec.h"
#include "util/fd.h"

#define FILE_MAX       16384u
#define LINE_MAX_BYTES 512u

void daemon_config_init(struct daemon_config *config)
{
    *config = (struct daemon_config){.socket = "/run/chaos/chaosd.sock",
                                     .uplink = "chaos0",
                                     .network = {{10, 77, 0, 0}},
                                     .prefix_len = 16};
    pool_setting_defaults(&config->pool);
}

/* ---- keys --------------------------------------------------------------------------- */

static int set_text(const char *value, char *out, size_t size)
{
    if (*value == '\0' || strlen(value) >= size)
        return -EINVAL;
    memcpy(out, value, strlen(value) + 1);
    return 0;
}

static int set_socket(const char *value, struct daemon_config *config)
{
    return *value == '/' ? set_text(value, config->socket, sizeof(config->socket)) : -EINVAL;
}

static int set_iod(const char *value, struct daemon_config *config)
{
    return *value == '/' ? set_text(value, config->iod, sizeof(config->iod)) : -EINVAL;
}

static int set_uplink(const char *value, struct daemon_config *config)
{
    if (strpbrk(value, "/ \t") != NULL)
        return -EINVAL;
    return set_text(value, config->uplink, sizeof(config->uplink));
}

static int set_network(const char *value, struct daemon_config *config)
{
    int rc = addr_parse_ip(value, &config->network, &config->prefix_len);
    return rc == 0 && config->prefix_len == 0 ? -EINVAL : rc;
}

/* With spaces or commas between them. */
static int set_bridges(const char *value, struct daemon_config *config)
{
    char *out = config->bridges;
    char name[SPEC_BRIDGE_MAX];

    *out = '\0';
    for (;;) {
        value += strspn(value, ", \t");
        size_t length = strcspn(value, ", \t");
        if (length == 0)
            return 0;
        if (length >= sizeof(name) ||
            (size_t)(out - config->bridges) + length + 2 > sizeof(config->bridges))
            return -EINVAL;
        memcpy(name, value, length);
        name[length] = '\0';
        if (!spec_is_interface(name))
            return -EINVAL;
        out += sprintf(out, "%s%s", out > config->bridges ? " " : "", name);
        value += length;
    }
}

static int set_virq(const char *value, struct daemon_config *config)
{
    static const char *const names[] = {
        [DEATH_VIRQ_AUTO] = "auto", [DEATH_VIRQ_TAKE] = "take", [DEATH_VIRQ_NEVER] = "never"};

    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(value, names[i]) != 0)
            continue;
        config->virq = (enum death_virq)i;
        return 0;
    }
    return -EINVAL;
}

/* A line each: of the whole pool, or of one flavour. It says itself what is wrong. */
static int set_pool(const char *where, const char *value, struct daemon_config *config,
                    struct error *error)
{
    struct pool_setting setting;
    int rc = pool_setting_parse(where, value, &setting, error);

    if (rc < 0)
        return rc;
    if (!pool_setting_is_flavour(&setting))
        pool_setting_merge(&config->pool, &setting);
    else if (config->flavour_count == LIMIT_FLAVOURS)
        return error_set(error, UKVM_E_CONFIG, "%s: at most %u flavours of shells", where,
                         LIMIT_FLAVOURS);
    else
        config->flavours[config->flavour_count++] = setting;
    return 0;
}

static const struct key {
    const char *name;
    int (*set)(const char *value, struct daemon_config *config);
    const char *expected;
} keys[] = {
    {"socket", set_socket, "an absolute path"},
    {"iod", set_iod, "the absolute path of chaos-iod"},
    {"uplink", set_uplink, "an interface name of at most 15 bytes"},
    {"network", set_network, "an IPv4 network such as 10.77.0.0/16"},
    {"virq", set_virq, "auto, take or never"},
    {"bridges", set_bridges, "names of bridges that users other than root may use"},
};

int daemon_config_set(const char *where, const char *key, const char *value,
                      struct daemon_config *config, struct error *error)
{
    if (strcmp(key, "pool") == 0)
        return set_pool(where, value, config, error);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strcmp(keys[i].name, key) != 0)
            continue;
        if (keys[i].set(value, config) == 0)
            return 0;
        return error_set(error, UKVM_E_CONFIG, "%s: %s must be %s", where, key, keys[i].expected);
    }
    return error_set(error, UKVM_E_CONFIG, "%s: unknown key '%.40s'", where, key);
}

/* ---- the file ----------------------------------------------------------------------- */

static char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    for (char *end = text + strlen(text); end > text && isspace((unsigned char)end[-1]);)
        *--end = '\0';
    return text;
}

static int parse_line(const char *where, char *line, struct daemon_config *config,
                      struct error *error)
{
    line[strcspn(line, "#")] = '\0';
    line = trim(line);
    if (*line == '\0')
        return 0;
    char *value = strchr(line, '=');
    if (value == NULL)
        return error_set(error, UKVM_E_CONFIG, "%s: must be 'key = value'", where);
    *value++ = '\0';
    return daemon_config_set(where, trim(line), trim(value), config, error);
}

int daemon_config_parse(const char *path, const char *text, struct daemon_config *config,
                        struct error *error)
{
    int rc = 0;

    for (unsigned number = 1; rc == 0 && *text != '\0'; number++) {
        char line[LINE_MAX_BYTES], where[DAEMON_PATH_MAX + 16];
        size_t length = strcspn(text, "\n");

        snprintf(where, sizeof(where), "%s:%u", path, number);
        if (length >= sizeof(line))
            return error_set(error, UKVM_E_CONFIG, "%s: the line is too long", where);
        memcpy(line, text, length);
        line[length] = '\0';
        rc = parse_line(where, line, config, error);
        text += length + (text[length] == '\n');
    }
    return rc;
}

int daemon_config_load(const char *path, struct daemon_config *config, struct error *error)
{
    char text[FILE_MAX];
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return error_set(error, UKVM_E_NO_FILE, "%s: %s", path, strerror(errno));
    ssize_t size = read(fd, text, sizeof(text) - 1);
    int errnum = errno;
    fd_close(&fd);
    if (size < 0)
        return error_set(error, UKVM_E_NO_FILE, "%s: %s", path, strerror(errnum));
    if (size == (ssize_t)sizeof(text) - 1)
        return error_set(error, UKVM_E_CONFIG, "%s: the file is too long", path);
    text[size] = '\0';
    return daemon_config_parse(path, text, config, error);
}
