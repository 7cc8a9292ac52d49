/* ctl: what clients say, taken apart; and guests and pages, put into words. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/guest_json.h"
#include "ctl/message.h"
#include "ctl/ops.h"
#include "ctl/spec_json.h"
#include "fixture/core_rig.h"
#include "fixture/suite.h"
#include "noxs/access.h"

static struct guest_spec spec;
static struct error error;

static int read_spec(const char *text)
{
    json_t *json = json_loads(text, 0, NULL);
    ck_assert_msg(json != NULL, "not JSON: %s", text);
    struct spec_terms terms;
    int rc = spec_from_json(json, &spec, &terms, &error);
    json_decref(json);
    return rc;
}

START_TEST(a_full_config)
{
    ck_assert_int_eq(
        read_spec(
            "{\"name\":\"web\",\"kernel\":\"/k\",\"memory\":8,\"vcpus\":1,\"cmdline\":\"a b\","
            "\"vif\":[{\"mac\":\"00:16:3e:00:00:01\",\"ip\":\"10.77.0.5\",\"publish\":["
            "{\"protocol\":\"udp\",\"host\":8080,\"guest\":80},{\"host\":1,\"guest\":2}]},"
            "{\"bridge\":\"br0\"}],\"on_poweroff\":\"preserve\",\"on_reboot\":\"destroy\","
            "\"on_crash\":\"preserve\"}"),
        0);
    ck_assert_str_eq(spec.name, "web");
    ck_assert_str_eq(spec.kernel, "/k");
    ck_assert_str_eq(spec.cmdline, "a b");
    ck_assert_uint_eq(spec.memory_mib, 8);
    ck_assert_uint_eq(spec.vif_count, 2);
    ck_assert_uint_eq(spec.vif[0].mac[5], 1);
    ck_assert_uint_eq(spec.vif[0].ip.octet[3], 5);
    ck_assert_uint_eq(spec.vif[0].publish_count, 2);
    ck_assert_uint_eq(spec.vif[0].publish[0].protocol, 17);
    ck_assert_uint_eq(spec.vif[0].publish[1].protocol, 6);
    ck_assert(!spec.vif[1].has_ip);
    ck_assert_str_eq(spec.vif[1].bridge, "br0");
    ck_assert_int_eq(spec.on_poweroff, SPEC_PRESERVE);
    ck_assert_int_eq(spec.on_reboot, SPEC_DESTROY);
    ck_assert_int_eq(spec.on_crash, SPEC_PRESERVE);
}
END_TEST

START_TEST(cpus)
{
    ck_assert_int_eq(read_spec("{\"name\":\"a\"}"), 0);
    ck_assert_int_eq(spec.cpus.kind, SPEC_CPUS_ANY);
    ck_assert_int_eq(read_spec("{\"name\":\"a\",\"cpus\":{\"only\":[0,1023,64,0]}}"), 0);
    ck_assert_int_eq(spec.cpus.kind, SPEC_CPUS_ONLY);
    ck_assert_uint_eq(spec.cpus.named.word[0], 1);
    ck_assert_uint_eq(spec.cpus.named.word[1], 1);
    ck_assert_uint_eq(spec.cpus.named.word[15], UINT64_C(1) << 63);
    ck_assert_int_eq(read_spec("{\"name\":\"a\",\"cpus\":{\"except\":[]}}"), 0);
    ck_assert_int_eq(spec.cpus.kind, SPEC_CPUS_EXCEPT);
    ck_assert_uint_eq(spec.cpus.named.word[0], 0);
}
END_TEST

START_TEST(configs_that_are_none)
{
    static const struct {
        const char *text;
        int code;
        const char *says;
    } cases[] = {
        {"[]", UKVM_E_CONFIG, "object"},
        {"{}", UKVM_E_CONFIG, "name is missing"},
        {"{\"name\":7}", UKVM_E_CONFIG, "string"},
        {"{\"name\":\"a\",\"color\":1}", UKVM_E_CONFIG, "unknown member 'color'"},
        {"{\"name\":\"a\",\"memory\":-1}", UKVM_E_CONFIG, "memory"},
        {"{\"name\":\"a\",\"memory\":1.5}", UKVM_E_CONFIG, "memory"},
        {"{\"name\":\"a\",\"memory\":\"8\"}", UKVM_E_CONFIG, "memory"},
        {"{\"name\":\"a\",\"vif\":{}}", UKVM_E_CONFIG, "array"},
        {"{\"name\":\"a\",\"vif\":[7]}", UKVM_E_CONFIG, "object"},
        {"{\"name\":\"a\",\"vif\":[{},{},{}]}", UKVM_E_LIMIT, "limit vifs"},
        {"{\"name\":\"a\",\"vif\":[{\"mac\":\"x\"}]}", UKVM_E_CONFIG, "mac 'x'"},
        {"{\"name\":\"a\",\"vif\":[{\"ip\":\"10.77\"}]}", UKVM_E_CONFIG, "ip '10.77'"},
        {"{\"name\":\"a\",\"vif\":[{\"bridge\":\"\"}]}", UKVM_E_CONFIG, "bridge"},
        {"{\"name\":\"a\",\"vif\":[{\"bridge\":\"0123456789abcdef\"}]}", UKVM_E_CONFIG, "bridge"},
        {"{\"name\":\"a\",\"vif\":[{\"publish\":[{\"host\":70000,\"guest\":1}]}]}", UKVM_E_CONFIG,
         "host"},
        {"{\"name\":\"a\",\"vif\":[{\"publish\":[{\"host\":1}]}]}", UKVM_E_CONFIG,
         "guest is missing"},
        {"{\"name\":\"a\",\"vif\":[{\"publish\":[{\"host\":1,\"guest\":1,\"protocol\":\"sctp\"}]}]"
         "}",
         UKVM_E_CONFIG, "tcp or udp"},
        {"{\"name\":\"a\",\"vif\":[{\"publish\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}]}",
         UKVM_E_LIMIT, "limit publish"},
        {"{\"name\":\"a\",\"on_crash\":\"rename-restart\"}", UKVM_E_CONFIG, "on_crash"},
        {"{\"name\":\"a\",\"after\":[1]}", UKVM_E_CONFIG, "after: must be names"},
        {"{\"name\":\"a\",\"autostart\":2}", UKVM_E_CONFIG, "autostart"},
        {"{\"name\":\"a\",\"after\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]}",
         UKVM_E_LIMIT, "limit after"},
        {"{\"name\":\"a\",\"cpus\":[0]}", UKVM_E_CONFIG, "cpus"},
        {"{\"name\":\"a\",\"cpus\":{}}", UKVM_E_CONFIG, "either only or except"},
        {"{\"name\":\"a\",\"cpus\":{\"only\":[0],\"except\":[1]}}", UKVM_E_CONFIG, "either"},
        {"{\"name\":\"a\",\"cpus\":{\"only\":0}}", UKVM_E_CONFIG, "only: must be an array"},
        {"{\"name\":\"a\",\"cpus\":{\"only\":[0],\"x\":1}}", UKVM_E_CONFIG, "unknown member 'x'"},
        {"{\"name\":\"a\",\"cpus\":{\"only\":[\"0\"]}}", UKVM_E_CONFIG, "must be a number"},
        {"{\"name\":\"a\",\"cpus\":{\"only\":[-1]}}", UKVM_E_CONFIG, "must be a number"},
        {"{\"name\":\"a\",\"cpus\":{\"except\":[1024]}}", UKVM_E_LIMIT, "limit cpus"},
        {"{\"name\":\"a\",\"cpus\":{\"only\":[9223372036854775807]}}", UKVM_E_LIMIT, "limit cpus"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ck_assert_msg(read_spec(cases[i].text) == -cases[i].code, "%s: %d %s", cases[i].text,
                      error.code, error.text);
        ck_assert_msg(strstr(error.text, cases[i].says) != NULL, "%s: %s", cases[i].text,
                      error.text);
    }
}
END_TEST

START_TEST(texts_that_are_too_long)
{
    static const char *const keys[] = {"name", "kernel", "cmdline"};
    static const unsigned sizes[] = {LIMIT_NAME, LIMIT_KERNEL_PATH, LIMIT_CMDLINE};
    char text[2048], value[1100];
    for (int i = 0; i < 3; i++) {
        memset(value, 'a', sizeof(value));
        value[sizes[i]] = '\0';
        snprintf(text, sizeof(text), "{%s\"%s\":\"%s\"}", i > 0 ? "\"name\":\"a\"," : "", keys[i],
                 value);
        ck_assert_int_eq(read_spec(text), 0);
        value[sizes[i]] = 'a';
        value[sizes[i] + 1] = '\0';
        snprintf(text, sizeof(text), "{%s\"%s\":\"%s\"}", i > 0 ? "\"name\":\"a\"," : "", keys[i],
                 value);
        ck_assert_int_eq(read_spec(text), -UKVM_E_LIMIT);
    }
}
END_TEST

START_TEST(envelopes)
{
    struct message message;
    ck_assert_int_eq(message_parse("{\"op\":\"list\",\"id\":7}", 20, &message, &error), 0);
    ck_assert_str_eq(message.op, "list");
    ck_assert(message.has_id);
    json_t *json = message_ok(&message, NULL);
    char *text = json_dumps(json, JSON_COMPACT);
    ck_assert_str_eq(text, "{\"id\":7,\"ok\":{}}");
    free(text);
    json_decref(json);
    message_fini(&message);
    error_set(&error, UKVM_E_NOT_FOUND, "no \"guest\"");
    json = message_error(&message, &error);
    text = json_dumps(json, JSON_COMPACT);
    ck_assert_str_eq(text, "{\"id\":7,\"error\":{\"code\":\"not-found\","
                           "\"message\":\"no \\\"guest\\\"\"}}");
    free(text);
    json_decref(json);
}
END_TEST

START_TEST(envelopes_that_are_none)
{
    static const char *const texts[] = {"",
                                        "x",
                                        "[]",
                                        "7",
                                        "{\"op\":7}",
                                        "{\"id\":1}",
                                        "{\"op\":\"list\",\"id\":\"x\"}",
                                        "{\"op\":\"list\"} x",
                                        "{\"op\":\"list\",\"op\":\"info\"}",
                                        "{\"op\":\"\\u0000\"}",
                                        "{\"op\":\"\xff\"}"};
    struct message message;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        ck_assert_msg(message_parse(texts[i], strlen(texts[i]), &message, &error) ==
                          -UKVM_E_PROTOCOL,
                      "accepted %s", texts[i]);
        ck_assert_ptr_null(message.object);
    }
    ck_assert_int_eq(message_parse("{\"id\":9}", 8, &message, &error), -UKVM_E_PROTOCOL);
    ck_assert_int_eq(message.id, 9);
}
END_TEST

START_TEST(a_guest_in_words)
{
    static struct rig rig;
    rig_init(&rig);
    struct guest *guest = rig_boot_named(&rig, "web");
    json_t *json = guest_json(guest);
    const json_t *vif = json_array_get(json_object_get(json, "vifs"), 0);
    ck_assert_str_eq(json_string_value(json_object_get(json, "name")), "web");
    ck_assert_str_eq(json_string_value(json_object_get(json, "state")), "running");
    ck_assert(json_is_null(json_object_get(json, "reason")));
    ck_assert_int_eq(json_integer_value(json_object_get(json, "memory_bytes")), 2 << 20);
    ck_assert_str_eq(json_string_value(json_object_get(json, "kernel")), "/boot/kernel");
    ck_assert_str_eq(json_string_value(json_object_get(vif, "ip")), "10.77.0.2");
    ck_assert_int_eq(json_integer_value(json_object_get(vif, "prefix_len")), 16);
    ck_assert_str_eq(json_string_value(json_object_get(vif, "gateway")), "10.77.0.1");
    ck_assert(json_is_null(json_object_get(vif, "bridge")));
    ck_assert_uint_le(json_dumpb(json, NULL, 0, JSON_COMPACT), guest_json_bound(guest));
    json_decref(json);
    rig_fini(&rig);
}
END_TEST

START_TEST(the_bound_of_a_guest_holds_for_the_longest)
{
    static struct rig rig;
    rig_init(&rig);
    struct guest_spec longest = rig_spec("x");
    memset(longest.name, 'n', LIMIT_NAME);
    memset(longest.kernel, '"', LIMIT_KERNEL_PATH);
    longest.vif_count = 2;
    struct guest *guest = rig_boot(&rig, &longest);
    memset(guest->reason, '\\', sizeof(guest->reason) - 1);
    guest->domid = 32751;
    for (int i = 0; i < 2; i++) {
        guest->vif[i].ip = guest->vif[i].gateway = (struct hostnet_ip){{255, 255, 255, 255}};
        memcpy(guest->vif[i].bridge, "abcdefghijklmno", 16);
    }
    json_t *json = guest_json(guest);
    ck_assert_uint_le(json_dumpb(json, NULL, 0, JSON_COMPACT), guest_json_bound(guest));
    json_decref(json);
    _exit(0); /* the guest was tampered with */
}
END_TEST

START_TEST(a_page_in_words)
{
    static struct rig rig;
    rig_init(&rig);
    struct guest *guest = rig_boot_named(&rig, "web");
    struct noxs_page *page = rig_page(&rig, guest);
    /* What the guest does to chaosd's words shows in none of chaosd's. */
    page->domid = 99;
    page->device_guest_state[1] = 77;
    noxs_write64(&page->guest_kick, 0xdeadbeefdeadbeef);
    json_t *json = page_json(guest);
    const json_t *daemon = json_object_get(json, "daemon");
    const json_t *words = json_object_get(json, "guest");
    const json_t *devices = json_object_get(daemon, "devices");
    ck_assert_int_eq(json_integer_value(json_object_get(daemon, "domid")), guest->domid);
    ck_assert_uint_eq(json_array_size(devices), 2);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(devices, 1), "type")), "net");
    ck_assert_str_eq(json_string_value(json_object_get(words, "kick")), "0xdeadbeefdeadbeef");
    ck_assert_str_eq(json_string_value(json_object_get(json_object_get(words, "status"), "state")),
                     "ready");
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(words, "device_states"), 1)),
                     "unknown (77)");
    ck_assert_ptr_nonnull(json_object_get(json_object_get(json, "iod"), "seen"));
    json_decref(json);
    rig_fini(&rig);
}
END_TEST

START_TEST(every_operation_is_found)
{
    static const char *const names[] = {"version", "create",  "destroy",  "list",    "info",
                                        "pause",   "unpause", "shutdown", "console", "noxs"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        ck_assert_str_eq(ctl_op_find(names[i])->name, names[i]);
    ck_assert_ptr_null(ctl_op_find("format"));
    ck_assert_int_eq(ctl_op_find("destroy")->privilege, CTL_OWNER);
}
END_TEST

int main(void)
{
    return SUITE_RUN("ctl_json", NULL, NULL, a_full_config, cpus, configs_that_are_none,
                     texts_that_are_too_long, envelopes, envelopes_that_are_none, a_guest_in_words,
                     the_bound_of_a_guest_holds_for_the_longest, a_page_in_words,
                     every_operation_is_found);
}
