#include "util/mapped_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/fd.h"

/* A store to a mapped page that a full file system cannot give is a signal: ask for all of them. */
static int make_size(int fd, size_t size)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return -EINVAL;
    if ((size_t)st.st_size != size && ftruncate(fd, 0) < 0)
        return -errno;
    return -posix_fallocate(fd, 0, (off_t)size);
}

int mapped_file_open(const char *path, size_t size, void **memory_out)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);

    if (fd < 0)
        return -errno;
    int rc = make_size(fd, size);
    void *memory = NULL;
    if (rc == 0) {
        memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        rc = memory == MAP_FAILED ? -errno : 0;
    }
    fd_close(&fd);
    if (rc < 0)
        return rc;
#ifdef MADV_POPULATE_WRITE
    /* No page fault later, on the way of a create. An older kernel has it page by page. */
    (void)madvise(memory, size, MADV_POPULATE_WRITE);
#endif
    *memory_out = memory;
    return 0;
}

void mapped_file_close(void *memory, size_t size)
{
    if (memory != NULL)
        munmap(memory, size);
}
