/* What of ntdll, its structures and its errors is needed, and winternl.h has not. */
#ifndef NT_H
#define NT_H

#define _WIN32_WINNT 0x0A00
#define WIN32_LEAN_AND_MEAN
#define WIN32_NO_STATUS
#include <windows.h>
#include <winternl.h>

#include <string.h>

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
NTSTATUS NTAPI NtTerminateProcess(HANDLE, NTSTATUS);
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
BOOLEAN NTAPI RtlFreeHeap(HANDLE, ULONG, void *);
NTSTATUS NTAPI RtlInitializeCriticalSection(RTL_CRITICAL_SECTION *);
NTSTATUS NTAPI RtlEnterCriticalSection(RTL_CRITICAL_SECTION *);
NTSTATUS NTAPI RtlLeaveCriticalSection(RTL_CRITICAL_SECTION *);
BOOL NTAPI RtlTryEnterCriticalSection(RTL_CRITICAL_SECTION *);
ULONG NTAPI RtlGetLastWin32Error(void);
void NTAPI RtlSetLastWin32Error(ULONG);

#define THIS_PROCESS ((HANDLE)(LONG_PTR)-1)

static inline Parameters *parameters(void)
{
    return (Parameters *)NtCurrentTeb()->ProcessEnvironmentBlock->ProcessParameters;
}

#endif
