"""Other people's test suites, unmodified, with ctrlevent in place of their `os.kill`.

Parts of suites that send console events on Windows, or signals that their projects find impossible
there, run twice, each test in a pytest of its own: as they are, and with `patch_os` in every Python
that takes part.  Both as a process that leads its group, and behind a launcher, as `pytest.exe` is.
`nox -s others`.

Nothing of these projects is kept here: `pins/` says which releases are fetched, from pip's package
index, when the session runs. CPython's own tests come with the standard library that the bed's is a
copy of.

- ``projects``: which projects, which of their tests, and why these
- ``fetching``: their sources and what they need, in the bed's cache
- ``inside``: the program in the bed that runs one test after the other and says what became of it
- ``in_every_python``: what lies on the import path of every Python there
- ``report``: what the outcomes mean, and the table of them: docs/others.md
"""
