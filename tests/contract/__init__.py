"""Verified fakes: one suite, held against the fake Windows and against real processes.

What the fake says of Wine 10 is so on the bed, or a test fails in one of the two. On a real Windows
the same suite holds the Windows profile of tests/fakes/profiles.py against that.
"""
