/* played.dll: the driver and csrss of OpenConsole.exe, and the console's clients, played by Python.
 *
 * See openconsole.h. This DLL stands for the driver, for csrss, and for the processes. Python
 * (tests/tools/conhost) plays the clients through it, over standard input and output. */
#include "openconsole.h"


/* --- the link to Python: frames of {kind, size, body} ------------------------------------------ */

enum { /* from Python; see link.py, which has the same numbers */
    TO_MESSAGE = 1,
    TO_PROCESS,
    TO_TYPE,
    TO_SIGNAL,
    TO_HOLDS,
    TO_NO_CLIENT
};
enum { /* to Python */
    OF_COMPLETION = 1,
    OF_IDLE,
    OF_END_TASK,
    OF_INPUT_READ,
    OF_SIGNAL_READ,
    OF_HOLDS,
    OF_UNKNOWN,
    OF_LOG,
    OF_EXIT
};
enum { LINK_IS_GONE = 70, NO_MEMORY = 71 };

static HANDLE from_python, to_python;
static CRITICAL_SECTION one_frame_at_a_time;

static void send_bytes(const void *data, DWORD size)
{
    const BYTE *at = data;
    DWORD written;

    for (; size != 0; size -= written, at += written)
        if (!WriteFile(to_python, at, size, &written, NULL))
            TerminateProcess(GetCurrentProcess(), LINK_IS_GONE);
}

static void send_frame(UINT32 kind, const void *first, UINT32 first_size, const void *rest,
                       UINT32 rest_size)
{
    BYTE buffer[1024]; /* small frames in one write: a pipe is slow, and most frames are small */
    UINT32 head[2] = { kind, first_size + rest_size };

    EnterCriticalSection(&one_frame_at_a_time);
    if (sizeof head + head[1] <= sizeof buffer) {
        memcpy(buffer, head, sizeof head);
        memcpy(buffer + sizeof head, first, first_size);
        memcpy(buffer + sizeof head + first_size, rest, rest_size);
        send_bytes(buffer, sizeof head + head[1]);
    } else {
        send_bytes(head, sizeof head);
        send_bytes(first, first_size);
        send_bytes(rest, rest_size);
    }
    LeaveCriticalSection(&one_frame_at_a_time);
}

static void receive_bytes(void *data, DWORD size)
{
    BYTE *at = data;
    DWORD count;

    for (; size != 0; size -= count, at += count)
        if (!ReadFile(from_python, at, size, &count, NULL) || count == 0)
            TerminateProcess(GetCurrentProcess(), 0); /* Python has closed the link: the end */
}

/* "text 0x<number>" */
static void send_text(UINT32 kind, const char *text, UINT64 number)
{
    char line[128];
    UINT32 at = 0;
    int shift;

    while (*text != 0 && at < 100)
        line[at++] = *text++;
    line[at++] = ' ';
    line[at++] = '0';
    line[at++] = 'x';
    for (shift = 60; shift > 0 && number >> shift == 0; shift -= 4)
        ;
    for (; shift >= 0; shift -= 4)
        line[at++] = "0123456789abcdef"[number >> shift & 15];
    send_frame(kind, line, at, NULL, 0);
}

static BYTE *grown(BYTE *block, UINT32 *room, UINT32 size)
{
    if (size <= *room)
        return block;
    block = block == NULL ? HeapAlloc(GetProcessHeap(), 0, size)
                          : HeapReAlloc(GetProcessHeap(), 0, block, size);
    if (block == NULL)
        TerminateProcess(GetCurrentProcess(), NO_MEMORY);
    *room = size;
    return block;
}

/* --- the processes that Python plays ------------------------------------------------------------ */

enum {
    GONE, /* no process has this pid */
    ALIVE,
    DEAD_AND_OPEN, /* it has exited, and another process has a handle of it */
    FORGOTTEN /* of an earlier history, of which the server may still have a phantom */
};
enum { MOST_PIDS = 1 << 20, MOST_HANDLES = 1 << 20, OF_PLAYED_PROCESS = 0x7F000000 };

static struct {
    UINT32 parent;
    BYTE state;
    UINT16 held; /* handles that the server has of it */
} processes[MOST_PIDS];
static UINT32 pid_of_handle[MOST_HANDLES]; /* the server's, by value / 4 */

static BOOL can_be_opened(UINT32 pid)
{
    /* A process id lasts as long as a handle: the server's own handle keeps it, too. */
    return pid < MOST_PIDS && (processes[pid].state == ALIVE || processes[pid].state == DEAD_AND_OPEN
                               || processes[pid].held != 0);
}

/* src/server/ProcessHandle.cpp keeps the handle that this returns for as long as the entry. It
 * also asks the process for its token, so the handle is one of a real process: this one. */
static HANDLE WINAPI open_process(DWORD access, BOOL inherit, DWORD pid)
{
    HANDLE handle;

    (void)access, (void)inherit;
    if (!can_be_opened(pid)) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    DuplicateHandle(GetCurrentProcess(), GetCurrentProcess(), GetCurrentProcess(), &handle, 0, FALSE,
                    DUPLICATE_SAME_ACCESS);
    if ((UINT_PTR)handle / 4 < MOST_HANDLES) {
        pid_of_handle[(UINT_PTR)handle / 4] = pid;
        processes[pid].held++;
    } else
        send_text(OF_UNKNOWN, "a handle beyond the table of handles:", (UINT_PTR)handle);
    return handle;
}

static BOOL is_played(HANDLE handle)
{
    return ((UINT_PTR)handle & ~(UINT_PTR)(MOST_PIDS - 1)) == OF_PLAYED_PROCESS;
}

/* For each event the server duplicates the handle of each process, and closes the duplicate. Numbers
 * do for that, and are a hundred times as fast. */
static BOOL WINAPI duplicate_handle(HANDLE from_process, HANDLE from, HANDLE to_process, HANDLE *to,
                                    DWORD access, BOOL inherit, DWORD options)
{
    UINT_PTR number = (UINT_PTR)from / 4;

    if (number >= MOST_HANDLES || pid_of_handle[number] == 0)
        return DuplicateHandle(from_process, from, to_process, to, access, inherit, options);
    *to = (HANDLE)(UINT_PTR)(OF_PLAYED_PROCESS | pid_of_handle[number]);
    return TRUE;
}

static BOOL WINAPI close_handle(HANDLE handle)
{
    UINT_PTR number = (UINT_PTR)handle / 4;

    if (is_played(handle))
        return TRUE;
    if (number < MOST_HANDLES && pid_of_handle[number] != 0) {
        processes[pid_of_handle[number]].held--;
        pid_of_handle[number] = 0;
    }
    return CloseHandle(handle);
}

/* src/host/ntprivapi.cpp, s_GetProcessParentId: NtOpenProcess, NtQueryInformationProcess for
 * ProcessBasicInformation (class 0), NtClose. */
static LONG NTAPI nt_open_process(HANDLE *handle, ACCESS_MASK access, void *attributes,
                                  const HANDLE *client)
{
    UINT32 pid = (UINT32)(UINT_PTR)client[0];

    (void)access, (void)attributes;
    if (!can_be_opened(pid))
        return STATUS_INVALID_CID;
    *handle = (HANDLE)(UINT_PTR)(OF_PLAYED_PROCESS | pid);
    return 0;
}

static LONG(NTAPI *real_query_process)(HANDLE, int, void *, ULONG, ULONG *);

static LONG NTAPI nt_query_process(HANDLE handle, int class, void *information, ULONG size,
                                   ULONG *returned)
{
    UINT_PTR pid = (UINT_PTR)handle & (MOST_PIDS - 1);
    UINT64 *fields = information; /* six of them; the parent is the last */

    if (!is_played(handle))
        return real_query_process(handle, class, information, size, returned);
    if (class != 0 || size < 6 * sizeof *fields) {
        send_text(OF_UNKNOWN, "NtQueryInformationProcess of class", (UINT64)class);
        return STATUS_UNSUCCESSFUL;
    }
    memset(information, 0, size);
    fields[4] = pid;
    fields[5] = processes[pid].parent;
    return 0;
}

static LONG(NTAPI *real_nt_close)(HANDLE);

static LONG NTAPI nt_close(HANDLE handle)
{
    return is_played(handle) ? 0 : real_nt_close(handle);
}

/* --- csrss ---------------------------------------------------------------------------------------- */

/* src/interactivity/win32/consoleControl.cpp: EndTask asks csrss to run the handlers of a process.
 * Of a process that is dead csrss says STATUS_UNSUCCESSFUL (src/host/input.cpp, ProcessCtrlEvents). */
static LONG WINAPI console_control(UINT32 command, void *data, DWORD size)
{
    EndTask *task = data;
    struct {
        UINT32 pid, event, flags;
    } told;

    if (command != CONSOLE_END_TASK)
        return 0; /* about windows, and which program may come to the foreground */
    if (size < sizeof *task || task->pid >= MOST_PIDS) {
        send_text(OF_UNKNOWN, "end task, of size", size);
        return STATUS_UNSUCCESSFUL;
    }
    if (processes[task->pid].state == FORGOTTEN)
        return 0;
    told.pid = (UINT32)task->pid;
    told.event = task->event;
    told.flags = task->flags;
    send_frame(OF_END_TASK, &told, sizeof told, NULL, 0);
    return processes[task->pid].state == ALIVE ? 0 : STATUS_UNSUCCESSFUL;
}

/* --- the terminal: what it types, and what it says on the signal pipe ---------------------------- */

typedef struct {
    HANDLE server_side; /* what the server reads */
    HANDLE other_side;
    HANDLE filled;
    UINT32 read_again; /* the frame that says how many fills by Python the server has dealt with */
    UINT32 fills;
    BYTE bytes[256];
    UINT32 size, at;
    BOOL ended;
    DWORD reader; /* the server's thread that has been told of the end */
} Stream;

static Stream input = { .read_again = OF_INPUT_READ };
static Stream signal = { .read_again = OF_SIGNAL_READ };
static HANDLE output_of_server, output_of_terminal;
static CRITICAL_SECTION streams;

static void open_stream(Stream *stream)
{
    CreatePipe(&stream->server_side, &stream->other_side, NULL, 0);
    stream->filled = CreateEventW(NULL, FALSE, FALSE, NULL);
}

/* Adds to what is not read yet: the terminal's own answer may come in between. */
static void fill(Stream *stream, const void *bytes, UINT32 size, BOOL by_python)
{
    EnterCriticalSection(&streams);
    if (stream->at == stream->size)
        stream->at = stream->size = 0;
    if (size > sizeof stream->bytes - stream->size)
        send_text(OF_UNKNOWN, "typed too much at once:", size);
    else {
        memcpy(stream->bytes + stream->size, bytes, size);
        stream->size += size;
        stream->ended = size == 0;
        if (by_python)
            stream->fills++;
    }
    LeaveCriticalSection(&streams);
    SetEvent(stream->filled);
}

static BOOL WINAPI read_file(HANDLE file, void *to, DWORD size, DWORD *count, OVERLAPPED *overlapped)
{
    Stream *stream = file == input.server_side ? &input : file == signal.server_side ? &signal : NULL;
    BOOL ended;

    if (stream == NULL)
        return ReadFile(file, to, size, count, overlapped);
    EnterCriticalSection(&streams);
    while (stream->at == stream->size && !stream->ended) {
        send_frame(stream->read_again, &stream->fills, sizeof stream->fills, NULL, 0);
        LeaveCriticalSection(&streams);
        WaitForSingleObject(stream->filled, INFINITE);
        EnterCriticalSection(&streams);
    }
    ended = stream->ended;
    if (size > stream->size - stream->at)
        size = stream->size - stream->at;
    memcpy(to, stream->bytes + stream->at, size);
    stream->at += size;
    LeaveCriticalSection(&streams);
    *count = size;
    if (ended) {
        stream->reader = GetCurrentThreadId();
        SetLastError(ERROR_BROKEN_PIPE);
    }
    return !ended;
}

/* A terminal that shows nothing. It does say what it is, when asked ("DA1", VT510 manual): from
 * 1.22 to 1.25.2603 the server else waits 3 s for that when the first client connects. */
static BOOL WINAPI write_file(HANDLE file, const void *from, DWORD size, DWORD *count,
                              OVERLAPPED *overlapped)
{
    static const char what_are_you[] = "\x1b[c", vt_level_1[] = "\x1b[?61c";
    const char *text = from;
    DWORD i;

    if (file != output_of_server)
        return WriteFile(file, from, size, count, overlapped);
    for (i = 0; i + 3 <= size; i++)
        if (text[i] == what_are_you[0] && text[i + 1] == what_are_you[1]
            && text[i + 2] == what_are_you[2])
            fill(&input, vt_level_1, sizeof vt_level_1 - 1, FALSE);
    if (count != NULL)
        *count = size;
    return TRUE;
}

/* --- the driver ------------------------------------------------------------------------------------ */

typedef struct {
    UINT64 process, object;
    UINT32 function, output_size;
} Message; /* the input follows */

enum { LEAST_OUTPUT = 4096 };

static BYTE *body, *output;
static UINT32 body_room, output_room, input_size, output_size;
static UINT64 serial;

static BOOL complete(const Completion *completion)
{
    struct {
        UINT32 status, serial;
        UINT64 information;
    } head;

    if (completion->size != 0) {
        if ((UINT64)completion->offset + completion->size > output_room) {
            send_text(OF_UNKNOWN, "a completion of size", completion->size);
            return FALSE;
        }
        memcpy(output + completion->offset, completion->data, completion->size);
        if (output_size < completion->offset + completion->size)
            output_size = completion->offset + completion->size;
    }
    head.status = (UINT32)completion->status;
    head.serial = (UINT32)completion->identifier;
    head.information = completion->information;
    send_frame(OF_COMPLETION, &head, sizeof head, output, output_size);
    return TRUE;
}

/* Obeys Python until it sends a message of a client; that message is what the server then reads.
 * FALSE: no client is left, or ever will be. */
static BOOL next_message(BYTE *to, DWORD room)
{
    UINT32 head[2], *numbers;
    Message *message;
    Descriptor descriptor;

    for (;;) {
        receive_bytes(head, sizeof head);
        body = grown(body, &body_room, head[1]);
        receive_bytes(body, head[1]);
        numbers = (UINT32 *)body;
        switch (head[0]) {
        case TO_PROCESS:
            processes[numbers[0]].parent = numbers[1];
            processes[numbers[0]].state = (BYTE)numbers[2];
            break;
        case TO_HOLDS:
            head[0] = processes[numbers[0]].held;
            send_frame(OF_HOLDS, head, sizeof head[0], NULL, 0);
            break;
        case TO_TYPE:
            fill(&input, body, head[1], TRUE);
            break;
        case TO_SIGNAL:
            fill(&signal, body, head[1], TRUE);
            break;
        case TO_NO_CLIENT:
            return FALSE;
        case TO_MESSAGE:
            message = (Message *)body;
            input_size = head[1] - sizeof *message;
            output_size = 0;
            output = grown(output, &output_room, message->output_size > LEAST_OUTPUT
                                                     ? message->output_size
                                                     : LEAST_OUTPUT);
            memset(output, 0, output_room);
            memset(&descriptor, 0, sizeof descriptor);
            descriptor.identifier = ++serial;
            descriptor.process = message->process;
            descriptor.object = message->object;
            descriptor.function = message->function;
            descriptor.input_size = input_size;
            descriptor.output_size = message->output_size;
            memset(to, 0, room);
            memcpy(to, &descriptor, sizeof descriptor);
            if (room > sizeof descriptor) {
                room -= sizeof descriptor;
                memcpy(to + sizeof descriptor, message + 1, input_size < room ? input_size : room);
            }
            return TRUE;
        default:
            send_text(OF_UNKNOWN, "a frame from Python of kind", head[0]);
        }
    }
}

static BOOL WINAPI device_io_control(HANDLE device, DWORD code, void *in, DWORD in_size, void *out,
                                     DWORD out_size, DWORD *returned, OVERLAPPED *overlapped)
{
    Operation *operation = in;

    (void)device, (void)overlapped;
    *returned = 0;
    switch (code) {
    case READ_IO:
        if (in_size == sizeof(Completion) && !complete(in))
            break;
        wait_until_set_up();
        /* All that the last message has entailed is done and told. */
        send_frame(OF_IDLE, NULL, 0, NULL, 0);
        if (!next_message(out, out_size)) {
            SetLastError(ERROR_PIPE_NOT_CONNECTED);
            return FALSE;
        }
        *returned = out_size;
        return TRUE;
    case COMPLETE_IO:
        if (!complete(in))
            break;
        return TRUE;
    case READ_INPUT:
        if ((UINT64)operation->offset + operation->size > input_size)
            break;
        memcpy(operation->data, body + sizeof(Message) + operation->offset, operation->size);
        return TRUE;
    case WRITE_OUTPUT:
        if ((UINT64)operation->offset + operation->size > output_room)
            break;
        memcpy(output + operation->offset, operation->data, operation->size);
        if (output_size < operation->offset + operation->size)
            output_size = operation->offset + operation->size;
        return TRUE;
    case SET_SERVER_INFORMATION:
    case ALLOW_VIA_UIACCESS:
        return TRUE;
    default:
        send_text(OF_UNKNOWN, "a control code of the driver:", code);
        SetLastError(ERROR_INVALID_FUNCTION);
        return FALSE;
    }
    SetLastError(ERROR_INVALID_PARAMETER);
    return FALSE;
}

/* --- how the program starts and ends ---------------------------------------------------------------- */

/* As CreatePseudoConsole starts it (src/winconpty/winconpty.cpp): headless, with a terminal behind
 * pipes. The server handle is a number that only DeviceIoControl and the two below get to see. */
static WCHAR command_line[] =
    L"OpenConsole.exe --headless --width 80 --height 25 --server 0xC0DE0 --signal 0x........";
enum { LENGTH = sizeof command_line / sizeof *command_line - 1 };

static WCHAR *WINAPI get_command_line(void)
{
    return command_line;
}

static HANDLE WINAPI get_std_handle(DWORD which)
{
    return which == STD_INPUT_HANDLE    ? input.server_side
           : which == STD_OUTPUT_HANDLE ? output_of_server
                                        : GetStdHandle(which);
}

static void WINAPI exit_process(UINT code)
{
    send_frame(OF_EXIT, &code, sizeof code, NULL, 0);
    ExitProcess(code);
}

static LONG WINAPI log_crash(EXCEPTION_POINTERS *exception)
{
    DWORD code = exception->ExceptionRecord->ExceptionCode;

    if (code == EXCEPTION_ACCESS_VIOLATION || code == 0xC0000409) { /* STATUS_STACK_BUFFER_OVERRUN */
        send_text(OF_LOG, "exception", code);
        send_text(OF_LOG, "  at OpenConsole.exe +", (UINT_PTR)exception->ExceptionRecord->ExceptionAddress
                                                      - (UINT_PTR)GetModuleHandleW(NULL));
    }
    return EXCEPTION_CONTINUE_SEARCH;
}

const Replaced looked_up[] = {
    { "ConsoleControl", console_control, NULL },
    { "NtOpenProcess", nt_open_process, NULL },
    { "NtQueryInformationProcess", nt_query_process, &real_query_process },
    { "NtClose", nt_close, &real_nt_close },
    { NULL, NULL, NULL },
};

const Replaced imports[] = {
    { "DeviceIoControl", device_io_control, NULL },
    { "GetProcAddress", get_proc_address, NULL },
    { "OpenProcess", open_process, NULL },
    { "DuplicateHandle", duplicate_handle, NULL },
    { "CloseHandle", close_handle, NULL },
    { "ReadFile", read_file, NULL },
    { "WriteFile", write_file, NULL },
    { "GetCommandLineW", get_command_line, NULL },
    { "GetStdHandle", get_std_handle, NULL },
    { "NtQueryVolumeInformationFile", query_volume, &real_query_volume },
    { "ExitProcess", exit_process, NULL },
    { NULL, NULL, NULL },
};

BOOL WINAPI entry(HINSTANCE self, DWORD reason, void *reserved)
{
    UINT_PTR handle;
    const char *missing;
    SIZE_T digit;

    (void)self, (void)reserved;
    if (reason == DLL_THREAD_DETACH && GetCurrentThreadId() == signal.reader)
        /* The thread has done all about the end of the terminal. */
        send_frame(OF_SIGNAL_READ, &signal.fills, sizeof signal.fills, NULL, 0);
    if (reason == DLL_THREAD_DETACH)
        thread_ends();
    if (reason != DLL_PROCESS_ATTACH)
        return TRUE;
    from_python = GetStdHandle(STD_INPUT_HANDLE);
    to_python = GetStdHandle(STD_OUTPUT_HANDLE);
    InitializeCriticalSection(&one_frame_at_a_time);
    InitializeCriticalSection(&streams);
    open_stream(&input);
    open_stream(&signal);
    CreatePipe(&output_of_terminal, &output_of_server, NULL, 0);
    handle = (UINT_PTR)signal.server_side;
    for (digit = LENGTH - 1; command_line[digit] == L'.'; digit--, handle >>= 4)
        command_line[digit] = L"0123456789abcdef"[handle & 15];
    missing = replace_imports();
    if (missing != NULL)
        send_text(OF_UNKNOWN, missing, 0);
    AddVectoredExceptionHandler(TRUE, log_crash);
    return TRUE;
}
