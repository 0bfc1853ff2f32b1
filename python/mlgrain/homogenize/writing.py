# SPDX-License-Identifier: GPL-2.0-or-later
"""Microstructures written for other programs, as `files` reads them: .npz, .vti, .dream3d, .inl."""

from __future__ import annotations

import os

import numpy as np

from ..errors import MLGrainError


def write_microstructure(path, microstructure):
    """Writes labels, spacing and orientations, by the ending of the name:

    .npz      labels [nx, ny, nz], spacing [3], ids [n] and orientations [n, 4]
    .vti      VTK's ImageData with the array labels of its cells, in text; no orientations
    .dream3d  as DREAM.3D 6 has it, an ImageGeom with FeatureIds, EulerAngles (Bunge, radians,
              float32) and Phases of cells, AvgEulerAngles and Phases of features, and
              CrystalStructures; needs the package h5py
    .inl      the text that DREAM.3D exports as INL's and MOOSE reads (EBSDReader): phi1 PHI phi2
              (Bunge, radians) x y z feature phase symmetry for each voxel

    In the last two labels must be 0 (none) or positive. Phases are the crystal structures in
    alphabetical order, from 1; 0: none.
    """
    ending = os.path.splitext(str(path))[1].lower()
    if ending not in _WRITERS:
        raise MLGrainError(f"{path}: voxels are written to {' '.join(_WRITERS)}")
    draft = f"{path}.part"
    try:
        _WRITERS[ending](draft, microstructure)
        os.replace(draft, path)
    except OSError as error:
        raise MLGrainError(f"{path} can't be written: {error.strerror or error}") from error


# Of crystal structures: DREAM.3D's number of the Laue class, and TSL's, which INL's text has.
LAUE_CLASSES = {"hcp": (0, 62), **dict.fromkeys(("fcc", "bcc", "sc", "diamond"), (1, 43))}
UNKNOWN = (999, 0)


def bunge_angles(quaternions):
    """phi1 Phi phi2 [n, 3] in radians, 0 to 2 pi, 0 to pi, 0 to 2 pi: Rz(phi1) Rx(Phi) Rz(phi2)."""
    q0, q1, q2, q3 = np.asarray(quaternions, np.float64).reshape(-1, 4).T
    total, difference = np.arctan2(q3, q0), np.arctan2(q2, q1)
    middle = 2.0 * np.arctan2(np.hypot(q1, q2), np.hypot(q0, q3))
    turn = 2.0 * np.pi
    return np.column_stack([(total + difference) % turn, middle, (total - difference) % turn])


def _write_npz(path, microstructure):
    ids = np.array(sorted(microstructure.orientations), np.int64)
    orientations = np.array([microstructure.orientations[i] for i in ids]).reshape(-1, 4)
    with open(path, "wb") as file:
        np.savez_compressed(file, labels=microstructure.labels, spacing=microstructure.spacing,
                            ids=ids, orientations=orientations)


def _write_vti(path, microstructure):
    size = microstructure.labels.shape
    extent = " ".join(f"0 {n}" for n in size)
    spacing = " ".join(repr(float(edge)) for edge in microstructure.spacing)
    with open(path, "w", encoding="utf-8") as file:
        file.write('<?xml version="1.0"?>\n<VTKFile type="ImageData" version="0.1" '
                   'byte_order="LittleEndian">\n'
                   f'<ImageData WholeExtent="{extent}" Origin="0 0 0" Spacing="{spacing}">\n'
                   f'<Piece Extent="{extent}">\n<CellData Scalars="labels">\n'
                   '<DataArray type="Int64" Name="labels" format="ascii">\n')
        for plane in microstructure.labels.transpose(2, 1, 0):
            for row in plane:
                file.write(" ".join(map(str, row)) + "\n")
        file.write("</DataArray>\n</CellData>\n</Piece>\n</ImageData>\n</VTKFile>\n")


def _write_dream3d(path, microstructure):
    try:
        import h5py
    except ImportError:
        raise MLGrainError(f"{path}: writing it needs the package h5py (pip install h5py)"
                           ) from None
    labels = microstructure.labels
    angles, phases, structures = _features(path, microstructure)
    most = len(phases) - 1
    with h5py.File(path, "w") as file:
        file.attrs["FileVersion"] = np.bytes_("7.0")
        container = file.create_group("DataContainers/ImageDataContainer")
        geometry = container.create_group("_SIMPL_GEOMETRY")
        for name, value in (("GeometryType", 0), ("GeometryTypeName", np.bytes_("ImageGeometry")),
                            ("GeometryName", np.bytes_("ImageGeometry")),
                            ("SpatialDimensionality", 3), ("UnitDimensionality", 3)):
            geometry.attrs[name] = np.uint32(value) if isinstance(value, int) else value
        geometry["DIMENSIONS"] = np.array(labels.shape, np.int64)
        geometry["ORIGIN"] = np.zeros(3, np.float32)
        geometry["SPACING"] = np.asarray(microstructure.spacing, np.float32)
        cells = _matrix(container, "CellData", 3, labels.shape)
        planes = labels.transpose(2, 1, 0)
        _array(cells, "FeatureIds", planes[..., None].astype(np.int32), "int32_t", labels.shape)
        _array(cells, "Phases", phases[planes][..., None], "int32_t", labels.shape)
        _array(cells, "EulerAngles", angles[planes], "float", labels.shape)
        features = _matrix(container, "CellFeatureData", 7, (most + 1,))
        _array(features, "AvgEulerAngles", angles, "float", (most + 1,))
        _array(features, "Phases", phases[:, None], "int32_t", (most + 1,))
        ensembles = _matrix(container, "CellEnsembleData", 11, (len(structures) + 1,))
        classes = [UNKNOWN[0]] + [LAUE_CLASSES.get(name, UNKNOWN)[0] for name in structures]
        _array(ensembles, "CrystalStructures", np.array(classes, np.uint32)[:, None], "uint32_t",
               (len(classes),))


def _write_inl(path, microstructure):
    labels = microstructure.labels
    angles, phases, structures = _features(path, microstructure)
    classes = np.array([0] + [LAUE_CLASSES.get(name, UNKNOWN)[1] for name in structures])
    lines = ["File written by ML-GRAIN", ""]
    for axis, count, step in zip("XYZ", labels.shape, microstructure.spacing):
        lines += [f"{axis}_Min: 0", f"{axis}_Max: {count * step:.9g}", f"{axis}_step: {step:.9g}",
                  f"{axis}_Dim: {count}", ""]
    for k, name in enumerate(structures, 1):
        lines.append(f"Phase {k}: {name} (symmetry class {classes[k]}), "
                     f"{(phases == k).sum()} features")
    lines += ["", "phi1 PHI phi2 x y z FeatureId PhaseId Symmetry"]
    z, y, x = (axis.ravel() for axis in np.indices(labels.shape[::-1]))
    features = labels[x, y, z]
    places = (np.column_stack([x, y, z]) + 0.5) * microstructure.spacing
    phase = phases[features]
    np.savetxt(path, np.column_stack([angles[features], places, features, phase, classes[phase]]),
               "%.6f %.6f %.6f %.9g %.9g %.9g %d %d %d", header="\n".join(lines))


def _features(path, microstructure):
    """(Bunge's angles [features, 3], phases [features], structures of phases 1 ..), by label."""
    labels = microstructure.labels
    if labels.min() < 0:
        raise MLGrainError(f"{path}: features can't have the negative number {labels.min()}")
    present = np.unique(labels)
    known = {int(label): microstructure.structures.get(int(label), "unknown") for label in present
             if label}
    structures = sorted(set(known.values()))
    count = max([int(labels.max()), *microstructure.orientations]) + 1
    angles, phases = np.zeros((count, 3), np.float32), np.zeros(count, np.int32)
    for label, q in microstructure.orientations.items():
        angles[label] = bunge_angles(q)[0]
    for label, name in known.items():
        phases[label] = 1 + structures.index(name)
    return angles, phases, structures


def _matrix(container, name, kind, tuples):
    group = container.create_group(name)
    group.attrs["AttributeMatrixType"] = np.uint32(kind)
    group.attrs["TupleDimensions"] = np.array(tuples, np.uint64)
    return group


def _array(group, name, values, kind, tuples):
    data = group.create_dataset(name, data=values)
    data.attrs["ComponentDimensions"] = np.array(values.shape[-1:], np.uint64)
    data.attrs["TupleDimensions"] = np.array(tuples, np.uint64)
    data.attrs["DataArrayVersion"] = np.int32(2)
    data.attrs["ObjectType"] = np.bytes_(f"DataArray<{kind}>")


_WRITERS = {".npz": _write_npz, ".vti": _write_vti, ".dream3d": _write_dream3d,
            ".inl": _write_inl}
