/*
 * main() for fuzz targets in ordinary builds: runs the target over corpus files, so that every
 * past finding is tried in every test run, by every compiler. Arguments: files or directories.
 */
#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned replayed;

static int replay_file(const char *path, size_t size)
{
    /* Exactly the size of the input, so that the sanitizer sees a read past its end. */
    uint8_t *data = malloc(size > 0 ? size : 1);
    FILE *file = fopen(path, "rb");
    int rc = -1;

    if (data != NULL && file != NULL && fread(data, 1, size, file) == size) {
        LLVMFuzzerTestOneInput(data, size);
        replayed++;
        rc = 0;
    } else {
        fprintf(stderr, "replay: cannot read %s\n", path);
    }
    if (file != NULL)
        fclose(file);
    free(data);
    return rc;
}

static int replay_path(const char *path);

static int replay_dir(const char *path)
{
    DIR *dir = opendir(path);
    int rc = 0;

    if (dir == NULL)
        return -1;
    for (struct dirent *entry; rc == 0 && (entry = readdir(dir)) != NULL;) {
        char child[PATH_MAX];
        if (entry->d_name[0] == '.')
            continue;
        int length = snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
        rc = length < (int)sizeof(child) ? replay_path(child) : -1;
    }
    closedir(dir);
    return rc;
}

static int replay_path(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0) {
        perror(path);
        return -1;
    }
    return S_ISDIR(st.st_mode) ? replay_dir(path) : replay_file(path, (size_t)st.st_size);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (replay_path(argv[i]) != 0)
            return EXIT_FAILURE;
    printf("%u inputs\n", replayed);
    /* An empty corpus tests nothing and must not look like success. */
    return replayed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
