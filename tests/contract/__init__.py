"""Verified fakes: one suite, held against the fake Windows and against real processes.

If the fake says anything of Wine 10 that is not so on the bed, a test fails in one of the two. On a
real Windows the same suite compares it with the Windows profile of tests/fakes/profiles.py.
"""
