"""Mutation testing of what decides, reads and checks: `nox -s mutation`.

- `survivors.txt`: the mutants that no test notices, each with the reason why none has to.
- `check`: holds a run of mutmut against it.
- `test_left_over`: tests for what a run has found to be tested by none.
"""
