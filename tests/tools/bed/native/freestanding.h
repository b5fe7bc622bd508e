/* What the test bed's programs share.
 *
 * They are built without any C runtime: no start-up code, no printf, only the
 * system's own DLLs.  That keeps a build to a second (a runtime for two
 * targets takes two minutes), and it keeps the programs honest: the C runtime
 * registers a console control handler of its own, and a program that means
 * to have none must not get one from there. */
#ifndef FREESTANDING_H
#define FREESTANDING_H

#define WIN32_LEAN_AND_MEAN
#include <windows.h>

/* The linker's idea of where the program starts; it never returns. */
#define ENTRY __attribute__((noreturn, used)) void __cdecl entry(void)

static inline void put(const char *text)
{
    DWORD length = 0, written;

    while (text[length] != 0)
        length++;
    /* One call per line, so that lines of two threads do not mix. */
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), text, length, &written, NULL);
}

/* Writes "<word> <number>\n". */
static inline void put_number(const char *word, DWORD number)
{
    char line[64], digits[10];
    int at = 0, count = 0;

    while (*word != 0 && at < 40)
        line[at++] = *word++;
    line[at++] = ' ';
    do
        digits[count++] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    while (count > 0)
        line[at++] = digits[--count];
    line[at++] = '\n';
    line[at] = 0;
    put(line);
}

#endif
