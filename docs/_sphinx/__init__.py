"""What this documentation adds to Sphinx.

| module | what lives there |
|---|---|
| `tables` | the tables of the reference, made from the code |
| `docstrings` | names in the docstrings become links |
| `extension` | the directives of the pages, which use the others and the drawings |

Only `extension` needs Sphinx; the tests of the rest run without it.
"""
