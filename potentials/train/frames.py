# SPDX-License-Identifier: GPL-2.0-or-later
"""Configurations with energies, forces and virials: read from LAMMPS dumps, written as MLIP .cfg."""

import pathlib
from dataclasses import dataclass

import numpy as np

BAR_A3 = 1.0 / 1602176.634  # one bar * Angstrom^3 in eV


@dataclass
class Frame:
    name: str
    cell: np.ndarray  # [3][3] edges, Angstrom
    x: np.ndarray  # [atoms][3] from a corner of the cell
    force: np.ndarray  # [atoms][3] eV/Angstrom
    energy: float  # eV
    virial: np.ndarray  # [6] xx yy zz xy xz yz, eV; -virial/volume is the stress

    @property
    def volume(self):
        return abs(np.linalg.det(self.cell))


def _cell_of(lines, tilted):
    bounds = np.array([line.split() for line in lines], dtype=float)
    low, high = bounds[:, 0].copy(), bounds[:, 1].copy()
    xy, xz, yz = bounds[:, 2] if tilted else (0.0, 0.0, 0.0)
    low[0] -= min(0.0, xy, xz, xy + xz)
    high[0] -= max(0.0, xy, xz, xy + xz)
    low[1] -= min(0.0, yz)
    high[1] -= max(0.0, yz)
    edge = high - low
    return low, np.array([[edge[0], 0, 0], [xy, edge[1], 0], [xz, yz, edge[2]]])


def read_dump(path):
    """Frames of a dump with the columns that in.write gives."""
    lines = pathlib.Path(path).read_text().splitlines()
    frames, at = [], 0
    while at < len(lines):
        step, count = lines[at + 1], int(lines[at + 3])
        low, cell = _cell_of(lines[at + 5:at + 8], "xy" in lines[at + 4])
        names = lines[at + 8].split()[2:]
        values = np.array([line.split() for line in lines[at + 9:at + 9 + count]], dtype=float)
        column = {name: values[:, k] for k, name in enumerate(names)}
        frames.append(Frame(
            name=f"{pathlib.Path(path).stem}:{step}", cell=cell,
            x=np.stack([column[k] for k in "xyz"], axis=1) - low,
            force=np.stack([column["f" + k] for k in "xyz"], axis=1),
            energy=column["c_pe"].sum(),
            virial=-BAR_A3 * np.array([column[f"c_s[{k}]"].sum() for k in range(1, 7)])))
        at += 9 + count
    return frames


def read_folder(folder):
    """Frames of all dumps in a folder, by name."""
    return [frame for path in sorted(pathlib.Path(folder).glob("*.dump"))
            for frame in read_dump(path)]


def cfg_text(frame, features=()):
    """A frame as MLIP's .cfg has it; features are pairs of a name and a text."""
    rows = [f"    {i + 1} 0 {x[0]:.6f} {x[1]:.6f} {x[2]:.6f} {f[0]:.6f} {f[1]:.6f} {f[2]:.6f}"
            for i, (x, f) in enumerate(zip(frame.x, frame.force))]
    xx, yy, zz, xy, xz, yz = frame.virial
    return "\n".join([
        "BEGIN_CFG", " Size", f"    {len(frame.x)}", " Supercell",
        *("    " + " ".join(f"{value:.8f}" for value in edge) for edge in frame.cell),
        " AtomData:  id type cartes_x cartes_y cartes_z fx fy fz", *rows,
        " Energy", f"    {frame.energy:.8f}", " PlusStress:  xx yy zz yz xz xy",
        f"    {xx:.6f} {yy:.6f} {zz:.6f} {yz:.6f} {xz:.6f} {xy:.6f}",
        *(f" Feature   {name} {text}" for name, text in features), "END_CFG", ""])
