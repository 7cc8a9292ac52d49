/* core/guest_table: finding guests. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fixture/core_rig.h"
#include "fixture/suite.h"

static struct rig rig;

static void setup(void)
{
    rig_init(&rig);
}

static void teardown(void)
{
    rig_fini(&rig);
}

static int find(const char *text, struct guest **guest_out)
{
    struct error error;
    return guest_table_find(&rig.core.guests, text, guest_out, &error);
}

START_TEST(by_name_then_domain_id_then_uuid_prefix)
{
    struct guest *a = rig_boot_named(&rig, "a");
    struct guest *found;
    char text[GUEST_UUID_TEXT];
    /* The name of one is how the UUID of another begins. */
    guest_format_uuid(a, text);
    text[0] = 'a';
    uint8_t own = a->uuid[0];
    a->uuid[0] = (uint8_t)(0xa0 | (own & 0xf));
    text[4] = '\0';
    struct guest *b = rig_boot_named(&rig, text);
    ck_assert_int_eq(find("a", &found), 0);
    ck_assert_ptr_eq(found, a);
    ck_assert_int_eq(find(text, &found), 0);
    ck_assert_ptr_eq(found, b);
    snprintf(text, sizeof(text), "%u", b->domid);
    ck_assert_int_eq(find(text, &found), 0);
    ck_assert_ptr_eq(found, b);
    guest_format_uuid(a, text);
    ck_assert_int_eq(find(text, &found), 0);
    ck_assert_ptr_eq(found, a);
    text[8] = '\0';
    for (char *c = text; *c != '\0'; c++)
        if (*c >= 'a')
            *c = (char)(*c - 32);
    ck_assert_int_eq(find(text, &found), 0);
    ck_assert_ptr_eq(found, a);
    text[3] = '\0';
    ck_assert_int_eq(find(text, &found), -UKVM_E_NOT_FOUND);
    a->uuid[0] = own; /* Xen knows the domain by it */
}
END_TEST

START_TEST(what_is_not_there_is_not_found)
{
    static const char *const texts[] = {
        "", "b", "0", "4711", "99999999999", "1x", "-1", "ffffffff-ffff-ffff-ffff-ffffffffffff00"};
    struct guest *found;
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "a"));
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ck_assert_int_eq(find(texts[i], &found), -UKVM_E_NOT_FOUND);
}
END_TEST

START_TEST(a_prefix_of_several_uuids_is_ambiguous)
{
    struct guest *a = rig_boot_named(&rig, "a");
    struct guest *b = rig_boot_named(&rig, "b");
    struct guest *found;
    char text[GUEST_UUID_TEXT];
    uint8_t own[16];
    memcpy(own, b->uuid, sizeof(own));
    memcpy(b->uuid, a->uuid, 7); /* the last six are those of all our guests */
    guest_format_uuid(a, text);
    text[6] = '\0';
    ck_assert_int_eq(find(text, &found), -UKVM_E_AMBIGUOUS);
    memcpy(b->uuid, own, sizeof(own));
}
END_TEST

START_TEST(many_come_and_go)
{
    struct guest_table *table = &rig.core.guests;
    char name[16];
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "g%d", i);
        struct guest_spec spec = rig_spec(name);
        spec.vif_count = 0;
        ck_assert_ptr_nonnull(rig_boot(&rig, &spec));
    }
    ck_assert_uint_eq(table->named, 100);
    for (size_t i = 1; i < table->domid_count; i++)
        ck_assert_uint_lt(table->by_domid[i - 1]->domid, table->by_domid[i]->domid);
    for (int i = 0; i < 100; i += 3) {
        snprintf(name, sizeof(name), "g%d", i);
        destroy_guest(rig_find(&rig, name), NULL);
        ck_assert_ptr_null(rig_find(&rig, name));
    }
    loop_fake_run(rig.loop);
    ck_assert_uint_eq(table->named, 66);
    ck_assert_uint_eq(table->domid_count, 66);
    ck_assert_ptr_nonnull(rig_find(&rig, "g1"));
}
END_TEST

int main(void)
{
    return SUITE_RUN("guest_table", setup, teardown, by_name_then_domain_id_then_uuid_prefix,
                     what_is_not_there_is_not_found, a_prefix_of_several_uuids_is_ambiguous,
                     many_come_and_go);
}
