"""Sequence diagrams of the explanation, each drawn from what a scenario does on the model.

| module | what lives there |
|---|---|
| `recording` | the model of Windows, which writes down what happens on it |
| `scenarios` | what is played on it |
| `drawing` | a recording as SVG, and in words |

The model is `tests/fakes`: rules that were read in sources, never evidence of what Windows does.
`python -m docs._diagrams` draws docs/problem.svg again, the picture of the README.
"""
