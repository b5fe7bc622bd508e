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
#define _WIN32_WINNT 0x0A00
#define WIN32_LEAN_AND_MEAN
#define WIN32_NO_STATUS
#include <windows.h>
#include <winternl.h>

#include "console.h"

#define EXPORTED(type, name) __declspec(dllexport) type WINAPI of_console_##name

#include <string.h>

/* --- what ntdll has, and winternl.h has not -------------------------------------------------------- */

#define STATUS_SUCCESS ((NTSTATUS)0)
#define STATUS_OBJECT_NAME_NOT_FOUND ((NTSTATUS)0xC0000034)
#define STATUS_ACCESS_DENIED ((NTSTATUS)0xC0000022)
#define STATUS_INVALID_CID ((NTSTATUS)0xC000000B)
#define STATUS_UNSUCCESSFUL ((NTSTATUS)0xC0000001)
#ifndef STATUS_INVALID_HANDLE
#define STATUS_INVALID_HANDLE ((NTSTATUS)0xC0000008)
#endif
#ifndef STATUS_PENDING
#define STATUS_PENDING ((NTSTATUS)0x103)
#endif
#ifndef STATUS_NO_MEMORY
#define STATUS_NO_MEMORY ((NTSTATUS)0xC0000017)
#endif
#define STATUS_PIPE_NOT_AVAILABLE ((NTSTATUS)0xC00000AC)
#define STATUS_PIPE_BUSY ((NTSTATUS)0xC00000AE)
#ifndef STATUS_CONTROL_C_EXIT
#define STATUS_CONTROL_C_EXIT ((NTSTATUS)0xC000013A)
#endif
#define ACCESS_TO_SECTION 4 /* SECTION_MAP_READ */

typedef struct { /* up to what is needed; both bitnesses */
    ULONG sizes[2], flags, debug_flags;
    HANDLE console;
    ULONG console_flags;
    HANDLE input, output, error;
    UNICODE_STRING directory;
    HANDLE directory_handle;
    UNICODE_STRING dll_path, image, command_line;
    void *environment;
    ULONG x, y, x_size, y_size, x_chars, y_chars, fill, window_flags, show;
} Parameters;

enum { OFFSET_OF_GROUP = sizeof(void *) == 8 ? 0x408 : 0x29C };

typedef struct {
    ULONG size;
    HANDLE process, thread;
    CLIENT_ID client;
    BYTE image[64];
} ProcessInformation;

NTSTATUS NTAPI NtAllocateVirtualMemory(HANDLE, void **, ULONG_PTR, SIZE_T *, ULONG, ULONG);
NTSTATUS NTAPI NtCreateEvent(HANDLE *, ACCESS_MASK, OBJECT_ATTRIBUTES *, int, BOOLEAN);
NTSTATUS NTAPI NtCreateNamedPipeFile(HANDLE *, ULONG, OBJECT_ATTRIBUTES *, IO_STATUS_BLOCK *, ULONG,
                                     ULONG, ULONG, ULONG, ULONG, ULONG, ULONG, ULONG, ULONG,
                                     LARGE_INTEGER *);
NTSTATUS NTAPI NtCreateThreadEx(HANDLE *, ACCESS_MASK, OBJECT_ATTRIBUTES *, HANDLE, void *, void *, ULONG,
                                SIZE_T, SIZE_T, SIZE_T, void *);
NTSTATUS NTAPI NtDelayExecution(BOOLEAN, const LARGE_INTEGER *);
NTSTATUS NTAPI NtDuplicateObject(HANDLE, HANDLE, HANDLE, HANDLE *, ACCESS_MASK, ULONG, ULONG);
NTSTATUS NTAPI NtMapViewOfSection(HANDLE, HANDLE, void **, ULONG_PTR, SIZE_T, LARGE_INTEGER *, SIZE_T *,
                                  int, ULONG, ULONG);
NTSTATUS NTAPI NtOpenProcess(HANDLE *, ACCESS_MASK, OBJECT_ATTRIBUTES *, CLIENT_ID *);
NTSTATUS NTAPI NtOpenSection(HANDLE *, ACCESS_MASK, OBJECT_ATTRIBUTES *);
NTSTATUS NTAPI NtReadFile(HANDLE, HANDLE, void *, void *, IO_STATUS_BLOCK *, void *, ULONG,
                          LARGE_INTEGER *, ULONG *);
NTSTATUS NTAPI NtResumeThread(HANDLE, ULONG *);
NTSTATUS NTAPI NtTerminateThread(HANDLE, NTSTATUS);
NTSTATUS NTAPI NtUnmapViewOfSection(HANDLE, void *);
NTSTATUS NTAPI NtWaitForMultipleObjects(ULONG, const HANDLE *, int, BOOLEAN, LARGE_INTEGER *);
NTSTATUS NTAPI NtWriteFile(HANDLE, HANDLE, void *, void *, IO_STATUS_BLOCK *, const void *, ULONG,
                           LARGE_INTEGER *, ULONG *);
NTSTATUS NTAPI LdrGetDllHandle(const WCHAR *, ULONG *, const UNICODE_STRING *, HMODULE *);
void *NTAPI RtlAllocateHeap(HANDLE, ULONG, SIZE_T);
NTSTATUS NTAPI RtlCreateProcessParametersEx(Parameters **, const UNICODE_STRING *, const UNICODE_STRING *,
                                            const UNICODE_STRING *, const UNICODE_STRING *, void *,
                                            const UNICODE_STRING *, const UNICODE_STRING *,
                                            const UNICODE_STRING *, const UNICODE_STRING *, ULONG);
NTSTATUS NTAPI RtlCreateUserProcess(UNICODE_STRING *, ULONG, Parameters *, void *, void *, HANDLE,
                                    BOOLEAN, HANDLE, HANDLE, ProcessInformation *);
NTSTATUS NTAPI RtlDestroyProcessParameters(Parameters *);
void NTAPI RtlExitUserProcess(NTSTATUS);
BOOLEAN NTAPI RtlFreeHeap(HANDLE, ULONG, void *);
NTSTATUS NTAPI RtlInitializeCriticalSection(RTL_CRITICAL_SECTION *);
NTSTATUS NTAPI RtlEnterCriticalSection(RTL_CRITICAL_SECTION *);
NTSTATUS NTAPI RtlLeaveCriticalSection(RTL_CRITICAL_SECTION *);
BOOL NTAPI RtlTryEnterCriticalSection(RTL_CRITICAL_SECTION *);
ULONG NTAPI RtlGetLastWin32Error(void);
void NTAPI RtlSetLastWin32Error(ULONG);

#define THIS_PROCESS ((HANDLE)(LONG_PTR)-1)

static Parameters *parameters(void)
{
    return (Parameters *)NtCurrentTeb()->ProcessEnvironmentBlock->ProcessParameters;
}

static void *allocate(SIZE_T size)
{
    HANDLE heap = ((void **)NtCurrentTeb()->ProcessEnvironmentBlock)[sizeof(void *) == 8 ? 6 : 6];

    return RtlAllocateHeap(heap, HEAP_ZERO_MEMORY, size);
}

static void release(void *block)
{
    HANDLE heap = ((void **)NtCurrentTeb()->ProcessEnvironmentBlock)[sizeof(void *) == 8 ? 6 : 6];

    RtlFreeHeap(heap, 0, block);
}

static void pause(void)
{
    LARGE_INTEGER millisecond = { .QuadPart = -10000 };

    NtDelayExecution(FALSE, &millisecond);
}

static ULONG current_pid(void)
{
    return (ULONG)(ULONG_PTR)((CLIENT_ID *)((void **)NtCurrentTeb() + 8))->UniqueProcess;
}

/* The server answers Win32 errors made into an NTSTATUS: facility 7, and the error. */
static BOOL succeeds(NTSTATUS status)
{
    if (status == STATUS_SUCCESS)
        return TRUE;
    RtlSetLastWin32Error((ULONG)status >> 16 == 0xC007 ? (ULONG)status & 0xFFFF
                                                       : RtlNtStatusToDosError(status));
    return FALSE;
}

static BOOL fails(ULONG error)
{
    RtlSetLastWin32Error(error);
    return FALSE;
}

/* --- the functions of kernelbase that this DLL stands before ---------------------------------------- */

enum {
    CLOSE_HANDLE, CREATE_FILE_2, CREATE_FILE_A, CREATE_FILE_W, FLUSH_FILE_BUFFERS, GET_FILE_TYPE,
    READ_FILE, WRITE_FILE, FUNCTIONS
};

/* Where they are in kernelbase: kernelbase.py writes it here, in this order. */
__declspec(dllexport) volatile ULONG of_kernelbase[FUNCTIONS] = { 0x11111111 };

static void *kernelbase(int function)
{
    static WCHAR name[] = L"kernelbase.dll";
    static const UNICODE_STRING string = { sizeof name - sizeof *name, sizeof name, name };
    static BYTE *base;
    HMODULE module;

    if (base == NULL && LdrGetDllHandle(NULL, NULL, &string, &module) == STATUS_SUCCESS)
        base = (BYTE *)module;
    return base + of_kernelbase[function];
}

/* --- names ------------------------------------------------------------------------------------------- */

typedef struct {
    WCHAR text[LONGEST_NAME];
    UNICODE_STRING string;
    OBJECT_ATTRIBUTES attributes;
} Name;

static OBJECT_ATTRIBUTES *named(Name *name, const WCHAR *folder, ULONG flags, UINT64 console,
                                const WCHAR *kind, const UINT64 *handle)
{
    WCHAR *end = append(name->text, folder);

    end = append_digits(append(end, CONSOLE), console, DIGITS);
    end = append(end, kind);
    if (handle != NULL)
        end = append_digits(end, *handle, DIGITS);
    name->string.Buffer = name->text;
    name->string.Length = (USHORT)((BYTE *)end - (BYTE *)name->text);
    name->string.MaximumLength = sizeof name->text;
    InitializeObjectAttributes(&name->attributes, &name->string, flags, NULL, NULL);
    return &name->attributes;
}

/* What the name of an event says. FALSE: it is no handle of a console. */
typedef struct {
    UINT64 console;
    WCHAR kind; /* 0: the console itself */
    UINT64 handle;
} Meaning;

static BOOL meaning_of(HANDLE handle, Meaning *meaning)
{
    static const WCHAR prefix[] = CONSOLE;
    enum { LENGTH = sizeof prefix / sizeof *prefix - 1 };
    struct {
        UNICODE_STRING string;
        WCHAR text[LONGEST_NAME];
    } name;
    WCHAR *at, *end;
    ULONG size;
    int i;

    memset(&name, 0, sizeof name);
    if (NtQueryObject(handle, 1 /* ObjectNameInformation */, &name, sizeof name - sizeof *name.text, &size)
            != STATUS_SUCCESS
        || name.string.Buffer == NULL)
        return FALSE;
    at = end = name.string.Buffer + name.string.Length / sizeof *at;
    while (at > name.string.Buffer && at[-1] != L'\\')
        at--;
    if (end - at < LENGTH + DIGITS)
        return FALSE;
    for (i = 0; i < LENGTH; i++)
        if (at[i] != prefix[i])
            return FALSE;
    if (!read_digits(at + LENGTH, DIGITS, &meaning->console))
        return FALSE;
    at += LENGTH + DIGITS;
    meaning->kind = at < end ? *at : 0;
    meaning->handle = 0;
    return meaning->kind != L'h' || read_digits(at + 1, DIGITS, &meaning->handle);
}

/* --- the connection ----------------------------------------------------------------------------------- */

static struct {
    RTL_CRITICAL_SECTION lock;
    BOOL attached;
    UINT64 console;
    UINT32 client;
    HANDLE life; /* the pipe whose end is the end of this process */
    HANDLE calls; /* the pipe for calls, and who is making one over it */
    RTL_CRITICAL_SECTION calling;
    BOOL input_is_ours, output_is_ours, error_is_ours; /* the standard handles */
} self;

static NTSTATUS transfer(BOOL sends, HANDLE pipe, void *data, ULONG size)
{
    BYTE *at = data;
    IO_STATUS_BLOCK io;
    NTSTATUS status;

    for (; size != 0; size -= (ULONG)io.Information, at += io.Information) {
        io.Information = 0;
        status = sends ? NtWriteFile(pipe, NULL, NULL, NULL, &io, at, size, NULL, NULL)
                       : NtReadFile(pipe, NULL, NULL, NULL, &io, at, size, NULL, NULL);
        if (status == STATUS_PENDING) { /* not with a pipe opened for synchronous use */
            NtWaitForSingleObject(pipe, FALSE, NULL);
            status = io.Status;
        }
        if (status != STATUS_SUCCESS)
            return status;
        if (io.Information == 0)
            return STATUS_UNSUCCESSFUL;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS open_pipe(UINT64 console, HANDLE *pipe)
{
    Name name;
    IO_STATUS_BLOCK io;
    NTSTATUS status;

    named(&name, PIPES, OBJ_CASE_INSENSITIVE, console, L"", NULL);
    do {
        status = NtOpenFile(pipe, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, &name.attributes, &io, 0,
                            FILE_SYNCHRONOUS_IO_NONALERT);
        if (status == STATUS_PIPE_NOT_AVAILABLE || status == STATUS_PIPE_BUSY)
            pause(); /* the server has as many pipes as threads that wait for one, and makes more */
        else
            break;
    } while (TRUE);
    return status;
}

/* One request, and its answer. The answer's output goes to `output`, as far as there is room. */
static NTSTATUS ask(HANDLE pipe, Request *request, const void *input, void *output, Answer *answer)
{
    BYTE rest[256];
    ULONG size, room = request->output_room;
    BYTE *at = output;
    NTSTATUS status = transfer(TRUE, pipe, request, sizeof *request);

    if (status == STATUS_SUCCESS)
        status = transfer(TRUE, pipe, (void *)input, request->input_size);
    if (status == STATUS_SUCCESS)
        status = transfer(FALSE, pipe, answer, sizeof *answer);
    if (status != STATUS_SUCCESS)
        return status;
    size = answer->output_size < room ? answer->output_size : room;
    status = transfer(FALSE, pipe, at, size);
    for (room = answer->output_size - size; status == STATUS_SUCCESS && room != 0; room -= size) {
        size = room < sizeof rest ? room : sizeof rest;
        status = transfer(FALSE, pipe, rest, size);
    }
    return status == STATUS_SUCCESS ? (NTSTATUS)answer->status : status;
}

/* A message of the console driver to the server. */
static NTSTATUS message(UINT32 function, UINT32 object, UINT64 handle, const void *input,
                        UINT32 input_size, void *output, UINT32 room, Answer *answer)
{
    Request request = { CALL_REQUEST, 0, function, object, handle, input_size, room };
    HANDLE pipe;
    NTSTATUS status;

    memset(answer, 0, sizeof *answer);
    RtlEnterCriticalSection(&self.lock);
    status = self.attached ? STATUS_SUCCESS : STATUS_INVALID_HANDLE;
    request.client = self.client;
    RtlLeaveCriticalSection(&self.lock);
    if (status != STATUS_SUCCESS)
        return status;
    if (RtlTryEnterCriticalSection(&self.calling)) {
        if (self.calls == NULL && open_pipe(self.console, &self.calls) != STATUS_SUCCESS)
            self.calls = NULL;
        status = self.calls == NULL ? STATUS_INVALID_HANDLE
                                    : ask(self.calls, &request, input, output, answer);
        RtlLeaveCriticalSection(&self.calling);
    } else { /* another thread is waiting for its answer */
        status = open_pipe(self.console, &pipe);
        if (status == STATUS_SUCCESS) {
            status = ask(pipe, &request, input, output, answer);
            NtClose(pipe);
        }
    }
    return status;
}

/* --- handles of the console's input and output -------------------------------------------------------- */

static HANDLE new_handle(const WCHAR *kind, const UINT64 *object, ULONG flags)
{
    Name name;
    HANDLE handle;

    named(&name, OBJECTS, OBJ_OPENIF | flags, self.console, kind, object);
    if (NtCreateEvent(&handle, EVENT_ALL_ACCESS, &name.attributes, 0 /* NotificationEvent */, FALSE) < 0)
        return NULL;
    return handle;
}

/* Handles that CreateFile has opened, whose objects the server frees when they are closed. */
enum { MOST_OPENED = 64 };
static struct {
    HANDLE handle;
    UINT64 object;
} opened[MOST_OPENED];

static HANDLE open_object(UINT32 type, ULONG access, ULONG share, BOOL inherit, const void *more,
                          ULONG more_size)
{
    struct {
        UINT32 type, share, access;
        BYTE more[12];
    } body = { type, share, access, { 0 } };
    Answer answer;
    HANDLE handle;
    NTSTATUS status;
    int i;

    if (more_size != 0)
        memcpy(body.more, more, more_size);
    status = message(CONSOLE_IO_CREATE_OBJECT, OF_NOTHING, 0, &body, 12 + more_size, NULL, 0, &answer);
    if (!succeeds(status))
        return INVALID_HANDLE_VALUE;
    /* What waits for a handle of the input waits for the event that the server sets (condrv.c). */
    if (type == 1)
        handle = new_handle(L"i", NULL, inherit ? OBJ_INHERIT : 0);
    else
        handle = new_handle(L"h", &answer.information, inherit ? OBJ_INHERIT : 0);
    RtlEnterCriticalSection(&self.lock);
    for (i = 0; i < MOST_OPENED; i++)
        if (opened[i].handle == NULL) {
            opened[i].handle = handle;
            opened[i].object = answer.information;
            break;
        }
    RtlLeaveCriticalSection(&self.lock);
    return handle;
}

/* Of several handles of one screen buffer the last one closes it. All handles of the input are of one
 * event, so of these each closes its own object. */
static void close_object(HANDLE handle)
{
    ULONG information[14] = { 0 }, size; /* ObjectBasicInformation: the third is the number of handles */
    UINT64 object = 0;
    Meaning meaning;
    Answer answer;
    int i;

    RtlEnterCriticalSection(&self.lock);
    for (i = 0; i < MOST_OPENED; i++)
        if (opened[i].handle == handle) {
            object = opened[i].object;
            opened[i].handle = NULL;
        }
    RtlLeaveCriticalSection(&self.lock);
    if (object != 0 && meaning_of(handle, &meaning)
        && NtQueryObject(handle, 0, information, sizeof information, &size) == STATUS_SUCCESS
        && (meaning.kind == L'i' || information[2] <= 1))
        message(CONSOLE_IO_CLOSE_OBJECT, OF_HANDLE, object, NULL, 0, NULL, 0, &answer);
}

/* Which object of the server's a handle stands for. */
static NTSTATUS object_of(HANDLE handle, UINT32 *object, UINT64 *number)
{
    Meaning meaning;

    *number = 0;
    if (!meaning_of(handle, &meaning) || meaning.kind == 0 || !self.attached
        || meaning.console != self.console)
        return STATUS_INVALID_HANDLE;
    *object = meaning.kind == L'i' ? OF_INPUT : meaning.kind == L'o' ? OF_OUTPUT : OF_HANDLE;
    *number = meaning.handle;
    return STATUS_SUCCESS;
}

static BOOL is_of_console(HANDLE handle)
{
    Meaning meaning;

    return meaning_of(handle, &meaning) && meaning.kind != 0;
}

/* --- calls of the console API ---------------------------------------------------------------------------- */

/* CONSOLE_MSG_HEADER, the body, and what follows it; `body` gets what is answered in its place. */
static NTSTATUS call(UINT32 object, UINT64 handle, UINT32 number, void *body, ULONG size,
                     const void *data, ULONG data_size, void *output, ULONG room, ULONG *got)
{
    enum { HEADER = 2 * sizeof(UINT32) };
    BYTE small[512], *input = small, *answered = small;
    UINT32 header[2] = { number, size };
    Answer answer;
    NTSTATUS status;

    if (HEADER + size + data_size > sizeof small)
        input = allocate(HEADER + size + data_size);
    if (size + room > sizeof small)
        answered = allocate(size + room);
    if (input == NULL || answered == NULL)
        return STATUS_NO_MEMORY;
    memcpy(input, header, HEADER);
    memcpy(input + HEADER, body, size);
    if (data_size != 0)
        memcpy(input + HEADER + size, data, data_size);
    status = message(CONSOLE_IO_USER_DEFINED, object, handle, input, HEADER + size + data_size, answered,
                     size + room, &answer);
    if (status == STATUS_SUCCESS) {
        memcpy(body, answered, size < answer.output_size ? size : answer.output_size);
        if (room != 0 && answer.output_size > size)
            memcpy(output, answered + size,
                   answer.output_size - size < room ? answer.output_size - size : room);
    }
    if (got != NULL)
        *got = answer.output_size > size ? answer.output_size - size : 0;
    if (input != small)
        release(input);
    if (answered != small)
        release(answered);
    return status;
}

static BOOL plain(UINT32 number, void *body, ULONG size)
{
    return succeeds(call(OF_PROCESS, 0, number, body, size, NULL, 0, NULL, 0, NULL));
}

static BOOL with(HANDLE handle, UINT32 number, void *body, ULONG size, const void *data,
                 ULONG data_size, void *output, ULONG room, ULONG *got)
{
    UINT32 object;
    UINT64 which;
    NTSTATUS status = object_of(handle, &object, &which);

    if (status == STATUS_SUCCESS)
        status = call(object, which, number, body, size, data, data_size, output, room, got);
    return succeeds(status);
}

static BOOL simple(HANDLE handle, UINT32 number, void *body, ULONG size)
{
    return with(handle, number, body, size, NULL, 0, NULL, 0, NULL);
}

EXPORTED(BOOL, GenerateConsoleCtrlEvent)(DWORD event, DWORD group)
{
    UINT32 body[2] = { event, group };

    return plain(0x02000001, body, sizeof body);
}

EXPORTED(DWORD, GetConsoleProcessList)(DWORD *list, DWORD count)
{
    UINT32 found = 0;
    ULONG got;
    DWORD *all;
    BOOL done;

    if (list == NULL || count == 0)
        return (DWORD)fails(ERROR_INVALID_PARAMETER);
    all = allocate(count * sizeof *all);
    done = succeeds(call(OF_PROCESS, 0, 0x03000029, &found, sizeof found, NULL, 0, all,
                         count * sizeof *all, &got));
    if (done && found <= count)
        memcpy(list, all, found * sizeof *all);
    release(all);
    return done ? found : 0;
}

EXPORTED(BOOL, GetConsoleMode)(HANDLE handle, DWORD *mode)
{
    UINT32 body = 0;

    if (!simple(handle, 0x01000001, &body, sizeof body))
        return FALSE;
    *mode = body;
    return TRUE;
}

EXPORTED(BOOL, SetConsoleMode)(HANDLE handle, DWORD mode)
{
    return simple(handle, 0x01000002, &mode, sizeof mode);
}

typedef struct {
    UINT32 code_page;
    BYTE output, padding[3];
} CodePage;

static UINT get_code_page(BYTE output)
{
    CodePage body = { 0, output, { 0 } };

    return plain(0x01000000, &body, sizeof body) ? body.code_page : 0;
}

EXPORTED(UINT, GetConsoleCP)(void)
{
    return get_code_page(FALSE);
}

EXPORTED(UINT, GetConsoleOutputCP)(void)
{
    return get_code_page(TRUE);
}

EXPORTED(BOOL, SetConsoleCP)(UINT code_page)
{
    CodePage body = { code_page, FALSE, { 0 } };

    return plain(0x02000004, &body, sizeof body);
}

EXPORTED(BOOL, SetConsoleOutputCP)(UINT code_page)
{
    CodePage body = { code_page, TRUE, { 0 } };

    return plain(0x02000004, &body, sizeof body);
}

static DWORD get_title(void *title, DWORD size, BYTE unicode, BYTE original)
{
    struct {
        UINT32 length;
        BYTE unicode, original, padding[2];
    } body = { 0, unicode, original, { 0 } };
    ULONG got;

    if (!succeeds(call(OF_PROCESS, 0, 0x02000014, &body, sizeof body, NULL, 0, title,
                       size * (unicode ? sizeof(WCHAR) : 1), &got)))
        return 0;
    return body.length;
}

EXPORTED(DWORD, GetConsoleTitleW)(WCHAR *title, DWORD size)
{
    return get_title(title, size, TRUE, FALSE);
}

EXPORTED(DWORD, GetConsoleTitleA)(char *title, DWORD size)
{
    return get_title(title, size, FALSE, FALSE);
}

EXPORTED(DWORD, GetConsoleOriginalTitleW)(WCHAR *title, DWORD size)
{
    return get_title(title, size, TRUE, TRUE);
}

EXPORTED(DWORD, GetConsoleOriginalTitleA)(char *title, DWORD size)
{
    return get_title(title, size, FALSE, TRUE);
}

EXPORTED(BOOL, SetConsoleTitleW)(const WCHAR *title)
{
    BYTE unicode = TRUE;
    ULONG size = 0;

    while (title[size] != 0)
        size++;
    return succeeds(call(OF_PROCESS, 0, 0x02000015, &unicode, sizeof unicode, title,
                         size * sizeof *title, NULL, 0, NULL));
}

EXPORTED(BOOL, SetConsoleTitleA)(const char *title)
{
    BYTE unicode = FALSE;
    ULONG size = 0;

    while (title[size] != 0)
        size++;
    return succeeds(call(OF_PROCESS, 0, 0x02000015, &unicode, sizeof unicode, title, size, NULL, 0, NULL));
}

EXPORTED(HWND, GetConsoleWindow)(void)
{
    UINT64 window = 0; /* of 64 bits for all clients */

    return plain(0x0300001F, &window, sizeof window) ? (HWND)(ULONG_PTR)window : NULL;
}

EXPORTED(BOOL, GetConsoleDisplayMode)(DWORD *mode)
{
    return plain(0x03000011, mode, sizeof *mode);
}

EXPORTED(BOOL, GetNumberOfConsoleMouseButtons)(DWORD *count)
{
    return plain(0x03000001, count, sizeof *count);
}

/* Longer texts go in pieces. */
static BOOL write_console(HANDLE handle, const void *text, DWORD length, DWORD *written, BYTE unicode)
{
    struct {
        UINT32 bytes;
        BYTE unicode, padding[3];
    } body;
    DWORD unit = unicode ? sizeof(WCHAR) : 1, done = 0, part;

    if (written != NULL)
        *written = 0;
    do {
        part = (length - done) * unit < LARGEST / 2 ? (length - done) * unit : LARGEST / 2;
        memset(&body, 0, sizeof body);
        body.unicode = unicode;
        if (!with(handle, 0x01000006, &body, sizeof body, (const BYTE *)text + done * unit, part, NULL, 0,
                  NULL))
            return FALSE;
        done += body.bytes / unit;
    } while (done < length && body.bytes != 0);
    if (written != NULL)
        *written = done;
    return TRUE;
}

EXPORTED(BOOL, WriteConsoleW)(HANDLE handle, const void *text, DWORD length, DWORD *written, void *unused)
{
    (void)unused;
    return write_console(handle, text, length, written, TRUE);
}

EXPORTED(BOOL, WriteConsoleA)(HANDLE handle, const void *text, DWORD length, DWORD *written, void *unused)
{
    (void)unused;
    return write_console(handle, text, length, written, FALSE);
}

static BOOL read_console(HANDLE handle, void *text, DWORD length, DWORD *count, BYTE unicode,
                         const CONSOLE_READCONSOLE_CONTROL *control)
{
    struct {
        BYTE unicode, process_control_z;
        UINT16 name_size;
        UINT32 initial_size, wakeup, control_state, bytes;
    } body = { unicode, FALSE, 0, 0, 0, 0, 0 };
    DWORD unit = unicode ? sizeof(WCHAR) : 1, room = length * unit;
    BOOL done;

    if (room > LARGEST / 2)
        room = LARGEST / 2;
    if (control != NULL) {
        body.initial_size = control->nInitialChars * unit;
        body.wakeup = control->dwCtrlWakeupMask;
    }
    *count = 0;
    done = with(handle, 0x01000005, &body, sizeof body, text, body.initial_size, text, room, NULL);
    /* A read that Ctrl+C breaks off succeeds with nothing, and this error. */
    if (done && body.bytes == 0)
        RtlSetLastWin32Error(ERROR_OPERATION_ABORTED);
    if (done)
        *count = body.bytes / unit;
    return done;
}

EXPORTED(BOOL, ReadConsoleW)(HANDLE handle, void *text, DWORD length, DWORD *count,
                             CONSOLE_READCONSOLE_CONTROL *control)
{
    return read_console(handle, text, length, count, TRUE, control);
}

EXPORTED(BOOL, ReadConsoleA)(HANDLE handle, void *text, DWORD length, DWORD *count, void *unused)
{
    (void)unused;
    return read_console(handle, text, length, count, FALSE, NULL);
}

static BOOL get_input(HANDLE handle, INPUT_RECORD *records, DWORD count, DWORD *found, USHORT flags,
                      BYTE unicode)
{
    struct {
        UINT32 count;
        UINT16 flags;
        BYTE unicode, padding;
    } body = { 0, flags, unicode, 0 };

    if (!with(handle, 0x01000004, &body, sizeof body, NULL, 0, records, count * sizeof *records, NULL))
        return FALSE;
    *found = body.count;
    return TRUE;
}

enum { NO_REMOVE = 1, NO_WAIT = 2 }; /* CONSOLE_READ_NOREMOVE, CONSOLE_READ_NOWAIT */

EXPORTED(BOOL, PeekConsoleInputW)(HANDLE handle, INPUT_RECORD *records, DWORD count, DWORD *found)
{
    return get_input(handle, records, count, found, NO_REMOVE | NO_WAIT, TRUE);
}

EXPORTED(BOOL, PeekConsoleInputA)(HANDLE handle, INPUT_RECORD *records, DWORD count, DWORD *found)
{
    return get_input(handle, records, count, found, NO_REMOVE | NO_WAIT, FALSE);
}

EXPORTED(BOOL, ReadConsoleInputW)(HANDLE handle, INPUT_RECORD *records, DWORD count, DWORD *found)
{
    return get_input(handle, records, count, found, 0, TRUE);
}

EXPORTED(BOOL, ReadConsoleInputA)(HANDLE handle, INPUT_RECORD *records, DWORD count, DWORD *found)
{
    return get_input(handle, records, count, found, 0, FALSE);
}

EXPORTED(BOOL, ReadConsoleInputExW)(HANDLE handle, INPUT_RECORD *records, DWORD count, DWORD *found,
                                    USHORT flags)
{
    return get_input(handle, records, count, found, flags, TRUE);
}

EXPORTED(BOOL, ReadConsoleInputExA)(HANDLE handle, INPUT_RECORD *records, DWORD count, DWORD *found,
                                    USHORT flags)
{
    return get_input(handle, records, count, found, flags, FALSE);
}

static BOOL write_input(HANDLE handle, const INPUT_RECORD *records, DWORD count, DWORD *written,
                        BYTE unicode)
{
    struct {
        UINT32 count;
        BYTE unicode, append, padding[2];
    } body = { 0, unicode, TRUE, { 0 } };

    if (!with(handle, 0x02000010, &body, sizeof body, records, count * sizeof *records, NULL, 0, NULL))
        return FALSE;
    *written = body.count;
    return TRUE;
}

EXPORTED(BOOL, WriteConsoleInputW)(HANDLE handle, const INPUT_RECORD *records, DWORD count, DWORD *written)
{
    return write_input(handle, records, count, written, TRUE);
}

EXPORTED(BOOL, WriteConsoleInputA)(HANDLE handle, const INPUT_RECORD *records, DWORD count, DWORD *written)
{
    return write_input(handle, records, count, written, FALSE);
}

EXPORTED(BOOL, GetNumberOfConsoleInputEvents)(HANDLE handle, DWORD *count)
{
    UINT32 body = 0;

    if (!simple(handle, 0x01000003, &body, sizeof body))
        return FALSE;
    *count = body;
    return TRUE;
}

EXPORTED(BOOL, FlushConsoleInputBuffer)(HANDLE handle)
{
    return simple(handle, 0x02000003, NULL, 0);
}

/* CONSOLE_SCREENBUFFERINFO_MSG */
typedef struct {
    COORD size, cursor, scroll;
    UINT16 attributes;
    COORD window, largest;
    UINT16 popup_attributes;
    BYTE fullscreen, padding;
    UINT32 colors[16];
} ScreenBuffer;

EXPORTED(BOOL, GetConsoleScreenBufferInfoEx)(HANDLE handle, CONSOLE_SCREEN_BUFFER_INFOEX *information)
{
    ScreenBuffer body;

    if (information->cbSize != sizeof *information)
        return fails(ERROR_INVALID_PARAMETER);
    memset(&body, 0, sizeof body);
    if (!simple(handle, 0x02000007, &body, sizeof body))
        return FALSE;
    information->dwSize = body.size;
    information->dwCursorPosition = body.cursor;
    information->wAttributes = body.attributes;
    information->srWindow.Left = body.scroll.X;
    information->srWindow.Top = body.scroll.Y;
    information->srWindow.Right = (SHORT)(body.scroll.X + body.window.X - 1);
    information->srWindow.Bottom = (SHORT)(body.scroll.Y + body.window.Y - 1);
    information->dwMaximumWindowSize = body.largest;
    information->wPopupAttributes = body.popup_attributes;
    information->bFullscreenSupported = body.fullscreen;
    memcpy(information->ColorTable, body.colors, sizeof body.colors);
    return TRUE;
}

EXPORTED(BOOL, GetConsoleScreenBufferInfo)(HANDLE handle, CONSOLE_SCREEN_BUFFER_INFO *information)
{
    CONSOLE_SCREEN_BUFFER_INFOEX all;

    all.cbSize = sizeof all;
    if (!of_console_GetConsoleScreenBufferInfoEx(handle, &all))
        return FALSE;
    information->dwSize = all.dwSize;
    information->dwCursorPosition = all.dwCursorPosition;
    information->wAttributes = all.wAttributes;
    information->srWindow = all.srWindow;
    information->dwMaximumWindowSize = all.dwMaximumWindowSize;
    return TRUE;
}

EXPORTED(BOOL, SetConsoleScreenBufferInfoEx)(HANDLE handle, CONSOLE_SCREEN_BUFFER_INFOEX *information)
{
    ScreenBuffer body;

    if (information->cbSize != sizeof *information)
        return fails(ERROR_INVALID_PARAMETER);
    memset(&body, 0, sizeof body);
    body.size = information->dwSize;
    body.cursor = information->dwCursorPosition;
    body.scroll.X = information->srWindow.Left;
    body.scroll.Y = information->srWindow.Top;
    body.attributes = information->wAttributes;
    body.window.X = (SHORT)(information->srWindow.Right - information->srWindow.Left);
    body.window.Y = (SHORT)(information->srWindow.Bottom - information->srWindow.Top);
    body.largest = information->dwMaximumWindowSize;
    body.popup_attributes = information->wPopupAttributes;
    body.fullscreen = (BYTE)information->bFullscreenSupported;
    memcpy(body.colors, information->ColorTable, sizeof body.colors);
    return simple(handle, 0x02000008, &body, sizeof body);
}

EXPORTED(BOOL, SetConsoleScreenBufferSize)(HANDLE handle, COORD size)
{
    return simple(handle, 0x02000009, &size, sizeof size);
}

typedef struct {
    UINT32 size;
    BYTE visible, padding[3];
} Cursor;

EXPORTED(BOOL, GetConsoleCursorInfo)(HANDLE handle, CONSOLE_CURSOR_INFO *information)
{
    Cursor body = { 0, 0, { 0 } };

    if (!simple(handle, 0x02000005, &body, sizeof body))
        return FALSE;
    information->dwSize = body.size;
    information->bVisible = body.visible;
    return TRUE;
}

EXPORTED(BOOL, SetConsoleCursorInfo)(HANDLE handle, const CONSOLE_CURSOR_INFO *information)
{
    Cursor body = { information->dwSize, (BYTE)information->bVisible, { 0 } };

    return simple(handle, 0x02000006, &body, sizeof body);
}

EXPORTED(BOOL, SetConsoleCursorPosition)(HANDLE handle, COORD position)
{
    return simple(handle, 0x0200000A, &position, sizeof position);
}

EXPORTED(COORD, GetLargestConsoleWindowSize)(HANDLE handle)
{
    COORD size = { 0, 0 };

    simple(handle, 0x0200000B, &size, sizeof size);
    return size;
}

EXPORTED(BOOL, SetConsoleTextAttribute)(HANDLE handle, WORD attributes)
{
    return simple(handle, 0x0200000D, &attributes, sizeof attributes);
}

EXPORTED(BOOL, SetConsoleWindowInfo)(HANDLE handle, BOOL absolute, const SMALL_RECT *window)
{
    struct {
        BYTE absolute, padding;
        SMALL_RECT window;
    } body = { (BYTE)absolute, 0, *window };

    return simple(handle, 0x0200000E, &body, sizeof body);
}

EXPORTED(BOOL, SetConsoleActiveScreenBuffer)(HANDLE handle)
{
    return simple(handle, 0x02000002, NULL, 0);
}

EXPORTED(HANDLE, CreateConsoleScreenBuffer)(DWORD access, DWORD share, const SECURITY_ATTRIBUTES *security,
                                            DWORD flags, void *data)
{
    UINT32 body[3] = { flags, 0, 0 };

    if (flags != CONSOLE_TEXTMODE_BUFFER || data != NULL) {
        RtlSetLastWin32Error(ERROR_INVALID_PARAMETER);
        return INVALID_HANDLE_VALUE;
    }
    return open_object(3 /* CD_IO_OBJECT_TYPE_NEW_OUTPUT */, access, share,
                       security != NULL && security->bInheritHandle, body, sizeof body);
}

static BOOL scroll(HANDLE handle, const SMALL_RECT *what, const SMALL_RECT *clip, COORD to,
                   const CHAR_INFO *fill, BYTE unicode)
{
    struct {
        SMALL_RECT what, clip;
        BYTE clips, unicode;
        COORD to;
        CHAR_INFO fill;
    } body;

    memset(&body, 0, sizeof body);
    body.what = *what;
    if (clip != NULL)
        body.clip = *clip;
    body.clips = clip != NULL;
    body.unicode = unicode;
    body.to = to;
    body.fill = *fill;
    return simple(handle, 0x0200000C, &body, sizeof body);
}

EXPORTED(BOOL, ScrollConsoleScreenBufferW)(HANDLE handle, const SMALL_RECT *what, const SMALL_RECT *clip,
                                           COORD to, const CHAR_INFO *fill)
{
    return scroll(handle, what, clip, to, fill, TRUE);
}

EXPORTED(BOOL, ScrollConsoleScreenBufferA)(HANDLE handle, const SMALL_RECT *what, const SMALL_RECT *clip,
                                           COORD to, const CHAR_INFO *fill)
{
    return scroll(handle, what, clip, to, fill, FALSE);
}

enum { ASCII = 1, UNICODE_TEXT, ATTRIBUTE }; /* CONSOLE_ASCII, CONSOLE_REAL_UNICODE, CONSOLE_ATTRIBUTE */

static BOOL fill_output(HANDLE handle, UINT32 type, UINT16 element, DWORD length, COORD at, DWORD *written)
{
    struct {
        COORD at;
        UINT32 type;
        UINT16 element, padding;
        UINT32 length;
    } body = { at, type, element, 0, length };

    *written = 0;
    if (!simple(handle, 0x02000000, &body, sizeof body))
        return FALSE;
    *written = body.length;
    return TRUE;
}

EXPORTED(BOOL, FillConsoleOutputCharacterW)(HANDLE handle, WCHAR element, DWORD length, COORD at,
                                            DWORD *written)
{
    return fill_output(handle, UNICODE_TEXT, element, length, at, written);
}

EXPORTED(BOOL, FillConsoleOutputCharacterA)(HANDLE handle, char element, DWORD length, COORD at,
                                            DWORD *written)
{
    return fill_output(handle, ASCII, (BYTE)element, length, at, written);
}

EXPORTED(BOOL, FillConsoleOutputAttribute)(HANDLE handle, WORD element, DWORD length, COORD at,
                                           DWORD *written)
{
    return fill_output(handle, ATTRIBUTE, element, length, at, written);
}

typedef struct {
    COORD at;
    UINT32 type, count;
} OutputString;

static BOOL read_string(HANDLE handle, UINT32 type, void *text, DWORD length, ULONG unit, COORD at,
                        DWORD *count)
{
    OutputString body = { at, type, 0 };

    *count = 0;
    if (!with(handle, 0x0200000F, &body, sizeof body, NULL, 0, text, length * unit, NULL))
        return FALSE;
    *count = body.count;
    return TRUE;
}

EXPORTED(BOOL, ReadConsoleOutputCharacterW)(HANDLE handle, WCHAR *text, DWORD length, COORD at, DWORD *count)
{
    return read_string(handle, UNICODE_TEXT, text, length, sizeof *text, at, count);
}

EXPORTED(BOOL, ReadConsoleOutputCharacterA)(HANDLE handle, char *text, DWORD length, COORD at, DWORD *count)
{
    return read_string(handle, ASCII, text, length, sizeof *text, at, count);
}

EXPORTED(BOOL, ReadConsoleOutputAttribute)(HANDLE handle, WORD *attributes, DWORD length, COORD at,
                                           DWORD *count)
{
    return read_string(handle, ATTRIBUTE, attributes, length, sizeof *attributes, at, count);
}

static BOOL write_string(HANDLE handle, UINT32 type, const void *text, DWORD length, ULONG unit, COORD at,
                         DWORD *count)
{
    OutputString body = { at, type, 0 };

    *count = 0;
    if (!with(handle, 0x02000012, &body, sizeof body, text, length * unit, NULL, 0, NULL))
        return FALSE;
    *count = body.count;
    return TRUE;
}

EXPORTED(BOOL, WriteConsoleOutputCharacterW)(HANDLE handle, const WCHAR *text, DWORD length, COORD at,
                                             DWORD *count)
{
    return write_string(handle, UNICODE_TEXT, text, length, sizeof *text, at, count);
}

EXPORTED(BOOL, WriteConsoleOutputCharacterA)(HANDLE handle, const char *text, DWORD length, COORD at,
                                             DWORD *count)
{
    return write_string(handle, ASCII, text, length, sizeof *text, at, count);
}

EXPORTED(BOOL, WriteConsoleOutputAttribute)(HANDLE handle, const WORD *attributes, DWORD length, COORD at,
                                            DWORD *count)
{
    return write_string(handle, ATTRIBUTE, attributes, length, sizeof *attributes, at, count);
}

typedef struct {
    SMALL_RECT region;
    BYTE unicode, padding;
} OutputRegion;

/* The message has the cells of the region alone; the caller's buffer may be wider. */
static BOOL move_region(HANDLE handle, BOOL writes, CHAR_INFO *cells, COORD size, COORD from,
                        SMALL_RECT *region, BYTE unicode)
{
    OutputRegion body = { *region, unicode, 0 };
    int width = region->Right - region->Left + 1, height = region->Bottom - region->Top + 1, row;
    CHAR_INFO *all;
    BOOL done;

    if (width > size.X - from.X)
        width = size.X - from.X;
    if (height > size.Y - from.Y)
        height = size.Y - from.Y;
    if (width <= 0 || height <= 0)
        return fails(ERROR_INVALID_PARAMETER);
    body.region.Right = (SHORT)(region->Left + width - 1);
    body.region.Bottom = (SHORT)(region->Top + height - 1);
    all = allocate((SIZE_T)(width * height) * sizeof *all);
    if (all == NULL)
        return fails(ERROR_NOT_ENOUGH_MEMORY);
    for (row = 0; writes && row < height; row++)
        memcpy(all + row * width, cells + (from.Y + row) * size.X + from.X, (SIZE_T)width * sizeof *all);
    if (writes)
        done = with(handle, 0x02000011, &body, sizeof body, all, (ULONG)(width * height) * sizeof *all,
                    NULL, 0, NULL);
    else
        done = with(handle, 0x02000013, &body, sizeof body, NULL, 0, all,
                    (ULONG)(width * height) * sizeof *all, NULL);
    for (row = 0; done && !writes && row < height; row++)
        memcpy(cells + (from.Y + row) * size.X + from.X, all + row * width, (SIZE_T)width * sizeof *all);
    if (done)
        *region = body.region;
    release(all);
    return done;
}

EXPORTED(BOOL, ReadConsoleOutputW)(HANDLE handle, CHAR_INFO *cells, COORD size, COORD from,
                                   SMALL_RECT *region)
{
    return move_region(handle, FALSE, cells, size, from, region, TRUE);
}

EXPORTED(BOOL, ReadConsoleOutputA)(HANDLE handle, CHAR_INFO *cells, COORD size, COORD from,
                                   SMALL_RECT *region)
{
    return move_region(handle, FALSE, cells, size, from, region, FALSE);
}

EXPORTED(BOOL, WriteConsoleOutputW)(HANDLE handle, const CHAR_INFO *cells, COORD size, COORD from,
                                    SMALL_RECT *region)
{
    return move_region(handle, TRUE, (CHAR_INFO *)cells, size, from, region, TRUE);
}

EXPORTED(BOOL, WriteConsoleOutputA)(HANDLE handle, const CHAR_INFO *cells, COORD size, COORD from,
                                    SMALL_RECT *region)
{
    return move_region(handle, TRUE, (CHAR_INFO *)cells, size, from, region, FALSE);
}

/* --- files that are the console ------------------------------------------------------------------------- */

/* What kernelbase's own function knows what to do with never comes here, and costs nothing more: an
 * event is no file, so that function fails, and only then the name is looked at. */

EXPORTED(BOOL, WriteFile)(HANDLE file, const void *data, DWORD size, DWORD *written, OVERLAPPED *overlapped)
{
    BOOL(WINAPI * real)(HANDLE, const void *, DWORD, DWORD *, OVERLAPPED *) = kernelbase(WRITE_FILE);
    const BYTE *at = data;
    DWORD done = 0, part;
    UINT32 object;
    UINT64 which;
    Answer answer;

    if (real(file, data, size, written, overlapped))
        return TRUE;
    if (RtlGetLastWin32Error() != ERROR_INVALID_HANDLE
        || object_of(file, &object, &which) != STATUS_SUCCESS)
        return FALSE;
    do {
        part = size - done < LARGEST / 2 ? size - done : LARGEST / 2;
        if (!succeeds(message(CONSOLE_IO_RAW_WRITE, object, which, at + done, part, NULL, 0, &answer)))
            return FALSE;
        done += part;
    } while (done < size);
    if (written != NULL)
        *written = done;
    return TRUE;
}

EXPORTED(BOOL, ReadFile)(HANDLE file, void *data, DWORD size, DWORD *count, OVERLAPPED *overlapped)
{
    BOOL(WINAPI * real)(HANDLE, void *, DWORD, DWORD *, OVERLAPPED *) = kernelbase(READ_FILE);
    UINT32 object;
    UINT64 which;
    Answer answer;

    if (real(file, data, size, count, overlapped))
        return TRUE;
    if (RtlGetLastWin32Error() != ERROR_INVALID_HANDLE
        || object_of(file, &object, &which) != STATUS_SUCCESS)
        return FALSE;
    if (!succeeds(message(CONSOLE_IO_RAW_READ, object, which, NULL, 0, data,
                          size < LARGEST / 2 ? size : LARGEST / 2, &answer)))
        return FALSE;
    if (count != NULL)
        *count = (DWORD)answer.information;
    if (answer.information == 0)
        RtlSetLastWin32Error(ERROR_OPERATION_ABORTED);
    return TRUE;
}

EXPORTED(DWORD, GetFileType)(HANDLE file)
{
    DWORD(WINAPI * real)(HANDLE) = kernelbase(GET_FILE_TYPE);
    DWORD type;

    if ((ULONG_PTR)file >= (ULONG_PTR)STD_ERROR_HANDLE)
        file = (DWORD)(ULONG_PTR)file == STD_INPUT_HANDLE    ? parameters()->input
               : (DWORD)(ULONG_PTR)file == STD_OUTPUT_HANDLE ? parameters()->output
               : (DWORD)(ULONG_PTR)file == STD_ERROR_HANDLE  ? parameters()->error
                                                             : file;
    type = real(file);
    if (type != FILE_TYPE_UNKNOWN || RtlGetLastWin32Error() == 0 || !is_of_console(file))
        return type;
    RtlSetLastWin32Error(0);
    return FILE_TYPE_CHAR;
}

EXPORTED(BOOL, FlushFileBuffers)(HANDLE file)
{
    BOOL(WINAPI * real)(HANDLE) = kernelbase(FLUSH_FILE_BUFFERS);
    UINT32 object;
    UINT64 which;
    Answer answer;

    if (real(file))
        return TRUE;
    if (RtlGetLastWin32Error() != ERROR_INVALID_HANDLE
        || object_of(file, &object, &which) != STATUS_SUCCESS)
        return FALSE;
    return object != OF_INPUT
           || succeeds(message(CONSOLE_IO_RAW_FLUSH, object, which, NULL, 0, NULL, 0, &answer));
}

EXPORTED(BOOL, CloseHandle)(HANDLE handle)
{
    BOOL(WINAPI * real)(HANDLE) = kernelbase(CLOSE_HANDLE);

    if (handle != NULL)
        close_object(handle);
    return real(handle);
}

/* CONIN$, CONOUT$ and CON, with or without \\.\ or \\?\ before them. */
static BOOL is_name(const WCHAR *name, const WCHAR *wanted)
{
    if (name[0] == L'\\' && name[1] == L'\\' && (name[2] == L'.' || name[2] == L'?') && name[3] == L'\\')
        name += 4;
    for (; *wanted != 0; name++, wanted++)
        if ((*name >= L'a' && *name <= L'z' ? *name - L'a' + L'A' : *name) != *wanted)
            return FALSE;
    return *name == 0;
}

/* CD_IO_OBJECT_TYPE_..., or 0: the name is of another file. */
static UINT32 type_of_name(const WCHAR *name)
{
    if (name == NULL)
        return 0;
    if (is_name(name, L"CONIN$"))
        return 1;
    if (is_name(name, L"CONOUT$"))
        return 2;
    return is_name(name, L"CON") ? 4 : 0;
}

static HANDLE open_console_file(UINT32 type, DWORD access, DWORD share, const SECURITY_ATTRIBUTES *security)
{
    return open_object(type, access, share, security != NULL && security->bInheritHandle, NULL, 0);
}

EXPORTED(HANDLE, CreateFileW)(const WCHAR *name, DWORD access, DWORD share, SECURITY_ATTRIBUTES *security,
                              DWORD creation, DWORD flags, HANDLE template)
{
    HANDLE(WINAPI * real)(const WCHAR *, DWORD, DWORD, SECURITY_ATTRIBUTES *, DWORD, DWORD, HANDLE)
        = kernelbase(CREATE_FILE_W);
    UINT32 type = type_of_name(name);

    return type != 0 ? open_console_file(type, access, share, security)
                     : real(name, access, share, security, creation, flags, template);
}

EXPORTED(HANDLE, CreateFileA)(const char *name, DWORD access, DWORD share, SECURITY_ATTRIBUTES *security,
                              DWORD creation, DWORD flags, HANDLE template)
{
    HANDLE(WINAPI * real)(const char *, DWORD, DWORD, SECURITY_ATTRIBUTES *, DWORD, DWORD, HANDLE)
        = kernelbase(CREATE_FILE_A);
    WCHAR wide[16];
    UINT32 type = 0;
    int i;

    for (i = 0; name != NULL && i < 15 && name[i] != 0; i++)
        wide[i] = (BYTE)name[i];
    wide[i] = 0;
    if (name != NULL && name[i] == 0)
        type = type_of_name(wide);
    return type != 0 ? open_console_file(type, access, share, security)
                     : real(name, access, share, security, creation, flags, template);
}

EXPORTED(HANDLE, CreateFile2)(const WCHAR *name, DWORD access, DWORD share, DWORD creation,
                              CREATEFILE2_EXTENDED_PARAMETERS *more)
{
    HANDLE(WINAPI * real)(const WCHAR *, DWORD, DWORD, DWORD, CREATEFILE2_EXTENDED_PARAMETERS *)
        = kernelbase(CREATE_FILE_2);
    UINT32 type = type_of_name(name);

    return type != 0 ? open_console_file(type, access, share,
                                         more != NULL ? more->lpSecurityAttributes : NULL)
                     : real(name, access, share, creation, more);
}

/* --- handlers ---------------------------------------------------------------------------------------------- */

typedef struct Handler {
    PHANDLER_ROUTINE routine;
    struct Handler *before;
} Handler;

static Handler *handlers; /* the last one that was added */
static RTL_CRITICAL_SECTION of_handlers;

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
static void forget_handlers(void)
{
    RtlEnterCriticalSection(&of_handlers);
    handlers = NULL; /* not freed: one of them may be running, and be what has called FreeConsole */
    RtlLeaveCriticalSection(&of_handlers);
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
        taken = handler->routine(event);
    if (!taken)
        RtlExitUserProcess(STATUS_CONTROL_C_EXIT);
    RtlLeaveCriticalSection(&of_handlers);
    return 0;
}

/* --- attaching ---------------------------------------------------------------------------------------------- */

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
static UINT64 new_number(void)
{
    LARGE_INTEGER now;

    NtQuerySystemTime(&now);
    return (UINT64)current_pid() << 40 | ((UINT64)now.QuadPart & 0xFFFFFFFFFF);
}

#define SERVER L"C:\\console\\OpenConsole.exe"

/* Starts the server of a new console. `console` gets a handle that stands for the console; `process`
 * one of the server's, if it is not NULL. */
static NTSTATUS start_server(UINT64 number, const WCHAR *options, HANDLE input, HANDLE output,
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

/* --- pseudo consoles ------------------------------------------------------------------------------------------ */

/* As src/winconpty/winconpty.cpp starts the server, with a pipe for signals. Wine's CreateProcess takes
 * the second member of what PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE names for the child's console. */
typedef struct {
    HANDLE signal, reference, process;
} PseudoConsole;

static NTSTATUS make_pipe(UINT64 number, HANDLE *read_end, HANDLE *write_end)
{
    Name name;
    IO_STATUS_BLOCK io;
    LARGE_INTEGER timeout = { .QuadPart = -600000000 };
    NTSTATUS status;

    named(&name, PIPES, OBJ_CASE_INSENSITIVE | OBJ_INHERIT, number, L"-signal", NULL);
    status = NtCreateNamedPipeFile(read_end, GENERIC_READ | SYNCHRONIZE, &name.attributes, &io,
                                   FILE_SHARE_WRITE, 2 /* FILE_CREATE */, FILE_SYNCHRONOUS_IO_NONALERT, 0,
                                   0, 0, 1, 4096, 4096, &timeout);
    if (status != STATUS_SUCCESS)
        return status;
    name.attributes.Attributes = OBJ_CASE_INSENSITIVE;
    return NtOpenFile(write_end, GENERIC_WRITE | SYNCHRONIZE, &name.attributes, &io, FILE_SHARE_READ,
                      FILE_SYNCHRONOUS_IO_NONALERT);
}

static WCHAR *append_number(WCHAR *at, ULONG number)
{
    WCHAR digits[10];
    int count = 0;

    do
        digits[count++] = (WCHAR)(L'0' + number % 10);
    while ((number /= 10) != 0);
    while (count > 0)
        *at++ = digits[--count];
    *at = 0;
    return at;
}

static HRESULT as_result(NTSTATUS status)
{
    return status == STATUS_SUCCESS ? S_OK : HRESULT_FROM_WIN32(RtlNtStatusToDosError(status));
}

EXPORTED(HRESULT, CreatePseudoConsole)(COORD size, HANDLE input, HANDLE output, DWORD flags, void **result)
{
    UINT64 number = new_number();
    PseudoConsole *made;
    HANDLE signal = NULL, in = NULL, out = NULL;
    WCHAR line[120], *end;
    NTSTATUS status;

    if (result == NULL || size.X == 0 || size.Y == 0)
        return E_INVALIDARG;
    made = allocate(sizeof *made);
    if (made == NULL)
        return E_OUTOFMEMORY;
    status = make_pipe(number, &signal, &made->signal);
    if (status == STATUS_SUCCESS)
        status = NtDuplicateObject(THIS_PROCESS, input, THIS_PROCESS, &in, 0, OBJ_INHERIT,
                                   DUPLICATE_SAME_ACCESS);
    if (status == STATUS_SUCCESS)
        status = NtDuplicateObject(THIS_PROCESS, output, THIS_PROCESS, &out, 0, OBJ_INHERIT,
                                   DUPLICATE_SAME_ACCESS);
    if (status == STATUS_SUCCESS) {
        end = append(line, L"OpenConsole.exe --headless ");
        if (flags & 1) /* PSEUDOCONSOLE_INHERIT_CURSOR */
            end = append(end, L"--inheritcursor ");
        end = append_number(append(end, L"--width "), (ULONG)size.X);
        end = append_number(append(end, L" --height "), (ULONG)size.Y);
        append_digits(append(end, L" --signal 0x"), (ULONG_PTR)signal, 8);
        status = start_server(number, line, in, out, &made->reference, &made->process);
    }
    NtClose(signal);
    if (in != NULL)
        NtClose(in);
    if (out != NULL)
        NtClose(out);
    if (status == STATUS_SUCCESS)
        *result = made;
    else
        release(made);
    return as_result(status);
}

EXPORTED(void, ClosePseudoConsole)(void *console)
{
    PseudoConsole *its = console;

    if (its == NULL)
        return;
    NtClose(its->signal);
    NtClose(its->reference);
    NtClose(its->process);
    release(its);
}

EXPORTED(HRESULT, ResizePseudoConsole)(void *console, COORD size)
{
    UINT16 packet[3] = { 8 /* PTY_SIGNAL_RESIZE_WINDOW */, (UINT16)size.X, (UINT16)size.Y };

    if (console == NULL || size.X < 0 || size.Y < 0)
        return E_INVALIDARG;
    return as_result(transfer(TRUE, ((PseudoConsole *)console)->signal, packet, sizeof packet));
}

BOOL WINAPI entry(HINSTANCE module, DWORD reason, void *reserved)
{
    (void)module, (void)reserved;
    if (reason != DLL_PROCESS_ATTACH)
        return TRUE;
    RtlInitializeCriticalSection(&self.lock);
    RtlInitializeCriticalSection(&self.calling);
    RtlInitializeCriticalSection(&of_handlers);
    /* FALSE: the process ends with STATUS_DLL_INIT_FAILED, as where Windows' kernelbase is refused. */
    return attach_at_start() == STATUS_SUCCESS;
}
