"""How fast is it? Benchmarks, not tests: `nox -s bench`. Results: docs/benchmarks.md.

| module | what it does |
|---|---|
| `pairs` | what is compared with what, and what is to be reached |
| `interleaved` | runs functions by turns, so that a change of the machine's load hits all of them |
| `summary` | medians, ratios, and their spread |
| `plain` | the system calls of a verb, written straight down in ctypes |
| `subject` | what is measured inside of processes on Windows |
| `on_windows` | makes the consoles and processes, and has the subjects measure there |
| `importing` | imports, each in a new Python |
| `calls`, `traced` | the system calls of each verb: counted, which depends on no machine |
| `peers` | makes the peers importable |
| `result` | the document that everything is put into, as JSON |
| `picture`, `page` | what is made of that document |
| `__main__` | puts it all together |
"""
