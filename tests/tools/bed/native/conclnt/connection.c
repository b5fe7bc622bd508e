/* How this process speaks to its console: names, pipes, messages, and handles. */
#include "client.h"

static HANDLE heap(void)
{
    return ((void **)NtCurrentTeb()->ProcessEnvironmentBlock)[6]; /* ProcessHeap, in both bitnesses */
}

void *allocate(SIZE_T size)
{
    return RtlAllocateHeap(heap(), HEAP_ZERO_MEMORY, size);
}

void release(void *block)
{
    RtlFreeHeap(heap(), 0, block);
}

static void pause(void)
{
    LARGE_INTEGER millisecond = { .QuadPart = -10000 };

    NtDelayExecution(FALSE, &millisecond);
}

ULONG current_pid(void)
{
    return (ULONG)(ULONG_PTR)((CLIENT_ID *)((void **)NtCurrentTeb() + 8))->UniqueProcess;
}

/* The server answers Win32 errors made into an NTSTATUS: facility 7, and the error. */
BOOL succeeds(NTSTATUS status)
{
    if (status == STATUS_SUCCESS)
        return TRUE;
    RtlSetLastWin32Error((ULONG)status >> 16 == 0xC007 ? (ULONG)status & 0xFFFF
                                                       : RtlNtStatusToDosError(status));
    return FALSE;
}

BOOL fails(ULONG error)
{
    RtlSetLastWin32Error(error);
    return FALSE;
}

/* --- kernelbase ------------------------------------------------------------------------------------ */

/* Where they are in kernelbase: kernelbase.py writes it here, in this order. */
__declspec(dllexport) volatile ULONG of_kernelbase[FUNCTIONS] = { 0x11111111 };

void *kernelbase(int function)
{
    static WCHAR name[] = L"kernelbase.dll";
    static const UNICODE_STRING string = { sizeof name - sizeof *name, sizeof name, name };
    static BYTE *base;
    HMODULE module;

    if (base == NULL && LdrGetDllHandle(NULL, NULL, &string, &module) == STATUS_SUCCESS)
        base = (BYTE *)module;
    return base + of_kernelbase[function];
}

/* --- names ------------------------------------------------------------------------------------------ */

OBJECT_ATTRIBUTES *named(Name *name, const WCHAR *folder, ULONG flags, UINT64 console,
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



BOOL meaning_of(HANDLE handle, Meaning *meaning)
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

/* --- messages ---------------------------------------------------------------------------------------- */

Self self;

NTSTATUS transfer(BOOL sends, HANDLE pipe, void *data, ULONG size)
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

NTSTATUS open_pipe(UINT64 console, HANDLE *pipe)
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
NTSTATUS ask(HANDLE pipe, Request *request, const void *input, void *output, Answer *answer)
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
NTSTATUS message(UINT32 function, UINT32 object, UINT64 handle, const void *input,
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

/* --- handles ------------------------------------------------------------------------------------------ */

HANDLE new_handle(const WCHAR *kind, const UINT64 *object, ULONG flags)
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

HANDLE open_object(UINT32 type, ULONG access, ULONG share, BOOL inherit, const void *more,
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
void close_object(HANDLE handle)
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
NTSTATUS object_of(HANDLE handle, UINT32 *object, UINT64 *number)
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

BOOL is_of_console(HANDLE handle)
{
    Meaning meaning;

    return meaning_of(handle, &meaning) && meaning.kind != 0;
}
