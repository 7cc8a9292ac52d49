/* hv/xen/xenstored: the signs of a xenstored that needs Xen's event. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fixture/suite.h"
#include "hv/xen/hv_xen.h"

static char root[64];

static void setup(void)
{
    snprintf(root, sizeof(root), "/tmp/chaos-xenstored-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(root));
}

static void teardown(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -r '%s'", root);
    ck_assert_int_eq(system(command), 0);
}

/* A file of the host with this content. */
static void host_has(const char *name, const char *content)
{
    char path[256];

    snprintf(path, sizeof(path), "%s%s", root, name);
    for (char *slash = strchr(path + strlen(root) + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(content, file);
    fclose(file);
}

START_TEST(a_host_without)
{
    ck_assert_ptr_null(hv_xen_xenstored(root));
    host_has("/proc/1/comm", "systemd\n");
    host_has("/proc/77/comm", "xenconsoled\n");
    host_has("/etc/systemd/system/multi-user.target.wants/xenconsoled.service", "");
    host_has("/etc/systemd/system/multi-user.target.wants/chaosd.service", "");
    /* Installed, and not enabled. */
    host_has("/usr/lib/systemd/system/xenstored.service", "");
    host_has("/etc/init.d/xen", "");
    host_has("/etc/rc2.d/K01xen", "");
    host_has("/etc/rc2.d/S01xendomains", "");
    ck_assert_ptr_null(hv_xen_xenstored(root));
}
END_TEST

START_TEST(signs)
{
    static const struct {
        const char *path, *content, *why;
    } cases[] = {
        {"/proc/812/comm", "xenstored\n", "xenstored runs"},
        {"/proc/812/comm", "oxenstored\n", "xenstored runs"},
        {"/run/xenstored/socket", "", "xenstored has run since boot"},
        {"/etc/systemd/system/multi-user.target.wants/xenstored.service", "",
         "systemd starts xenstored"},
        {"/etc/systemd/system/multi-user.target.wants/oxenstored.service", "",
         "systemd starts xenstored"},
        {"/etc/systemd/system/x.service.requires/xenstored.service", "",
         "systemd starts xenstored"},
        {"/etc/systemd/system/multi-user.target.wants/xen.service", "", "systemd starts xenstored"},
        {"/usr/lib/systemd/system/multi-user.target.wants/xenstored.service", "",
         "systemd starts xenstored"},
        {"/etc/rc2.d/S01xen", "", "/etc/init.d/xen starts xenstored"},
        {"/etc/rc5.d/S20xencommons", "", "/etc/init.d/xencommons starts xenstored"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        host_has(cases[i].path, cases[i].content);
        const char *why = hv_xen_xenstored(root);
        ck_assert_msg(why != NULL, "%s", cases[i].path);
        ck_assert_str_eq(why, cases[i].why);
        teardown();
        setup();
    }
}
END_TEST

int main(void)
{
    return SUITE_RUN("xenstored", setup, teardown, a_host_without, signs);
}
