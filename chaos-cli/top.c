#include "top.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 512

static const char *const key_names[TOP_KEYS] = {"cpu", "memory", "rx", "tx", "name"};

bool top_key_parse(const char *text, enum top_key *key_out)
{
    for (int i = 0; i < TOP_KEYS; i++) {
        if (strcmp(text, key_names[i]) != 0)
            continue;
        *key_out = (enum top_key)i;
        return true;
    }
    return false;
}

const char *top_key_name(enum top_key key)
{
    return key_names[key];
}

bool top_key_of_letter(char letter, enum top_key *key_out)
{
    for (int i = 0; i < TOP_KEYS; i++) {
        if (letter != key_names[i][0])
            continue;
        *key_out = (enum top_key)i;
        return true;
    }
    return false;
}

/* ---- a sample ---- */

void top_add(void *arg, const struct ukvm_stats *stats)
{
    struct top_sample *sample = arg;

    if (sample->count == sample->room) {
        size_t room = sample->room == 0 ? 64 : 2 * sample->room;
        struct top_row *grown = reallocarray(sample->rows, room, sizeof(grown[0]));
        sample->no_memory |= grown == NULL;
        if (grown == NULL)
            return;
        sample->rows = grown;
        sample->room = room;
    }
    struct top_row *row = &sample->rows[sample->count++];
    *row = (struct top_row){.cpu_percent = 0};
    memcpy(&row->now, stats, stats->size < sizeof(row->now) ? stats->size : sizeof(row->now));
}

/* Counters start anew with a guest, and those of its network with chaos-iod. */
static double grown(uint64_t now, uint64_t before)
{
    return now > before ? (double)(now - before) : 0;
}

static void set_rates(struct top_row *row, const struct ukvm_stats *before)
{
    const struct ukvm_stats *now = &row->now;
    double seconds = grown(now->taken_ns, before->taken_ns) / 1e9;
    double rx = 0, tx = 0;

    if (!(seconds > 0) || strcmp(now->name, before->name) != 0)
        return;
    for (uint32_t i = 0; i < now->vif_count && i < before->vif_count; i++) {
        rx += grown(now->vifs[i].rx_bytes, before->vifs[i].rx_bytes);
        tx += grown(now->vifs[i].tx_bytes, before->vifs[i].tx_bytes);
    }
    row->cpu_percent = grown(now->cpu_ns, before->cpu_ns) / 1e9 / seconds * 100;
    row->rx_per_s = rx / seconds;
    row->tx_per_s = tx / seconds;
}

void top_rates(struct top_sample *now, const struct top_sample *before)
{
    size_t at = 0;

    for (size_t i = 0; i < now->count; i++) {
        struct top_row *row = &now->rows[i];
        while (at < before->count && before->rows[at].now.domid < row->now.domid)
            at++;
        if (at < before->count && before->rows[at].now.domid == row->now.domid)
            set_rates(row, &before->rows[at].now);
    }
}

/* ---- the order ---- */

static int descending(double one, double other)
{
    return one > other ? -1 : one < other;
}

static int by_domid(const struct top_row *one, const struct top_row *other)
{
    return descending(other->now.domid, one->now.domid);
}

#define ORDER(name, compared)                                                                      \
    static int name(const void *left, const void *right)                                           \
    {                                                                                              \
        const struct top_row *one = left, *other = right;                                          \
        int order = compared;                                                                      \
        return order != 0 ? order : by_domid(one, other);                                          \
    }

ORDER(by_cpu, descending(one->cpu_percent, other->cpu_percent))
ORDER(by_memory, descending((double)one->now.memory_bytes, (double)other->now.memory_bytes))
ORDER(by_rx, descending(one->rx_per_s, other->rx_per_s))
ORDER(by_tx, descending(one->tx_per_s, other->tx_per_s))
ORDER(by_name, strcmp(one->now.name, other->now.name))

void top_sort(struct top_sample *sample, enum top_key key)
{
    static int (*const orders[TOP_KEYS])(const void *, const void *) = {by_cpu, by_memory, by_rx,
                                                                        by_tx, by_name};

    if (sample->count > 0)
        qsort(sample->rows, sample->count, sizeof(sample->rows[0]), orders[key]);
}

/* ---- the text ---- */

struct text {
    char *bytes;
    size_t length, room;
    size_t width;
    size_t lines_left;
};

/* One line, cut to the width and to what a terminal may be sent. */
static void line(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void line(struct text *text, const char *format, ...)
{
    char bytes[LINE_MAX_BYTES];
    va_list list;

    if (text->lines_left == 0)
        return;
    text->lines_left--;
    va_start(list, format);
    vsnprintf(bytes, sizeof(bytes), format, list);
    va_end(list);
    for (size_t i = 0; bytes[i] != '\0' && i < text->width; i++)
        text->bytes[text->length++] = (char)(bytes[i] < ' ' || bytes[i] > '~' ? '?' : bytes[i]);
    while (text->length > 0 && text->bytes[text->length - 1] == ' ')
        text->length--;
    text->bytes[text->length++] = '\n';
}

/* "1023", "1.5K", "20M": at most five characters. */
static const char *amount(double value, char out[16])
{
    static const char units[] = "\0KMGTPE";
    unsigned unit = 0;

    while (value >= 999.5 && unit < sizeof(units) - 2) {
        value /= 1024;
        unit++;
    }
    snprintf(out, 16, value < 9.95 && unit > 0 ? "%.1f%c" : "%.0f%c", value, units[unit]);
    return out;
}

static int name_width(const struct top_sample *sample)
{
    size_t width = sizeof("NAME") - 1;

    for (size_t i = 0; i < sample->count; i++) {
        size_t length = strlen(sample->rows[i].now.name);
        width = length > width ? length : width;
    }
    return (int)width;
}

static void summary(struct text *text, const struct top_sample *sample, enum top_key key)
{
    char memory[16], rx[16], tx[16];
    double cpu = 0, bytes = 0, rx_per_s = 0, tx_per_s = 0;

    for (size_t i = 0; i < sample->count; i++) {
        const struct top_row *row = &sample->rows[i];
        cpu += row->cpu_percent;
        bytes += (double)row->now.memory_bytes;
        rx_per_s += row->rx_per_s;
        tx_per_s += row->tx_per_s;
    }
    line(text, "%zu guests, %.1f%% CPU, %sB, rx %sB/s, tx %sB/s; by %s", sample->count, cpu,
         amount(bytes, memory), amount(rx_per_s, rx), amount(tx_per_s, tx), top_key_name(key));
}

static void guest(struct text *text, const struct top_row *row, int width)
{
    char memory[16], rx[16], tx[16];

    line(text, "%-*s  %5u  %-13s  %6.1f  %6s  %5u  %6s  %6s", width, row->now.name, row->now.domid,
         row->now.state, row->cpu_percent, amount((double)row->now.memory_bytes, memory),
         row->now.vcpus, row->now.net_known ? amount(row->rx_per_s, rx) : "-",
         row->now.net_known ? amount(row->tx_per_s, tx) : "-");
}

char *top_render(const struct top_sample *sample, enum top_key key, size_t width, size_t height)
{
    size_t lines = sample->count + 2;
    struct text text = {.width = width != 0 && width < LINE_MAX_BYTES ? width : LINE_MAX_BYTES - 1};
    int names = name_width(sample);

    text.lines_left = height != 0 && height < lines ? height : lines;
    text.bytes = malloc(text.lines_left * (text.width + 1) + 1);
    if (text.bytes == NULL)
        return NULL;
    summary(&text, sample, key);
    line(&text, "%-*s  %5s  %-13s  %6s  %6s  %5s  %6s  %6s", names, "NAME", "DOMID", "STATE",
         "CPU%", "MEMORY", "VCPUS", "RX/S", "TX/S");
    for (size_t i = 0; i < sample->count; i++)
        guest(&text, &sample->rows[i], names);
    text.bytes[text.length] = '\0';
    return text.bytes;
}
