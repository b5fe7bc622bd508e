"""Verified fakes: one suite, held against the fake Windows and against real processes.

If the fake says anything of Wine's own console or of Microsoft's that is not so on the bed, a test
fails in one of the two. On a real Windows the same suite compares it with the profile of Windows in
tests/fakes/profiles.py.
"""
