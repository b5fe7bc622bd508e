/* How a console's clients and its server speak here, in place of the console driver of Windows.
 *
 * A console is an event object, "console-<16 digits>", which a handle passes on: a process has one
 * in its ProcessParameters (ConsoleHandle), and Wine duplicates that handle into its children, as
 * Windows does. The event is set as soon as the server listens at the pipe of the same name.
 *
 * Each process that is attached keeps one pipe open, whose end is its own end; its calls go over
 * others, so that a call that waits (for a key, say) keeps nothing else back. A request is a Request
 * and its input; each but READY is answered by an Answer and its output.
 *
 * A handle of the console's input or output is an event, too: its name says what it is a handle of.
 * Sizes and pids are the same for clients of 32 and of 64 bits. */
#ifndef CONSOLE_H
#define CONSOLE_H

#define OBJECTS L"\\BaseNamedObjects\\"
#define PIPES L"\\Device\\NamedPipe\\"
#define CONSOLE L"console-"    /* + 16 digits; of a handle: + 'i', 'o', or 'h' and 16 digits */
#define CONSOLE_OF L"console-of-" /* + 8 digits, a pid: a section, the number of its console */

enum { DIGITS = 16, LONGEST_NAME = 80 };

enum { /* Request.kind */
    CONNECT_REQUEST = 1, /* the input is CONSOLE_SERVER_MSG */
    READY_REQUEST,       /* the process is set up: a thread may be started in it */
    DISCONNECT_REQUEST,
    CALL_REQUEST
};

enum { OF_PROCESS, OF_INPUT, OF_OUTPUT, OF_HANDLE, OF_NOTHING }; /* Request.object */

typedef struct {
    UINT32 kind;
    UINT32 client;      /* CONNECT: the pid; else what its answer's `information` was */
    UINT32 function;    /* CALL: CD_IO_DESCRIPTOR.Function; CONNECT: the thread's id */
    UINT32 object;
    UINT64 handle;      /* OF_HANDLE; CONNECT: where CtrlRoutine is in the client */
    UINT32 input_size;
    UINT32 output_room;
} Request;

typedef struct {
    UINT32 status; /* an NTSTATUS */
    UINT32 output_size;
    UINT64 information;
} Answer;

/* dep/Console/condrv.h */
enum {
    CONSOLE_IO_CONNECT = 1,
    CONSOLE_IO_DISCONNECT,
    CONSOLE_IO_CREATE_OBJECT,
    CONSOLE_IO_CLOSE_OBJECT,
    CONSOLE_IO_RAW_WRITE,
    CONSOLE_IO_RAW_READ,
    CONSOLE_IO_USER_DEFINED,
    CONSOLE_IO_RAW_FLUSH
};

/* Most of what a client sends or gets in one call; longer texts go in pieces. */
enum { LARGEST = 0x40000 };

static inline WCHAR *append(WCHAR *at, const WCHAR *text)
{
    while (*text != 0)
        *at++ = *text++;
    *at = 0;
    return at;
}

static inline WCHAR *append_digits(WCHAR *at, UINT64 number, int digits)
{
    int digit;

    for (digit = digits - 1; digit >= 0; digit--)
        *at++ = L"0123456789abcdef"[number >> (4 * digit) & 15];
    *at = 0;
    return at;
}

/* Whether `text` goes on with `digits` digits, and then their number. */
static inline BOOL read_digits(const WCHAR *text, int digits, UINT64 *number)
{
    *number = 0;
    for (; digits > 0; digits--, text++) {
        if (*text >= L'0' && *text <= L'9')
            *number = *number << 4 | (UINT64)(*text - L'0');
        else if (*text >= L'a' && *text <= L'f')
            *number = *number << 4 | (UINT64)(*text - L'a' + 10);
        else
            return FALSE;
    }
    return TRUE;
}

#endif
