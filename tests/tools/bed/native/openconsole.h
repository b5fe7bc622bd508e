/* What played.dll and condrv.dll share: how OpenConsole.exe is made to run on Wine, unmodified.
 *
 * OpenConsole is Microsoft's console server. On Windows it serves messages that a driver brings it
 * from the console's clients, and it has csrss start the threads that run their handlers. Here a DLL
 * stands for the driver and for csrss: in played.c Python plays the clients, too; in condrv.c they
 * are real processes.
 *
 * How the DLL gets in: OpenConsole imports one DLL that Wine lacks, an API set of the shell. The DLL
 * has that name (see consoles.py) and lies beside the program, so the loader maps it before the
 * program's first instruction. It then replaces entries of the program's import table. Nothing of
 * the program itself is changed, on disk or in memory.
 *
 * The formats are those of microsoft/terminal: dep/Console/condrv.h (descriptor, completion, control
 * codes), src/server/DeviceComm.cpp (how the server asks), dep/Console/winconp.h (ConsoleControl). */
#ifndef OPENCONSOLE_H
#define OPENCONSOLE_H

#include "freestanding.h"
#include <winternl.h>

/* dep/Console/condrv.h, CD_IO_DESCRIPTOR, CD_IO_COMPLETE, CD_IO_OPERATION, of 64 bits. */
typedef struct {
    UINT64 identifier;
    UINT64 process, object;
    UINT32 function, input_size, output_size, reserved;
} Descriptor;

typedef struct {
    UINT64 identifier;
    UINT64 status, information;
    BYTE *data;
    UINT32 size, offset;
} Completion;

typedef struct {
    UINT64 identifier;
    BYTE *data;
    UINT32 size, offset;
} Operation;

enum { FILE_DEVICE_OF_CONSOLES = 0x50 };
#define IOCTL(number, method) ((FILE_DEVICE_OF_CONSOLES << 16) | ((number) << 2) | (method))
enum {
    READ_IO = IOCTL(1, 2),
    COMPLETE_IO = IOCTL(2, 3),
    READ_INPUT = IOCTL(3, 3),
    WRITE_OUTPUT = IOCTL(4, 3),
    SET_SERVER_INFORMATION = IOCTL(7, 3),
    ALLOW_VIA_UIACCESS = IOCTL(12, 3)
};

/* dep/Console/winconp.h, CONSOLECONTROL and CONSOLEENDTASK. */
enum { CONSOLE_END_TASK = 7 };
typedef struct {
    UINT64 pid, window;
    UINT32 event, flags;
} EndTask;

#define STATUS_UNSUCCESSFUL ((LONG)0xC0000001)
#define STATUS_INVALID_CID ((LONG)0xC000000B)

void *memcpy(void *, const void *, SIZE_T);
void *memset(void *, int, SIZE_T);

/* A function that the program imports, or looks up by its name, and what it gets instead. */
typedef struct {
    const char *name;
    void *instead;
    void *real; /* where the address of the real function goes, if that is needed */
} Replaced;

/* Each ends with a name of NULL; to be defined by the DLL. */
extern const Replaced imports[], looked_up[];

/* To be called by the DLL's entry: first of all at its start; and at the end of each thread. Returns
 * the name of an import that the program does not have, or NULL. */
const char *replace_imports(void);
void thread_ends(void);

/* Returns when the program's main thread has set up the terminal side. */
void wait_until_set_up(void);

/* To be among `imports`. */
void *WINAPI get_proc_address(HMODULE module, const char *name);
LONG NTAPI query_volume(HANDLE file, void *status, void *information, ULONG size, int class);
extern LONG(NTAPI *real_query_volume)(HANDLE, void *, void *, ULONG, int);

#endif
