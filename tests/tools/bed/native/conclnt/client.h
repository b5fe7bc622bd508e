/* What the parts of conclnt.dll have of each other. */
#ifndef CLIENT_H
#define CLIENT_H

#include "nt.h"

#include "../console.h"

/* An export of kernelbase that leads here (kernelbase.py). */
#define EXPORTED(type, name) __declspec(dllexport) type WINAPI of_console_##name

void *allocate(SIZE_T size); /* zeros */
void release(void *block);
ULONG current_pid(void);

/* Whether that is no error; else it is what GetLastError then says. */
BOOL succeeds(NTSTATUS status);
BOOL fails(ULONG error);

/* A function of kernelbase before which this DLL stands. */
enum {
    CLOSE_HANDLE, CREATE_FILE_2, CREATE_FILE_A, CREATE_FILE_W, FLUSH_FILE_BUFFERS, GET_FILE_TYPE,
    READ_FILE, WRITE_FILE, FUNCTIONS
};
void *kernelbase(int function);

typedef struct {
    WCHAR text[LONGEST_NAME];
    UNICODE_STRING string;
    OBJECT_ATTRIBUTES attributes;
} Name;

OBJECT_ATTRIBUTES *named(Name *name, const WCHAR *folder, ULONG flags, UINT64 console,
                         const WCHAR *kind, const UINT64 *handle);

/* What the name of an event says. FALSE: it is no handle of a console. */
typedef struct {
    UINT64 console;
    WCHAR kind; /* 0: the console itself */
    UINT64 handle;
} Meaning;

BOOL meaning_of(HANDLE handle, Meaning *meaning);

/* The connection of this process to its console. */
typedef struct {
    RTL_CRITICAL_SECTION lock;
    BOOL attached;
    UINT64 console;
    UINT32 client;
    HANDLE life; /* the pipe whose end is the end of this process */
    HANDLE calls; /* the pipe for calls, and who is making one over it */
    RTL_CRITICAL_SECTION calling;
    BOOL input_is_ours, output_is_ours, error_is_ours; /* the standard handles */
} Self;
extern Self self;

NTSTATUS transfer(BOOL sends, HANDLE pipe, void *data, ULONG size);
NTSTATUS open_pipe(UINT64 console, HANDLE *pipe);
NTSTATUS ask(HANDLE pipe, Request *request, const void *input, void *output, Answer *answer);
NTSTATUS message(UINT32 function, UINT32 object, UINT64 handle, const void *input, UINT32 input_size,
                 void *output, UINT32 room, Answer *answer);

/* Handles of the console's input, output and screen buffers. */
HANDLE new_handle(const WCHAR *kind, const UINT64 *object, ULONG flags);
HANDLE open_object(UINT32 type, ULONG access, ULONG share, BOOL inherit, const void *more,
                   ULONG more_size);
void close_object(HANDLE handle);
NTSTATUS object_of(HANDLE handle, UINT32 *object, UINT64 *number);
BOOL is_of_console(HANDLE handle);

/* Where the system starts a thread for an event. */
EXPORTED(DWORD, CtrlRoutine)(void *event);
void start_handlers(void);
void forget_handlers(void); /* those that the process has set */

/* The server of a new console. */
UINT64 new_number(void);
NTSTATUS start_server(UINT64 number, const WCHAR *options, HANDLE input, HANDLE output, HANDLE *console,
                      HANDLE *process);

#endif
