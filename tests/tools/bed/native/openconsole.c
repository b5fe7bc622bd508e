/* How OpenConsole.exe is made to run on Wine: see openconsole.h. */
#include "openconsole.h"

static BOOL same(const char *one, const char *other)
{
    while (*one != 0 && *one == *other)
        one++, other++;
    return *one == *other;
}

void *WINAPI get_proc_address(HMODULE module, const char *name)
{
    void *real = (void *)GetProcAddress(module, name);
    const Replaced *function;

    for (function = looked_up; (UINT_PTR)name > 0xFFFF && function->name != NULL; function++)
        if (same(function->name, name)) {
            if (function->real != NULL)
                *(void **)function->real = real;
            return function->instead;
        }
    return real; /* by ordinal, or none of ours */
}

static BOOL replace_import(BYTE *program, const Replaced *function)
{
    IMAGE_NT_HEADERS64 *headers = (void *)(program + ((IMAGE_DOS_HEADER *)program)->e_lfanew);
    DWORD table = headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT].VirtualAddress;
    IMAGE_IMPORT_DESCRIPTOR *dll = (void *)(program + table);
    BOOL found = FALSE;

    for (; dll->Name != 0; dll++) {
        IMAGE_THUNK_DATA64 *entry = (void *)(program + dll->OriginalFirstThunk);
        IMAGE_THUNK_DATA64 *address = (void *)(program + dll->FirstThunk);

        for (; entry->u1.AddressOfData != 0; entry++, address++) {
            IMAGE_IMPORT_BY_NAME *import = (void *)(program + entry->u1.AddressOfData);
            DWORD before;

            if (IMAGE_SNAP_BY_ORDINAL64(entry->u1.Ordinal) || !same(import->Name, function->name))
                continue;
            if (function->real != NULL)
                *(UINT64 *)function->real = address->u1.Function;
            VirtualProtect(address, sizeof *address, PAGE_READWRITE, &before);
            address->u1.Function = (UINT_PTR)function->instead;
            VirtualProtect(address, sizeof *address, before, &before);
            found = TRUE;
        }
    }
    return found;
}

/* The main thread sets up the terminal side after it has started the thread that serves messages, and
 * then exits. A client that connects before, as no client does on Windows, finds no terminal. */
static DWORD main_thread;
static HANDLE main_thread_is_done;

const char *replace_imports(void)
{
    const Replaced *function;

    main_thread = GetCurrentThreadId();
    main_thread_is_done = CreateEventW(NULL, TRUE, FALSE, NULL);
    for (function = imports; function->name != NULL; function++)
        if (!replace_import((BYTE *)GetModuleHandleW(NULL), function))
            return function->name;
    return NULL;
}

void thread_ends(void)
{
    if (GetCurrentThreadId() == main_thread)
        SetEvent(main_thread_is_done);
}

void wait_until_set_up(void)
{
    WaitForSingleObject(main_thread_is_done, INFINITE);
}

LONG(NTAPI *real_query_volume)(HANDLE, void *, void *, ULONG, int);

/* src/host/exe/exemain.cpp wants a server handle that is a console device: class 4,
 * FILE_FS_DEVICE_INFORMATION. */
LONG NTAPI query_volume(HANDLE file, void *status, void *information, ULONG size, int class)
{
    if (class != 4)
        return real_query_volume(file, status, information, size, class);
    memset(information, 0, size);
    *(DWORD *)information = FILE_DEVICE_OF_CONSOLES;
    return 0;
}

/* The only function of the API set that the program imports, to set the icon of a window. */
__declspec(dllexport) HRESULT WINAPI SHCreateItemFromParsingName(const WCHAR *path, void *context,
                                                                 const void *interface, void **item)
{
    (void)path, (void)context, (void)interface;
    *item = NULL;
    return E_FAIL;
}
