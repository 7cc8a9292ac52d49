/* The identity map. boot.S has mapped the first 2 MiB and those of shared_info. */
#include "paging.h"

#include "layout.h"

#define PTE_PRESENT    UINT64_C(0x001)
#define PTE_WRITABLE   UINT64_C(0x002)
#define PDE_2M         UINT64_C(0x080)
#define PTE_NO_EXECUTE (UINT64_C(1) << 63)

#define SIZE_4K        UINT64_C(0x1000)
#define SIZE_2M        UINT64_C(0x200000)
#define SIZE_1G        UINT64_C(0x40000000)

extern char image_start[], image_writable[];

/* Tables are at fixed addresses, so they are named by number, not through the map. */
static uint64_t *table(uint64_t address)
{
    return (uint64_t *)(uintptr_t)address;
}

static uint64_t directory_address(unsigned gigabyte)
{
    static const uint16_t addresses[] = {LAYOUT_PD0, LAYOUT_PD1, LAYOUT_PD2, LAYOUT_PD3};
    return addresses[gigabyte];
}

static uint64_t *directory(unsigned gigabyte)
{
    uint64_t *pointers = table(LAYOUT_PDPT);
    uint64_t *entries = table(directory_address(gigabyte));
    if (pointers[gigabyte] == 0) {
        for (unsigned i = 0; i < SIZE_4K / sizeof *entries; i++)
            entries[i] = 0;
        pointers[gigabyte] = directory_address(gigabyte) | PTE_PRESENT | PTE_WRITABLE;
    }
    return entries;
}

bool paging_map(uint64_t address, uint64_t size_bytes)
{
    if (size_bytes == 0)
        return true;
    if (address >= PAGING_LIMIT || size_bytes > PAGING_LIMIT - address)
        return false;
    for (uint64_t at = address & ~(SIZE_2M - 1); at < address + size_bytes; at += SIZE_2M) {
        uint64_t *entry = &directory((unsigned)(at / SIZE_1G))[at % SIZE_1G / SIZE_2M];
        if (*entry == 0)
            *entry = at | PTE_PRESENT | PTE_WRITABLE | PDE_2M | PTE_NO_EXECUTE;
    }
    return true;
}

static void map_pages(uint64_t from, uint64_t to, uint64_t rights)
{
    uint64_t *entries = table(LAYOUT_PT0);
    for (uint64_t at = from; at < to; at += SIZE_4K)
        entries[at / SIZE_4K] = rights == 0 ? 0 : at | rights;
}

void paging_protect(uint64_t ram_end)
{
    const uint64_t read_execute = PTE_PRESENT;
    const uint64_t read_write = PTE_PRESENT | PTE_WRITABLE | PTE_NO_EXECUTE;
    uint64_t text = (uintptr_t)image_start, data = (uintptr_t)image_writable;
    uint64_t end = ram_end < SIZE_2M ? ram_end : SIZE_2M;

    map_pages(0, SIZE_4K, 0);
    map_pages(SIZE_4K, LAYOUT_HYPERCALL, read_write);
    map_pages(LAYOUT_HYPERCALL, LAYOUT_TRAP_STACK, read_execute);
    map_pages(LAYOUT_TRAP_STACK, LAYOUT_GUARD, read_write);
    map_pages(LAYOUT_GUARD, LAYOUT_STACK, 0);
    map_pages(LAYOUT_STACK, text, read_write);
    map_pages(text, data, read_execute);
    map_pages(data, end, read_write);
    map_pages(end, SIZE_2M, 0);
    *table(LAYOUT_PD0) = LAYOUT_PT0 | PTE_PRESENT | PTE_WRITABLE;
    /* Drops the 2 MiB translation that was in use until now. */
    __asm__ volatile("mov %0, %%cr3" : : "r"((uint64_t)LAYOUT_PML4) : "memory");
}
