/* icu.dll: OpenConsole up to 1.22.2502 imports regular expressions from a DLL of Windows 10 that Wine
 * lacks, to find links in what a window shows. Here no window shows anything, so no call comes. */
#include "freestanding.h"

#define NOT_CALLED(name) \
    __declspec(dllexport) void name(void) \
    { \
        TerminateProcess(GetCurrentProcess(), 72); \
    }

NOT_CALLED(uregex_close)
NOT_CALLED(uregex_end64)
NOT_CALLED(uregex_find)
NOT_CALLED(uregex_findNext)
NOT_CALLED(uregex_open)
NOT_CALLED(uregex_setStackLimit)
NOT_CALLED(uregex_setTimeLimit)
NOT_CALLED(uregex_setUText)
NOT_CALLED(uregex_start64)
NOT_CALLED(utext_close)
NOT_CALLED(utext_setup)

BOOL WINAPI entry(HINSTANCE self, DWORD reason, void *reserved)
{
    (void)self, (void)reason, (void)reserved;
    return TRUE;
}
