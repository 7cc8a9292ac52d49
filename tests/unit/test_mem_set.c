/* core/mem_set: what a guest is asked to give back, and whatever it answers. */
#include <errno.h>
#include <string.h>

#include "core/dump.h"
#include "core/mem_set.h"
#include "core/verbs.h"
#include "fixture/core_rig.h"
#include "fixture/suite.h"
#include "noxs/access.h"

#define PAGES 1024u /* of a guest of 4 MiB */

static struct rig rig;
static struct error error;

struct wait {
    unsigned calls;
    struct error error;
};
static struct wait wait, off; /* who asks for memory, and for power off */

static void setup(void)
{
    rig_init(&rig);
    wait = off = (struct wait){0};
}

static void teardown(void)
{
    rig_fini(&rig);
}

static void on_done(void *arg, const struct error *why)
{
    struct wait *who = arg;
    who->calls++;
    who->error = why == NULL ? (struct error){0} : *why;
}

static struct guest *boot(void)
{
    struct guest_spec spec = rig_spec("web");
    spec.memory_mib = 4;
    return rig_boot(&rig, &spec);
}

static int ask(struct guest *guest, uint64_t mib)
{
    wait = (struct wait){0};
    return verb_mem_set(guest, mib, 100 * RIG_MS, on_done, &wait, &error);
}

/* The guest has this many pages, and answers the request that is in its page. */
static void answer(struct guest *guest, uint64_t pages, enum noxs_ack_status status)
{
    struct noxs_page *page = rig_page(&rig, guest);
    hv_fake_give_frames(rig.hv, guest->domid, pages - 20, PAGES - 20);
    noxs_write64(&page->ack, noxs_pair(noxs_high(page->request), status));
    hv_fake_raise_control(rig.hv, guest->domid);
    loop_fake_run(rig.loop);
}

static uint64_t max_pages(const struct guest *guest)
{
    return hv_fake_domain(rig.hv, guest->domid)->max_pages;
}

START_TEST(less_and_more)
{
    struct guest *guest = boot();
    ck_assert_int_eq(ask(guest, 2), 0);
    ck_assert_uint_eq(noxs_low(rig_page(&rig, guest)->request), NOXS_OP_MEMORY);
    ck_assert_uint_eq(rig_page(&rig, guest)->request_argument, 512);
    ck_assert_uint_eq(wait.calls, 0);
    /* It may have what it has until it has given it. */
    ck_assert_uint_eq(max_pages(guest), 0);
    answer(guest, 512, NOXS_ACK_OK);
    ck_assert_uint_eq(wait.calls, 1);
    ck_assert_int_eq(wait.error.code, 0);
    ck_assert_uint_eq(guest->present_pages, 512);
    ck_assert_uint_eq(max_pages(guest), 512);

    ck_assert_int_eq(ask(guest, 3), 0);
    ck_assert_uint_eq(max_pages(guest), 768);
    answer(guest, 768, NOXS_ACK_OK);
    ck_assert_int_eq(wait.error.code, 0);
    ck_assert_uint_eq(guest->present_pages, 768);
    ck_assert_uint_eq(max_pages(guest), 768);
}
END_TEST

START_TEST(what_cannot_be_is_not_asked)
{
    struct guest *guest = boot();
    ck_assert_int_eq(ask(guest, 0), -UKVM_E_CONFIG);
    ck_assert_int_eq(ask(guest, 5), -UKVM_E_CONFIG);
    ck_assert_ptr_nonnull(strstr(error.text, "created with 4 MiB"));
    ck_assert_int_eq(ask(guest, UINT32_MAX), -UKVM_E_CONFIG);
    verb_pause(guest, &error);
    ck_assert_int_eq(ask(guest, 2), -UKVM_E_BAD_STATE);
    verb_unpause(guest, &error);
    ck_assert_int_eq(ask(guest, 2), 0);
    ck_assert_int_eq(verb_mem_set(guest, 3, 1, on_done, &wait, &error), -UKVM_E_BAD_STATE);
    ck_assert_ptr_nonnull(strstr(error.text, "already"));
    answer(guest, 512, NOXS_ACK_OK);
    hv_fake_set_free_bytes(rig.hv, 1 << 20);
    ck_assert_int_eq(ask(guest, 4), -UKVM_E_NO_MEMORY);
    ck_assert_ptr_nonnull(strstr(error.text, "needs 2048 KiB more, the host has 1024 KiB"));
    ck_assert_uint_eq(rig_page(&rig, guest)->request, noxs_pair(1, NOXS_OP_MEMORY));
}
END_TEST

START_TEST(one_that_refuses)
{
    struct guest *guest = boot();
    ck_assert_int_eq(ask(guest, 1), 0);
    answer(guest, PAGES, NOXS_ACK_REFUSED);
    ck_assert_int_eq(wait.error.code, UKVM_E_BAD_STATE);
    ck_assert_ptr_nonnull(strstr(wait.error.text, "4096 KiB"));
    ck_assert_int_eq(ask(guest, 1), 0);
    answer(guest, PAGES, NOXS_ACK_UNSUPPORTED);
    ck_assert_int_eq(wait.error.code, UKVM_E_NOT_SUPPORTED);
    ck_assert_str_eq(guest_state_name(guest), "running");
}
END_TEST

/* What it says is not believed. */
START_TEST(one_that_says_so_and_does_not)
{
    struct guest *guest = boot();
    ck_assert_int_eq(ask(guest, 1), 0);
    answer(guest, PAGES, NOXS_ACK_OK);
    ck_assert_int_eq(wait.error.code, UKVM_E_GUEST_FAILED);
    ck_assert_uint_eq(guest->present_pages, PAGES);
    ck_assert_uint_eq(max_pages(guest), PAGES);
}
END_TEST

START_TEST(the_host_has_only_a_part)
{
    struct guest *guest = boot();
    ask(guest, 1);
    answer(guest, 256, NOXS_ACK_OK);
    ck_assert_int_eq(ask(guest, 4), 0);
    answer(guest, 600, NOXS_ACK_REFUSED);
    ck_assert_int_eq(wait.error.code, UKVM_E_NO_MEMORY);
    ck_assert_ptr_nonnull(strstr(wait.error.text, "2400 KiB"));
    ck_assert_uint_eq(max_pages(guest), 600);
}
END_TEST

START_TEST(one_that_does_not_answer)
{
    struct guest *guest = boot();
    ask(guest, 1);
    answer(guest, 256, NOXS_ACK_OK);
    ck_assert_int_eq(ask(guest, 4), 0);
    loop_fake_advance(rig.loop, 101 * RIG_MS);
    ck_assert_uint_eq(wait.calls, 1);
    ck_assert_int_eq(wait.error.code, UKVM_E_TIMEOUT);
    /* It cannot have more later. */
    ck_assert_uint_eq(max_pages(guest), 256);
    /* It gives back late: that is seen. */
    answer(guest, 200, NOXS_ACK_OK);
    ck_assert_uint_eq(guest->present_pages, 200);
    ck_assert_uint_eq(wait.calls, 1);
    ck_assert_int_eq(ask(guest, 2), 0);
    answer(guest, 512, NOXS_ACK_OK);
    ck_assert_int_eq(wait.error.code, 0);
}
END_TEST

START_TEST(something_else_comes_between)
{
    struct guest *guest = boot();
    ask(guest, 2);
    ck_assert_int_eq(
        verb_shutdown(guest, NOXS_OP_POWEROFF, 1000 * RIG_MS, false, on_done, &off, &error), 0);
    answer(guest, PAGES, NOXS_ACK_OK);
    ck_assert_uint_eq(wait.calls, 1);
    ck_assert_int_eq(wait.error.code, UKVM_E_BAD_STATE);
    ck_assert_ptr_nonnull(strstr(wait.error.text, "something else"));
    ck_assert_uint_eq(off.calls, 0);
    hv_fake_guest_shutdown(rig.hv, guest->domid, HV_SHUTDOWN_POWEROFF);
    loop_fake_advance(rig.loop, 100 * RIG_MS);
    ck_assert_uint_eq(off.calls, 1);
}
END_TEST

/* A refusal of memory is none to power off. */
START_TEST(refusals_are_not_mixed_up)
{
    struct guest *guest = boot();
    struct noxs_page *page = rig_page(&rig, guest);
    ask(guest, 2);
    verb_shutdown(guest, NOXS_OP_POWEROFF, 1000 * RIG_MS, false, on_done, &off, &error);
    noxs_write64(&page->ack, noxs_pair(1, NOXS_ACK_REFUSED));
    hv_fake_raise_control(rig.hv, guest->domid);
    loop_fake_run(rig.loop);
    ck_assert_uint_eq(wait.calls, 1);
    ck_assert_uint_eq(off.calls, 0);
    ck_assert_str_eq(guest_state_name(guest), "shutting-down");
}
END_TEST

START_TEST(it_ends_meanwhile)
{
    struct guest_spec spec = rig_spec("kept");
    struct guest *guest = boot();
    ask(guest, 2);
    destroy_guest(guest, NULL);
    ck_assert_uint_eq(wait.calls, 1);
    ck_assert_int_eq(wait.error.code, UKVM_E_BAD_STATE);
    spec.on_crash = SPEC_PRESERVE;
    guest = rig_boot(&rig, &spec);
    ask(guest, 1);
    death_crash(guest, "test");
    ck_assert_uint_eq(wait.calls, 1);
    guest = boot();
    ask(guest, 2);
    core_leave(&rig.core);
    ck_assert_int_eq(wait.error.code, UKVM_E_NO_DAEMON);
    rig_kill(&rig);
    rig_restart(&rig);
}
END_TEST

START_TEST(the_next_chaosd_knows)
{
    struct guest *guest = boot();
    ask(guest, 2);
    answer(guest, 512, NOXS_ACK_OK);
    ask(rig_find(&rig, "web"), 3);
    rig_kill(&rig);
    rig_restart(&rig);
    guest = rig_find(&rig, "web");
    ck_assert_uint_eq(guest->present_pages, 512);
    ck_assert_uint_eq(guest->memory_mib, 4);
    /* What the one before asked for. */
    answer(guest, 768, NOXS_ACK_OK);
    ck_assert_uint_eq(guest->present_pages, 768);
    ck_assert_uint_eq(max_pages(guest), 768);
}
END_TEST

START_TEST(a_hypervisor_that_fails_at_any_call)
{
    struct guest *guest = boot();
    ask(guest, 2);
    answer(guest, 512, NOXS_ACK_OK);
    for (unsigned nth = 1;; nth++) {
        hv_fake_fail(rig.hv, NULL, nth, EIO);
        int rc = ask(guest, 3);
        bool failed = hv_fake_failed(rig.hv);
        hv_fake_fail(rig.hv, NULL, 0, 0);
        if (rc < 0)
            ck_assert_ptr_null(guest->mem_set);
        else
            answer(guest, 512, NOXS_ACK_REFUSED);
        ck_assert_uint_eq(guest->present_pages, 512);
        ck_assert_uint_le(max_pages(guest), 768);
        if (!failed)
            break;
    }
    loop_fake_fail(rig.loop, 1);
    ck_assert_int_eq(ask(guest, 3), -UKVM_E_NO_MEMORY);
}
END_TEST

int main(void)
{
    return SUITE_RUN("mem_set", setup, teardown, less_and_more, what_cannot_be_is_not_asked,
                     one_that_refuses, one_that_says_so_and_does_not, the_host_has_only_a_part,
                     one_that_does_not_answer, something_else_comes_between,
                     refusals_are_not_mixed_up, it_ends_meanwhile, the_next_chaosd_knows,
                     a_hypervisor_that_fails_at_any_call);
}
