"""The test bed: the official CPython for Windows, on any machine.

On Windows it is the running Python.  Elsewhere it is a Wine 10 of its own and,
on it, CPython for Windows of the running interpreter's minor version, x64 and
x86.  ``python -m tests.tools.bed --help`` says how to use it.

Which module knows what:

- ``cache``: a folder that is complete or absent, whatever interrupts us
- ``fetch``, ``debian``: getting pinned wheels and signed Debian packages
- ``programs``, ``wine``, ``cpython``: the recipes, one per part
- ``bed``: puts the parts together and describes the result
- ``running``: one command in the bed
- ``probes``: questions about the Windows that runs them, answered by trying
"""
