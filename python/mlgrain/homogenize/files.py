# SPDX-License-Identifier: GPL-2.0-or-later
"""Microstructures in files of other programs. In arrays of NumPy the first index is along x; in the
other formats x runs fastest."""

from __future__ import annotations

import base64
import binascii
import os
import zipfile
from xml.etree import ElementTree

import numpy as np

from ..errors import MLGrainError
from .microstructure import Microstructure

VTK_TYPES = {"Int8": "i1", "UInt8": "u1", "Int16": "i2", "UInt16": "u2", "Int32": "i4",
             "UInt32": "u4", "Int64": "i8", "UInt64": "u8"}
NAMES = ("labels", "grain", "grains", "FeatureIds", "GrainIds", "material", "phase", "phases")


def read_microstructure(path, name=None):
    """A Microstructure from a file, by the ending of its name:

    .npy            integers [nx, ny, nz]
    .npz            the array `name`, or labels; with them, if they are there, spacing (one or three)
                    and orientations [n, 4], quaternions of the labels 1 .. n, or of ids [n]
    .vti            VTK's ImageData with the array `name` of its cells, or the only one; in text or
                    base64, not compressed
    .tesr           neper's, in text; with orientations as quaternions or Bunge's Euler angles, where
                    the file says that they are active or passive
    .dream3d .h5 .hdf5  DREAM.3D 6 and 7, with FeatureIds or `name`, and AvgEulerAngles if they are
                    there; needs the package h5py
    .inl        the text that DREAM.3D exports as INL's; a feature's orientation is its first voxel's
    """
    ending = os.path.splitext(str(path))[1].lower()
    if ending not in _READERS:
        raise MLGrainError(f"{path}: voxels are read from {' '.join(_READERS)}")
    try:
        found = _READERS[ending](str(path), name)
    except OSError as error:
        raise MLGrainError(f"{path} can't be read: {error.strerror or error}") from error
    if found.labels.ndim != 3 or not found.labels.size or found.labels.dtype.kind not in "biu":
        raise MLGrainError(f"{path}: {found.labels.dtype} {list(found.labels.shape)} is not an array "
                           "of integers [nx, ny, nz]")
    if found.spacing.shape != (3,) or not ((found.spacing > 0) & (found.spacing < np.inf)).all():
        raise MLGrainError(f"{path}: {found.spacing} are no edges of voxels")
    return found


def euler_quaternions(angles):
    """[n, 4], v_sample = q v_crystal q*, of Bunge's angles phi1 Phi phi2 [n, 3] in radians."""
    half = 0.5 * np.asarray(angles, dtype=np.float64)
    total, difference = half[:, 0] + half[:, 2], half[:, 0] - half[:, 2]
    cosine, sine = np.cos(half[:, 1]), np.sin(half[:, 1])
    return np.column_stack([cosine * np.cos(total), sine * np.cos(difference),
                            sine * np.sin(difference), cosine * np.sin(total)])


def _choose(path, name, names):
    """The array to take: the one asked for, the only one, or one with a name that is usual."""
    if name is not None:
        if name not in names:
            raise MLGrainError(f"{path} has no array {name}; there are: {' '.join(names)}")
        return name
    usual = [one for one in NAMES if one in names] or (names if len(names) == 1 else [])
    if not usual:
        raise MLGrainError(f"{path}: which array has the labels? There are: {' '.join(names)}")
    return usual[0]


def _read_npy(path, name):
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise MLGrainError(f"{path} is no array of NumPy: {error}") from error
    return Microstructure(np.asarray(array), np.ones(3), {}, path)


def _read_npz(path, name):
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
    except (ValueError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        raise MLGrainError(f"{path} is no .npz file of NumPy: {error}") from error
    solid = [key for key, array in arrays.items() if array.ndim == 3]
    labels = arrays[_choose(path, name, solid)]
    try:
        spacing = np.broadcast_to(np.asarray(arrays.get("spacing", 1.0), np.float64), (3,))
    except ValueError:
        raise MLGrainError(f"{path}: spacing is neither one number nor three") from None
    orientations = {}
    if "orientations" in arrays:
        rows = arrays["orientations"]
        ids = arrays.get("ids", np.arange(1, len(rows) + 1))
        if rows.ndim != 2 or rows.shape[1] != 4 or len(ids) != len(rows):
            raise MLGrainError(f"{path}: orientations are not [n, 4], or not as many as ids")
        orientations = {int(i): row for i, row in zip(ids, rows)}
    return Microstructure(labels, np.array(spacing), orientations, path)


def _vtk_numbers(path, array):
    kind = VTK_TYPES.get(array.get("type"))
    if kind is None:
        raise MLGrainError(f"{path}: {array.get('type')} are not integers")
    text = array.text or ""
    if array.get("format") == "ascii":
        try:
            return np.array(text.split(), dtype=np.int64)
        except (ValueError, OverflowError):
            raise MLGrainError(f"{path}: something that is not an integer") from None
    if array.get("format") != "binary":
        raise MLGrainError(f"{path}: arrays appended at the end are not read; save as ascii")
    return text, kind


def _vtk_binary(path, root, text, kind):
    if root.get("compressor"):
        raise MLGrainError(f"{path} is compressed; save it without")
    order = ">" if root.get("byte_order") == "BigEndian" else "<"
    head = 8 if root.get("header_type") == "UInt64" else 4
    try:
        raw = base64.b64decode("".join(text.split()))
    except (binascii.Error, ValueError) as error:
        raise MLGrainError(f"{path}: no base64: {error}") from error
    size = int.from_bytes(raw[:head], "big" if order == ">" else "little")
    if len(raw) < head + size or size % int(kind[1]):
        raise MLGrainError(f"{path}: an array is cut short")
    return np.frombuffer(raw[head:head + size], order + kind)


def _read_vti(path, name):
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        raise MLGrainError(f"{path} is no XML: {error}") from error
    image = root.find("ImageData")
    cells = root.find("ImageData/Piece/CellData")
    if image is None or cells is None:
        raise MLGrainError(f"{path} has no ImageData with CellData")
    arrays = {array.get("Name"): array for array in cells.findall("DataArray")}
    array = arrays[_choose(path, name, [key for key in arrays if key])]
    values = _vtk_numbers(path, array)
    if isinstance(values, tuple):
        values = _vtk_binary(path, root, *values)
    try:
        extent = [int(word) for word in image.get("WholeExtent", "").split()]
        spacing = np.array([float(word) for word in image.get("Spacing", "1 1 1").split()])
        size = [extent[1] - extent[0], extent[3] - extent[2], extent[5] - extent[4]]
    except (ValueError, IndexError):
        raise MLGrainError(f"{path}: WholeExtent or Spacing is malformed") from None
    if min(size) < 1 or len(values) != np.prod(size):
        raise MLGrainError(f"{path}: {len(values)} labels for {size} voxels")
    return Microstructure(values.reshape(size[::-1]).transpose(2, 1, 0), spacing, {}, path)


def _tesr_orientations(path, descriptor, words):
    """Quaternions of rows of numbers, or None where the file doesn't say which way they turn."""
    kind, _, way = descriptor.partition(":")
    columns = {"quaternion": 4, "euler-bunge": 3}.get(kind)
    if columns is None or way not in ("active", "passive"):
        return None
    rows = np.array(words, dtype=np.float64).reshape(-1, columns)
    if kind == "euler-bunge":
        # Bunge's angles are those of the passive rotation; active ones are of its inverse.
        rows, way = euler_quaternions(np.radians(rows)), "passive" if way == "active" else "active"
    return rows * [1, -1, -1, -1] if way == "passive" else rows


def _read_tesr(path, name):
    with open(path, encoding="utf-8", errors="replace") as file:
        words = file.read().split()
    try:
        if words[0] != "***tesr" or words[words.index("**format") + 2] != "ascii":
            raise MLGrainError(f"{path} is no .tesr file in text (neper -format ascii)")
        at = words.index("**general") + 1
        if words[at] != "3":
            raise MLGrainError(f"{path}: {words[at]} dimensions, not 3")
        size = [int(word) for word in words[at + 1:at + 4]]
        spacing = np.array([float(word) for word in words[at + 4:at + 7]])
        cells, ids = 0, None
        if "**cell" in words:
            cells = int(words[words.index("**cell") + 1])
        ids = list(range(1, cells + 1))
        if "*id" in words:
            at = words.index("*id") + 1
            ids = [int(word) for word in words[at:at + cells]]
        orientations = {}
        if "*ori" in words:
            at = words.index("*ori") + 1
            numbers = words[at + 1:at + 1 + 4 * cells]
            if "euler" in words[at]:
                numbers = numbers[:3 * cells]
            rows = _tesr_orientations(path, words[at], numbers)
            if rows is not None:
                orientations = dict(zip(ids, rows))
        at = words.index("**data") + 1
        labels = np.array(words[at:at + int(np.prod(size))], dtype=np.int64)
        labels = labels.reshape(size[::-1]).transpose(2, 1, 0)
    except (ValueError, IndexError) as error:
        raise MLGrainError(f"{path} is malformed: {error}") from error
    return Microstructure(labels, spacing, orientations, path)


def _read_hdf(path, name):
    try:
        import h5py
    except ImportError:
        raise MLGrainError(f"{path}: reading it needs the package h5py (pip install h5py)") from None
    wanted, found = name or "FeatureIds", {}
    with h5py.File(path, "r") as file:
        def visit(where, item):
            if isinstance(item, h5py.Dataset):
                word = where.rsplit("/", 1)[-1]
                if word in (wanted, "SPACING", "AvgEulerAngles") and word not in found:
                    found[word] = item[()]
            elif "_SPACING" in item.attrs:
                found.setdefault("SPACING", np.asarray(item.attrs["_SPACING"]))

        file.visititems(visit)
    if wanted not in found:
        raise MLGrainError(f"{path} has no array {wanted}")
    labels = found[wanted]
    labels = labels[..., 0] if labels.ndim == 4 else labels
    orientations = {}
    if "AvgEulerAngles" in found:
        rows = euler_quaternions(found["AvgEulerAngles"].reshape(-1, 3))
        orientations = {g: rows[g] for g in range(1, len(rows))}  # 0 is no feature
    spacing = np.asarray(found.get("SPACING", np.ones(3)), np.float64).ravel()
    return Microstructure(labels.transpose(), spacing, orientations, path)


def _read_inl(path, name):
    head = {}
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                if not line.startswith("#"):
                    break
                word, _, value = line[1:].partition(":")
                head[word.strip().upper()] = value.split()
        steps, size = ([kind(head[f"{axis}_{what}"][0]) for axis in "XYZ"]
                       for kind, what in ((float, "STEP"), (int, "DIM")))
        rows = np.loadtxt(path, ndmin=2)
    except (KeyError, ValueError, IndexError) as error:
        raise MLGrainError(f"{path} is no voxels in INL's text: {error}") from error
    if rows.ndim != 2 or rows.shape[1] < 9 or min(size) < 1 or len(rows) != np.prod(size):
        raise MLGrainError(f"{path}: {list(rows.shape)} numbers for {size} voxels in 9 columns")
    low = [float(head.get(f"{axis}_MIN", ["0"])[0]) for axis in "XYZ"]
    place = np.floor((rows[:, 3:6] - low) / steps).astype(int)
    if (place < 0).any() or (place >= size).any():
        raise MLGrainError(f"{path}: a voxel is outside the box")
    labels = np.zeros(size, np.int64)
    labels[tuple(place.T)] = rows[:, 6]
    found, first = np.unique(rows[:, 6].astype(np.int64), return_index=True)
    turns = euler_quaternions(rows[first, :3])
    orientations = {int(g): q for g, q in zip(found, turns) if g}
    return Microstructure(labels, np.array(steps), orientations, path)


_READERS = {".npy": _read_npy, ".npz": _read_npz, ".vti": _read_vti, ".tesr": _read_tesr,
            ".dream3d": _read_hdf, ".h5": _read_hdf, ".hdf5": _read_hdf,
            ".inl": _read_inl}
