"""`typing.NamedTuple` without `typing`.

What `typing` imports takes longer than the rest of this package. It is waited for where that is
felt: by who imports a verb, and by who sends to another console, for the helper process to start.
So no verb that sends or asks needs `typing` at run time; nor the helper process (`_helper_main`)
`collections` and `enum`. For type checkers everything is as usual, and this the real thing.
"""

from __future__ import annotations

from _operator import itemgetter  # which `operator` hands on, in C: nothing has to be loaded

# Not from `typing`, of course; type checkers take the name alone for true.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple  # noqa: PLC0414  # so that it is exported
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
            # and as clear about a wrong one.
            values = "".join(f"{field}, " for field in fields)
            given["__new__"] = new = eval(
                f"lambda cls, {values}: new(cls, ({values}))", {"new": tuple.__new__}
            )
            new.__name__ = "__new__"
            return type(name, (_Tuple,), given)

    NamedTuple = type.__new__(_Maker, "NamedTuple", (), {})
