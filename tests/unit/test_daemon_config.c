/* ctl/daemon_config: the settings of chaosd. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/daemon_config.h"
#include "fixture/suite.h"

static struct daemon_config config;
static struct error error;

static int parse(const char *text)
{
    daemon_config_init(&config);
    return daemon_config_parse("x.conf", text, &config, &error);
}

START_TEST(settings)
{
    ck_assert_int_eq(
        parse("# all of them\n\nsocket = /run/x.sock\n iod=/opt/chaos-iod # beside\n"
              "uplink\t=\tbr7\nnetwork = 192.168.4.0/24\nbridges = br0, br-users  x.1\n"
              "virq = take"),
        0);
    ck_assert_str_eq(config.socket, "/run/x.sock");
    ck_assert_str_eq(config.iod, "/opt/chaos-iod");
    ck_assert_str_eq(config.uplink, "br7");
    ck_assert_mem_eq(config.network.octet, ((uint8_t[]){192, 168, 4, 0}), 4);
    ck_assert_uint_eq(config.prefix_len, 24);
    ck_assert_str_eq(config.bridges, "br0 br-users x.1");
    ck_assert_int_eq(config.virq, DEATH_VIRQ_TAKE);
    ck_assert_int_eq(parse("virq = never"), 0);
    ck_assert_int_eq(config.virq, DEATH_VIRQ_NEVER);
    ck_assert_int_eq(parse("virq = never\nvirq = auto"), 0);
    ck_assert_int_eq(config.virq, DEATH_VIRQ_AUTO);
}
END_TEST

START_TEST(defaults)
{
    ck_assert_int_eq(parse(""), 0);
    ck_assert_str_eq(config.socket, "/run/chaos/chaosd.sock");
    ck_assert_str_eq(config.uplink, "chaos0");
    ck_assert_uint_eq(config.prefix_len, 16);
    ck_assert_str_eq(config.bridges, "");
    ck_assert_int_eq(config.virq, DEATH_VIRQ_AUTO);
}
END_TEST

START_TEST(errors_name_the_line)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"socket", "x.conf:1: must be 'key = value'"},
        {"\ncolor = red", "x.conf:2: unknown key 'color'"},
        {"socket = relative", "x.conf:1: socket must be an absolute path"},
        {"socket =", "socket"},
        {"iod = chaos-iod", "iod"},
        {"uplink = abcdefghijklmnop", "uplink"},
        {"uplink = a b", "uplink"},
        {"network = 10.77.0.0", "network"},
        {"network = 10.77/16", "network"},
        {"virq = yes", "x.conf:1: virq must be auto, take or never"},
        {"bridges = br/0", "bridges"},
        {"bridges = br0, abcdefghijklmnop", "bridges"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ck_assert_int_eq(parse(cases[i].text), -UKVM_E_CONFIG);
        ck_assert_msg(strstr(error.text, cases[i].says) != NULL, "%s", error.text);
    }
}
END_TEST

START_TEST(lines_and_files_have_a_length)
{
    char text[1024];
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    ck_assert_int_eq(parse(text), -UKVM_E_CONFIG);
    ck_assert_ptr_nonnull(strstr(error.text, "too long"));
    ck_assert_int_eq(daemon_config_load("/dev/zero", &config, &error), -UKVM_E_CONFIG);
    ck_assert_int_eq(daemon_config_load("/no/such", &config, &error), -UKVM_E_NO_FILE);
    ck_assert_int_eq(daemon_config_load("/", &config, &error), -UKVM_E_NO_FILE);
}
END_TEST

START_TEST(a_file_is_read)
{
    char path[] = "/tmp/chaos-test-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_eq(write(fd, "uplink = up0\n", 13), 13);
    close(fd);
    daemon_config_init(&config);
    ck_assert_int_eq(daemon_config_load(path, &config, &error), 0);
    ck_assert_str_eq(config.uplink, "up0");
    unlink(path);
}
END_TEST

int main(void)
{
    return SUITE_RUN("daemon_config", NULL, NULL, settings, defaults, errors_name_the_line,
                     lines_and_files_have_a_length, a_file_is_read);
}
