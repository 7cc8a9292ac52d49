#include "census.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xenctrl.h>

#define DOMAINS_MAX 32768

/* The number behind the key in a file of /proc, in KiB there. */
static double read_kib(const char *path, const char *key)
{
    FILE *file = fopen(path, "r");
    char line[256];
    double bytes = 0;

    if (file == NULL)
        bench_fail(path, strerror(errno));
    while (fgets(line, sizeof(line), file) != NULL) {
        unsigned long kib;
        if (strncmp(line, key, strlen(key)) == 0 && sscanf(line + strlen(key), ": %lu", &kib) == 1)
            bytes = (double)kib * 1024;
    }
    fclose(file);
    return bytes;
}

static double count_fds(int pid)
{
    char path[64];
    double count = -2; /* . and .. */

    snprintf(path, sizeof(path), "/proc/%d/fd", pid);
    DIR *dir = opendir(path);
    if (dir == NULL)
        bench_fail(path, strerror(errno));
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

/* Pages behind Xen's devices. */
static double count_mapped(int pid)
{
    char path[64], line[512];
    double pages = 0;

    snprintf(path, sizeof(path), "/proc/%d/maps", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        bench_fail(path, strerror(errno));
    while (fgets(line, sizeof(line), file) != NULL) {
        unsigned long from, to;
        if (strstr(line, "xen/") != NULL && sscanf(line, "%lx-%lx", &from, &to) == 2)
            pages += (double)((to - from) >> 12);
    }
    fclose(file);
    return pages;
}

static void take_process(const char *name, struct census *census, double *bytes_out)
{
    char path[64];
    int pid = bench_pid(name);

    if (pid == 0)
        bench_fail(name, "does not run");
    snprintf(path, sizeof(path), "/proc/%d/status", pid);
    *bytes_out = read_kib(path, "VmRSS");
    census->fds += count_fds(pid);
    census->mapped_pages += count_mapped(pid);
}

static double count_ports(xc_interface *xen)
{
    double count = 0;

    for (uint32_t port = 0;; port++) {
        xc_evtchn_status_t status = {.dom = DOMID_SELF, .port = port};
        if (xc_evtchn_status(xen, &status) != 0)
            return count;
        count += status.status != EVTCHNSTAT_closed;
    }
}

static double count_domains(xc_interface *xen)
{
    static xc_domaininfo_t info[1024];
    double count = 0;
    int got = 1;

    for (uint32_t next = 0; got > 0 && next < DOMAINS_MAX;) {
        got = xc_domain_getinfolist(xen, next, sizeof(info) / sizeof(info[0]), info);
        count += got > 0 ? got : 0;
        next = got > 0 ? info[got - 1].domain + 1U : next;
    }
    return count;
}

void census_take(struct guests *guests, struct census *census_out)
{
    struct census census = {.xen_free_bytes = guests_free_bytes(guests)};
    xc_interface *xen = xc_interface_open(NULL, NULL, 0);

    if (xen == NULL)
        bench_fail("xenctrl", strerror(errno));
    census.ports = count_ports(xen);
    census.domains = count_domains(xen);
    xc_interface_close(xen);
    census.dom0_available_bytes = read_kib("/proc/meminfo", "MemAvailable");
    take_process("chaosd", &census, &census.chaosd_bytes);
    take_process("chaos-iod", &census, &census.iod_bytes);
    *census_out = census;
}
