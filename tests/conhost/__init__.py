"""What Microsoft's console server does, and that the model of it (`tests/fakes`) does the same.

- `both`: model and server in step, message by message; `servers`: servers for many histories.
- `histories`: what processes on a console may do, at random; `test_histories` compares.
- `test_control`: the comparison finds what is wrong with a model.
- `test_cases`: the cases of docs/windows.md, one test each; `test_terminal`: keys, and the end.
- `test_verbs`: the verbs of this package, their events carried out by the server.
- `test_drawings`: the recordings that the documentation draws; `test_server`: when a server fails.

None of it is Windows. tests/tools/conhost says what is Microsoft's, and what is ours.
"""
