#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* One leaf of one side's words. */
struct word {
    char path[128];
    char text[128];
};

struct side {
    const char *name, *head;
    struct word *words;
    size_t count;
};

/* Strings as they are, arrays as their items with spaces between, the rest as in JSON. */
static size_t leaf_text(const json_t *json, char *text, size_t size)
{
    int length;

    if (json_is_array(json)) {
        size_t used = 0;
        for (size_t i = 0; i < json_array_size(json) && used + 1 < size; i++) {
            if (i > 0)
                text[used++] = ' ';
            used += leaf_text(json_array_get(json, i), text + used, size - used);
        }
        return used;
    }
    if (json_is_string(json)) {
        length = snprintf(text, size, "%s", json_string_value(json));
    } else {
        char *dumped = json_dumps(json, JSON_ENCODE_ANY | JSON_COMPACT);
        length = snprintf(text, size, "%s", dumped != NULL ? dumped : "?");
        free(dumped);
    }
    return (size_t)length < size ? (size_t)length : size - 1;
}

static void add_word(struct side *side, const char *path, const json_t *json)
{
    struct word *grown = reallocarray(side->words, side->count + 1, sizeof(*grown));

    if (grown == NULL)
        return;
    side->words = grown;
    struct word *word = &grown[side->count++];
    *word = (struct word){.text = ""};
    snprintf(word->path, sizeof(word->path), "%s", path);
    leaf_text(json, word->text, sizeof(word->text));
}

/* Leaves in order, named "device.0.mac": an array of numbers or strings is one leaf. */
static void flatten(struct side *side, const char *path, json_t *json)
{
    const char *dot = path[0] != '\0' ? "." : "";
    char below[128];

    if (json_is_object(json)) {
        const char *key;
        json_t *value;
        json_object_foreach(json, key, value)
        {
            snprintf(below, sizeof(below), "%s%s%s", path, dot, key);
            flatten(side, below, value);
        }
    } else if (json_is_array(json) && json_is_object(json_array_get(json, 0))) {
        for (size_t i = 0; i < json_array_size(json); i++) {
            snprintf(below, sizeof(below), "%s%s%zu", path, dot, i);
            flatten(side, below, json_array_get(json, i));
        }
    } else {
        add_word(side, path, json);
    }
}

static const char *find_text(const struct side *side, const char *path)
{
    for (size_t i = 0; i < side->count; i++) {
        if (strcmp(side->words[i].path, path) == 0)
            return side->words[i].text;
    }
    return NULL;
}

static void print_sides(struct side *sides, size_t count)
{
    struct out_table table;

    out_table_init(&table, count + 1);
    out_cell(&table, "FIELD");
    for (size_t i = 0; i < count; i++)
        out_cell(&table, "%s", sides[i].head);
    for (size_t i = 0; i < count; i++) {
        for (size_t w = 0; w < sides[i].count; w++) {
            const char *path = sides[i].words[w].path;
            bool shown = false;
            for (size_t earlier = 0; earlier < i; earlier++)
                shown = shown || find_text(&sides[earlier], path) != NULL;
            if (shown)
                continue;
            out_cell(&table, "%s", path);
            for (size_t k = 0; k < count; k++) {
                const char *text = find_text(&sides[k], path);
                out_cell(&table, "%s", text != NULL ? text : "");
            }
        }
    }
    out_table_print(&table);
    out_table_fini(&table);
}

static void print_page(const json_t *page)
{
    struct side sides[] = {
        {"daemon", "CHAOSD", NULL, 0}, {"guest", "GUEST", NULL, 0}, {"iod", "IOD", NULL, 0}};
    const size_t count = sizeof(sides) / sizeof(sides[0]);

    for (size_t i = 0; i < count; i++)
        flatten(&sides[i], "", json_object_get(page, sides[i].name));
    print_sides(sides, count);
    for (size_t i = 0; i < count; i++)
        free(sides[i].words);
}

int cmd_noxs(struct cli *cli)
{
    char *text;
    int rc = cli_connect(cli);

    if (rc != 0)
        return rc;
    rc = ukvm_noxs_json(cli->handle, cli->arguments[0], &text);
    if (rc != 0)
        return cli_failed(cli, rc);
    json_t *page = json_loads(text, JSON_DECODE_ANY, NULL);
    free(text);
    if (cli->json)
        return out_json(page);
    print_page(page);
    json_decref(page);
    return 0;
}
