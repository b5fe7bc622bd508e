/* native.exe told ADDRESS [hears]: a process that a test drives (tests/windows/harness.py).
 *
 * It hears events, starts children and exits, all as the test says. A Python could do the same, but
 * takes ten times as long to start, and most processes of a test do nothing else.
 *
 * Requests are lines that come through the pipe ADDRESS-requests; each is answered by one message
 * in the pipe ADDRESS-answers. The first answer, without a request, is the pid.
 *
 *   heard                 the events since the last time, oldest first: "0 1 0"
 *   count                 how many there are
 *   settle                makes a console call, for which an event that the console has parked waits
 *   ignore 0|1            SetConsoleCtrlHandler(NULL, 0|1)
 *   generate EVENT GROUP  GenerateConsoleCtrlEvent; its error, 0 for none
 *   start FLAGS COMMAND   CreateProcessW; the pid, or "error N"
 *   forget PID            closes the handle of that child, which keeps its pid from being used again
 *   exit CODE             ExitProcess, without an answer
 *
 * When the test exits, the pipes end, and with them this process. */
#include "freestanding.h"

enum { MAIN_THREAD_ENDED = 98, PIPE_ENDED = 0, BAD_PIPE = 4, BAD_REQUEST = 5 };
enum { MOST_EVENTS = 4096, MOST_CHILDREN = 64, LONGEST = 8192 /* characters of a request */ };

static volatile LONG heard_count;
static BYTE heard[MOST_EVENTS];
static LONG taken_count;

static HANDLE requests, answers;
static char request[LONGEST];
static char answer[4 * MOST_EVENTS];
static DWORD answer_length;

static struct { DWORD pid; HANDLE process; } children[MOST_CHILDREN];
static STARTUPINFOW startup;
static PROCESS_INFORMATION created;
static WCHAR command[LONGEST];

static BOOL WINAPI write_down(DWORD event)
{
    LONG at = heard_count;

    /* One thread for each event, and Windows runs their handlers one after the other. */
    if (at < MOST_EVENTS)
        heard[at] = (BYTE)event;
    InterlockedIncrement(&heard_count);
    return TRUE;
}

/* Ends the process with its main thread.
 *
 * Wine 10 makes a SIGQUIT of a Ctrl+Break to a group, and that ends the main thread alone, by chance
 * with 0 or 1: so that the exit code tells. */
static DWORD WINAPI end_with(LPVOID thread)
{
    WaitForSingleObject((HANDLE)thread, INFINITE);
    ExitProcess(MAIN_THREAD_ENDED);
}

static HANDLE open_pipe(const WCHAR *address, const WCHAR *end, DWORD access)
{
    static WCHAR path[512];
    HANDLE pipe;
    int at = 0;

    while (*address != 0 && *address != ' ' && at < 480)
        path[at++] = *address++;
    while (*end != 0)
        path[at++] = *end++;
    path[at] = 0;
    pipe = CreateFileW(path, access, 0, NULL, OPEN_EXISTING, 0, NULL);
    if (pipe == INVALID_HANDLE_VALUE)
        ExitProcess(BAD_PIPE);
    return pipe;
}

static void say_text(const char *text)
{
    while (*text != 0)
        answer[answer_length++] = *text++;
}

static void say_number(DWORD number)
{
    char digits[10];
    int count = 0;

    do
        digits[count++] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    while (count > 0)
        answer[answer_length++] = digits[--count];
}

static void send_answer(void)
{
    DWORD written;

    if (!WriteFile(answers, answer, answer_length, &written, NULL))
        ExitProcess(PIPE_ENDED);
    answer_length = 0;
}

/* Reads one request, without its end of line. */
static void read_request(void)
{
    DWORD length = 0, count;

    do {
        if (length == LONGEST - 1)
            ExitProcess(BAD_REQUEST);
        if (!ReadFile(requests, request + length, LONGEST - 1 - length, &count, NULL) || count == 0)
            ExitProcess(PIPE_ENDED);
        length += count;
    } while (request[length - 1] != '\n');
    request[length - 1] = 0;
}

static const char *word_after(const char *text)
{
    while (*text != 0 && *text != ' ')
        text++;
    return *text == ' ' ? text + 1 : text;
}

static DWORD number_at(const char *text)
{
    DWORD number = 0;

    while (*text >= '0' && *text <= '9')
        number = number * 10 + (DWORD)(*text++ - '0');
    return number;
}

static void say_heard(void)
{
    LONG count = heard_count;

    while (taken_count < count) {
        say_number(taken_count < MOST_EVENTS ? heard[taken_count] : 99);
        say_text(" ");
        taken_count++;
    }
}

/* The child gets this process's standard streams: no input, and the log of the test. */
static void start(DWORD flags, const char *line)
{
    int at = 0;

    while (at < MOST_CHILDREN - 1 && children[at].pid != 0)
        at++;
    MultiByteToWideChar(CP_UTF8, 0, line, -1, command, LONGEST);
    startup.cb = sizeof startup;
    startup.dwFlags = STARTF_USESTDHANDLES;
    startup.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    startup.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    if (!CreateProcessW(NULL, command, NULL, NULL, TRUE, flags, NULL, NULL, &startup, &created)) {
        say_text("error ");
        say_number(GetLastError());
        return;
    }
    CloseHandle(created.hThread);
    children[at].pid = created.dwProcessId;
    children[at].process = created.hProcess;
    say_number(created.dwProcessId);
}

static void forget(DWORD pid)
{
    int at;

    for (at = 0; at < MOST_CHILDREN; at++) {
        if (children[at].pid != pid)
            continue;
        CloseHandle(children[at].process);
        children[at].pid = 0;
    }
}

static void serve_request(void)
{
    const char *first = word_after(request), *second = word_after(first);
    DWORD pids[64];

    switch (request[0]) {
    case 'h':
        say_heard();
        break;
    case 'c':
        say_number((DWORD)(heard_count - taken_count));
        break;
    case 's':
        if (request[1] == 'e')
            GetConsoleProcessList(pids, 64);
        else
            start(number_at(first), second);
        break;
    case 'i':
        SetConsoleCtrlHandler(NULL, *first == '1');
        break;
    case 'g':
        say_number(GenerateConsoleCtrlEvent(number_at(first), number_at(second)) ? 0
                                                                                 : GetLastError());
        break;
    case 'f':
        forget(number_at(first));
        break;
    case 'e':
        ExitProcess(number_at(first));
    default:
        ExitProcess(BAD_REQUEST);
    }
}

void told(const WCHAR *address, BOOL hears)
{
    HANDLE own, watcher;

    SetConsoleCtrlHandler(write_down, TRUE);
    if (hears)
        SetConsoleCtrlHandler(NULL, FALSE);
    requests = open_pipe(address, L"-requests", GENERIC_READ);
    answers = open_pipe(address, L"-answers", GENERIC_WRITE);
    DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(), &own, SYNCHRONIZE,
                    FALSE, 0);
    watcher = CreateThread(NULL, 0, end_with, own, 0, NULL);
    CloseHandle(watcher);
    say_number(GetCurrentProcessId());
    send_answer();
    for (;;) {
        read_request();
        serve_request();
        send_answer();
    }
}
