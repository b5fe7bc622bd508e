"""`typing.NamedTuple` and `TYPE_CHECKING` without the import of `typing`; and `public`.

`typing` takes half as long to import as all that sends an event, or longer. Two callers wait for
that: a program that imports a verb, and a verb that starts the helper process. Measured on CPython
3.11 on Linux, medians of 40: `from ctrlevent import killpg` takes 14.0 ms, with `typing` 21.7 ms;
the imports of the helper process take 13.9 ms, with `typing` 26.9 ms.

So the modules that these two load use this module; all others use `typing`. A test holds that. Type
checkers read the real `typing` here.
"""

from __future__ import annotations

from _operator import itemgetter  # `operator` re-exports it, and would have to be loaded

# A type checker takes this name for true, wherever it is imported from.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple  # noqa: PLC0414  # so that it is exported
    from typing import TypeVar

    Thing = TypeVar("Thing")
else:

    class _Tuple(tuple):
        """A tuple whose items are the fields of a class, by name; without default values."""

        __slots__ = ()

        def __repr__(self):
            pairs = (f"{name}={value!r}" for name, value in zip(self._fields, self))
            return f"{type(self).__name__}({', '.join(pairs)})"

        def __getnewargs__(self):
            return tuple(self)

        @classmethod
        def _make(cls, values):
            return cls(*values)

        def _asdict(self):
            return dict(zip(self._fields, self))

        def _replace(self, **changes):
            return type(self)(**{**self._asdict(), **changes})

    class _Maker(type):
        """Makes a class that no longer has this metaclass, with which isinstance is slower."""

        def __new__(cls, name, _bases, namespace):
            fields = tuple(namespace.get("__annotations__", ()))
            given = {"__slots__": (), "__match_args__": fields, "_fields": fields, **namespace}
            for number, field in enumerate(fields):
                given[field] = property(itemgetter(number), doc=f"Item {number}.")
            # As `collections` does it: nothing that takes the arguments as they come is as fast,
            # and as clear about a wrong argument.
            values = "".join(f"{field}, " for field in fields)
            given["__new__"] = new = eval(
                f"lambda cls, {values}: new(cls, ({values}))", {"new": tuple.__new__}
            )
            new.__name__ = "__new__"
            return type(name, (_Tuple,), given)

    NamedTuple = type.__new__(_Maker, "NamedTuple", (), {})


def public(thing: Thing) -> Thing:
    """Make a class or function say that it is `ctrlevent.NAME`, where users find it.

    Tracebacks, `repr` and pickles then do not depend on the module that defines it.
    """
    setattr(thing, "__module__", __package__)  # noqa: B010  # a TypeVar has no such attribute
    return thing
