/* Whether this host has a xenstored that needs Xen's event of ends of domains. */
#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "hv/xen/hv_xen.h"

static bool is_xenstored(const char *path)
{
    char name[32] = "";
    FILE *file = fopen(path, "re");

    if (file == NULL)
        return false;
    if (fgets(name, sizeof(name), file) != NULL)
        name[strcspn(name, "\n")] = '\0';
    fclose(file);
    return strcmp(name, "xenstored") == 0 || strcmp(name, "oxenstored") == 0;
}

/* fits NULL: any path will do. */
static bool matches(const char *root, const char *pattern, bool (*fits)(const char *path))
{
    char path[PATH_MAX];
    glob_t found;
    bool match = false;

    if (snprintf(path, sizeof(path), "%s%s", root, pattern) >= (int)sizeof(path) ||
        glob(path, GLOB_NOSORT, NULL, &found) != 0)
        return false;
    for (size_t i = 0; i < found.gl_pathc && !match; i++)
        match = fits == NULL || fits(found.gl_pathv[i]);
    globfree(&found);
    return match;
}

const char *hv_xen_xenstored(const char *root)
{
    static const struct {
        const char *pattern;
        bool (*fits)(const char *path);
        const char *why;
    } signs[] = {
        {"/proc/[0-9]*/comm", is_xenstored, "xenstored runs"},
        {"/run/xenstored/socket", NULL, "xenstored has run since boot"},
        /* systemd: Xen's own unit, Debian's service that starts it, under either's name. */
        {"/etc/systemd/system/*.wants/*xenstored.service", NULL, "systemd starts xenstored"},
        {"/etc/systemd/system/*.requires/*xenstored.service", NULL, "systemd starts xenstored"},
        {"/etc/systemd/system/*.wants/xen.service", NULL, "systemd starts xenstored"},
        {"/etc/systemd/system/*.wants/xencommons.service", NULL, "systemd starts xenstored"},
        {"/usr/lib/systemd/system/*.wants/*xenstored.service", NULL, "systemd starts xenstored"},
        /* init scripts, which systemd runs as well: Debian's, and Xen's own. */
        {"/etc/rc[2-5].d/S[0-9][0-9]xen", NULL, "/etc/init.d/xen starts xenstored"},
        {"/etc/rc[2-5].d/S[0-9][0-9]xencommons", NULL, "/etc/init.d/xencommons starts xenstored"},
    };

    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
        if (matches(root, signs[i].pattern, signs[i].fits))
            return signs[i].why;
    return NULL;
}
