/* Pseudo consoles: the server with a terminal behind pipes, as src/winconpty/winconpty.cpp starts it.
 *
 * Wine's CreateProcess takes the second member of what PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE names for the
 * child's console. */
#include "client.h"

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
