#include "cpu_time.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xenctrl.h>

#include "bench.h"

#define CPUS_MAX        256
#define DOMAINS_MAX     32768
#define DOMAINS_AT_ONCE 256

struct cpu_time {
    xc_interface *xen;
    double start_us, idle_us;
};

static int processors(const struct cpu_time *cpu, double *idle_us_out)
{
    static xc_cpuinfo_t info[CPUS_MAX];
    double idle_us = 0;
    int count;

    if (xc_getcpuinfo(cpu->xen, CPUS_MAX, info, &count) != 0)
        bench_fail("processors", strerror(errno));
    for (int i = 0; i < count; i++)
        idle_us += (double)info[i].idletime / 1e3;
    *idle_us_out = idle_us;
    return count;
}

struct cpu_time *cpu_time_open(void)
{
    struct cpu_time *cpu = calloc(1, sizeof(*cpu));

    if (cpu != NULL)
        cpu->xen = xc_interface_open(NULL, NULL, 0);
    if (cpu != NULL && cpu->xen == NULL) {
        free(cpu);
        cpu = NULL;
    }
    return cpu;
}

void cpu_time_close(struct cpu_time *cpu)
{
    if (cpu == NULL)
        return;
    xc_interface_close(cpu->xen);
    free(cpu);
}

void cpu_time_begin(struct cpu_time *cpu)
{
    if (cpu == NULL)
        return;
    processors(cpu, &cpu->idle_us);
    cpu->start_us = bench_now_us();
}

double cpu_time_end_us(struct cpu_time *cpu)
{
    double idle_us, elapsed_us = bench_now_us() - cpu->start_us;
    int count = processors(cpu, &idle_us);

    return elapsed_us * count - (idle_us - cpu->idle_us);
}

double cpu_time_dom0_us(const struct cpu_time *cpu)
{
    xc_domaininfo_t info;

    if (xc_domain_getinfolist(cpu->xen, 0, 1, &info) != 1 || info.domain != 0)
        bench_fail("dom0", strerror(errno));
    return (double)info.cpu_time / 1e3;
}

double cpu_time_guests_us(const struct cpu_time *cpu)
{
    static xc_domaininfo_t info[DOMAINS_AT_ONCE];
    uint32_t next = 1;
    double us = 0;
    int got = 1;

    while (got > 0 && next < DOMAINS_MAX) {
        got = xc_domain_getinfolist(cpu->xen, next, DOMAINS_AT_ONCE, info);
        for (int i = 0; i < got; i++)
            us += (double)info[i].cpu_time / 1e3;
        next = got > 0 ? info[got - 1].domain + 1U : next;
    }
    return us;
}
