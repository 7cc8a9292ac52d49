/* guests/kernel/net_ring.h, against a backend played by the test. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "net_ring.h"

#define PAGES 4u
#define GREF  12u
#define FRAME 60u

static _Alignas(4096) unsigned char tx_page[4096], rx_page[4096], arena[PAGES * 4096];
static struct net_ring ring;
static netif_tx_sring_t *const tx = (netif_tx_sring_t *)tx_page;
static netif_rx_sring_t *const rx = (netif_rx_sring_t *)rx_page;

static void set_up(void)
{
    memset(tx_page, 0, sizeof tx_page);
    memset(rx_page, 0, sizeof rx_page);
    memset(arena, 0, sizeof arena);
    tx->req_event = rx->req_event = 1; /* as the backend leaves them */
    ck_assert(net_ring_init(&ring, tx_page, rx_page, arena, GREF, PAGES));
}

static void answer_rx(uint16_t id, uint16_t offset, int16_t status)
{
    rx->ring[rx->rsp_prod % 256].rsp =
        (netif_rx_response_t){.id = id, .offset = offset, .status = status};
    rx->rsp_prod++;
}

static void answer_tx(uint16_t id)
{
    tx->ring[tx->rsp_prod % 256].rsp = (netif_tx_response_t){.id = id};
    tx->rsp_prod++;
}

static enum net_ring_result receive(uint8_t *buffer, uint32_t *size_out)
{
    bool notify;
    return net_ring_receive(&ring, buffer, NET_RING_BUFFER, size_out, &notify);
}

START_TEST(buffers_are_named_as_the_abi_says)
{
    set_up();
    ck_assert(net_ring_fill(&ring));
    ck_assert_uint_eq(rx->req_prod, ring.rx_buffers);
    for (uint32_t i = 0; i < rx->req_prod; i++) {
        ck_assert_uint_eq(rx->ring[i].req.id, i);
        ck_assert_uint_eq(rx->ring[i].req.gref, GREF + i / 2);
    }
    ck_assert(!net_ring_fill(&ring));
    ck_assert_uint_eq(rx->req_prod, ring.rx_buffers);
}
END_TEST

START_TEST(arenas_of_any_size)
{
    for (uint32_t pages = 1; pages < 100; pages++) {
        ck_assert(net_ring_init(&ring, tx_page, rx_page, arena, GREF, pages));
        ck_assert_uint_ge(ring.rx_buffers, 1);
        ck_assert_uint_gt(ring.buffers, ring.rx_buffers);
        ck_assert_uint_le(ring.buffers, NET_RING_MAX_BUFFERS);
        ck_assert_uint_le(ring.buffers, pages * 2);
    }
    ck_assert(!net_ring_init(&ring, tx_page, rx_page, arena, GREF, 0));
}
END_TEST

START_TEST(sends_until_buffers_run_out)
{
    uint8_t frame[FRAME] = "frame";
    bool notify;
    set_up();
    uint32_t buffers = ring.buffers - ring.rx_buffers;
    for (uint32_t i = 0; i < buffers; i++) {
        ck_assert_int_eq(net_ring_send(&ring, frame, FRAME, &notify), NET_RING_OK);
        ck_assert(notify == (i == 0)); /* the backend asked to hear of the first */
        const netif_tx_request_t *request = &tx->ring[i].req;
        ck_assert_uint_eq(request->id, ring.rx_buffers + i);
        ck_assert_uint_eq(request->gref, GREF + request->id / 2);
        ck_assert_uint_eq(request->offset, request->id % 2 * 2048);
        ck_assert_uint_eq(request->size, FRAME);
        ck_assert_uint_eq(request->flags, 0);
        ck_assert_mem_eq(arena + (size_t)request->id * 2048, frame, FRAME);
    }
    ck_assert_int_eq(net_ring_send(&ring, frame, FRAME, &notify), NET_RING_FULL);
    ck_assert(!net_ring_writable(&ring));
    ck_assert_uint_eq(tx->rsp_event, 1); /* asked to hear of the next response */
    answer_tx((uint16_t)ring.rx_buffers);
    ck_assert(net_ring_writable(&ring));
    ck_assert_int_eq(net_ring_send(&ring, frame, FRAME, &notify), NET_RING_OK);
}
END_TEST

START_TEST(receives_and_gives_buffers_back)
{
    uint8_t buffer[NET_RING_BUFFER];
    uint32_t size;
    set_up();
    net_ring_fill(&ring);
    ck_assert(!net_ring_readable(&ring));
    ck_assert_uint_eq(rx->rsp_event, 1);
    for (unsigned i = 0; i < 1000; i++) {
        uint16_t id = rx->ring[rx->rsp_prod % 256].req.id;
        memset(arena + (size_t)id * 2048, (int)i, FRAME);
        answer_rx(id, (uint16_t)(id % 2 * 2048), FRAME);
        ck_assert(net_ring_readable(&ring));
        ck_assert_int_eq(receive(buffer, &size), NET_RING_OK);
        ck_assert_uint_eq(size, FRAME);
        ck_assert_uint_eq(buffer[FRAME - 1], i & 0xff);
        ck_assert_uint_eq(rx->req_prod - rx->rsp_prod, ring.rx_buffers);
    }
    ck_assert_uint_eq(ring.bad_responses, 0);
}
END_TEST

START_TEST(empty_answers_only_return_the_buffer)
{
    uint8_t buffer[NET_RING_BUFFER];
    uint32_t size;
    set_up();
    net_ring_fill(&ring);
    answer_rx(0, 0, NETIF_RSP_ERROR);
    answer_rx(1, 2048, 0);
    ck_assert_int_eq(receive(buffer, &size), NET_RING_EMPTY);
    ck_assert_uint_eq(rx->req_prod - rx->rsp_prod, ring.rx_buffers);
    ck_assert_uint_eq(ring.bad_responses, 0);
}
END_TEST

START_TEST(unsound_answers_are_counted_and_dropped)
{
    uint8_t buffer[NET_RING_BUFFER];
    uint32_t size;
    set_up();
    net_ring_fill(&ring);
    answer_rx(9999, 0, FRAME);                      /* no such buffer */
    answer_rx((uint16_t)ring.rx_buffers, 0, FRAME); /* one to send from */
    answer_rx(0, 100, FRAME);                       /* another place in the page */
    answer_rx(2, 0, 4000);                          /* more than a buffer */
    ck_assert_int_eq(receive(buffer, &size), NET_RING_EMPTY);
    ck_assert_uint_eq(ring.bad_responses, 4);
    answer_tx(0);
    net_ring_writable(&ring);
    ck_assert_uint_eq(ring.bad_responses, 5);
}
END_TEST

START_TEST(indices_out_of_range_are_not_followed)
{
    uint8_t buffer[NET_RING_BUFFER];
    uint32_t size;
    bool notify;
    set_up();
    net_ring_fill(&ring);
    rx->rsp_prod += 1000;
    tx->rsp_prod += 1000;
    ck_assert_int_eq(receive(buffer, &size), NET_RING_EMPTY);
    ck_assert_int_eq(net_ring_send(&ring, buffer, FRAME, &notify), NET_RING_OK);
    ck_assert_uint_eq(ring.bad_responses, 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ukg_net_ring");
    TCase *tcase = tcase_create("all");
    tcase_add_test(tcase, buffers_are_named_as_the_abi_says);
    tcase_add_test(tcase, arenas_of_any_size);
    tcase_add_test(tcase, sends_until_buffers_run_out);
    tcase_add_test(tcase, receives_and_gives_buffers_back);
    tcase_add_test(tcase, empty_answers_only_return_the_buffer);
    tcase_add_test(tcase, unsound_answers_are_counted_and_dropped);
    tcase_add_test(tcase, indices_out_of_range_are_not_followed);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
