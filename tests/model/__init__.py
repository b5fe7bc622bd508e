"""Properties over a model of Windows: whatever happens, in any order, an event never spills.

| module | what lives there |
|---|---|
| `world` | what goes on: processes come, go, print, attach, and call a verb, as a state machine |
| `laws` | what must hold after each call: the promise; and the known holes, as narrow as they are |
| `test_promise` | the verbs of this package keep the laws |
| `test_guard` | with a guard on the console what a wrong call leaves pending reaches no process |
| `test_control` | plain `os.kill` breaks them, and the same machine finds out how, in every run |

The model is tests/fakes: rules, each with the source that it was read in; it is not Windows. It can
show that the package is right if the rules are.
"""
