/* python.exe: loads the official python3XX.dll beside it and calls Py_Main.
 *
 * This is all that the official python.exe does too; the wheel that carries
 * the DLLs is meant for programs that embed Python, and so has none. */
#include "freestanding.h"

#ifndef PYTHON_DLL
#error "give -DPYTHON_DLL=L\"python3XX.dll\""
#endif

typedef int (__cdecl *py_main_fn)(int, WCHAR **);
typedef int (__cdecl *configure_argv_fn)(int);
typedef int *(__cdecl *argc_fn)(void);
typedef WCHAR ***(__cdecl *argv_fn)(void);

typedef void (__cdecl *set_app_type_fn)(int);

enum { UNQUOTED_ARGUMENTS = 1, CONSOLE_APP = 1, CANNOT_START = 3 };

static FARPROC find(HMODULE library, const char *name)
{
    FARPROC found = library ? GetProcAddress(library, name) : NULL;

    if (found == NULL) {
        put("python.exe: missing DLL or function: ");
        put(name);
        put("\n");
        ExitProcess(CANNOT_START);
    }
    return found;
}

ENTRY
{
    /* The universal C runtime, which Python loads anyway, cuts the command
     * line exactly as for the official python.exe.  CommandLineToArgvW would
     * pull in shell32 and user32, and a process with user32 is another kind
     * of process to the console. */
    HMODULE runtime = LoadLibraryW(L"ucrtbase.dll");
    HMODULE python = LoadLibraryW(PYTHON_DLL);
    configure_argv_fn configure = (configure_argv_fn)(void *)find(runtime, "_configure_wide_argv");
    set_app_type_fn set_app_type = (set_app_type_fn)(void *)find(runtime, "_set_app_type");
    argc_fn argc = (argc_fn)(void *)find(runtime, "__p___argc");
    argv_fn argv = (argv_fn)(void *)find(runtime, "__p___wargv");
    py_main_fn py_main = (py_main_fn)(void *)find(python, "Py_Main");

    /* As a console program's own start-up code says: dup2 to a standard stream then changes the
     * standard handle, too, which children inherit. */
    set_app_type(CONSOLE_APP);
    configure(UNQUOTED_ARGUMENTS);
    ExitProcess((UINT)py_main(*argc(), *argv()));
}
