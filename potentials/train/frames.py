# SPDX-License-Identifier: GPL-2.0-or-later
"""Configurations with energies, forces and virials: read from LAMMPS dumps, written as MLIP .cfg;
and positions alone the other way."""

import pathlib
from dataclasses import dataclass

import numpy as np

LARGEST_FORCE = 12.0  # eV/Angstrom: frames with larger ones are neither trained on nor tested
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


def _frame_of_cfg(lines):
    """The frame of one block of a .cfg file; None without a cell (a neighborhood). Energy and virial
    are NaN, forces 0 if the file has none."""
    start = {words[0]: k for k, words in reversed(list(enumerate(lines))) if words}
    if "Supercell" not in start:
        return None

    def numbers(key, rows):
        first = start[key] + 1
        return np.array(lines[first:first + rows], dtype=float)

    count = int(lines[start["Size"] + 1][0])
    names = lines[start["AtomData:"]][1:]
    rows = numbers("AtomData:", count)

    def columns(prefix):
        return rows[:, [names.index(prefix + k) for k in "xyz"]]

    virial = np.full(6, np.nan)
    if "PlusStress:" in start:
        xx, yy, zz, yz, xz, xy = numbers("PlusStress:", 1)[0]
        virial[:] = xx, yy, zz, xy, xz, yz
    name = next((words[2] for words in lines if words[:2] == ["Feature", "from"]), "cfg")
    return Frame(name=name, cell=numbers("Supercell", 3), x=columns("cartes_"),
                 force=columns("f") if "fx" in names else np.zeros((count, 3)),
                 energy=numbers("Energy", 1)[0, 0] if "Energy" in start else np.nan, virial=virial)


def read_cfg(path):
    """The periodic configurations of a .cfg file, or of the active set of an .almtp file."""
    blocks = pathlib.Path(path).read_bytes().split(b"BEGIN_CFG\n")[1:]
    frames = [_frame_of_cfg([line.split() for line in block.decode().splitlines()])
              for block in blocks]
    return [frame for frame in frames if frame]


def read_data(paths, largest_force=np.inf):
    """Frames of folders of dumps, and of .cfg and .almtp files, without those that have a force
    (eV/Angstrom) above the largest: prints how many."""
    paths = [pathlib.Path(path) for path in paths]
    frames = [frame for path in paths
              for frame in (read_folder(path) if path.is_dir() else read_cfg(path))]
    kept = [frame for frame in frames if np.abs(frame.force).max() < largest_force]
    if len(kept) < len(frames):
        print(f"{', '.join(map(str, paths))}: {len(frames) - len(kept)} of {len(frames)} frames have "
              f"forces above {largest_force:g} eV/A and are left out", flush=True)
    return kept


def dump_text(step, cell, x):
    """A snapshot as a LAMMPS dump; the cell's first edge is along x, its second in the xy plane."""
    (lx, _, _), (xy, ly, _), (xz, yz, lz) = cell
    bounds = [(min(0, xy, xz, xy + xz), lx + max(0, xy, xz, xy + xz), xy),
              (min(0, yz), ly + max(0, yz), xz), (0, lz, yz)]
    return "\n".join([
        "ITEM: TIMESTEP", str(step), "ITEM: NUMBER OF ATOMS", str(len(x)),
        "ITEM: BOX BOUNDS xy xz yz pp pp pp",
        *(" ".join(f"{value:.16g}" for value in row) for row in bounds), "ITEM: ATOMS id type x y z",
        *(f"{i + 1} 1 {r[0]:.12g} {r[1]:.12g} {r[2]:.12g}" for i, r in enumerate(x)), ""])
