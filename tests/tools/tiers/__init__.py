"""The tiers of tests side by side: host, x64 and x86, each a pytest of its own.

Pure: times, order, estimate, progress, choice (what `nox -s quick` runs), table (of `nox -s busy`).
In each pytest: plugin and scheduler. Processes: processes, running. What is printed: printing.
"""
