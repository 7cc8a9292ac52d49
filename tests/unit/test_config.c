/* The config object: loading, changing it as a command line does, and memory that runs out. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture/fail_alloc.h"
#include "ukvm.h"

static char message[UKVM_MESSAGE_MAX];

static struct ukvm_config *parse(const char *text)
{
    struct ukvm_config *config = NULL;
    int rc = ukvm_config_parse("test.cfg", text, strlen(text), &config, message);

    ck_assert_msg(rc == 0, "%s", message);
    return config;
}

START_TEST(set_replaces_and_appends)
{
    struct ukvm_config *config = parse("name='a'\nmemory=4\nvif=['']");

    ck_assert_int_eq(ukvm_config_set(config, "memory=8", message), 0);
    ck_assert_int_eq(ukvm_config_set(config, "name='b'", message), 0);
    ck_assert_int_eq(ukvm_config_set(config, "vif+=['ip=10.77.0.3']", message), 0);
    ck_assert_str_eq(ukvm_config_json(config),
                     "{\"memory\":8,\"name\":\"b\",\"vif\":[{},{\"ip\":\"10.77.0.3\"}]}");
    ukvm_config_free(config);
}
END_TEST

/* A change that is refused leaves the config as it was. */
START_TEST(set_is_all_or_nothing)
{
    static const struct {
        const char *assignment;
        int rc;
        const char *message;
    } cases[] = {
        {"memory='x'", -UKVM_E_CONFIG, "argument:1:8: 'memory' is a number, not 'x'"},
        {"memory=8;memroy=1", -UKVM_E_CONFIG,
         "argument:1:10: unknown key 'memroy', did you mean 'memory'?"},
        {"memory=8;name=", -UKVM_E_CONFIG,
         "argument:1:15: expected a number, a quoted string or a [list]"},
        {"name=b", -UKVM_E_CONFIG,
         "argument:1:6: 'b' is no value: the quotes of a string must pass the shell, "
         "\"KEY='VALUE'\""},
        {"maxmem=8", -UKVM_E_NOT_SUPPORTED,
         "argument:1:1: 'maxmem' other than 'memory' is not supported yet"},
        {"cap=1", -UKVM_E_NOT_SUPPORTED,
         "argument:1:1: 'cap' is not supported yet (limit of CPU time)"},
        {"vif+='x'", -UKVM_E_CONFIG, "argument:1:6: '+=' cannot add a string to a list"},
    };
    struct ukvm_config *config = parse("name='a'\nmemory=4\nvif=['']");

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ck_assert_int_eq(ukvm_config_set(config, cases[i].assignment, message), cases[i].rc);
        ck_assert_str_eq(message, cases[i].message);
        ck_assert_int_eq(ukvm_config_set(config, cases[i].assignment, NULL), cases[i].rc);
        ck_assert_str_eq(ukvm_config_json(config), "{\"memory\":4,\"name\":\"a\",\"vif\":[{}]}");
    }
    ukvm_config_free(config);
}
END_TEST

START_TEST(cpus_are_read_from_left_to_right)
{
    static const struct {
        const char *text, *json;
    } cases[] = {
        {"cpus='0'", "{\"cpus\":{\"only\":[0]}}"},
        {"cpus=3", "{\"cpus\":{\"only\":[3]}}"},
        {"cpus=['2,4']", "{\"cpus\":{\"only\":[2,4]}}"},
        {"cpus='0-3,5,^1'", "{\"cpus\":{\"only\":[0,2,3,5]}}"},
        {"cpus='5, 3-4,3'", "{\"cpus\":{\"only\":[3,4,5]}}"},
        {"cpus='^1,0-2'", "{\"cpus\":{\"only\":[0,1,2]}}"},
        {"cpus='1023'", "{\"cpus\":{\"only\":[1023]}}"},
        {"cpus='all'", "{\"cpus\":{\"except\":[]}}"},
        {"cpus='all,^7-9,8'", "{\"cpus\":{\"except\":[7,9]}}"},
        {"cpus='^3,1,all'", "{\"cpus\":{\"except\":[]}}"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ukvm_config *config = parse(cases[i].text);
        ck_assert_str_eq(ukvm_config_json(config), cases[i].json);
        ukvm_config_free(config);
    }
}
END_TEST

START_TEST(cpus_that_are_none)
{
    static const struct {
        const char *text;
        int rc;
        const char *says;
    } cases[] = {
        {"cpus=''", -UKVM_E_CONFIG, "'cpus' is empty"},
        {"cpus=','", -UKVM_E_CONFIG, "leaves no CPU"},
        {"cpus='0-3,^0-3'", -UKVM_E_CONFIG, "leaves no CPU"},
        {"cpus='^0'", -UKVM_E_CONFIG, "leaves no CPU"},
        {"cpus='x'", -UKVM_E_CONFIG, "cpus 'x' is not N, N-M, ^N, ^N-M or all"},
        {"cpus='0 '", -UKVM_E_CONFIG, "is not"},
        {"cpus='-1'", -UKVM_E_CONFIG, "is not"},
        {"cpus='1-'", -UKVM_E_CONFIG, "is not"},
        {"cpus='3-1'", -UKVM_E_CONFIG, "is not"},
        {"cpus='1-2-3'", -UKVM_E_CONFIG, "is not"},
        {"cpus='^^1'", -UKVM_E_CONFIG, "is not"},
        {"cpus='^all'", -UKVM_E_CONFIG, "is not"},
        {"cpus='0x1'", -UKVM_E_CONFIG, "is not"},
        {"cpus='0,1024'", -UKVM_E_CONFIG, "cpus '1024' is not"},
        {"cpus='0-4294967296'", -UKVM_E_CONFIG, "is not"},
        {"cpus='99999999999999999999999'", -UKVM_E_CONFIG, "CPUs 0 to 1023"},
        {"cpus='nodes:0'", -UKVM_E_NOT_SUPPORTED, "NUMA"},
        {"cpus=['0','1']", -UKVM_E_NOT_SUPPORTED, "'cpus' lists 2 vCPUs, only 1"},
        {"cpus=[]", -UKVM_E_NOT_SUPPORTED, "lists 0 vCPUs"},
        {"cpus=[['0']]", -UKVM_E_CONFIG, "not a list"},
    };
    struct ukvm_config *config = NULL;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *text = cases[i].text;
        ck_assert_int_eq(ukvm_config_parse("test.cfg", text, strlen(text), &config, message),
                         cases[i].rc);
        ck_assert_msg(strstr(message, cases[i].says) != NULL, "%s: %s", text, message);
        ck_assert_ptr_null(config);
    }
}
END_TEST

START_TEST(publish_adds_rules)
{
    struct ukvm_config *config = parse("vif=['']\npublish=['1:2']");

    ck_assert_int_eq(ukvm_config_publish(config, "3:4/udp", message), 0);
    ck_assert_int_eq(ukvm_config_publish(config, "1:5", message), -UKVM_E_CONFIG);
    ck_assert_int_eq(ukvm_config_publish(config, "x", message), -UKVM_E_CONFIG);
    ck_assert_str_eq(ukvm_config_json(config),
                     "{\"vif\":[{\"publish\":[{\"guest\":2,\"host\":1,\"protocol\":\"tcp\"},"
                     "{\"guest\":4,\"host\":3,\"protocol\":\"udp\"}]}]}");
    ukvm_config_free(config);

    config = parse("");
    ck_assert_int_eq(ukvm_config_publish(config, "1:2", message), -UKVM_E_CONFIG);
    ck_assert_ptr_nonnull(strstr(message, "needs a vif"));
    ukvm_config_free(config);
}
END_TEST

START_TEST(files)
{
    struct ukvm_config *config = NULL;

    ck_assert_int_eq(ukvm_config_load("/nonexistent", &config, message), -UKVM_E_NO_FILE);
    ck_assert_str_eq(message, "configuration /nonexistent: No such file or directory");
    ck_assert_int_eq(ukvm_config_load("/tmp", &config, message), -UKVM_E_NO_FILE);
    /* Never ends: the limit does. */
    ck_assert_int_eq(ukvm_config_load("/dev/zero", &config, message), -UKVM_E_CONFIG);
    ck_assert_str_eq(message, "/dev/zero: the configuration has more than 65536 bytes, the limit");
    ck_assert_ptr_null(config);
}
END_TEST

/* Text need not be terminated: one that ends with its page would fault otherwise. */
START_TEST(text_ends_where_it_ends)
{
    static const char *const texts[] = {"name='a", "name='a\\", "vif=[", "a", "#", "{", " ", ""};
    struct ukvm_config *config;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        size_t length = strlen(texts[i]);
        char *copy = malloc(length > 0 ? length : 1);
        memcpy(copy, texts[i], length);
        config = NULL;
        int rc = ukvm_config_parse("test.cfg", copy, length, &config, message);
        ck_assert_int_eq(rc == 0, config != NULL);
        ukvm_config_free(config);
        free(copy);
    }
}
END_TEST

#define FULL                                                                                       \
    "name='web'; kernel='/k'\nmemory=0x10\nroot='r'; extra='e'; extra+=' f'\n"                     \
    "vif=['mac=00:16:3e:00:00:01,ip=10.0.0.1,publish=1:2','bridge=br0']\npublish=['3:4']\n"        \
    "on_crash='preserve'; type='pvh'; cpus='all,^1-2'; device_model_args=[[1],'x']\n"

static const char *const texts[] = {
    FULL,
    "{\"name\":\"web\",\"memory\":4,\"vif\":[\"ip=10.0.0.1\"],\"publish\":[\"1:2\"],\"extra\":"
    "\"x\"}",
};

static int make_and_change(const char *text)
{
    struct ukvm_config *config = NULL;
    int rc = ukvm_config_parse("test.cfg", text, strlen(text), &config, message);

    if (rc == 0)
        rc = ukvm_config_set(config, "memory=5", message);
    if (rc == 0)
        rc = ukvm_config_publish(config, "80:80", message);
    if (rc == 0 && ukvm_config_json(config) == NULL)
        rc = -UKVM_E_INTERNAL;
    ukvm_config_free(config);
    return rc;
}

/* Whichever allocation fails, there is an error with a message, and nothing leaks. */
START_TEST(memory_runs_out)
{
    const char *text = texts[_i];
    unsigned n = 1;

    for (;; n++) {
        fail_alloc_at(n);
        message[0] = '\0';
        int rc = make_and_change(text);
        bool happened = fail_alloc_happened();
        fail_alloc_at(0);
        if (!happened) {
            ck_assert_msg(rc == 0, "%s", message);
            break;
        }
        ck_assert_msg(rc < 0, "allocation %u failed unnoticed", n);
    }
    ck_assert_uint_gt(n, 50);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config");
    TCase *cases = tcase_create("config");
    SRunner *runner = srunner_create(suite);

    tcase_add_test(cases, set_replaces_and_appends);
    tcase_add_test(cases, set_is_all_or_nothing);
    tcase_add_test(cases, cpus_are_read_from_left_to_right);
    tcase_add_test(cases, cpus_that_are_none);
    tcase_add_test(cases, publish_adds_rules);
    tcase_add_test(cases, files);
    tcase_add_test(cases, text_ends_where_it_ends);
    tcase_add_loop_test(cases, memory_runs_out, 0, 2);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
