/* The handlers of this process, and the routine that runs them when the console sends an event. */
#include "client.h"

typedef struct Handler {
    PHANDLER_ROUTINE routine;
    struct Handler *before;
} Handler;

static Handler *handlers; /* the last one that was added */
static RTL_CRITICAL_SECTION of_handlers;

void start_handlers(void)
{
    RtlInitializeCriticalSection(&of_handlers);
}

enum { CONSOLE_IGNORE_CTRL_C = 1 };

EXPORTED(BOOL, SetConsoleCtrlHandler)(PHANDLER_ROUTINE routine, BOOL add)
{
    Handler *handler = NULL, **at;

    RtlEnterCriticalSection(&of_handlers);
    if (routine == NULL) {
        if (add)
            parameters()->console_flags |= CONSOLE_IGNORE_CTRL_C;
        else
            parameters()->console_flags &= ~(ULONG)CONSOLE_IGNORE_CTRL_C;
    } else if (add) {
        handler = allocate(sizeof *handler);
        handler->routine = routine;
        handler->before = handlers;
        handlers = handler;
    } else {
        for (at = &handlers; *at != NULL && (*at)->routine != routine; at = &(*at)->before)
            ;
        handler = *at;
        if (handler != NULL) {
            *at = handler->before;
            release(handler);
        }
    }
    RtlLeaveCriticalSection(&of_handlers);
    return routine == NULL || handler != NULL || fails(ERROR_INVALID_PARAMETER);
}

/* A console of its own, or another: the handlers of before are forgotten. */
void forget_handlers(void)
{
    RtlEnterCriticalSection(&of_handlers);
    handlers = NULL; /* not freed: one of them may be running, and be what has called FreeConsole */
    RtlLeaveCriticalSection(&of_handlers);
}

/* On x86 a handler may leave its argument on the stack: those of pip's launchers are declared without WINAPI.
 * Windows' and Wine's own routine do not mind, so the stack is put back where it was. */
static BOOL call(PHANDLER_ROUTINE routine, DWORD event)
{
#ifdef __i386__
    BOOL taken;

    __asm__ volatile("movl %%esp, %%esi\n\t"
                     "pushl %%edi\n\t"
                     "call *%%ebx\n\t"
                     "movl %%esi, %%esp"
                     : "=a"(taken)
                     : "b"(routine), "D"(event)
                     : "ecx", "edx", "esi", "memory", "cc");
    return taken;
#else
    return routine(event);
#endif
}

/* Where the system starts a thread for each event. The bit holds back Ctrl+C alone. */
EXPORTED(DWORD, CtrlRoutine)(void *argument)
{
    DWORD event = (DWORD)(ULONG_PTR)argument;
    Handler *handler;
    BOOL taken = FALSE;

    RtlEnterCriticalSection(&of_handlers);
    if (event == CTRL_C_EVENT && parameters()->console_flags & CONSOLE_IGNORE_CTRL_C)
        taken = TRUE;
    for (handler = handlers; !taken && handler != NULL; handler = handler->before)
        taken = call(handler->routine, event);
    /* Windows calls ExitProcess. Wine's may wait for ever in a process that is still loading DLLs, for a
     * lock that a thread held when it was ended. */
    if (!taken)
        NtTerminateProcess(THIS_PROCESS, STATUS_CONTROL_C_EXIT);
    RtlLeaveCriticalSection(&of_handlers);
    return 0;
}
