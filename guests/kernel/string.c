/*
 * The C library's memory and string functions that compilers and lwIP call. The rep forms are
 * short and fast on every CPU with fast string operations.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    void *result = to;
    size_t words = n / 8, bytes = n % 8;
    __asm__ volatile("rep movsq\n\t"
                     "mov %[bytes], %%rcx\n\t"
                     "rep movsb"
                     : "+&D"(to), "+&S"(from), "+&c"(words)
                     : [bytes] "r"(bytes)
                     : "memory");
    return result;
}

void *memmove(void *to, const void *from, size_t n)
{
    void *result = to;
    /* Upwards is right unless the target starts inside the source. */
    if ((uintptr_t)to - (uintptr_t)from >= n)
        return memcpy(to, from, n);
    uint8_t *last_to = (uint8_t *)to + n - 1;
    const uint8_t *last_from = (const uint8_t *)from + n - 1;
    __asm__ volatile("std\n\t"
                     "rep movsb\n\t"
                     "cld"
                     : "+D"(last_to), "+S"(last_from), "+c"(n)
                     :
                     : "memory");
    return result;
}

void *memset(void *to, int value, size_t n)
{
    void *result = to;
    uint64_t pattern = (uint8_t)value * UINT64_C(0x0101010101010101);
    size_t words = n / 8, bytes = n % 8;
    __asm__ volatile("rep stosq\n\t"
                     "mov %[bytes], %%rcx\n\t"
                     "rep stosb"
                     : "+&D"(to), "+&c"(words)
                     : "a"(pattern), [bytes] "r"(bytes)
                     : "memory");
    return result;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *left = a, *right = b;
    for (size_t i = 0; i < n; i++) {
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    }
    return 0;
}

size_t strlen(const char *text)
{
    size_t n = 0;
    while (text[n] != '\0')
        n++;
    return n;
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (a[i] != b[i])
            return (uint8_t)a[i] < (uint8_t)b[i] ? -1 : 1;
        if (a[i] == '\0')
            return 0;
    }
    return 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}
