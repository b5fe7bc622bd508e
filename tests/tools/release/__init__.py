"""What `nox -s release` and `nox -s report` know.

- `archives`: what a wheel and an sdist of this project must hold
- `summary`: what a Windows was found to do, as Markdown, out of pytest's JUnit files
"""
