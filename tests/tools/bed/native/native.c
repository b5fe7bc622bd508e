/* native.exe MODE [SECONDS [SLOW_SECONDS]]: a program that is not Python.
 *
 * MODE says what it does with Ctrl+C and Ctrl+Break:
 *   default   nothing: the system ends it
 *   ignore    SetConsoleCtrlHandler(NULL, TRUE)
 *   trap      writes "event N" and takes the event
 *   hear      as trap, and first stops ignoring Ctrl+C, which the leader of a
 *             new group does from birth
 *   pass      writes "event N" and does not take it
 *   slow      as trap, but the handler needs SLOW_SECONDS (default 2)
 *   told      what a test says, through pipes: see told.c
 *
 * "behind LAUNCHER MODE ..." is MODE: so a console-script launcher starts it, as
 * it starts Python, with its own path for the script's.
 *
 * It writes "ready PID" when it is set up.  It ends when its standard input,
 * if that is a pipe, ends, or after SECONDS (default 3600), so that it never outlives a test for
 * long. */
#include "freestanding.h"

void told(const WCHAR *address, BOOL hears);

enum { STDIN_ENDED = 7, TIME_IS_UP = 8, BAD_USAGE = 2 };
enum { POLL = 20 /* milliseconds */ };

static BOOL takes_events;
static DWORD slow_seconds;

static BOOL WINAPI on_event(DWORD event)
{
    put_number("event", event);
    if (slow_seconds != 0)
        Sleep(slow_seconds * 1000);
    return takes_events;
}

static void listen(BOOL take)
{
    takes_events = take;
    SetConsoleCtrlHandler(on_event, TRUE);
}

/* Whether standard input has ended: a pipe's writers have closed it, or a file has been read. A
 * console has not, nor has the null device, nor no input at all: what a test starts without a pipe
 * is to stay until the test ends it.
 *
 * Asked again and again by the only thread.  A second thread that reads would
 * be simpler, but Wine's Ctrl+Break ends one thread, not the process. */
static BOOL input_has_ended(void)
{
    HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
    DWORD type = GetFileType(input);
    char bytes[64];
    DWORD count;

    if (type == FILE_TYPE_PIPE) {
        if (!PeekNamedPipe(input, NULL, 0, NULL, &count, NULL))
            return TRUE;
        if (count == 0)
            return FALSE;
    } else if (type != FILE_TYPE_DISK) {
        return FALSE;
    }
    return !ReadFile(input, bytes, sizeof bytes, &count, NULL) || count == 0;
}

static const WCHAR *next_word(const WCHAR *text)
{
    BOOL quoted = FALSE;

    for (; *text != 0 && (quoted || *text != ' '); text++)
        if (*text == '"')
            quoted = !quoted;
    while (*text == ' ')
        text++;
    return text;
}

static DWORD number_at(const WCHAR *text, DWORD otherwise)
{
    DWORD number = 0;

    if (*text < '0' || *text > '9')
        return otherwise;
    while (*text >= '0' && *text <= '9')
        number = number * 10 + (DWORD)(*text++ - '0');
    return number;
}

ENTRY
{
    const WCHAR *mode = next_word(GetCommandLineW());
    const WCHAR *seconds;
    DWORD left;

    if (*mode == 'b')
        mode = next_word(next_word(mode));
    seconds = next_word(mode);
    /* The first letter tells the modes apart, the second one `trap` and `told`. */
    switch (*mode) {
    case 'd':
        break;
    case 'i':
        SetConsoleCtrlHandler(NULL, TRUE);
        break;
    case 's':
        slow_seconds = number_at(next_word(seconds), 2);
        listen(TRUE);
        break;
    case 'h':
        SetConsoleCtrlHandler(NULL, FALSE);
        listen(TRUE);
        break;
    case 't':
        if (mode[1] == 'o')
            told(seconds, *next_word(seconds) == 'h');
        listen(TRUE);
        break;
    case 'p':
        listen(FALSE);
        break;
    default:
        put("native.exe default|ignore|trap|hear|pass|slow [SECONDS [SLOW_SECONDS]]\n"
            "           told ADDRESS [hears]\n");
        ExitProcess(BAD_USAGE);
    }
    put_number("ready", GetCurrentProcessId());
    for (left = number_at(seconds, 3600) * (1000 / POLL); left > 0; left--) {
        if (input_has_ended())
            ExitProcess(STDIN_ENDED);
        Sleep(POLL);
    }
    ExitProcess(TIME_IS_UP);
}
