/* A client of chaosd that connects and does nothing: what any client process costs. */
#include <stddef.h>

#include "ukvm.h"

int main(void)
{
    struct ukvm *ukvm;

    if (ukvm_open(NULL, &ukvm, NULL) != 0)
        return 1;
    ukvm_close(ukvm);
    return 0;
}
