"""Sequence diagrams of the explanation, and a picture of the demo, each drawn from a recording.

| module | what lives there |
|---|---|
| `recording` | a Windows that writes down what happens on it |
| `scenarios` | what is played on it |
| `recorded` | what came of it on Microsoft's console server: recorded.json |
| `drawing` | a recording as SVG, and in words |
| `demo` | the recorded output of `python -m ctrlevent demo`: demo.ansi |
| `terminal` | what was printed on a terminal, as SVG |

What the console decides was recorded on Microsoft's own server. The rest is the model in
`tests/fakes`: rules that were read in sources, never evidence of what Windows does.
`python -m docs._diagrams` records anew, and draws docs/problem.svg and docs/demo.svg, the pictures
of the README.
"""
