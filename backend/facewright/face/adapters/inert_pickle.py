"""Reads the data in a pickle without running what a pickle can run.

A pickle is a program: it may name any function and call it. This reader is an
interpreter of its own for the opcodes that build data (Python's ``pickletools`` documents
them). Functions and classes become inert names, taken from a short list; the few calls
that NumPy, SciPy and chumpy arrays consist of are recognised by name and done here by
hand. Nothing is imported, called or constructed because a file says so, and any other
name is refused.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from facewright.errors import InputError
from facewright.face.adapters.inert_records import CHUMPY, SPARSE, Name, Record
from facewright.face.reading import brief


@dataclass(slots=True)
class _Array:
    """An array that was announced and awaits its content."""

    value: Any = None


@dataclass(slots=True)
class _Dtype:
    code: str
    order: str = "="
    align: bool = field(default=False)


_ARRAY_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")
_NUMERIC_MODULES = ("numpy.core.numeric", "numpy._core.numeric")
_BUILTINS = ("builtins", "__builtin__")
_DATA_TYPES = ("object", "list", "dict", "set", "tuple", "int", "float", "str", "bytes",
               "unicode", "long", "bool", "bytearray")  # fmt: skip
#: What PyTorch tensors consist of. DECA's landmark file has some beside its arrays; they
#: are kept as records that nobody looks into.
_TENSOR = (
    Name("torch._utils", "_rebuild_tensor_v2"),
    Name("torch.storage", "_load_from_bytes"),
)
#: Numbers and booleans; text ('S', 'U') is data too. Objects ('O') only hold data that
#: this interpreter built.
_DTYPE = re.compile(r"[<>=|]?(b1|[iu][1248]|f[248]|[SU]\d{1,5}|O8?|[?bBhHiIlLqQefd])")

_MARK = object()


def loads(data: bytes, where: str) -> Any:
    """The data in a pickle of any protocol from 0 to 5.

    Byte strings of Python 2 become ``str`` as Latin-1; sets become lists; arrays are
    read-only NumPy arrays; objects of scipy.sparse and chumpy are :class:`Record`.

    Args:
        data: the pickle.
        where: the file's name, for messages.

    Raises:
        InputError: not a whole pickle, or one that refers to anything but such data.
    """
    try:
        return _Reader(data, where).run()
    except InputError:
        raise
    except (IndexError, KeyError, ValueError, TypeError, struct.error, OverflowError,
            AttributeError, MemoryError, RecursionError) as error:  # fmt: skip
        raise InputError(f"{where}: not a readable pickle ({brief(error)})") from error


class _Reader:
    def __init__(self, data: bytes, where: str) -> None:
        self.data, self.where, self.at = data, where, 0
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        while True:
            code = self.take(1)
            if code == b".":
                return self.finish(self.stack[-1])
            handler = _OPCODES.get(code)
            if handler is None:
                raise InputError(
                    f"{self.where}: pickle opcode {code!r} at byte {self.at - 1} is not data; "
                    "refused without running it"
                )
            handler(self)

    # -- bytes

    def take(self, size: int) -> bytes:
        if size < 0 or self.at + size > len(self.data):
            raise InputError(f"{self.where}: the pickle ends early or is not one")
        self.at += size
        return self.data[self.at - size : self.at]

    def line(self) -> bytes:
        end = self.data.find(b"\n", self.at)
        if end < 0:
            raise InputError(f"{self.where}: the pickle ends early or is not one")
        text, self.at = self.data[self.at : end], end + 1
        return text

    def unpack(self, form: str) -> int:
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))[0]

    # -- stack

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def pop(self) -> Any:
        value = self.stack.pop()
        if value is _MARK:
            raise InputError(f"{self.where}: not a readable pickle (unexpected mark)")
        return self.finish(value)

    def since_mark(self) -> list[Any]:
        position = len(self.stack) - 1
        while self.stack[position] is not _MARK:
            position -= 1
            if position < 0:
                raise InputError(f"{self.where}: not a readable pickle (no mark)")
        items = [self.finish(value) for value in self.stack[position + 1 :]]
        del self.stack[position:]
        return items

    def finish(self, value: Any) -> Any:
        """What others see of ``value``: arrays without their shell."""
        return value.value if isinstance(value, _Array) else value

    # -- names and what may be done with them

    def name(self, module: Any, name: Any) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise InputError(f"{self.where}: not a readable pickle (a name that is no text)")
        known = Name(module, name)
        if not _allowed(known):
            raise InputError(
                f"{self.where}: the pickle refers to {str(known)[:80]!r}, which is not data that "
                "a face model needs; refused without running it"
            )
        self.push(known)

    def call(self, function: Any, arguments: Any) -> Any:
        """The few calls that data consists of, done by hand."""
        if not isinstance(function, Name) or not isinstance(arguments, tuple):
            raise InputError(f"{self.where}: the pickle calls something that is not a name")
        module, name = function.module, function.name
        if name == "_reconstruct":
            return _Array()
        if name == "_frombuffer":
            raw, dtype, shape, order = arguments
            return self.array(raw, dtype, shape, order == "F")
        if name == "scalar":
            return self.array(arguments[1], arguments[0], (), False)[()]
        if module == "numpy" and name == "dtype":
            return self.dtype(arguments[0])
        if name in ("_reconstructor", "__newobj__"):
            return self.call(arguments[0], ())
        if module == "_codecs":
            text, encoding = arguments
            if encoding not in ("latin1", "latin-1", "utf-8", "ascii"):
                raise InputError(f"{self.where}: text in an encoding that pickles do not use")
            return text.encode(encoding)
        if name == "OrderedDict":
            pairs = arguments[0] if arguments else []
            return _pairs(self.where, [key for key, _ in pairs], [value for _, value in pairs])
        if module in _BUILTINS and name in ("set", "list", "tuple"):
            items = list(arguments[0]) if arguments else []
            return tuple(items) if name == "tuple" else items
        if module in _BUILTINS and name in ("bytes", "bytearray", "dict") and not arguments:
            return {} if name == "dict" else b""
        if SPARSE.fullmatch(module) or CHUMPY.fullmatch(module) or function in _TENSOR:
            return Record(function, arguments)
        raise InputError(f"{self.where}: the pickle calls {function}; refused without running it")

    def build(self) -> None:
        state, target = self.pop(), self.stack[-1]
        if isinstance(target, _Array):
            _, shape, dtype, fortran, raw = state
            target.value = self.array(raw, dtype, shape, bool(fortran))
        elif isinstance(target, _Dtype):
            target.order = state[1]
        elif isinstance(target, Record):
            target.state = state
        else:
            raise InputError(f"{self.where}: the pickle gives a state to a plain value")

    def dtype(self, code: Any) -> _Dtype:
        if not isinstance(code, str) or not _DTYPE.fullmatch(code):
            kind = repr(code)[:40] if isinstance(code, str) else type(code).__name__
            raise InputError(f"{self.where}: an array of {kind}, not of numbers or text")
        return _Dtype(code)

    def array(self, raw: Any, dtype: Any, shape: Any, fortran: bool) -> Any:
        if not isinstance(dtype, _Dtype) or not isinstance(shape, tuple):
            raise InputError(f"{self.where}: an array without a type or a shape")
        if dtype.code.startswith("O"):
            # Its elements were built here; keep them as they are.
            return raw[0] if shape == () and isinstance(raw, list) else raw
        if isinstance(raw, str):
            raw = raw.encode("latin-1")
        kind = np.dtype(dtype.code).newbyteorder(">" if dtype.order == ">" else "<")
        return np.frombuffer(raw, kind).reshape(shape, order="F" if fortran else "C")


def _allowed(name: Name) -> bool:
    module, plain = name.module, name.name
    return (
        (module in _ARRAY_MODULES and plain in ("_reconstruct", "scalar"))
        or (module in _NUMERIC_MODULES and plain == "_frombuffer")
        or (module == "numpy" and plain in ("ndarray", "dtype"))
        or (module in ("copy_reg", "copyreg") and plain in ("_reconstructor", "__newobj__"))
        or (module == "_codecs" and plain == "encode")
        or (module == "collections" and plain == "OrderedDict")
        or (module in _BUILTINS and plain in _DATA_TYPES)
        or name in _TENSOR
        or bool(SPARSE.fullmatch(module) and re.fullmatch(r"[a-z]+_(matrix|array)", plain))
        or bool(CHUMPY.fullmatch(module) and re.fullmatch(r"[A-Za-z]+", plain))
    )


def _constant(value: Any) -> Callable[[_Reader], None]:
    return lambda reader: reader.push(value)


def _skip(size: int) -> Callable[[_Reader], None]:
    def read(reader: _Reader) -> None:
        reader.take(size)

    return read


def _drop(reader: _Reader) -> None:
    reader.stack.pop()


def _drop_to_mark(reader: _Reader) -> None:
    reader.since_mark()


def _text(form: str, encoding: str | None) -> Callable[[_Reader], None]:
    """Counted text or bytes, the count in the struct format ``form``."""

    def read(reader: _Reader) -> None:
        raw = reader.take(reader.unpack(form))
        reader.push(raw if encoding is None else raw.decode(encoding))

    return read


def _quoted(reader: _Reader) -> None:
    """STRING: Python 2's repr of a byte string, read as Latin-1."""
    import codecs

    text = reader.line().strip()
    if len(text) < 2 or text[:1] != text[-1:] or text[:1] not in (b"'", b'"'):
        raise InputError(f"{reader.where}: not a readable pickle (text without quotes)")
    reader.push(codecs.escape_decode(text[1:-1])[0].decode("latin-1"))  # type: ignore[attr-defined]


def _integer(reader: _Reader) -> None:
    text = reader.line()
    reader.push({b"00": False, b"01": True}.get(text, int(text[:40])))


def _long(form: str) -> Callable[[_Reader], None]:
    def read(reader: _Reader) -> None:
        size = reader.unpack(form)
        if size > 64:
            raise InputError(f"{reader.where}: a whole number of {size} bytes")
        reader.push(int.from_bytes(reader.take(size), "little", signed=True))

    return read


def _tuple(size: int) -> Callable[[_Reader], None]:
    def read(reader: _Reader) -> None:
        reader.push(tuple(reversed([reader.pop() for _ in range(size)])))

    return read


def _set_items(reader: _Reader, items: list[Any]) -> None:
    target = reader.stack[-1]
    if not isinstance(target, dict):
        # chumpy's and scipy's objects keep their data in a state, not as items.
        raise InputError(f"{reader.where}: not a readable pickle (items for a non-dict)")
    target.update(_pairs(reader.where, items[::2], items[1::2]))


def _extend(reader: _Reader, items: list[Any]) -> None:
    target = reader.stack[-1]
    if not isinstance(target, list):
        raise InputError(f"{reader.where}: not a readable pickle (items for a non-list)")
    target.extend(items)


def _dict(reader: _Reader) -> None:
    items = reader.since_mark()
    reader.push(_pairs(reader.where, items[::2], items[1::2]))


def _pairs(where: str, keys: list[Any], values: list[Any]) -> dict:
    # Tuples that hold one another a hundred deep are quick to write and endless to hash.
    if not all(isinstance(key, (str, bytes, int, float)) for key in keys):
        raise InputError(f"{where}: a dict whose keys are neither text nor numbers")
    return dict(zip(keys, values, strict=True))


def _put(form: str | None) -> Callable[[_Reader], None]:
    def read(reader: _Reader) -> None:
        slot = int(reader.line()[:20]) if form is None else reader.unpack(form)
        reader.memo[slot] = reader.stack[-1]

    return read


def _get(form: str | None) -> Callable[[_Reader], None]:
    def read(reader: _Reader) -> None:
        slot = int(reader.line()[:20]) if form is None else reader.unpack(form)
        reader.push(reader.memo[slot])

    return read


def _memoize(reader: _Reader) -> None:
    reader.memo[len(reader.memo)] = reader.stack[-1]


def _global(reader: _Reader) -> None:
    reader.name(reader.line().decode("latin-1"), reader.line().decode("latin-1"))


def _stack_global(reader: _Reader) -> None:
    name, module = reader.pop(), reader.pop()
    reader.name(module, name)


def _reduce(reader: _Reader) -> None:
    arguments, function = reader.pop(), reader.pop()
    reader.push(reader.call(function, arguments))


def _dup(reader: _Reader) -> None:
    reader.push(reader.stack[-1])


#: BUILD of an array fills the shell on the stack, so containers get what is inside.
_OPCODES: dict[bytes, Callable[[_Reader], None]] = {
    b"\x80": _skip(1),  # PROTO
    b"\x95": _skip(8),  # FRAME
    b"(": _constant(_MARK),
    b"0": _drop,
    b"1": _drop_to_mark,
    b"2": _dup,
    b"N": _constant(None),
    b"\x88": _constant(True),
    b"\x89": _constant(False),
    b"I": _integer,
    b"J": lambda r: r.push(r.unpack("i")),
    b"K": lambda r: r.push(r.unpack("B")),
    b"M": lambda r: r.push(r.unpack("H")),
    b"L": lambda r: r.push(int(r.line()[:80].rstrip(b"L"))),
    b"\x8a": _long("B"),
    b"\x8b": _long("i"),
    b"F": lambda r: r.push(float(r.line()[:80])),
    b"G": lambda r: r.push(struct.unpack(">d", r.take(8))[0]),
    b"S": _quoted,
    b"T": _text("i", "latin-1"),
    b"U": _text("B", "latin-1"),
    b"B": _text("I", None),
    b"C": _text("B", None),
    b"\x8e": _text("Q", None),
    b"\x96": _text("Q", None),  # BYTEARRAY8, read-only here
    b"V": lambda r: r.push(r.line().decode("raw-unicode-escape")),
    b"X": _text("I", "utf-8"),
    b"\x8c": _text("B", "utf-8"),
    b"\x8d": _text("Q", "utf-8"),
    b"]": lambda r: r.push([]),
    b"l": lambda r: r.push(r.since_mark()),
    b"a": lambda r: _extend(r, [r.pop()]),
    b"e": lambda r: _extend(r, r.since_mark()),
    b")": _constant(()),
    b"t": lambda r: r.push(tuple(r.since_mark())),
    b"\x85": _tuple(1),
    b"\x86": _tuple(2),
    b"\x87": _tuple(3),
    b"}": lambda r: r.push({}),
    b"d": _dict,
    b"s": lambda r: _set_items(r, [r.pop(), r.pop()][::-1]),
    b"u": lambda r: _set_items(r, r.since_mark()),
    b"\x8f": lambda r: r.push([]),  # EMPTY_SET
    b"\x90": lambda r: _extend(r, r.since_mark()),
    b"\x91": lambda r: r.push(r.since_mark()),  # FROZENSET
    b"p": _put(None),
    b"q": _put("B"),
    b"r": _put("I"),
    b"g": _get(None),
    b"h": _get("B"),
    b"j": _get("I"),
    b"\x94": _memoize,
    b"c": _global,
    b"\x93": _stack_global,
    b"R": _reduce,
    b"\x81": _reduce,  # NEWOBJ: a class and its arguments, recognised like a call
    b"b": lambda r: r.build(),
}
