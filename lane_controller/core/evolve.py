"""A faster `dataclasses.replace` and a faster `__init__` for frozen pieces: 20 µs is the budget of a whole step.

In: a frozen dataclass with slots and without init=False fields, and changes by field name. Out: a new one.
Never: a silent misspelling; an unknown name is a TypeError, as with `replace`.

How: `__init__` of a frozen dataclass stores each field through `object.__setattr__`, about 70 ns a field, and a vehicle
has 33. Here the fields are stored into an ordinary object with the very same slots (the *blank* of the class), which
becomes the frozen class by one assignment of `__class__` (allowed between classes of equal layout). The blank of a
`quick` class is its base and has its slots: then Python need not compare the names of all slots at each assignment. The
functions are generated from the fields, as `dataclasses` generates its own.
"""

from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any, TypeVar

T = TypeVar("T")
_EVOLVERS: dict[type, Callable[[Any, dict[str, Any]], Any]] = {}
_BLANKS: dict[type, type] = {}


def evolve(old: T, **changes: Any) -> T:
    """`old` with some fields changed. Errors: TypeError for a field that it does not have."""
    evolver = _EVOLVERS.get(type(old))
    if evolver is None:
        evolver = _EVOLVERS.setdefault(type(old), _evolver(type(old)))
    new: T = evolver(old, changes)
    return new


def changer(cls: type[T], *names: str) -> Callable[..., T]:
    """`evolve` of the same few fields, made once for a hot path: called with the old piece, then the values in order.

    Errors: TypeError for a field that the class does not have.
    """
    unknown = set(names) - set(_names(cls))
    if unknown:
        raise TypeError(f"{cls.__name__} has no field {', '.join(sorted(unknown))}")
    source = [
        f"def changed(old, {', '.join(names)}):",
        "    new = _blank()",
        *(f"    new.{name} = {name if name in names else f'old.{name}'}" for name in _names(cls)),
        "    new.__class__ = _cls",
        "    return new",
    ]
    return _define(cls, source, {})


def quick(cls: type[T]) -> type[T]:
    """Class decorator above `@dataclass(frozen=True, slots=True)`: the same `__init__`, several times as fast."""
    cls = _above_its_blank(cls)
    arguments, body, more = _initial(cls)
    source = [
        f"def __init__(self, {', '.join(arguments)}):",
        "    _set(self, '__class__', _blank)",
        *(f"    self.{line}" for line in body),
        "    self.__class__ = _cls",
    ]
    made = _define(cls, source, {"_set": object.__setattr__, **more})
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    cls.__init__ = made  # type: ignore[method-assign]
    return cls


def _above_its_blank(cls: type[T]) -> type[T]:
    """The same class with its blank as base, which holds the slots."""
    if cls.__bases__ != (object,):
        raise TypeError(f"{cls.__name__} has a base of its own")
    names = _names(cls)
    blank = type(f"{cls.__name__}Blank", (), {"__slots__": tuple(names), "__module__": cls.__module__})
    own = {name: value for name, value in vars(cls).items() if name not in (*names, "__slots__")}
    again: type[T] = type(cls.__name__, (blank,), {**own, "__slots__": (), "__qualname__": cls.__qualname__})
    _BLANKS[again] = blank
    return again


def maker(cls: type[T]) -> Callable[..., T]:
    """The constructor of a frozen dataclass as a plain function, for a hot path: no call through the type, half the
    price."""
    arguments, body, more = _initial(cls)
    source = [
        f"def made({', '.join(arguments)}):",
        "    new = _blank()",
        *(f"    new.{line}" for line in body),
        "    new.__class__ = _cls",
        "    return new",
    ]
    return _define(cls, source, more)


def _initial(cls: type) -> tuple[list[str], list[str], dict[str, Any]]:
    """Arguments, assignments and names of a constructor, from the fields."""
    if hasattr(cls, "__post_init__"):
        raise TypeError(f"{cls.__name__} has __post_init__, which would not run")
    arguments, body = [], []
    more: dict[str, Any] = {"_missing": MISSING}
    for f in fields(cls):
        optional = f.default is not MISSING or f.default_factory is not MISSING
        made_here = f.default_factory is not MISSING
        more[f"_{f.name}"] = f.default_factory if made_here else f.default
        arguments.append(f"{f.name}={'_missing' if made_here else f'_{f.name}'}" if optional else f.name)
        value = f"_{f.name}() if {f.name} is _missing else {f.name}" if made_here else f.name
        body.append(f"{f.name} = {value}")
    return arguments, body, more


def _evolver(cls: type) -> Callable[[Any, dict[str, Any]], Any]:
    body = [f"    new.{name} = old.{name}" for name in _names(cls)]
    source = [
        "def evolver(old, changes):",
        "    new = _blank()",
        *body,
        "    try:",
        "        for name, value in changes.items():",
        "            _set(new, name, value)",
        "    except AttributeError as error:",
        "        raise TypeError(f'{_cls.__name__} has no field {error}') from None",
        "    new.__class__ = _cls",
        "    return new",
    ]
    return _define(cls, source, {"_set": setattr})


def _names(cls: type) -> list[str]:
    return [f.name for f in fields(cls)]


def _blank(cls: type) -> type:
    return _BLANKS.setdefault(cls, type(f"{cls.__name__}Blank", (), {"__slots__": tuple(_names(cls))}))


def _define(cls: type, source: list[str], more: dict[str, Any]) -> Callable[..., Any]:
    scope: dict[str, Any] = {"_blank": _blank(cls), "_cls": cls, **more}
    known = set(scope)
    exec(compile("\n".join(source), f"<fields of {cls.__qualname__}>", "exec"), scope)  # noqa: S102 - field names only
    (name,) = set(scope) - known - {"__builtins__"}
    made: Callable[..., Any] = scope[name]
    return made
