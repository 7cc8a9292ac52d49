/* The least that a process can do. Linked statically: the mark that a guest is measured against. */
int main(void)
{
    return 0;
}
