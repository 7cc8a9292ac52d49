#include "core/spec.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

void spec_init(struct guest_spec *spec)
{
    *spec = (struct guest_spec){.memory_mib = SPEC_MEMORY_DEFAULT, .vcpus = 1};
}

void spec_terms_init(struct spec_terms *terms)
{
    *terms = (struct spec_terms){.max_restarts = SPEC_RESTARTS_DEFAULT};
}

int spec_policy_parse(const char *text, enum spec_policy *policy_out)
{
    static const char *const names[] = {
        [SPEC_DESTROY] = "destroy",
        [SPEC_PRESERVE] = "preserve",
        [SPEC_RESTART] = "restart",
        [SPEC_COREDUMP_DESTROY] = "coredump-destroy",
        [SPEC_COREDUMP_RESTART] = "coredump-restart",
    };

    for (unsigned i = 0; i < SPEC_POLICY_COUNT; i++) {
        if (strcmp(text, names[i]) == 0) {
            *policy_out = (enum spec_policy)i;
            return 0;
        }
    }
    return -EINVAL;
}

bool spec_policy_restarts(enum spec_policy policy)
{
    return policy == SPEC_RESTART || policy == SPEC_COREDUMP_RESTART;
}

bool spec_policy_dumps(enum spec_policy policy)
{
    return policy == SPEC_COREDUMP_DESTROY || policy == SPEC_COREDUMP_RESTART;
}

bool spec_restarts(const struct guest_spec *spec)
{
    return spec_policy_restarts(spec->on_poweroff) || spec_policy_restarts(spec->on_reboot) ||
           spec_policy_restarts(spec->on_crash);
}

bool spec_is_interface(const char *name)
{
    size_t length =
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

    return length > 0 && length < SPEC_BRIDGE_MAX && name[length] == '\0' && name[0] != '.';
}

static bool name_char(char c)
{
    return isalnum((unsigned char)c) || (c != '\0' && strchr("-_.:+@", c) != NULL);
}

static int check_name(const char *name, struct error *error)
{
    if (*name == '\0')
        return error_set(error, UKVM_E_CONFIG, "name: a guest needs one");
    /* Names become file names, and are told from domain ids and options on a command line. */
    if (*name == '-' || *name == '.')
        return error_set(error, UKVM_E_CONFIG, "name: must not start with '%c'", *name);
    if (strspn(name, "0123456789") == strlen(name))
        return error_set(error, UKVM_E_CONFIG, "name: a number would look like a domain id");
    for (const char *c = name; *c != '\0'; c++)
        if (!name_char(*c))
            return error_set(error, UKVM_E_CONFIG, "name: letters, digits and any of -_.:+@ only");
    return 0;
}

static int check_kernel(const char *kernel, struct error *error)
{
    for (const char *c = kernel; *c != '\0'; c++)
        if (iscntrl((unsigned char)*c))
            return error_set(error, UKVM_E_CONFIG, "kernel: control character in the path");
    return 0;
}

static int check_mac(const uint8_t mac[6], struct error *error)
{
    static const uint8_t zero[6];

    if ((mac[0] & 1) != 0)
        return error_set(error, UKVM_E_CONFIG, "vif: mac is a multicast address");
    if (memcmp(mac, zero, sizeof(zero)) == 0)
        return error_set(error, UKVM_E_CONFIG, "vif: mac is all zeroes");
    return 0;
}

static int check_publish(const struct spec_vif *vif, struct error *error)
{
    if (vif->publish_count > 0 && vif->bridge[0] != '\0')
        return error_set(error, UKVM_E_CONFIG,
                         "vif: publish needs the internal network; drop bridge or publish");
    for (unsigned i = 0; i < vif->publish_count; i++)
        if (vif->publish[i].host_port == 0 || vif->publish[i].guest_port == 0)
            return error_set(error, UKVM_E_CONFIG, "vif: publish: port 0");
    return 0;
}

int spec_check_vif(const struct spec_vif *vif, struct error *error)
{
    int rc = vif->has_mac ? check_mac(vif->mac, error) : 0;
    if (rc < 0)
        return rc;
    if (vif->bridge[0] != '\0' && !spec_is_interface(vif->bridge))
        return error_set(error, UKVM_E_CONFIG,
                         "vif: bridge is not an interface name: letters, digits and _.- only");
    if (vif->prefix_len > 32)
        return error_set(error, UKVM_E_CONFIG, "vif: ip: prefix length above 32");
    if (vif->has_ip && vif->bridge[0] != '\0' && vif->prefix_len == 0)
        return error_set(error, UKVM_E_CONFIG,
                         "vif: ip on a bridge needs a prefix length, as in 192.168.1.5/24");
    return check_publish(vif, error);
}

static int check_cpus(const struct spec_cpus *cpus, struct error *error)
{
    static const struct hv_cpus none;

    if (cpus->kind == SPEC_CPUS_ONLY && memcmp(&cpus->named, &none, sizeof(none)) == 0)
        return error_set(error, UKVM_E_CONFIG, "cpus: at least 1");
    return 0;
}

int spec_check(const struct guest_spec *spec, struct error *error)
{
    int rc = check_name(spec->name, error);
    if (rc == 0)
        rc = check_kernel(spec->kernel, error);
    if (rc < 0)
        return rc;
    if (spec->memory_mib == 0)
        return error_set(error, UKVM_E_CONFIG, "memory: at least 1 MiB");
    if (spec->memory_mib > LIMIT_MEMORY_MIB)
        return limit_reached(error, LIMIT_ID_MEMORY_MIB);
    if (spec->vcpus == 0)
        return error_set(error, UKVM_E_CONFIG, "vcpus: at least 1");
    if (spec->vcpus > 1)
        return error_set(error, UKVM_E_NOT_SUPPORTED, "vcpus: only 1 is supported yet");
    rc = check_cpus(&spec->cpus, error);
    for (unsigned i = 0; rc == 0 && i < spec->vif_count; i++)
        rc = spec_check_vif(&spec->vif[i], error);
    return rc;
}
