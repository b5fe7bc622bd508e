/* The functions for files, for which the console is a file: CONIN$, CONOUT$, and their handles.
 *
 * What kernelbase's own function knows what to do with never comes here, and costs nothing more: an
 * event is no file, so that function fails, and only then the name of the event is looked at. */
#include "client.h"

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
