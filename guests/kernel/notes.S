/*
 * ELF notes: how a loader knows what this image is. An image for tests of the loader is linked
 * with other notes instead.
 */
#include <xen/elfnote.h>

#ifndef UKG_NOXS_ABI_MIN
#define UKG_NOXS_ABI_MIN 1
#define UKG_NOXS_ABI_MAX 1
#endif

.macro note section, owner, type, payload:vararg
    .pushsection \section, "a", @note
    .balign 4
    .long 2f - 1f, 4f - 3f, \type
1:  .asciz "\owner"
2:  .balign 4
3:  \payload
4:  .balign 4
    .popsection
.endm

#ifndef UKG_NO_PVH_NOTE
    note .note.xen, "Xen", XEN_ELFNOTE_PHYS32_ENTRY, .long _start
#endif
    note .note.xen, "Xen", XEN_ELFNOTE_GUEST_OS, .asciz "chaos"
    note .note.xen, "Xen", XEN_ELFNOTE_XEN_VERSION, .asciz "xen-3.0"
    note .note.xen, "Xen", XEN_ELFNOTE_LOADER, .asciz "generic"
#ifndef UKG_NO_NOXS_NOTE
    /* noxs/page.h: NOXS_NOTE_OWNER, NOXS_NOTE_ABI, {min, max}. */
    note .note.noxs, "noxs", 1, .long UKG_NOXS_ABI_MIN, UKG_NOXS_ABI_MAX
#endif

    .section .note.GNU-stack, "", @progbits
