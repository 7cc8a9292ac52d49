/* guests/apps/daytime/rfc3339.h, held to the C library's calendar. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rfc3339.h"

#define DAY   86400
#define YEARS 500

static void check_time(time_t at)
{
    char ours[RFC3339_SIZE], theirs[64];
    struct tm tm;
    rfc3339_format(ours, (uint64_t)at);
    gmtime_r(&at, &tm);
    strftime(theirs, sizeof theirs, "%Y-%m-%dT%H:%M:%SZ", &tm);
    /* An assertion costs far more than this comparison, and there are many. */
    if (strcmp(ours, theirs) != 0)
        ck_abort_msg("%s is not %s", ours, theirs);
}

START_TEST(every_day_of_five_centuries)
{
    for (time_t day = 0; day < YEARS * 366; day++)
        check_time(day * DAY + day % DAY);
}
END_TEST

START_TEST(seconds_of_a_day)
{
    for (time_t second = 0; second < DAY; second++)
        check_time(1795416300 + second);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ukg_rfc3339");
    TCase *tcase = tcase_create("all");
    tcase_add_test(tcase, every_day_of_five_centuries);
    tcase_add_test(tcase, seconds_of_a_day);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
