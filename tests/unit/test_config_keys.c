/* The table of keys: its own rules, and docs/config.md, which prints it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_keys.h"

static void row_text(const struct config_key *key, char *text, size_t size)
{
    static const char *const status[] = {"yes", "not yet", "ignored"};
    char bounds[64] = "";

    if (key->status == CONFIG_KEY_SUPPORTED)
        snprintf(bounds, sizeof(bounds), "%d to %d", key->min, key->max);
    snprintf(text, size, "| `%s` | %s | %s | %s | %s |\n", key->name, status[key->status],
             key->type, bounds, key->doc);
}

START_TEST(rows_are_complete)
{
    const struct config_key *key = &config_keys[_i];

    ck_assert_ptr_nonnull(memchr(key->name, '\0', sizeof(key->name)));
    ck_assert_ptr_nonnull(memchr(key->type, '\0', sizeof(key->type)));
    ck_assert_ptr_nonnull(memchr(key->doc, '\0', sizeof(key->doc)));
    ck_assert(key->doc[0] != '\0');
    ck_assert((key->status == CONFIG_KEY_SUPPORTED) == (key->reader != CONFIG_READ_NONE));
    ck_assert((key->status == CONFIG_KEY_SUPPORTED) == (key->type[0] != '\0'));
    ck_assert_int_le(key->min, key->max);
    for (size_t i = 0; i < (size_t)_i; i++)
        ck_assert_str_ne(key->name, config_keys[i].name);
}
END_TEST

/* The rows of the first table of the document whose header names Key. */
START_TEST(document_agrees)
{
    FILE *doc = fopen(CONFIG_DOC, "r");
    char line[512], expected[512];
    size_t row = 0;

    ck_assert_msg(doc != NULL, "no %s", CONFIG_DOC);
    while (fgets(line, sizeof(line), doc) != NULL && strncmp(line, "| key |", 7) != 0) {
    }
    ck_assert_ptr_nonnull(fgets(line, sizeof(line), doc));
    while (fgets(line, sizeof(line), doc) != NULL && line[0] == '|') {
        ck_assert_msg(row < config_keys_count, "%s has a row too many: %s", CONFIG_DOC, line);
        row_text(&config_keys[row++], expected, sizeof(expected));
        ck_assert_str_eq(line, expected);
    }
    fclose(doc);
    ck_assert_uint_eq(row, config_keys_count);
}
END_TEST

/* test_config_keys --print: the rows, to paste into the document. */
static int print_rows(void)
{
    char text[512];

    for (size_t i = 0; i < config_keys_count; i++) {
        row_text(&config_keys[i], text, sizeof(text));
        fputs(text, stdout);
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--print") == 0)
        return print_rows();

    Suite *suite = suite_create("config_keys");
    TCase *cases = tcase_create("table");
    SRunner *runner = srunner_create(suite);

    tcase_add_loop_test(cases, rows_are_complete, 0, (int)config_keys_count);
    tcase_add_test(cases, document_agrees);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
