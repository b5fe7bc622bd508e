/* condrv.dll: the driver and csrss of OpenConsole.exe, whose clients are real processes.
 *
 * See openconsole.h, and console.h for how the clients (conclnt/) speak to it. One thread accepts
 * each pipe and serves it: it hands the server one message at a time and waits for the answer.
 *
 * As on Windows: the end of a process disconnects it; the server is told to end when no process is
 * attached and no handle of the console is left; an event is a thread at CtrlRoutine in the process. */
#include "openconsole.h"

#include "console.h"

enum { NO_MEMORY = 71, NO_PIPE = 72 };

static void *allocate(SIZE_T size)
{
    void *block = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, size);

    if (block == NULL)
        TerminateProcess(GetCurrentProcess(), NO_MEMORY);
    return block;
}

static void release(void *block)
{
    if (block != NULL)
        HeapFree(GetProcessHeap(), 0, block);
}

/* --- messages to the server ------------------------------------------------------------------------ */

typedef struct Pending {
    struct Pending *next;
    Descriptor descriptor;
    BYTE *input, *output;
    UINT32 output_size;
    UINT32 status;
    UINT64 information;
    HANDLE answered;
} Pending;

static CRITICAL_SECTION lock; /* of all below */
static Pending *waiting, **end_of_waiting = &waiting; /* oldest first */
static Pending *with_server;
static HANDLE is_waiting; /* an event */
static UINT64 last_identifier;
static UINT32 attached; /* how many processes are */

/* The caller holds the lock. */
static void enqueue(Pending *message)
{
    message->descriptor.identifier = ++last_identifier;
    message->next = NULL;
    *end_of_waiting = message;
    end_of_waiting = &message->next;
    SetEvent(is_waiting);
}

static Pending **find(UINT64 identifier)
{
    Pending **at = &with_server;

    while (*at != NULL && (*at)->descriptor.identifier != identifier)
        at = &(*at)->next;
    return at;
}

static BOOL complete(const Completion *completion)
{
    Pending **at, *message;

    EnterCriticalSection(&lock);
    at = find(completion->identifier);
    message = *at;
    if (message != NULL) {
        *at = message->next;
        if (completion->size != 0
            && (UINT64)completion->offset + completion->size <= message->descriptor.output_size) {
            memcpy(message->output + completion->offset, completion->data, completion->size);
            if (message->output_size < completion->offset + completion->size)
                message->output_size = completion->offset + completion->size;
        }
        message->status = (UINT32)completion->status;
        message->information = completion->information;
        SetEvent(message->answered);
    }
    LeaveCriticalSection(&lock);
    return message != NULL;
}

static HANDLE console; /* the event that stands for it */
static WCHAR digits_of_console[DIGITS + 1], pipe_name[LONGEST_NAME];

/* Whether another process has a handle of the console: it, or a child of it, may attach yet. */
static BOOL is_known_to_others(void)
{
    ULONG information[14] = { 0 }, size; /* ObjectBasicInformation: the third is the number of handles */

    return NtQueryObject(console, 0, information, sizeof information, &size) == 0 && information[2] > 1;
}

/* The message that is next; NULL: there will be none any more. */
static Pending *next_message(void)
{
    enum { LOOK_EVERY = 50 }; /* ms, when no process is attached */
    Pending *message;
    BOOL is_empty;

    for (;;) {
        EnterCriticalSection(&lock);
        message = waiting;
        is_empty = attached == 0;
        if (message != NULL) {
            waiting = message->next;
            if (waiting == NULL)
                end_of_waiting = &waiting;
            message->next = with_server;
            with_server = message;
        }
        LeaveCriticalSection(&lock);
        if (message != NULL)
            return message;
        if (WaitForSingleObject(is_waiting, is_empty ? LOOK_EVERY : INFINITE) == WAIT_TIMEOUT
            && !is_known_to_others()) {
            EnterCriticalSection(&lock);
            is_empty = attached == 0 && waiting == NULL;
            LeaveCriticalSection(&lock);
            if (is_empty)
                return NULL;
        }
    }
}

static HANDLE input_available; /* the server's */

static BOOL WINAPI device_io_control(HANDLE device, DWORD code, void *in, DWORD in_size, void *out,
                                     DWORD out_size, DWORD *returned, OVERLAPPED *overlapped)
{
    Operation *operation = in;
    Pending *message;
    BOOL done = FALSE;

    (void)device, (void)overlapped;
    *returned = 0;
    switch (code) {
    case READ_IO:
        if (in_size == sizeof(Completion) && !complete(in))
            break;
        wait_until_set_up();
        message = next_message();
        if (message == NULL) {
            SetLastError(ERROR_PIPE_NOT_CONNECTED);
            return FALSE;
        }
        memset(out, 0, out_size);
        memcpy(out, &message->descriptor, sizeof message->descriptor);
        out_size -= sizeof message->descriptor;
        memcpy((BYTE *)out + sizeof message->descriptor, message->input,
               message->descriptor.input_size < out_size ? message->descriptor.input_size : out_size);
        *returned = out_size + sizeof message->descriptor;
        return TRUE;
    case COMPLETE_IO:
        if (!complete(in))
            break;
        return TRUE;
    case READ_INPUT:
    case WRITE_OUTPUT:
        EnterCriticalSection(&lock);
        message = *find(operation->identifier);
        done = message != NULL
               && (UINT64)operation->offset + operation->size
                      <= (code == READ_INPUT ? message->descriptor.input_size
                                             : message->descriptor.output_size);
        if (done && code == READ_INPUT)
            memcpy(operation->data, message->input + operation->offset, operation->size);
        else if (done) {
            memcpy(message->output + operation->offset, operation->data, operation->size);
            if (message->output_size < operation->offset + operation->size)
                message->output_size = operation->offset + operation->size;
        }
        LeaveCriticalSection(&lock);
        if (!done)
            break;
        return TRUE;
    case SET_SERVER_INFORMATION:
        input_available = *(HANDLE *)in; /* CD_IO_SERVER_INFORMATION */
        return TRUE;
    case ALLOW_VIA_UIACCESS:
        return TRUE;
    default:
        SetLastError(ERROR_INVALID_FUNCTION);
        return FALSE;
    }
    SetLastError(ERROR_INVALID_PARAMETER);
    return FALSE;
}

/* What waits for a handle of the console's input waits for input: the event of that name (conclnt/) is
 * set whenever the server's own is. */
static HANDLE input_of_clients;

static BOOL WINAPI set_event(HANDLE event)
{
    if (event == input_available)
        SetEvent(input_of_clients);
    return SetEvent(event);
}

static BOOL WINAPI reset_event(HANDLE event)
{
    if (event == input_available)
        ResetEvent(input_of_clients);
    return ResetEvent(event);
}

/* --- clients --------------------------------------------------------------------------------------- */

enum { MOST_CLIENTS = 1024, MOST_OBJECTS = 64, MOST_EVENTS = 16 };

typedef struct {
    UINT32 users; /* threads that have it in hand, and `clients` */
    UINT32 pid;
    BOOL is_attached, is_ready;
    UINT64 routine; /* CtrlRoutine in the process */
    UINT64 connection[3]; /* what the server calls the process, its input, its output */
    UINT64 objects[MOST_OBJECTS]; /* that it has created, and not closed */
    UINT32 events[MOST_EVENTS]; /* that came before it was ready */
    UINT32 event_count;
    HANDLE section; /* by which AttachConsole finds the console of a process */
} Client;

static Client *clients[MOST_CLIENTS];

/* NULL: there is none. Else to be dropped. */
static Client *take(UINT32 number)
{
    Client *client;

    EnterCriticalSection(&lock);
    client = number < MOST_CLIENTS ? clients[number] : NULL;
    if (client != NULL)
        client->users++;
    LeaveCriticalSection(&lock);
    return client;
}

static void drop(Client *client)
{
    UINT32 left;

    EnterCriticalSection(&lock);
    left = --client->users;
    LeaveCriticalSection(&lock);
    if (left == 0)
        release(client);
}

/* Hands a message to the server and waits for its answer. FALSE: its process is not attached. */
static BOOL exchange(Pending *message, const Client *client)
{
    BOOL may;

    message->answered = CreateEventW(NULL, FALSE, FALSE, NULL);
    EnterCriticalSection(&lock);
    may = client == NULL || client->is_attached;
    if (may)
        enqueue(message);
    LeaveCriticalSection(&lock);
    if (may)
        WaitForSingleObject(message->answered, INFINITE);
    CloseHandle(message->answered);
    return may;
}

static void publish(Client *client)
{
    WCHAR name[LONGEST_NAME];
    UINT64 *view, number;
    HANDLE section;

    append_digits(append(append(name, L"Global\\"), CONSOLE_OF), client->pid, 8);
    section = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, sizeof *view, name);
    view = section == NULL ? NULL : MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, sizeof *view);
    if (view != NULL) {
        read_digits(digits_of_console, DIGITS, &number);
        *view = number;
        UnmapViewOfFile(view);
    }
    client->section = section;
}

static void start_thread(HANDLE process, const Client *client, UINT32 event, HANDLE *thread)
{
    *thread = CreateRemoteThread(process, NULL, 0, (LPTHREAD_START_ROUTINE)(UINT_PTR)client->routine,
                                 (void *)(UINT_PTR)event, 0, NULL);
}

/* As csrss: on CLOSE and the like a process has 5 s, and then it is ended, whatever its handlers say. */
static LONG tell(const Client *client, UINT32 event)
{
    enum { TIME_TO_END = 5000 };
    HANDLE process = OpenProcess(PROCESS_ALL_ACCESS, FALSE, client->pid), thread, either[2];
    LONG status = STATUS_UNSUCCESSFUL;

    if (process == NULL)
        return status;
    start_thread(process, client, event, &thread);
    if (thread != NULL) {
        status = 0;
        if (event >= CTRL_CLOSE_EVENT) {
            either[0] = process;
            either[1] = thread;
            WaitForMultipleObjects(2, either, FALSE, TIME_TO_END);
            TerminateProcess(process, STATUS_CONTROL_C_EXIT);
        }
        CloseHandle(thread);
    }
    CloseHandle(process);
    return status;
}

/* src/interactivity/win32/consoleControl.cpp: EndTask asks csrss to run the handlers of a process. Of
 * a process that the server only believes to be its own (a phantom) it is not known what csrss does;
 * here that process is told nothing. */
static LONG WINAPI console_control(UINT32 command, void *data, DWORD size)
{
    EndTask *task = data;
    Client *client = NULL;
    BOOL is_ready = TRUE;
    LONG status = 0;
    HANDLE process;
    UINT32 i;

    if (command != CONSOLE_END_TASK)
        return 0; /* about windows, and which program may come to the foreground */
    if (size < sizeof *task)
        return STATUS_UNSUCCESSFUL;
    EnterCriticalSection(&lock);
    for (i = 0; i < MOST_CLIENTS; i++)
        if (clients[i] != NULL && clients[i]->is_attached && clients[i]->pid == task->pid) {
            client = clients[i];
            client->users++;
            is_ready = client->is_ready;
            if (!is_ready && client->event_count < MOST_EVENTS)
                client->events[client->event_count++] = task->event;
            break;
        }
    LeaveCriticalSection(&lock);
    if (client == NULL) {
        process = OpenProcess(SYNCHRONIZE, FALSE, (DWORD)task->pid);
        if (process == NULL)
            return STATUS_UNSUCCESSFUL;
        i = WaitForSingleObject(process, 0);
        CloseHandle(process);
        return i == WAIT_TIMEOUT ? 0 : STATUS_UNSUCCESSFUL;
    }
    if (is_ready)
        status = tell(client, task->event);
    drop(client);
    return status;
}

static BOOL receive(HANDLE pipe, void *data, DWORD size)
{
    BYTE *at = data;
    DWORD count;

    for (; size != 0; size -= count, at += count)
        if (!ReadFile(pipe, at, size, &count, NULL) || count == 0)
            return FALSE;
    return TRUE;
}

static BOOL send(HANDLE pipe, const void *data, DWORD size)
{
    DWORD count;

    return size == 0 || (WriteFile(pipe, data, size, &count, NULL) && count == size);
}

static BOOL answer(HANDLE pipe, UINT32 status, UINT64 information, const void *output, UINT32 size)
{
    Answer head = { status, size, information };

    return send(pipe, &head, sizeof head) && send(pipe, output, size);
}

/* The number of the client in `clients`, or of a refused one MOST_CLIENTS. */
static UINT32 accept_client(const Request *request, BYTE *input, UINT32 *status)
{
    Client *client = allocate(sizeof *client);
    Pending message;
    UINT32 number;

    memset(&message, 0, sizeof message);
    client->users = 1;
    client->pid = request->client;
    client->routine = request->handle;
    message.descriptor.function = CONSOLE_IO_CONNECT;
    message.descriptor.process = request->client;
    message.descriptor.object = request->function;
    message.descriptor.input_size = request->input_size;
    message.descriptor.output_size = sizeof client->connection;
    message.input = input;
    message.output = (BYTE *)client->connection;
    EnterCriticalSection(&lock);
    attached++; /* the server does not end while it is asked */
    for (number = 0; number < MOST_CLIENTS && clients[number] != NULL; number++)
        ;
    if (number < MOST_CLIENTS)
        clients[number] = client;
    /* An event may come before the answer to this does. */
    client->is_attached = TRUE;
    LeaveCriticalSection(&lock);
    exchange(&message, NULL);
    *status = message.status;
    if (message.status == 0 && number < MOST_CLIENTS) {
        publish(client);
        return number;
    }
    EnterCriticalSection(&lock);
    attached--;
    if (number < MOST_CLIENTS)
        clients[number] = NULL;
    LeaveCriticalSection(&lock);
    drop(client);
    SetEvent(is_waiting);
    return MOST_CLIENTS;
}

static void say(UINT32 function, const Client *client, UINT64 object)
{
    Pending message;

    memset(&message, 0, sizeof message);
    message.descriptor.function = function;
    message.descriptor.process = client->connection[0];
    message.descriptor.object = object;
    exchange(&message, NULL);
}

static void disconnect(UINT32 number)
{
    Client *client = clients[number];
    UINT32 i;

    CloseHandle(client->section);
    EnterCriticalSection(&lock);
    client->is_attached = FALSE; /* what the server has of it, it answers when it is disconnected */
    LeaveCriticalSection(&lock);
    for (i = 0; i < MOST_OBJECTS; i++)
        if (client->objects[i] != 0)
            say(CONSOLE_IO_CLOSE_OBJECT, client, client->objects[i]);
    say(CONSOLE_IO_DISCONNECT, client, 0);
    EnterCriticalSection(&lock);
    attached--;
    clients[number] = NULL;
    LeaveCriticalSection(&lock);
    drop(client);
    SetEvent(is_waiting);
}

static void get_ready(Client *client)
{
    UINT32 i, count;

    EnterCriticalSection(&lock);
    client->is_ready = TRUE;
    count = client->event_count;
    LeaveCriticalSection(&lock);
    for (i = 0; i < count; i++)
        tell(client, client->events[i]);
}

static void note_object(Client *client, UINT64 before, UINT64 after)
{
    UINT32 i;

    for (i = 0; i < MOST_OBJECTS; i++)
        if (client->objects[i] == before) {
            client->objects[i] = after;
            return;
        }
}

/* FALSE: the pipe is broken. */
static BOOL serve_call(HANDLE pipe, const Request *request, BYTE *input, BYTE *output)
{
    Client *client = take(request->client);
    Pending message;

    if (client == NULL)
        return answer(pipe, (UINT32)STATUS_INVALID_HANDLE, 0, NULL, 0);
    memset(&message, 0, sizeof message);
    memset(output, 0, request->output_room);
    message.descriptor.function = request->function;
    message.descriptor.process = client->connection[0];
    message.descriptor.object = request->object == OF_HANDLE    ? request->handle
                                : request->object == OF_NOTHING ? 0
                                                                : client->connection[request->object];
    message.descriptor.input_size = request->input_size;
    message.descriptor.output_size = request->output_room;
    message.input = input;
    message.output = output;
    if (!exchange(&message, client))
        message.status = (UINT32)STATUS_INVALID_HANDLE;
    else if (message.status == 0 && request->function == CONSOLE_IO_CREATE_OBJECT)
        note_object(client, 0, message.information);
    else if (message.status == 0 && request->function == CONSOLE_IO_CLOSE_OBJECT)
        note_object(client, request->handle, 0);
    drop(client);
    return answer(pipe, message.status, message.information, output, message.output_size);
}

static void listen(void);

static DWORD WINAPI serve(void *argument)
{
    HANDLE pipe = argument;
    BYTE *input = allocate(LARGEST), *output = allocate(LARGEST);
    UINT32 number = MOST_CLIENTS, status;
    Client *client;
    Request request;
    BOOL goes_on;

    if (!ConnectNamedPipe(pipe, NULL) && GetLastError() != ERROR_PIPE_CONNECTED) {
        CloseHandle(pipe);
        listen();
        return 0;
    }
    listen(); /* for the next one */
    while (receive(pipe, &request, sizeof request) && request.input_size <= LARGEST
           && request.output_room <= LARGEST && receive(pipe, input, request.input_size)) {
        switch (request.kind) {
        case CONNECT_REQUEST:
            number = accept_client(&request, input, &status);
            goes_on = answer(pipe, status, number, NULL, 0);
            break;
        case READY_REQUEST:
            client = take(number);
            if (client != NULL) {
                get_ready(client);
                drop(client);
            }
            goes_on = TRUE;
            break;
        case DISCONNECT_REQUEST:
            if (number != MOST_CLIENTS)
                disconnect(number);
            number = MOST_CLIENTS;
            goes_on = answer(pipe, 0, 0, NULL, 0);
            break;
        case CALL_REQUEST:
            goes_on = serve_call(pipe, &request, input, output);
            break;
        default:
            goes_on = FALSE;
        }
        if (!goes_on)
            break;
    }
    if (number != MOST_CLIENTS)
        disconnect(number); /* its process has ended */
    CloseHandle(pipe);
    release(input);
    release(output);
    return 0;
}

static WCHAR pipe_name[LONGEST_NAME];

/* One more pipe that waits for a client, and the thread that serves it. */
static void listen(void)
{
    HANDLE pipe = CreateNamedPipeW(pipe_name, PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE | PIPE_WAIT,
                                   PIPE_UNLIMITED_INSTANCES, 0x10000, 0x10000, 0, NULL);

    if (pipe == INVALID_HANDLE_VALUE)
        TerminateProcess(GetCurrentProcess(), NO_PIPE);
    CloseHandle(CreateThread(NULL, 0, serve, pipe, 0, NULL));
}

/* --- processes --------------------------------------------------------------------------------------- */

/* On Wine a process that has ended can be opened for half a second more, on Windows only for as long as
 * there is a handle of it. */
static LONG(NTAPI *real_open_process)(HANDLE *, ACCESS_MASK, void *, const HANDLE *);

static LONG NTAPI nt_open_process(HANDLE *handle, ACCESS_MASK access, void *attributes,
                                  const HANDLE *client)
{
    ULONG information[14] = { 0 }, size; /* ObjectBasicInformation: the third is the number of handles */
    LONG status = real_open_process(handle, access | SYNCHRONIZE, attributes, client);

    if (status == 0 && WaitForSingleObject(*handle, 0) == WAIT_OBJECT_0
        && NtQueryObject(*handle, 0, information, sizeof information, &size) == 0
        && information[2] <= 1) {
        CloseHandle(*handle);
        *handle = NULL;
        return STATUS_INVALID_CID;
    }
    return status;
}

/* --- the terminal of a console that is no pseudo console ---------------------------------------------- */

static HANDLE terminal_reads, terminal_types, server_reads, server_writes;

/* It shows nothing. It does say what it is, when asked ("DA1", VT510 manual): from 1.22 to 1.25.2603 the
 * server else waits 3 s for that when the first client connects. */
static DWORD WINAPI show_nothing(void *unused)
{
    static const char what_are_you[] = "\x1b[c", vt_level_1[] = "\x1b[?61c";
    BYTE bytes[1024];
    DWORD count, written, i, matched = 0;

    (void)unused;
    while (ReadFile(terminal_reads, bytes, sizeof bytes, &count, NULL) && count != 0)
        for (i = 0; i < count; i++) {
            matched = bytes[i] == (BYTE)what_are_you[matched] ? matched + 1 : 0;
            if (what_are_you[matched] == 0) {
                WriteFile(terminal_types, vt_level_1, sizeof vt_level_1 - 1, &written, NULL);
                matched = 0;
            }
        }
    return 0;
}

static WCHAR command_line[]
    = L"OpenConsole.exe --headless --width 120 --height 30 --server 0xC0DE0 --signal 0x........";
enum { LENGTH = sizeof command_line / sizeof *command_line - 1 };

static BOOL has_own_terminal;

static WCHAR *WINAPI get_command_line(void)
{
    return has_own_terminal ? command_line : GetCommandLineW();
}

static HANDLE WINAPI get_std_handle(DWORD which)
{
    if (has_own_terminal && which == STD_INPUT_HANDLE)
        return server_reads;
    if (has_own_terminal && which == STD_OUTPUT_HANDLE)
        return server_writes;
    return GetStdHandle(which);
}

static void make_terminal(void)
{
    HANDLE signal, other_side;
    UINT_PTR handle;
    SIZE_T digit;

    CreatePipe(&server_reads, &terminal_types, NULL, 0);
    CreatePipe(&terminal_reads, &server_writes, NULL, 0);
    CreatePipe(&signal, &other_side, NULL, 0);
    handle = (UINT_PTR)signal;
    for (digit = LENGTH - 1; command_line[digit] == L'.'; digit--, handle >>= 4)
        command_line[digit] = L"0123456789abcdef"[handle & 15];
    CloseHandle(CreateThread(NULL, 0, show_nothing, NULL, 0, NULL));
}

/* --- the start ------------------------------------------------------------------------------------------ */

const Replaced looked_up[] = {
    { "ConsoleControl", console_control, NULL },
    { "NtOpenProcess", nt_open_process, &real_open_process },
    { NULL, NULL, NULL },
};

const Replaced imports[] = {
    { "DeviceIoControl", device_io_control, NULL },
    { "GetProcAddress", get_proc_address, NULL },
    { "GetCommandLineW", get_command_line, NULL },
    { "GetStdHandle", get_std_handle, NULL },
    { "SetEvent", set_event, NULL },
    { "ResetEvent", reset_event, NULL },
    { "NtQueryVolumeInformationFile", query_volume, &real_query_volume },
    { NULL, NULL, NULL },
};

/* What follows a word of the command line: a number after "0x". */
static const WCHAR *option(const WCHAR *line, const WCHAR *word)
{
    const WCHAR *at;
    int i;

    for (at = line; *at != 0; at++) {
        for (i = 0; word[i] != 0 && at[i] == word[i]; i++)
            ;
        if (word[i] == 0)
            return at + i;
    }
    return NULL;
}

/* The handle that the client that starts this program has put on the command line (conclnt/). */
static BOOL find_console(const WCHAR *line)
{
    struct {
        UNICODE_STRING string;
        WCHAR text[LONGEST_NAME];
    } name;
    const WCHAR *digits = option(line, L"--server 0x");
    UINT64 handle;
    ULONG size;
    WCHAR *end;

    if (digits == NULL || !read_digits(digits, 8, &handle))
        return FALSE;
    console = (HANDLE)(UINT_PTR)handle;
    if (NtQueryObject(console, 1 /* ObjectNameInformation */, &name, sizeof name, &size) != 0
        || name.string.Length < DIGITS * sizeof(WCHAR))
        return FALSE;
    end = name.string.Buffer + name.string.Length / sizeof *end - DIGITS;
    memcpy(digits_of_console, end, DIGITS * sizeof *end);
    append(append(append(pipe_name, L"\\\\.\\pipe\\"), CONSOLE), digits_of_console);
    append(append(append(append(name.text, L"Global\\"), CONSOLE), digits_of_console), L"i");
    input_of_clients = CreateEventW(NULL, TRUE, FALSE, name.text);
    return TRUE;
}

/* In a thread, as none other can start before the program has been set up. */
static DWORD WINAPI begin(void *unused)
{
    enum { PIPES_AT_ONCE = 4 };
    int i;

    (void)unused;
    for (i = 0; i < PIPES_AT_ONCE; i++)
        listen();
    SetEvent(console);
    return 0;
}

BOOL WINAPI entry(HINSTANCE self, DWORD reason, void *reserved)
{
    (void)self, (void)reserved;
    if (reason == DLL_THREAD_DETACH)
        thread_ends();
    if (reason != DLL_PROCESS_ATTACH)
        return TRUE;
    InitializeCriticalSection(&lock);
    is_waiting = CreateEventW(NULL, FALSE, FALSE, NULL);
    has_own_terminal = option(GetCommandLineW(), L"--headless") == NULL;
    if (has_own_terminal)
        make_terminal();
    if (!find_console(GetCommandLineW()) || replace_imports() != NULL)
        return FALSE;
    CloseHandle(CreateThread(NULL, 0, begin, NULL, 0, NULL));
    return TRUE;
}
