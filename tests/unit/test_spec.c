/* core/spec and core/limits: what a guest may be. */
#include <stdio.h>
#include <string.h>

#include "core/spec.h"
#include "fixture/suite.h"

static struct guest_spec spec;
static struct error error;

static void setup(void)
{
    spec_init(&spec);
    snprintf(spec.name, sizeof(spec.name), "web-1");
    error = (struct error){0};
}

static void expect(int code, const char *text)
{
    ck_assert_int_eq(spec_check(&spec, &error), -code);
    ck_assert_int_eq(error.code, code);
    ck_assert_msg(strstr(error.text, text) != NULL, "'%s' does not say '%s'", error.text, text);
}

START_TEST(defaults_make_a_guest)
{
    ck_assert_int_eq(spec_check(&spec, &error), 0);
    ck_assert_uint_eq(spec.memory_mib, 32);
    ck_assert_uint_eq(spec.vcpus, 1);
    ck_assert_int_eq(spec.on_crash, SPEC_DESTROY);
}
END_TEST

START_TEST(names)
{
    static const char *const bad[] = {"",    "-x",  ".x",  ".",    "42",      "0",
                                      "a b", "a;b", "a/b", "a\nb", "\xc3\xa4"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(spec.name, sizeof(spec.name), "%s", bad[i]);
        expect(UKVM_E_CONFIG, "name");
    }
    snprintf(spec.name, sizeof(spec.name), "A.b_c:d+e@9-");
    ck_assert_int_eq(spec_check(&spec, &error), 0);
}
END_TEST

START_TEST(sizes)
{
    spec.memory_mib = 0;
    expect(UKVM_E_CONFIG, "memory");
    spec.memory_mib = LIMIT_MEMORY_MIB;
    ck_assert_int_eq(spec_check(&spec, &error), 0);
    spec.memory_mib++;
    expect(UKVM_E_LIMIT, "limit memory: at most 3840 MiB");
    spec.memory_mib = 1;
    spec.vcpus = 0;
    expect(UKVM_E_CONFIG, "vcpus");
    spec.vcpus = 2;
    expect(UKVM_E_NOT_SUPPORTED, "vcpus");
}
END_TEST

START_TEST(cpus)
{
    spec.cpus.kind = SPEC_CPUS_EXCEPT;
    ck_assert_int_eq(spec_check(&spec, &error), 0);
    spec.cpus.kind = SPEC_CPUS_ONLY;
    expect(UKVM_E_CONFIG, "cpus");
    hv_cpus_add(&spec.cpus.named, HV_CPUS_MAX - 1);
    ck_assert_int_eq(spec_check(&spec, &error), 0);
}
END_TEST

START_TEST(interfaces)
{
    struct spec_vif *vif = &spec.vif[0];
    spec.vif_count = 1;
    vif->has_mac = true;
    expect(UKVM_E_CONFIG, "zeroes");
    vif->mac[0] = 1;
    expect(UKVM_E_CONFIG, "multicast");
    vif->has_mac = false;
    snprintf(vif->bridge, sizeof(vif->bridge), "br 0");
    expect(UKVM_E_CONFIG, "bridge");
    static const char *const bad[] = {"br/0", "br\n", "br\033", ".", "..", "\xc3\xa4", "a%n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(vif->bridge, sizeof(vif->bridge), "%s", bad[i]);
        expect(UKVM_E_CONFIG, "bridge");
    }
    snprintf(vif->bridge, sizeof(vif->bridge), "br0");
    vif->has_ip = true;
    expect(UKVM_E_CONFIG, "prefix length");
    vif->prefix_len = 33;
    expect(UKVM_E_CONFIG, "above 32");
    vif->prefix_len = 24;
    ck_assert_int_eq(spec_check(&spec, &error), 0);
    vif->publish_count = 1;
    expect(UKVM_E_CONFIG, "publish");
    vif->bridge[0] = '\0';
    expect(UKVM_E_CONFIG, "port 0");
    vif->publish[0] = (struct spec_publish){.protocol = 6, .host_port = 1, .guest_port = 1};
    ck_assert_int_eq(spec_check(&spec, &error), 0);
}
END_TEST

START_TEST(a_kernel_path_is_printable)
{
    snprintf(spec.kernel, sizeof(spec.kernel), "/a\033[31m");
    expect(UKVM_E_CONFIG, "kernel");
}
END_TEST

START_TEST(every_limit_has_a_name_and_says_so)
{
    for (int id = 0; id < LIMIT_ID_COUNT; id++) {
        ck_assert_int_eq(limit_reached(&error, (enum limit_id)id), -UKVM_E_LIMIT);
        ck_assert_ptr_nonnull(strstr(error.text, limits[id].name));
        ck_assert_str_eq(error_name(error.code), "limit");
    }
    ck_assert_str_eq(error_name(4711), "internal");
}
END_TEST

int main(void)
{
    return SUITE_RUN("spec", setup, NULL, defaults_make_a_guest, names, sizes, cpus, interfaces,
                     a_kernel_path_is_printable, every_limit_has_a_name_and_says_so);
}
