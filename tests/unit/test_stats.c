/* core/stats and core/iod_stats: what guests use, from a hypervisor and an iod that may lie. */
#include <stdio.h>
#include <string.h>

#include "core/stats.h"
#include "fixture/core_rig.h"
#include "fixture/suite.h"

static struct rig rig;
static struct stats stats;
static unsigned answers;

static void setup(void)
{
    rig_init(&rig);
    rig.iod.counters = (struct io_counters){1, 2, 3, 4, 5, UINT64_MAX};
}

static void teardown(void)
{
    rig_fini(&rig);
}

static void on_stats(void *arg, const struct stats *taken)
{
    (void)arg;
    ck_assert_ptr_nonnull(taken);
    stats = *taken;
    answers++;
}

static void take(uint32_t after)
{
    answers = 0;
    memset(&stats, 0xff, sizeof(stats));
    stats_take(&rig.core, after, on_stats, NULL);
    loop_fake_run(rig.loop);
}

START_TEST(of_xen_and_of_iod)
{
    struct guest *web = rig_boot_named(&rig, "web");
    struct guest *db = rig_boot_named(&rig, "db");
    take(0);
    ck_assert_uint_eq(answers, 1);
    ck_assert_uint_eq(stats.count, 2);
    ck_assert(!stats.more);
    ck_assert_uint_eq(stats.guests[0].id, web->id);
    ck_assert_uint_eq(stats.guests[0].domid, web->domid);
    ck_assert_uint_eq(stats.guests[0].cpu_ns, 1); /* as the fake has it of all that ran */
    ck_assert_uint_eq(stats.guests[0].memory_bytes, 2 << 20);
    ck_assert(stats.guests[0].counted);
    ck_assert_uint_eq(stats.guests[0].vif_count, 1);
    ck_assert_uint_eq(stats.guests[0].vif[0].rx_bytes, 2);
    ck_assert_uint_eq(stats.guests[0].vif[0].tx_drops, UINT64_MAX);
    ck_assert_uint_eq(rig.iod.stats.count, 2);
    take(web->domid);
    ck_assert_uint_eq(stats.count, 1);
    ck_assert_uint_eq(stats.guests[0].id, db->id);
}
END_TEST

START_TEST(without_guests_nobody_is_asked)
{
    take(0);
    ck_assert_uint_eq(answers, 1);
    ck_assert_uint_eq(stats.count, 0);
    ck_assert_uint_eq(rig.iod.stats_asked, 0);
}
END_TEST

START_TEST(a_page_at_a_time)
{
    char name[16];
    for (unsigned i = 0; i < STATS_GUESTS + 8; i++) {
        snprintf(name, sizeof(name), "g%u", i);
        ck_assert_ptr_nonnull(rig_boot_named(&rig, name));
    }
    take(0);
    ck_assert_uint_eq(stats.count, STATS_GUESTS);
    ck_assert(stats.more);
    take(stats.guests[STATS_GUESTS - 1].domid);
    ck_assert_uint_eq(stats.count, 8);
    ck_assert(!stats.more);
}
END_TEST

START_TEST(domains_of_others_do_not_matter)
{
    struct hv *hv = hv_fake_port(rig.hv);
    struct hv_domain_params params = {.vcpus = 1, .ram_pages = 1, .event_ports = 8};
    uint32_t first = 0, domid;
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "a"));
    for (unsigned i = 0; i < 200; i++) {
        ck_assert_int_eq(hv->ops->domain_create(hv, &params, &domid), 0);
        first = i == 0 ? domid : first;
    }
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "b"));
    take(0);
    ck_assert_uint_eq(stats.count, 2);
    ck_assert_uint_eq(stats.guests[1].memory_bytes, 2 << 20);
    for (unsigned i = 0; i < 200; i++)
        hv->ops->domain_destroy(hv, first + i);
    /* One whose id is another's domain's now is not said to use what that uses. */
    hv_fake_reuse(rig.hv, rig_find(&rig, "a")->domid);
    take(0);
    ck_assert_uint_eq(stats.count, 2);
    ck_assert_uint_eq(stats.guests[0].memory_bytes, 0);
    ck_assert_uint_eq(stats.guests[1].memory_bytes, 2 << 20);
    hv->ops->domain_destroy(hv, rig_find(&rig, "a")->domid);
}
END_TEST

START_TEST(without_iod_there_is_the_rest)
{
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "web"));
    /* It dies over the question. */
    rig.iod.silent = true;
    take(0);
    ck_assert_uint_eq(answers, 0);
    rig.iod.never_listens = true;
    iod_fake_die(&rig.iod);
    loop_fake_run(rig.loop);
    ck_assert_uint_eq(answers, 1);
    ck_assert(!stats.guests[0].counted);
    ck_assert_uint_eq(stats.guests[0].memory_bytes, 2 << 20);
    /* There is none. */
    take(0);
    ck_assert_uint_eq(answers, 1);
    ck_assert(!stats.guests[0].counted);
    rig.iod.silent = false;
    rig.iod.never_listens = false;
    loop_fake_advance(rig.loop, 10000 * RIG_MS);
    take(0);
    ck_assert(stats.guests[0].counted);
}
END_TEST

START_TEST(one_that_does_not_answer_is_replaced)
{
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "web"));
    rig.iod.silent = true;
    take(0);
    loop_fake_advance(rig.loop, 4000 * RIG_MS);
    ck_assert_uint_eq(answers, 0);
    rig.iod.silent = false;
    loop_fake_advance(rig.loop, 2000 * RIG_MS);
    ck_assert_uint_eq(answers, 1);
    ck_assert_uint_eq(rig.iod.kills, 1);
}
END_TEST

START_TEST(questions_are_bounded)
{
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "web"));
    rig.iod.silent = true;
    take(0);
    for (unsigned i = 1; i < 64; i++)
        stats_take(&rig.core, 0, on_stats, NULL);
    ck_assert_uint_eq(answers, 0);
    stats_take(&rig.core, 0, on_stats, NULL);
    ck_assert_uint_eq(answers, 1);
    ck_assert(!stats.guests[0].counted);
    rig.iod.silent = false;
    loop_fake_advance(rig.loop, 10000 * RIG_MS);
    ck_assert_uint_eq(answers, 65);
}
END_TEST

static void lie(void (*change)(struct io_msg_counters *answer))
{
    unsigned kills = rig.iod.kills;

    rig.iod.change_counters = change;
    take(0);
    ck_assert_uint_eq(answers, 1);
    ck_assert(!stats.guests[0].counted);
    ck_assert_uint_eq(rig.iod.kills, kills + 1);
    rig.iod.change_counters = NULL;
    loop_fake_advance(rig.loop, 70000 * RIG_MS);
    ck_assert_str_eq(guest_state_name(rig_find(&rig, "web")), "running");
}

static void other_number(struct io_msg_counters *answer)
{
    answer->header.guest++;
}

static void fewer(struct io_msg_counters *answer)
{
    answer->count--;
}

static void more(struct io_msg_counters *answer)
{
    answer->count = UINT32_MAX;
}

static void another(struct io_msg_counters *answer)
{
    answer->guests[0].guest++;
}

static void vif_more(struct io_msg_counters *answer)
{
    answer->guests[0].vif_count++;
}

static void vifs_many(struct io_msg_counters *answer)
{
    answer->guests[0].vif_count = UINT32_MAX;
}

START_TEST(lies_end_it)
{
    struct io_msg_counters unasked = {
        .header = {.type = IO_MSG_COUNTERS, .size = sizeof(unasked), .guest = 1}};

    ck_assert_ptr_nonnull(rig_boot_named(&rig, "web"));
    lie(other_number);
    lie(fewer);
    lie(more);
    lie(another);
    lie(vif_more);
    lie(vifs_many);
    unsigned kills = rig.iod.kills;
    iod_fake_say(&rig.iod, &unasked, sizeof(unasked));
    loop_fake_run(rig.loop);
    ck_assert_uint_eq(rig.iod.kills, kills + 1);
}
END_TEST

START_TEST(a_guest_that_is_gone_meanwhile)
{
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "web"));
    answers = 0;
    stats_take(&rig.core, 0, on_stats, NULL);
    destroy_guest(rig_find(&rig, "web"), NULL);
    loop_fake_advance(rig.loop, 10 * RIG_MS);
    ck_assert_uint_eq(answers, 1);
    ck_assert_uint_eq(rig.iod.kills, 0);
}
END_TEST

START_TEST(a_chaosd_that_ends_owes_nothing)
{
    ck_assert_ptr_nonnull(rig_boot_named(&rig, "web"));
    rig.iod.silent = true;
    take(0);
    rig_kill(&rig);
    ck_assert_uint_eq(answers, 1);
    rig.iod.silent = false;
    rig_restart(&rig);
}
END_TEST

int main(void)
{
    return SUITE_RUN("stats", setup, teardown, of_xen_and_of_iod, without_guests_nobody_is_asked,
                     a_page_at_a_time, domains_of_others_do_not_matter,
                     without_iod_there_is_the_rest, one_that_does_not_answer_is_replaced,
                     questions_are_bounded, lies_end_it, a_guest_that_is_gone_meanwhile,
                     a_chaosd_that_ends_owes_nothing);
}
