#include "cpu_time.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xenctrl.h>

#include "bench.h"

#define CPUS_MAX    256
#define DOMAINS_MAX 32768

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

static double sum_us(const struct cpu_time *cpu, uint32_t from, unsigned max)
{
    xc_domaininfo_t *info = calloc(max, sizeof(info[0]));
    double us = 0;

    if (info == NULL)
        bench_fail("memory", strerror(ENOMEM));
    int count = xc_domain_getinfolist(cpu->xen, from, max, info);
    for (int i = 0; i < count; i++)
        us += (double)info[i].cpu_time / 1e3;
    free(info);
    return us;
}

double cpu_time_dom0_us(const struct cpu_time *cpu)
{
    return sum_us(cpu, 0, 1);
}

double cpu_time_guests_us(const struct cpu_time *cpu)
{
    return sum_us(cpu, 1, DOMAINS_MAX);
}
