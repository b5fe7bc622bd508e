"""Microsoft's console server, played upon.

Microsoft's: OpenConsole.exe, signed and unmodified, which decides who gets which event, when, and in
which order. Ours: condrv.dll (tests/tools/bed/native/condrv.c) in the place of the driver and of
csrss, and this package in the place of the processes on the console. So what is seen here is what
the console decides; it is not what Windows as a whole does with that.

- `messages`: the bytes of what clients send; `link`: the pipes to condrv.dll; `server`: one server
  with processes on it.
"""
