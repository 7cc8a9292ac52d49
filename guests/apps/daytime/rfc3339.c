/* Time as text. */
#include "rfc3339.h"

#include "ukg.h"

#define SECONDS_PER_DAY   86400u
#define DAYS_PER_400Y     146097u
#define DAYS_PER_100Y     36524u
#define DAYS_PER_4Y       1461u
#define DAYS_PER_YEAR     365u

/* From 1600-03-01 to 1970-01-01. Years that begin in March have their leap day last. */
#define DAYS_1600_TO_1970 135080u

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static void civil_date(uint64_t days, unsigned *year_out, unsigned *month_out, unsigned *day_out)
{
    uint64_t shifted = days + DAYS_1600_TO_1970;
    unsigned era = (unsigned)(shifted / DAYS_PER_400Y), rest = (unsigned)(shifted % DAYS_PER_400Y);
    /* The last of four centuries, and of four years, is one day longer than the others. */
    unsigned century = least(rest / DAYS_PER_100Y, 3);
    rest -= century * DAYS_PER_100Y;
    unsigned leap = rest / DAYS_PER_4Y;
    rest -= leap * DAYS_PER_4Y;
    unsigned year = least(rest / DAYS_PER_YEAR, 3);
    rest -= year * DAYS_PER_YEAR;
    /* Five months from March, or from August, have 153 days: 31, 30, 31, 30, 31. */
    unsigned month = (rest * 5 + 2) / 153;
    *day_out = rest - (month * 153 + 2) / 5 + 1;
    *month_out = month < 10 ? month + 3 : month - 9;
    *year_out = 1600 + era * 400 + century * 100 + leap * 4 + year + (month >= 10);
}

void rfc3339_format(char text_out[RFC3339_SIZE], uint64_t unix_seconds)
{
    unsigned year, month, day, second = (unsigned)(unix_seconds % SECONDS_PER_DAY);
    civil_date(unix_seconds / SECONDS_PER_DAY, &year, &month, &day);
    ukg_format(text_out, RFC3339_SIZE, "%04u-%02u-%02uT%02u:%02u:%02uZ", year, month, day,
               second / 3600, second / 60 % 60, second % 60);
}
