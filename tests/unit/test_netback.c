/* The network backend against a front in plain memory, honest and not. */
#include "fixture/io_front.h"
#include "io/netback.h"

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct io_front front;
static struct netback netback;
static unsigned frames, notified;
static const char *fault;
static bool refuse_frames;
static uint8_t frame[FRAME_MAX_BYTES], last[FRAME_MAX_BYTES];
static size_t last_size;

static bool on_frame(void *arg, const uint8_t *data, size_t size)
{
    (void)arg;
    memcpy(last, data, size);
    last_size = size;
    frames++;
    return !refuse_frames;
}

static void on_notify(void *arg)
{
    (void)arg;
    notified++;
}

static void on_fault(void *arg, const char *text)
{
    (void)arg;
    if (fault == NULL)
        fault = text;
}

static const struct netback_ops ops = {
    .frame = on_frame,
    .notify = on_notify,
    .fault = on_fault,
};

static void start(bool resumed)
{
    const struct netback_config config = {
        .tx_page = front.tx,
        .rx_page = front.rx,
        .arena = {front.arena, IO_FRONT_GREF + 4, IO_FRONT_ARENA_PAGES},
        .resumed = resumed,
    };
    netback_fini(&netback);
    netback_init(&netback, &config, &ops, NULL);
}

static void setup(void)
{
    io_front_init(&front, 2);
    frames = notified = 0;
    fault = NULL;
    refuse_frames = false;
    netback = (struct netback){0};
    start(false);
    for (size_t i = 0; i < sizeof(frame); i++)
        frame[i] = (uint8_t)(i * 7);
}

static void teardown(void)
{
    netback_fini(&netback);
    io_front_fini(&front);
}

/* One turn. Returns whether the backend wants another. */
static bool serve(void)
{
    bool more = false;
    netback_serve(&netback, &more);
    return more;
}

static struct netif_tx_request *tx_request(uint32_t index)
{
    return &front.tx->ring[index % 256].req;
}

static int16_t tx_status(uint32_t index)
{
    return front.tx->ring[index % 256].rsp.status;
}

START_TEST(sends)
{
    io_front_send(&front, frame, 1514);
    ck_assert(!serve());
    ck_assert_uint_eq(frames, 1);
    ck_assert_uint_eq(last_size, 1514);
    ck_assert_mem_eq(last, frame, 1514);
    ck_assert_int_eq(tx_status(0), NETIF_RSP_OKAY);
    ck_assert_uint_eq(front.tx->rsp_prod, 1);
    ck_assert_uint_eq(netback.stats.tx_packets, 1);
    ck_assert_uint_eq(netback.stats.tx_bytes, 1514);
}
END_TEST

START_TEST(sends_for_ever)
{
    for (unsigned i = 0; i < 5000; i++) {
        io_front_send(&front, frame, 14 + i % 1500);
        serve();
        ck_assert_uint_eq(last_size, 14 + i % 1500);
    }
    ck_assert_uint_eq(front.tx->rsp_prod, 5000);
}
END_TEST

START_TEST(notifies_of_sent_frames_only_who_waits)
{
    io_front_send(&front, frame, 60);
    serve();
    ck_assert_uint_eq(notified, 1); /* rsp_event was 1 */
    io_front_send(&front, frame, 60);
    serve();
    ck_assert_uint_eq(notified, 1);
    front.tx->rsp_event = front.tx->rsp_prod + 2;
    io_front_send(&front, frame, 60);
    serve();
    ck_assert_uint_eq(notified, 1);
    io_front_send(&front, frame, 60);
    serve();
    ck_assert_uint_eq(notified, 2);
}
END_TEST

START_TEST(wants_an_event_for_the_next_frame)
{
    ck_assert_uint_eq(front.tx->req_event, 1);
    ck_assert_uint_eq(front.rx->req_event, 1);
    io_front_send(&front, frame, 60);
    serve();
    ck_assert_uint_eq(front.tx->req_event, 2);
}
END_TEST

START_TEST(a_turn_is_bounded)
{
    for (unsigned i = 0; i < 100; i++)
        io_front_send(&front, frame, 60);
    ck_assert(serve());
    ck_assert_uint_eq(frames, NETBACK_TURN_FRAMES);
    ck_assert(serve());
    ck_assert(serve());
    ck_assert(!serve());
    ck_assert_uint_eq(frames, 100);
}
END_TEST

START_TEST(refused_frames_are_counted)
{
    refuse_frames = true;
    io_front_send(&front, frame, 60);
    serve();
    ck_assert_uint_eq(netback.stats.tx_packets, 0);
    ck_assert_uint_eq(netback.stats.tx_drops, 1);
    ck_assert_int_eq(tx_status(0), NETIF_RSP_OKAY);
}
END_TEST

static void send_changed(void (*change)(struct netif_tx_request *request))
{
    io_front_send(&front, frame, 60);
    change(tx_request(front.tx->req_prod - 1));
    serve();
}

static void too_short(struct netif_tx_request *request)
{
    request->size = 13;
}

static void too_long(struct netif_tx_request *request)
{
    request->size = 1515;
    request->offset = 0;
}

static void more_data(struct netif_tx_request *request)
{
    request->flags = NETTXF_more_data;
}

static void extra_info(struct netif_tx_request *request)
{
    request->flags = NETTXF_extra_info;
}

START_TEST(refused_requests_get_an_error)
{
    void (*const changes[])(struct netif_tx_request *) = {too_short, too_long, more_data,
                                                          extra_info};
    for (uint32_t i = 0; i < 4; i++) {
        send_changed(changes[i]);
        ck_assert_int_eq(tx_status(i), NETIF_RSP_ERROR);
    }
    ck_assert_uint_eq(frames, 0);
    ck_assert_uint_eq(netback.stats.tx_drops, 4);
    ck_assert_ptr_null(fault);
    io_front_send(&front, frame, 60);
    serve();
    ck_assert_uint_eq(frames, 1);
}
END_TEST

static void gref_below(struct netif_tx_request *request)
{
    request->gref = IO_FRONT_GREF + 3;
}

static void gref_above(struct netif_tx_request *request)
{
    request->gref = IO_FRONT_GREF + 8;
}

static void gref_wild(struct netif_tx_request *request)
{
    request->gref = UINT32_MAX;
}

static void past_the_page(struct netif_tx_request *request)
{
    request->offset = 4096 - 59;
}

static void offset_wild(struct netif_tx_request *request)
{
    request->offset = 65535;
    request->size = 65535;
}

static const struct {
    void (*change)(struct netif_tx_request *request);
    const char *text;
} breaks[] = {
    {gref_below, "net tx: reference outside the buffer arena"},
    {gref_above, "net tx: reference outside the buffer arena"},
    {gref_wild, "net tx: reference outside the buffer arena"},
    {past_the_page, "net tx: buffer runs past its page"},
    {offset_wild, "net tx: buffer runs past its page"},
};

START_TEST(broken_requests_end_it)
{
    send_changed(breaks[_i].change);
    ck_assert_str_eq(fault, breaks[_i].text);
    ck_assert_uint_eq(frames, 0);
    /* Not even an honest frame is looked at now. */
    io_front_send(&front, frame, 60);
    ck_assert(!serve());
    ck_assert_uint_eq(frames, 0);
}
END_TEST

START_TEST(tx_index_out_of_range)
{
    front.tx->req_prod = 257;
    ck_assert(!serve());
    ck_assert_str_eq(fault, "net tx: producer index out of range");
    ck_assert_uint_eq(frames, 0);
}
END_TEST

START_TEST(tx_index_backwards)
{
    io_front_send(&front, frame, 60);
    serve();
    front.tx->req_prod = 0;
    serve();
    ck_assert_str_eq(fault, "net tx: producer index out of range");
}
END_TEST

/* A guest that changes requests and buffers while they are read. Nothing to see but sanitizers. */
static volatile bool stop_changing;

static void *change_memory(void *arg)
{
    uint32_t *words = arg;
    unsigned seed = 1;
    while (!stop_changing) {
        uint32_t *request = words + 16 + rand_r(&seed) % (256 * 3);
        __atomic_store_n(request, (uint32_t)rand_r(&seed), __ATOMIC_RELAXED);
    }
    return NULL;
}

START_TEST(requests_that_change_meanwhile)
{
    pthread_t thread;
    stop_changing = false;
    ck_assert_int_eq(pthread_create(&thread, NULL, change_memory, front.tx), 0);
    for (unsigned i = 0; i < 2000; i++) {
        start(true);
        io_front_send(&front, frame, 60);
        __atomic_store_n(&front.tx->req_prod, front.tx->rsp_prod + 200, __ATOMIC_RELEASE);
        while (serve() && netback.tx.fault == NULL)
            continue;
    }
    stop_changing = true;
    pthread_join(thread, NULL);
}
END_TEST

START_TEST(receives)
{
    uint8_t got[FRAME_MAX_BYTES];
    io_front_post(&front, 0, 4);
    for (unsigned i = 0; i < 4; i++)
        netback_deliver(&netback, frame, 100 + i);
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_uint_eq(io_front_receive(&front, got), 100 + i);
        ck_assert_mem_eq(got, frame, 100 + i);
        ck_assert_int_eq(front.rx->ring[i].rsp.id, i);
    }
    ck_assert_uint_eq(netback.stats.rx_packets, 4);
    ck_assert_uint_eq(netback.stats.rx_bytes, 406);
    ck_assert_uint_eq(notified, 1); /* it had not waited for the others yet */
}
END_TEST

START_TEST(receives_for_ever)
{
    uint8_t got[FRAME_MAX_BYTES];
    for (unsigned i = 0; i < 3000; i++) {
        io_front_post(&front, i % 4, 1);
        netback_deliver(&netback, frame, 14 + i % 1500);
        ck_assert_uint_eq(io_front_receive(&front, got), 14 + i % 1500);
    }
    ck_assert_uint_eq(notified, 3000);
}
END_TEST

START_TEST(frames_wait_for_buffers_in_order)
{
    uint8_t got[FRAME_MAX_BYTES];
    for (unsigned i = 0; i < 3; i++)
        netback_deliver(&netback, frame, 100 + i);
    ck_assert_uint_eq(netback.queued, 3);
    io_front_post(&front, 0, 2);
    netback_deliver(&netback, frame, 103);
    ck_assert_uint_eq(io_front_receive(&front, got), 0);
    serve();
    ck_assert_uint_eq(io_front_receive(&front, got), 100);
    ck_assert_uint_eq(io_front_receive(&front, got), 101);
    io_front_post(&front, 2, 2);
    serve();
    ck_assert_uint_eq(io_front_receive(&front, got), 102);
    ck_assert_uint_eq(io_front_receive(&front, got), 103);
    ck_assert_uint_eq(netback.queued, 0);
}
END_TEST

START_TEST(waiting_frames_are_bounded)
{
    for (unsigned i = 0; i < NETBACK_QUEUE_FRAMES + 10; i++)
        netback_deliver(&netback, frame, 100);
    ck_assert_uint_eq(netback.queued, NETBACK_QUEUE_FRAMES);
    ck_assert_uint_eq(netback.stats.rx_drops, 10);
    netback_deliver(&netback, frame, FRAME_MAX_BYTES + 1);
    ck_assert_uint_eq(netback.stats.rx_drops, 11);
}
END_TEST

START_TEST(rx_buffer_that_is_none)
{
    io_front_post(&front, 0, 1);
    front.rx->ring[0].req.id = IO_FRONT_ARENA_PAGES * 2;
    netback_deliver(&netback, frame, 100);
    ck_assert_str_eq(fault, "net rx: no such buffer");
    netback_deliver(&netback, frame, 100);
    ck_assert_uint_eq(netback.stats.rx_drops, 1);
}
END_TEST

START_TEST(rx_reference_of_another_buffer)
{
    io_front_post(&front, 0, 1);
    front.rx->ring[0].req.gref++;
    netback_deliver(&netback, frame, 100);
    ck_assert_str_eq(fault, "net rx: reference is not of the buffer");
}
END_TEST

START_TEST(rx_index_out_of_range)
{
    front.rx->req_prod = 257;
    netback_deliver(&netback, frame, 100);
    ck_assert_str_eq(fault, "net rx: producer index out of range");
}
END_TEST

START_TEST(rx_index_out_of_range_by_doorbell)
{
    front.rx->req_prod = UINT32_MAX;
    ck_assert(!serve());
    ck_assert_str_eq(fault, "net rx: producer index out of range");
}
END_TEST

START_TEST(resumes_where_it_was)
{
    uint8_t got[FRAME_MAX_BYTES];
    io_front_post(&front, 0, 2);
    netback_deliver(&netback, frame, 100);
    io_front_send(&front, frame, 60);
    serve();
    io_front_send(&front, frame, 61);
    start(true);
    netback_deliver(&netback, frame, 101);
    serve();
    ck_assert_uint_eq(io_front_receive(&front, got), 100);
    ck_assert_uint_eq(io_front_receive(&front, got), 101);
    ck_assert_uint_eq(frames, 2);
    ck_assert_uint_eq(last_size, 61);
}
END_TEST

START_TEST(indices_wrap_around)
{
    uint8_t got[FRAME_MAX_BYTES];
    front.tx->req_prod = front.tx->rsp_prod = UINT32_MAX - 1;
    front.rx->req_prod = front.rx->rsp_prod = front.rx_cons = UINT32_MAX - 1;
    start(true);
    for (unsigned i = 0; i < 4; i++) {
        io_front_send(&front, frame, 60 + i);
        serve();
        io_front_post(&front, i, 1);
        netback_deliver(&netback, frame, 60 + i);
        ck_assert_uint_eq(io_front_receive(&front, got), 60 + i);
    }
    ck_assert_uint_eq(frames, 4);
    ck_assert_ptr_null(fault);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("netback");
    TCase *tests = tcase_create("netback");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, sends);
    tcase_add_test(tests, sends_for_ever);
    tcase_add_test(tests, notifies_of_sent_frames_only_who_waits);
    tcase_add_test(tests, wants_an_event_for_the_next_frame);
    tcase_add_test(tests, a_turn_is_bounded);
    tcase_add_test(tests, refused_frames_are_counted);
    tcase_add_test(tests, refused_requests_get_an_error);
    tcase_add_loop_test(tests, broken_requests_end_it, 0,
                        (int)(sizeof(breaks) / sizeof(breaks[0])));
    tcase_add_test(tests, tx_index_out_of_range);
    tcase_add_test(tests, tx_index_backwards);
    tcase_add_test(tests, requests_that_change_meanwhile);
    tcase_add_test(tests, receives);
    tcase_add_test(tests, receives_for_ever);
    tcase_add_test(tests, frames_wait_for_buffers_in_order);
    tcase_add_test(tests, waiting_frames_are_bounded);
    tcase_add_test(tests, rx_buffer_that_is_none);
    tcase_add_test(tests, rx_reference_of_another_buffer);
    tcase_add_test(tests, rx_index_out_of_range);
    tcase_add_test(tests, rx_index_out_of_range_by_doorbell);
    tcase_add_test(tests, resumes_where_it_was);
    tcase_add_test(tests, indices_wrap_around);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
