/* Any bytes as the file of a definition: refused, or what it says can be read and renamed. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/definition_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

static void rename_it(const char *text)
{
    struct guest_spec spec;
    struct spec_terms terms;
    struct error error;
    uid_t owner;
    char *renamed = definition_json.rename(text, "another");

    require(renamed != NULL);
    require(definition_json.read(renamed, strlen(renamed), &spec, &terms, &owner, &error) == 0);
    require(strcmp(spec.name, "another") == 0);
    json_t *file = json_loads(renamed, 0, NULL);
    char *written = definition_json_text(json_object_get(file, "config"), owner);
    require(written == NULL || strcmp(written, renamed) == 0);
    free(written);
    json_decref(file);
    free(renamed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct guest_spec spec;
    struct spec_terms terms;
    struct error error = {0};
    uid_t owner;
    char *text = malloc(size + 1);

    require(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    if (definition_json.read(text, strlen(text), &spec, &terms, &owner, &error) < 0) {
        require(error.code != 0 && error.text[0] != '\0');
    } else {
        require(spec.vif_count <= LIMIT_VIFS && terms.after_count <= LIMIT_AFTER);
        require(memchr(spec.name, '\0', sizeof(spec.name)) != NULL);
        rename_it(text);
    }
    free(text);
    return 0;
}
