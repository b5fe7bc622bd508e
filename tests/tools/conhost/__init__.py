"""Microsoft's console server, played upon.

Microsoft's is OpenConsole.exe, signed and unmodified: it decides which process gets which event,
when, and in which order. Ours are condrv.dll (tests/tools/bed/native/condrv.c), in the place of the
driver and of csrss, and this package, in the place of the processes. So what is seen here is what
the console decides, and not what Windows as a whole does with that.

- `messages`: the bytes of what clients send; `link`: the pipes to condrv.dll; `server`: one server
  with processes on it.
"""
