/* conclnt.dll: the console's side of kernelbase, so that programs on Wine have Microsoft's console.
 *
 * On Windows kernelbase connects each console program to its console when it is loaded, and makes
 * the calls of the console API messages to the console server. Wine's does the same with Wine's own
 * console. In the bed's copy of Wine kernelbase imports this DLL, and its exports of the console API
 * lead here (kernelbase.py): so this DLL is in every process, of whichever way of starting, before
 * its first instruction, and nothing is put into a process from outside.
 *
 * DllMain runs before kernelbase's. It may call ntdll alone, and so does the rest, but for what the
 * table `of_kernelbase` has.
 *
 * The meanings are those of the API's documentation and of what Windows' kernelbase is known to do;
 * the formats are those of microsoft/terminal: dep/Console/conmsgl1.h, conmsgl2.h, conmsgl3.h. */
#include "client.h"

#pragma pack(push, 1)
typedef struct { /* CONSOLE_SERVER_MSG */
    UINT32 icon, hot_key, flags;
    UINT16 fill, show;
    COORD buffer, window, origin;
    UINT32 group;
    BYTE is_starting, visible;
    UINT16 title_size;
    WCHAR title[MAX_PATH + 1];
    UINT16 application_size;
    WCHAR application[128];
    UINT16 folder_size;
    WCHAR folder[MAX_PATH + 1];
} ServerMessage;
#pragma pack(pop)

static UINT16 copy_text(WCHAR *to, SIZE_T room, const UNICODE_STRING *text)
{
    UINT16 size = text->Length;

    if (size > room - sizeof *to)
        size = (UINT16)(room - sizeof *to);
    memcpy(to, text->Buffer, size);
    return size;
}

static UINT32 group_of_this_process(void)
{
    UINT32 group = *(UINT32 *)((BYTE *)parameters() + OFFSET_OF_GROUP);

    return group != 0 ? group : current_pid(); /* 0: it leads a new one */
}

/* Connects to a console that listens. */
static NTSTATUS connect(UINT64 console, BOOL is_starting)
{
    ServerMessage *body = allocate(sizeof *body);
    Request request = { CONNECT_REQUEST, current_pid(), 0, 0, (ULONG_PTR)of_console_CtrlRoutine,
                        sizeof *body, 0 };
    UNICODE_STRING title = parameters()->image;
    Answer answer;
    NTSTATUS status = open_pipe(console, &self.life);

    if (status != STATUS_SUCCESS) {
        release(body);
        return status;
    }
    request.function = (UINT32)(ULONG_PTR)((CLIENT_ID *)((void **)NtCurrentTeb() + 8))->UniqueThread;
    body->fill = 7;
    body->buffer.X = body->window.X = 120;
    body->buffer.Y = body->window.Y = 30;
    body->group = group_of_this_process();
    body->is_starting = (BYTE)is_starting;
    body->title_size = copy_text(body->title, sizeof body->title, &title);
    while (title.Length > 0 && title.Buffer[title.Length / sizeof(WCHAR) - 1] != L'\\')
        title.Length -= sizeof(WCHAR);
    title.Buffer += title.Length / sizeof(WCHAR);
    title.Length = (USHORT)(parameters()->image.Length - title.Length);
    body->application_size = copy_text(body->application, sizeof body->application, &title);
    body->folder_size = copy_text(body->folder, sizeof body->folder, &parameters()->directory);
    status = ask(self.life, &request, body, NULL, &answer);
    release(body);
    if (status != STATUS_SUCCESS) {
        NtClose(self.life);
        self.life = NULL;
        return status;
    }
    RtlEnterCriticalSection(&self.lock);
    self.console = console;
    self.client = (UINT32)answer.information;
    self.attached = TRUE;
    RtlLeaveCriticalSection(&self.lock);
    return STATUS_SUCCESS;
}

static void set_standard_handles(BOOL all)
{
    Parameters *own = parameters();

    if (all || own->input == NULL) {
        own->input = new_handle(L"i", NULL, OBJ_INHERIT);
        self.input_is_ours = TRUE;
    }
    if (all || own->output == NULL) {
        own->output = new_handle(L"o", NULL, OBJ_INHERIT);
        self.output_is_ours = TRUE;
    }
    if (all || own->error == NULL) {
        own->error = new_handle(L"o", NULL, OBJ_INHERIT);
        self.error_is_ours = TRUE;
    }
}

/* Unlike that of every other console: the pid, and the time in units of 0.1 us. */
UINT64 new_number(void)
{
    LARGE_INTEGER now;

    NtQuerySystemTime(&now);
    return (UINT64)current_pid() << 40 | ((UINT64)now.QuadPart & 0xFFFFFFFFFF);
}

#define SERVER L"C:\\console\\OpenConsole.exe"

/* Starts the server of a new console. `console` gets a handle that stands for the console; `process`
 * one of the server's, if it is not NULL. */
NTSTATUS start_server(UINT64 number, const WCHAR *options, HANDLE input, HANDLE output,
                             HANDLE *console, HANDLE *process)
{
    static WCHAR dos_path[] = SERVER, nt_path[] = L"\\??\\" SERVER, folder[] = L"C:\\console\\";
    UNICODE_STRING path = { sizeof nt_path - sizeof(WCHAR), sizeof nt_path, nt_path };
    UNICODE_STRING image = { sizeof dos_path - sizeof(WCHAR), sizeof dos_path, dos_path };
    UNICODE_STRING directory = { sizeof folder - sizeof(WCHAR), sizeof folder, folder };
    WCHAR line[200];
    UNICODE_STRING command_line = { 0, sizeof line, line };
    Parameters *its;
    ProcessInformation started;
    HANDLE inherited, either[2];
    Name name;
    NTSTATUS status;

    named(&name, OBJECTS, 0, number, L"", NULL);
    status = NtCreateEvent(console, EVENT_ALL_ACCESS, &name.attributes, 0, FALSE);
    if (status != STATUS_SUCCESS)
        return status;
    NtDuplicateObject(THIS_PROCESS, *console, THIS_PROCESS, &inherited, 0, OBJ_INHERIT,
                      DUPLICATE_SAME_ACCESS);
    append_digits(append(append(line, options), L" --server 0x"), (ULONG_PTR)inherited, 8);
    while (line[command_line.Length / sizeof *line] != 0)
        command_line.Length += sizeof *line;
    status = RtlCreateProcessParametersEx(&its, &image, NULL, &directory, &command_line, NULL, NULL, NULL,
                                          NULL, NULL, 1 /* PROCESS_PARAMS_FLAG_NORMALIZED */);
    if (status != STATUS_SUCCESS)
        return status;
    its->console = NULL;
    its->console_flags = 0;
    *(UINT32 *)((BYTE *)its + OFFSET_OF_GROUP) = 0;
    its->input = input;
    its->output = its->error = output;
    memset(&started, 0, sizeof started);
    status = RtlCreateUserProcess(&path, OBJ_CASE_INSENSITIVE, its, NULL, NULL, NULL, TRUE, NULL, NULL,
                                  &started);
    RtlDestroyProcessParameters(its);
    NtClose(inherited);
    if (status != STATUS_SUCCESS) {
        NtClose(*console);
        return status;
    }
    NtResumeThread(started.thread, NULL);
    NtClose(started.thread);
    either[0] = *console;
    either[1] = started.process;
    /* 0: the event; it listens. */
    if (NtWaitForMultipleObjects(2, either, 1 /* WaitAny */, FALSE, NULL) != 0)
        status = STATUS_UNSUCCESSFUL;
    if (process != NULL && status == STATUS_SUCCESS)
        *process = started.process;
    else
        NtClose(started.process);
    if (status != STATUS_SUCCESS)
        NtClose(*console);
    return status;
}

/* A thread that starts while the process is being set up waits until it is; so this one runs when
 * a thread for an event may be started, too. */
static void WINAPI say_ready(void *unused)
{
    Request request = { READY_REQUEST, 0, 0, 0, 0, 0, 0 };

    (void)unused;
    RtlEnterCriticalSection(&self.lock);
    if (self.life != NULL)
        transfer(TRUE, self.life, &request, sizeof request);
    RtlLeaveCriticalSection(&self.lock);
    NtTerminateThread((HANDLE)(LONG_PTR)-2, 0);
}

/* What Wine puts into ConsoleHandle where Windows has other numbers. */
enum { ALLOC = -1, ALLOC_NO_WINDOW = -2, SHELL = -3, SHELL_NO_WINDOW = -4 };

static NTSTATUS attach_at_start(void)
{
    Parameters *own = parameters();
    BYTE *program = NtCurrentTeb()->ProcessEnvironmentBlock->Reserved3[1];
    IMAGE_NT_HEADERS *headers = (void *)(program + ((IMAGE_DOS_HEADER *)program)->e_lfanew);
    BOOL is_new = FALSE;
    HANDLE console = own->console, thread;
    Meaning meaning;
    NTSTATUS status;

    own->console = NULL;
    if (console == NULL || headers->OptionalHeader.Subsystem != IMAGE_SUBSYSTEM_WINDOWS_CUI)
        return STATUS_SUCCESS;
    if ((LONG_PTR)console < 0) {
        is_new = (LONG_PTR)console > SHELL;
        if (!is_new) /* started from Linux: its streams stay, but what it reads is the console */
            own->input = NULL;
        status = start_server(new_number(), L"OpenConsole.exe", NULL, NULL, &console, NULL);
        if (status != STATUS_SUCCESS)
            return status;
    }
    if (!meaning_of(console, &meaning))
        return STATUS_INVALID_HANDLE;
    status = connect(meaning.console, TRUE);
    if (status != STATUS_SUCCESS)
        return status;
    own->console = console;
    set_standard_handles(is_new && !(own->window_flags & STARTF_USESTDHANDLES));
    status = NtCreateThreadEx(&thread, THREAD_ALL_ACCESS, NULL, THIS_PROCESS, (void *)say_ready, NULL, 0, 0,
                              0, 0, NULL);
    if (status == STATUS_SUCCESS)
        NtClose(thread);
    return status;
}

static void after_attaching(HANDLE console)
{
    Request request = { READY_REQUEST, 0, 0, 0, 0, 0, 0 };

    parameters()->console = console;
    transfer(TRUE, self.life, &request, sizeof request);
    forget_handlers();
    set_standard_handles(!(parameters()->window_flags & STARTF_USESTDHANDLES));
}

EXPORTED(BOOL, AllocConsole)(void)
{
    UINT64 number = new_number();
    HANDLE console;
    NTSTATUS status;

    if (self.attached)
        return fails(ERROR_ACCESS_DENIED);
    status = start_server(number, L"OpenConsole.exe", NULL, NULL, &console, NULL);
    if (status == STATUS_SUCCESS)
        status = connect(number, FALSE);
    if (status == STATUS_SUCCESS)
        after_attaching(console);
    return succeeds(status);
}

/* The number of the console of a process. */
static NTSTATUS console_of(DWORD pid, UINT64 *console)
{
    Name name;
    HANDLE section;
    void *view = NULL;
    SIZE_T size = 0;
    WCHAR *end = append_digits(append(append(name.text, OBJECTS), CONSOLE_OF), pid, 8);
    NTSTATUS status;

    name.string.Buffer = name.text;
    name.string.Length = name.string.MaximumLength = (USHORT)((BYTE *)end - (BYTE *)name.text);
    InitializeObjectAttributes(&name.attributes, &name.string, 0, NULL, NULL);
    status = NtOpenSection(&section, ACCESS_TO_SECTION, &name.attributes);
    if (status != STATUS_SUCCESS)
        return status;
    status = NtMapViewOfSection(section, THIS_PROCESS, &view, 0, 0, NULL, &size, 1 /* ViewShare */, 0,
                                PAGE_READONLY);
    NtClose(section);
    if (status != STATUS_SUCCESS)
        return status;
    *console = *(UINT64 *)view;
    NtUnmapViewOfSection(THIS_PROCESS, view);
    return STATUS_SUCCESS;
}

static DWORD parent_pid(void)
{
    ULONG_PTR information[6] = { 0 }; /* ProcessBasicInformation; the parent is the last */

    NtQueryInformationProcess(THIS_PROCESS, 0, information, sizeof information, NULL);
    return (DWORD)information[5];
}

EXPORTED(BOOL, AttachConsole)(DWORD pid)
{
    CLIENT_ID id = { NULL, NULL };
    OBJECT_ATTRIBUTES none;
    UINT64 console;
    HANDLE process, reference;
    Name name;
    NTSTATUS status;

    if (self.attached)
        return fails(ERROR_ACCESS_DENIED);
    if (pid == ATTACH_PARENT_PROCESS)
        pid = parent_pid();
    id.UniqueProcess = (HANDLE)(ULONG_PTR)pid;
    InitializeObjectAttributes(&none, NULL, 0, NULL, NULL);
    status = NtOpenProcess(&process, PROCESS_QUERY_LIMITED_INFORMATION, &none, &id);
    if (status == STATUS_ACCESS_DENIED)
        return fails(ERROR_ACCESS_DENIED);
    if (status != STATUS_SUCCESS)
        return fails(ERROR_INVALID_PARAMETER);
    NtClose(process);
    if (console_of(pid, &console) != STATUS_SUCCESS)
        return fails(ERROR_INVALID_HANDLE);
    named(&name, OBJECTS, OBJ_OPENIF, console, L"", NULL);
    status = NtCreateEvent(&reference, EVENT_ALL_ACCESS, &name.attributes, 0, FALSE);
    if (status < 0)
        return succeeds(status);
    status = connect(console, FALSE);
    if (status != STATUS_SUCCESS) {
        NtClose(reference);
        return status == STATUS_OBJECT_NAME_NOT_FOUND ? fails(ERROR_INVALID_HANDLE) : succeeds(status);
    }
    after_attaching(reference);
    return TRUE;
}

EXPORTED(BOOL, FreeConsole)(void)
{
    Request request = { DISCONNECT_REQUEST, 0, 0, 0, 0, 0, 0 };
    Parameters *own = parameters();
    Answer answer;
    BOOL was;

    RtlEnterCriticalSection(&self.lock);
    was = self.attached;
    self.attached = FALSE;
    if (was) {
        ask(self.life, &request, NULL, NULL, &answer);
        NtClose(self.life);
        self.life = NULL;
    }
    RtlLeaveCriticalSection(&self.lock);
    if (!was)
        return TRUE;
    RtlEnterCriticalSection(&self.calling);
    if (self.calls != NULL)
        NtClose(self.calls);
    self.calls = NULL;
    RtlLeaveCriticalSection(&self.calling);
    NtClose(own->console);
    own->console = NULL;
    if (self.input_is_ours)
        NtClose(own->input);
    if (self.output_is_ours)
        NtClose(own->output);
    if (self.error_is_ours)
        NtClose(own->error);
    self.input_is_ours = self.output_is_ours = self.error_is_ours = FALSE;
    forget_handlers();
    return TRUE;
}

BOOL WINAPI entry(HINSTANCE module, DWORD reason, void *reserved)
{
    (void)module, (void)reserved;
    if (reason != DLL_PROCESS_ATTACH)
        return TRUE;
    RtlInitializeCriticalSection(&self.lock);
    RtlInitializeCriticalSection(&self.calling);
    start_handlers();
    /* FALSE: the process ends with STATUS_DLL_INIT_FAILED, as where Windows' kernelbase is refused. */
    return attach_at_start() == STATUS_SUCCESS;
}
