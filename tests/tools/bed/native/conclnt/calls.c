/* The calls of the console API, but for events and handlers, attaching, and pseudo consoles.
 *
 * The messages are those of microsoft/terminal: dep/Console/conmsgl1.h, conmsgl2.h, conmsgl3.h. */
#include "client.h"

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
