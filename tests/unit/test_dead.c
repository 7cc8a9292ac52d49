/* core/dead: guests that are gone, and whose consoles are kept. */
#include <stdio.h>
#include <string.h>

#include "core/dead.h"
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

static struct dead *dead(void)
{
    return &rig.core.iod.dead;
}

/* Its id. */
static uint64_t live_and_die(const char *name, uid_t owner)
{
    rig.owner = owner;
    struct guest *guest = rig_boot_named(&rig, name);
    uint64_t id = guest->id;
    destroy_guest(guest, NULL);
    loop_fake_advance(rig.loop, 200 * RIG_MS);
    ck_assert_uint_eq(rig.iod.detach.header.guest, id);
    ck_assert_uint_eq(rig.iod.detach.keep, 1);
    return id;
}

static uint64_t id_of(const char *name, uid_t reader)
{
    const struct dead_guest *one = dead_by_name(dead(), name, reader);
    return one == NULL ? 0 : one->id;
}

START_TEST(found_by_name_and_id)
{
    uint64_t web = live_and_die("web", 0), db = live_and_die("db", 1000);
    ck_assert_uint_eq(id_of("web", 0), web);
    ck_assert_uint_eq(id_of("db", 0), db);
    ck_assert_uint_eq(id_of("w", 0), 0);
    ck_assert_str_eq(dead_by_id(dead(), db)->name, "db");
    ck_assert_uint_eq(dead_by_id(dead(), db)->owner, 1000);
    ck_assert_ptr_null(dead_by_id(dead(), db + 1));
    ck_assert_uint_eq(rig.iod.detach.forget, 0);
}
END_TEST

START_TEST(the_last_of_a_name_is_the_one)
{
    uint64_t first = live_and_die("web", 0), second = live_and_die("web", 0);
    ck_assert_uint_eq(rig.iod.detach.forget, first);
    ck_assert_uint_eq(id_of("web", 0), second);
    ck_assert_uint_eq(dead()->count, 1);
}
END_TEST

START_TEST(another_users_guest_of_that_name_hides_nobodys)
{
    uint64_t mine = live_and_die("web", 1000), theirs = live_and_die("web", 1001);
    ck_assert_uint_eq(rig.iod.detach.forget, 0);
    ck_assert_uint_eq(id_of("web", 1000), mine);
    ck_assert_uint_eq(id_of("web", 1001), theirs);
    ck_assert_uint_eq(id_of("web", 0), theirs);
    ck_assert_uint_eq(id_of("web", 7), 0);
}
END_TEST

START_TEST(one_user_pushes_out_only_their_own)
{
    char name[16];
    uint64_t web = live_and_die("web", 1001), first = live_and_die("first", 1000);
    for (unsigned i = 1; i < LIMIT_USER_DEAD_CONSOLES; i++) {
        snprintf(name, sizeof(name), "g%u", i);
        live_and_die(name, 1000);
        ck_assert_uint_eq(rig.iod.detach.forget, 0);
    }
    live_and_die("more", 1000);
    ck_assert_uint_eq(rig.iod.detach.forget, first);
    ck_assert_uint_eq(id_of("first", 0), 0);
    ck_assert_uint_eq(id_of("web", 0), web);
}
END_TEST

START_TEST(of_too_many_the_oldest_of_whoever_has_most_goes)
{
    char name[16];
    uint64_t ids[LIMIT_DEAD_CONSOLES];
    ids[0] = live_and_die("oldest", 1001);
    for (unsigned i = 1; i < LIMIT_DEAD_CONSOLES; i++) {
        snprintf(name, sizeof(name), "g%u", i);
        ids[i] = live_and_die(name, 0);
    }
    ck_assert_uint_eq(rig.iod.detach.forget, 0);
    live_and_die("more", 0);
    ck_assert_uint_eq(rig.iod.detach.forget, ids[1]);
    live_and_die("still-more", 1000);
    ck_assert_uint_eq(rig.iod.detach.forget, ids[2]);
    ck_assert_uint_eq(id_of("oldest", 0), ids[0]);
    ck_assert_uint_eq(dead()->count, LIMIT_DEAD_CONSOLES);
}
END_TEST

START_TEST(nobody_pushes_out_one_who_has_no_more_than_they)
{
    char name[16];
    uint64_t ids[LIMIT_DEAD_CONSOLES];
    /* Thirteen of four users and twelve of the fifth. */
    for (unsigned i = 0; i < LIMIT_DEAD_CONSOLES; i++) {
        snprintf(name, sizeof(name), "g%u", i);
        ids[i] = live_and_die(name, 1000 + i % 5);
    }
    ck_assert_uint_eq(rig.iod.detach.forget, 0);
    live_and_die("thirteenth", 1004);
    ck_assert_uint_eq(rig.iod.detach.forget, ids[0]);
    live_and_die("fourteenth", 1004);
    ck_assert_uint_eq(rig.iod.detach.forget, ids[4]);
    ck_assert_uint_eq(dead()->count, LIMIT_DEAD_CONSOLES);
}
END_TEST

START_TEST(a_guest_that_failed_before_it_was_ready_is_one)
{
    struct guest_spec spec = rig_spec("web");
    rig_create(&rig, &spec, true);
    loop_fake_advance(rig.loop, 11000 * RIG_MS);
    ck_assert_int_eq(rig.error.code, UKVM_E_TIMEOUT);
    ck_assert_ptr_nonnull(strstr(rig.error.text, "('chaos logs web' shows what it printed)"));
    ck_assert_uint_ne(id_of("web", 0), 0);
}
END_TEST

START_TEST(a_dead_iod_has_forgotten_them)
{
    live_and_die("web", 0);
    iod_fake_die(&rig.iod);
    loop_fake_advance(rig.loop, 200 * RIG_MS);
    ck_assert_uint_eq(id_of("web", 0), 0);
    ck_assert_uint_eq(dead()->count, 0);
    live_and_die("web", 0);
    ck_assert_uint_eq(rig.iod.detach.forget, 0);
    ck_assert_uint_ne(id_of("web", 0), 0);
}
END_TEST

int main(void)
{
    return SUITE_RUN("dead", setup, teardown, found_by_name_and_id, the_last_of_a_name_is_the_one,
                     another_users_guest_of_that_name_hides_nobodys,
                     one_user_pushes_out_only_their_own,
                     of_too_many_the_oldest_of_whoever_has_most_goes,
                     nobody_pushes_out_one_who_has_no_more_than_they,
                     a_guest_that_failed_before_it_was_ready_is_one, a_dead_iod_has_forgotten_them);
}
