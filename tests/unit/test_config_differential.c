/*
 * The xl.cfg grammar against libxlutil's: written cases, then texts made of random tokens. The
 * seed is fixed, so that a failure repeats; the fuzz target of the same comparison explores.
 */
#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture/config_differ.h"

#define RANDOM_TEXTS 20000

static const char *const accepted[] = {
    "",
    "\n",
    " \t\n",
    "#",
    "# only a comment",
    ";",
    ";;\n;#x\n",
    "a=1",
    "a = 1",
    "\ta\t=\t1 ",
    "a=1;b=2",
    "a=1 ;; ; b=2;",
    "a='x'",
    "a=\"x\"",
    "a=''",
    "a='it\"s'",
    "a=\"it's\"",
    "a='#;[=,'",
    "a='\\a\\b\\f\\n\\r\\t\\v\\\\\\'\\\"'",
    "a='\xc3\xa9\xff'",
    "a=1#x",
    "a=1 # x\nb=2",
    "a=0x10",
    "a=010",
    "a=08",
    "a=0x",
    "a=0xfx",
    "a=12abc",
    "a='12'",
    "a=' 12'",
    "a='12 '",
    "a='-12'",
    "a='+12'",
    "a='0X1F'",
    "a=9223372036854775807",
    "a=9223372036854775808",
    "a='-9223372036854775809'",
    "a=99999999999999999999999999",
    "a=[]",
    "a=[1]",
    "a=[1,]",
    "a=[1,'x',\"y\"]",
    "a=[[]]",
    "a=[[1],[2,[3]],]",
    "a=[\n]",
    "a=[\n\n1\n\n]",
    "a=[1\n,\n2\n,\n]",
    "a=[ # c\n1, # d\n# e\n2 # f\n]",
    "a=1\na=2",
    "a='x'\na+='y'",
    "a+='y'",
    "a=1\na+=2",
    "a+=1",
    "a=[1]\na+=[2]",
    "a+=[1]",
    "a+=[]\na+=[[1]]",
    "a=1\na=[2]\na+=[3]",
    "a=[1]\na=2\na+=3",
    "a=1\na+='x'",
    "a_b=1",
    "a.b=1",
    "a1=1",
    "a0.=1",
    "a=0b1",
};

static const char *const refused[] = {
    "a",
    "a=",
    "a\n=1",
    "a=\n1",
    "=1",
    "+=1",
    "a==1",
    "a+ =1",
    "a+1",
    "a=1 b=2",
    "a=1,b=2",
    "a=1,",
    "a=[1],",
    "1a=1",
    "A=1",
    "_a=1",
    ".a=1",
    "a-b=1",
    "aB=1",
    "a=b",
    "a=true",
    "a=None",
    "a=-1",
    "a=1.5",
    "a=1_0",
    "a=1F",
    "a=1g",
    "a='x",
    "a=\"x'",
    "a='x\ny'",
    "a='x\\\ny'",
    "a='\\",
    "a='\\q'",
    "a='\\ '",
    "a='x' 'y'",
    "a='x'b=1",
    "a=[",
    "a=[1",
    "a=[1,",
    "a=[,]",
    "a=[1,,2]",
    "a=[1,\n,2]",
    "a=[1;2]",
    "a=[1 2]",
    "a=[1]]",
    "a=[1][2]",
    "a=(1)",
    "a={1}",
    "a=[b]",
    "a=[a=1]",
    "a=1\r",
    "a=1\f",
    "a=\v1",
    "\357\273\277a=1",
    "a=[1]\na+='x'",
    "a='x'\na+=[1]",
    "a=1 \\\nb=2",
    "import os",
    "def f():",
};

static const char *const not_compared[] = {
    "a='\\101'",
    "a='\\x41'",
    "a='\\0'",
    "a=[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
};

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

static void expect(const char *text, enum config_differ expected)
{
    char why[256] = "";
    enum config_differ result = config_differ(text, strlen(text), why, sizeof(why));

    ck_assert_msg(result == expected, "'%s': expected %d, is %d %s", text, (int)expected,
                  (int)result, why);
}

START_TEST(accepted_alike)
{
    expect(accepted[_i], CONFIG_SAME_ACCEPTED);
}
END_TEST

START_TEST(refused_alike)
{
    expect(refused[_i], CONFIG_SAME_REFUSED);
}
END_TEST

START_TEST(stated_differences)
{
    expect(not_compared[_i], CONFIG_NOT_COMPARED);
}
END_TEST

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Tokens, and now and then any byte but NUL. */
static size_t make_text(uint32_t *state, char *text, size_t size)
{
    static const char *const tokens[] = {"a",     "b",     "=",  "+=", "1",  "0x1f", "'x'",
                                         "\"y\"", "[",     "]",  ",",  "\n", ";",    "#",
                                         " ",     "'\\n'", "\\", "'",  "\"", "\t"};
    size_t length = 0, tokens_left = next_random(state) % 16;

    while (tokens_left-- > 0 && length + 8 < size) {
        uint32_t pick = next_random(state) % (COUNT(tokens) + 1);
        if (pick == COUNT(tokens)) {
            text[length++] = (char)(1 + next_random(state) % 255);
            continue;
        }
        memcpy(text + length, tokens[pick], strlen(tokens[pick]));
        length += strlen(tokens[pick]);
    }
    return length;
}

/* Random tokens rarely make sense, so a sentence comes first. */
static size_t make_sentence(uint32_t *state, char *text, size_t size)
{
    static const char *const starts[] = {"", "a=1\n", "a='x';", "a=[1,", "a=[[", "a+=", "b=["};
    const char *start = starts[next_random(state) % COUNT(starts)];

    memcpy(text, start, strlen(start));
    return strlen(start) + make_text(state, text + strlen(start), size - strlen(start));
}

START_TEST(random_texts)
{
    uint32_t state = 20170901;
    int counts[4] = {0};
    char text[256], why[256];

    for (int i = 0; i < RANDOM_TEXTS; i++) {
        size_t length = make_sentence(&state, text, sizeof(text));
        enum config_differ result = config_differ(text, length, why, sizeof(why));
        ck_assert_msg(result != CONFIG_DIFFERENT, "'%.*s': %s", (int)length, text, why);
        counts[result]++;
    }
    /* A comparison of refusals alone would prove little. */
    ck_assert_int_gt(counts[CONFIG_SAME_ACCEPTED], RANDOM_TEXTS / 50);
    ck_assert_int_gt(counts[CONFIG_SAME_REFUSED], RANDOM_TEXTS / 50);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("config_differential");
    TCase *cases = tcase_create("xl.cfg");
    SRunner *runner = srunner_create(suite);

    tcase_set_timeout(cases, 120);
    tcase_add_loop_test(cases, accepted_alike, 0, COUNT(accepted));
    tcase_add_loop_test(cases, refused_alike, 0, COUNT(refused));
    tcase_add_loop_test(cases, stated_differences, 0, COUNT(not_compared));
    tcase_add_test(cases, random_texts);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
