/* config_print FILE: the canonical JSON of a configuration, or the error's name and message. */
#include <jansson.h>
#include <stdio.h>
#include <ukvm.h>

int main(int argc, char **argv)
{
    char message[UKVM_MESSAGE_MAX];
    struct ukvm_config *config;

    if (argc != 2)
        return 2;
    int rc = ukvm_config_load(argv[1], &config, message);
    if (rc != 0) {
        printf("%s: %s\n", ukvm_error_name(rc), message);
        return 1;
    }
    json_t *json = json_loads(ukvm_config_json(config), 0, NULL);
    json_dumpf(json, stdout, JSON_INDENT(2) | JSON_SORT_KEYS);
    putchar('\n');
    json_decref(json);
    ukvm_config_free(config);
    return 0;
}
