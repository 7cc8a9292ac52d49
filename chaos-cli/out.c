#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"

#define OUT_GAP 2 /* spaces between columns */

/* ---- JSON ---- */

int out_json(json_t *value)
{
    int rc = value != NULL ? json_dumpf(value, stdout, JSON_INDENT(2)) : -1;

    json_decref(value);
    putchar('\n');
    if (rc != 0)
        fprintf(stderr, "chaos: cannot write JSON\n");
    return rc == 0 ? 0 : -UKVM_E_INTERNAL;
}

/* A string, or null for the empty one. */
static json_t *string_or_null(const char *text)
{
    return text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *vif_json(const struct ukvm_vif *vif)
{
    return json_pack("{s:s, s:o, s:i, s:o, s:o}", "mac", vif->mac, "ip", string_or_null(vif->ip),
                     "prefix_len", (int)vif->prefix_len, "gateway", string_or_null(vif->gateway),
                     "bridge", string_or_null(vif->bridge));
}

json_t *out_guest(const struct ukvm_guest *guest)
{
    json_t *vifs = json_array();

    for (uint32_t i = 0; i < guest->vif_count; i++)
        json_array_append_new(vifs, vif_json(&guest->vifs[i]));
    json_t *domid = guest->domid != 0 ? json_integer(guest->domid) : json_null();
    return json_pack("{s:s, s:o, s:s, s:s, s:o, s:I, s:I, s:o, s:o}", "name", guest->name, "domid",
                     domid, "uuid", guest->uuid, "state", guest->state, "reason",
                     string_or_null(guest->reason), "memory_bytes", (json_int_t)guest->memory_bytes,
                     "vcpus", (json_int_t)guest->vcpus, "kernel", string_or_null(guest->kernel),
                     "vifs", vifs);
}

/* ---- text ---- */

const char *out_clean(const char *text)
{
    static char clean[256];

    snprintf(clean, sizeof(clean), "%s", text);
    for (char *c = clean; *c != '\0'; c++) {
        if (*c < ' ' || *c > '~')
            *c = '?';
    }
    return clean;
}

void out_table_init(struct out_table *table, size_t columns)
{
    *table = (struct out_table){.columns = columns};
}

void out_table_fini(struct out_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i]);
    free(table->cells);
    *table = (struct out_table){.columns = table->columns};
}

void out_cell(struct out_table *table, const char *format, ...)
{
    char text[256];
    va_list list;

    va_start(list, format);
    vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    char **grown = reallocarray(table->cells, table->count + 1, sizeof(grown[0]));
    char *cell = strdup(out_clean(text));
    if (grown == NULL || cell == NULL) {
        /* A program that ends: nothing is left to a caller to free. */
        fprintf(stderr, "chaos: out of memory\n");
        exit(UKVM_E_INTERNAL);
    }
    grown[table->count++] = cell;
    table->cells = grown;
}

/* Columns of the terminal, or 0 if the output goes elsewhere and may be as wide as it likes. */
static size_t terminal_width(void)
{
    struct winsize size;

    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
        return 0;
    return size.ws_col;
}

static size_t column_width(const struct out_table *table, size_t column)
{
    size_t width = 0;

    for (size_t i = column; i < table->count; i += table->columns) {
        size_t length = strlen(table->cells[i]);
        if (length > width)
            width = length;
    }
    return width;
}

static void print_row(char *const *cells, size_t columns, const size_t *widths, size_t limit)
{
    char line[2048];
    size_t length = 0;

    for (size_t i = 0; i < columns && length < sizeof(line) - 1; i++) {
        int written =
            snprintf(line + length, sizeof(line) - length, "%-*s", (int)widths[i], cells[i]);
        length += (size_t)written;
    }
    if (length > sizeof(line) - 1)
        length = sizeof(line) - 1;
    if (limit != 0 && length > limit)
        length = limit;
    while (length > 0 && line[length - 1] == ' ')
        length--;
    printf("%.*s\n", (int)length, line);
}

void out_table_print(const struct out_table *table)
{
    size_t widths[OUT_COLUMNS_MAX] = {0};
    size_t limit = terminal_width();

    for (size_t i = 0; i < table->columns; i++)
        widths[i] = column_width(table, i) + OUT_GAP;
    for (size_t i = 0; i + table->columns <= table->count; i += table->columns)
        print_row(&table->cells[i], table->columns, widths, limit);
}
