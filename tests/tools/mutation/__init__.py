"""Mutation testing of what decides, reads and checks: `nox -s mutation`.

- `plans`: exchanges each plan of the policy for every other plan of its shape.
- `survivors.txt`: the mutants that no test notices, each with the reason why none has to.
- `check`: holds a run of mutmut against it.
Tests for what a run has found untested: `tests/unit/windows/test_left_over.py`.
"""
