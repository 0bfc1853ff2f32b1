# SPDX-License-Identifier: GPL-2.0-or-later
"""safetensors files: reading with every check of doc/model_format.md, and writing.

Reading is done here, because the model format demands more than safetensors does (alignment, unique
names, a bound on the header). Writing is the library's work where it is installed; the few lines
that replace it serve machines without a package index, and give the same layout.
"""

from __future__ import annotations

import json
import os
import stat
import struct

import numpy as np

from ..errors import MLGrainError

try:
    from safetensors.numpy import save_file as library_save
except ImportError:
    library_save = None

MAX_HEADER = 1_000_000
DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?",
}
NAMES = {np.dtype(code): name for name, code in DTYPES.items()}


def write(path, tensors, metadata):
    """Writes arrays and a dict of strings; the file appears at once and whole, or not at all."""
    if not all(isinstance(value, str) for value in metadata.values()):
        raise MLGrainError(f"{path}: values of metadata must be strings")
    tensors = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    temporary = f"{path}.part"
    try:
        with open(temporary, "wb") as file:
            mode = os.fstat(file.fileno()).st_mode
        if library_save is not None:
            library_save(tensors, temporary, metadata=metadata)
            os.chmod(temporary, stat.S_IMODE(mode))  # the library's files are their owner's alone
        else:
            _write_plain(temporary, tensors, metadata)
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.remove(temporary)


def packed(tensors, metadata):
    """The content of such a file, as bytes."""
    tensors = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    return b"".join(_pieces(tensors, metadata))


def _write_plain(path, tensors, metadata):
    with open(path, "wb") as file:
        file.writelines(_pieces(tensors, metadata))


def _pieces(tensors, metadata):
    header, offset = {"__metadata__": metadata}, 0
    order = sorted(tensors, key=lambda name: (-tensors[name].dtype.itemsize, name))
    for name in order:
        array = tensors[name]
        header[name] = {"dtype": NAMES[array.dtype.newbyteorder("<")], "shape": list(array.shape),
                        "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    yield struct.pack("<Q", len(text)) + text
    for name in order:
        array = tensors[name]
        yield (memoryview(array.astype(array.dtype.newbyteorder("<"), copy=False)).cast("B")
               if array.size else b"")


def read(path):
    """(tensors, metadata) of a file; the arrays are read-only views of the mapped file."""
    try:
        size = os.path.getsize(path)
        with open(path, "rb") as file:
            header, start = _read_header(path, file, size)
    except OSError as error:
        raise MLGrainError(f"{path} can't be read: {error.strerror}") from error
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise MLGrainError(f"{path}: the metadata are not an object of strings")
    data = np.memmap(path, np.uint8, "r", start) if size > start else np.empty(0, np.uint8)
    extents = sorted((_check_entry(path, name, entry), name) for name, entry in header.items())
    end = 0
    for (begin, stop), name in extents:
        if begin != end:
            raise MLGrainError(f"{path}: tensor {name!r} begins at byte {begin} of the data, "
                               f"expected at {end} (a gap or an overlap)")
        end = stop
    if end != size - start:
        raise MLGrainError(f"{path}: {size - start} bytes of data, but its tensors take {end}")
    tensors = {}
    for (begin, stop), name in extents:
        dtype = np.dtype(DTYPES[header[name]["dtype"]])
        tensors[name] = data[begin:stop].view(dtype).reshape(header[name]["shape"])
    return tensors, metadata


def _unique(pairs):
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a name occurs twice in an object")
    return result


def _no_constant(word):
    raise ValueError(f"{word} is not a number of JSON")


def parse_json(text):
    """JSON without repeated names and without NaN; ValueError otherwise."""
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _read_header(path, file, size):
    first = file.read(8)
    if len(first) < 8:
        raise MLGrainError(f"{path} is no model file: it has {len(first)} bytes")
    (length,) = struct.unpack("<Q", first)
    if length > MAX_HEADER or 8 + length > size:
        raise MLGrainError(f"{path} is no model file: its first 8 bytes give {length} as the length "
                           f"of the header, in a file of {size} bytes")
    if length % 8:
        raise MLGrainError(f"{path}: the header's length {length} is not a multiple of 8")
    try:
        header = parse_json(file.read(length).decode())
    except ValueError as error:
        raise MLGrainError(f"{path}: the header is not valid JSON: {error}") from error
    if not isinstance(header, dict):
        raise MLGrainError(f"{path}: the header is not a JSON object")
    return header, 8 + length


def _is_count(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _check_entry(path, name, entry):
    """The extent (begin, end) of a tensor in the data."""
    where = f"{path}: tensor {name!r}"
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        raise MLGrainError(f"{where} must have dtype, shape and data_offsets, and nothing else")
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise MLGrainError(f"{where} has an unknown dtype {dtype!r}")
    if not isinstance(shape, list) or len(shape) > 32 or not all(map(_is_count, shape)):
        raise MLGrainError(f"{where} has a malformed shape {shape!r}")
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(map(_is_count, offsets)):
        raise MLGrainError(f"{where} has malformed data_offsets {offsets!r}")
    width = np.dtype(DTYPES[dtype]).itemsize
    nbytes = width
    for extent in shape:
        nbytes *= extent
    if offsets[1] - offsets[0] != nbytes:
        raise MLGrainError(f"{where} of {dtype} {shape} takes {nbytes} bytes, "
                           f"but has {offsets[1] - offsets[0]}")
    if offsets[0] % width:
        raise MLGrainError(f"{where} begins at byte {offsets[0]}, not a multiple of {width}")
    return tuple(offsets)
