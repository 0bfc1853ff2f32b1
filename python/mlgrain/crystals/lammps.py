# SPDX-License-Identifier: GPL-2.0-or-later
"""Many small structures in one LAMMPS process: relaxed, run or labeled one after the other. Each
is read with read_dump, which leaves the pair style as it is; the commands `clear` and pair_coeff
for every structure would take longer than the rest."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import os
import subprocess
import tempfile

import numpy as np

from ..errors import MLGrainError
from .structures import Structure, reduced

CHUNK, LABELED = 250, 3000  # structures of a process, whatever the number of jobs: results don't
# depend on that
PER_STRUCTURE = 100000  # timesteps, so that frames say which structure they are of
BAR = 1.0 / 1602176.634  # of an eV/Angstrom^3
MOST_FAILURES = 0.2  # of the structures of a chunk, beyond which something else is wrong

# Volume at fixed shape, cell at fixed fractional coordinates, atoms in a fixed cell.
STAGES = {
    "VOLMIN": "fix hold all setforce 0 0 0\nfix box all box/relax iso 0.0 vmax 0.02\n",
    "CELLMIN": "fix hold all setforce 0 0 0\nfix box all box/relax tri 0.0 vmax 0.02\n",
    "INTMIN": "",
}


@dataclasses.dataclass(frozen=True)
class Lammps:
    """command     of LAMMPS, words
    pair_style   what follows this word in an input
    pair_coeffs  the same, a list
    species      how many
    setup        commands before these
    jobs         processes at a time
    """

    command: list
    pair_style: str
    pair_coeffs: list
    species: int
    setup: list
    jobs: int = 1

    def header(self):
        return "\n".join([
            "units metal", "atom_modify map yes sort 0 0.0", "box tilt large",
            "region all prism 0 10 0 10 0 10 0 0 0", f"create_box {self.species} all", *self.setup,
            f"pair_style {self.pair_style}", *(f"pair_coeff {one}" for one in self.pair_coeffs),
            "mass * 50.0", "neighbor 0.5 bin", "neigh_modify every 1 delay 0 check yes",
            "thermo 1000000", "thermo_modify lost ignore flush no", ""])

    def check(self, structure):
        """Labels a structure, so that what is wrong with the pair style is said as LAMMPS says
        it."""
        with tempfile.TemporaryDirectory() as folder:
            text = self._run(folder, [structure], _LABEL)
            if text:
                raise MLGrainError(f"{' '.join(self.command)}: {text}")

    def label(self, structures):
        """The structures with energies, forces and virials, None where LAMMPS failed."""
        return self._in_chunks(structures, _LABEL, _labeled, LABELED)

    def relax(self, structures):
        """A list of those that the stages make of each structure, one after the other; shorter
        where LAMMPS failed."""
        body = "".join(
            f"{commands}minimize 0 0.01 100 200\n"
            + "".join(f"unfix {name}\n" for name in ("hold", "box") if f"fix {name} " in commands)
            + f"reset_timestep $({PER_STRUCTURE}*v_k+{place})\n{_WRITE}"
            for place, commands in enumerate(STAGES.values()))
        return self._in_chunks(structures, body, _staged)

    def run(self, structures, commands, every):
        """A list of the frames of each structure: commands[k] are those of structure k, every[k]
        the steps or iterations between its frames."""
        bodies = [f"reset_timestep $({PER_STRUCTURE}*v_k)\n"
                  f"dump 1 all custom {steps} ${{folder}}/out.dump id type x y z\n"
                  "dump_modify 1 sort id append yes format float %.15g\n"
                  f"{one}undump 1\n" for one, steps in zip(commands, every)]
        return self._in_chunks(structures, bodies, _frames)

    def _in_chunks(self, structures, body, collect, size=CHUNK):
        parts = [(structures[k:k + size], body if isinstance(body, str) else body[k:k + size])
                 for k in range(0, len(structures), size)]
        with concurrent.futures.ThreadPoolExecutor(self.jobs) as pool:
            done = pool.map(lambda part: self._chunk(*part, collect), parts)
            return [one for part in done for one in part]

    def _chunk(self, structures, body, collect):
        """What collect makes of all structures. One at which LAMMPS stops is tried once more, since
        a process can also fail by what surrounds it, then left out; the run goes on after it."""
        results, first, failures, tried = [], 0, 0, False
        while first < len(structures):
            with tempfile.TemporaryDirectory() as folder:
                rest = structures[first:]
                text = self._run(folder, rest, body if isinstance(body, str) else body[first:])
                found = collect(folder, rest)
                finished = len(rest) if not text else _finished(folder)
            results += found[:finished]
            first += finished
            given_up = bool(text) and tried and not finished
            tried = bool(text) and not given_up
            if given_up:
                failures += 1
                if failures > MOST_FAILURES * len(structures) + 2:
                    raise MLGrainError(
                        f"{' '.join(self.command)} stops at too many structures: {text}")
                results += found[:1]
                first += 1
        return results

    def _run(self, folder, structures, body):
        """Runs LAMMPS; what it says if it fails, else an empty text."""
        with open(os.path.join(folder, "in.dump"), "w", encoding="ascii") as file:
            file.writelines(dump_text(k, one) for k, one in enumerate(structures))
        read = ("read_dump ${folder}/in.dump ${k} x y z box yes replace no purge yes add yes "
                "format native\n")
        done = "print ${k} append ${folder}/done screen no\n"
        loop = f"variable k loop 0 {len(structures) - 1}\nlabel next\n{read}"
        if isinstance(body, str):
            loop += f"{body}{done}next k\njump SELF next\n"
        else:
            loop = "".join(f"variable k equal {k}\n{read}{one}{done}" for k, one in enumerate(body))
        if body is _LABEL:
            loop = _LABEL
        path = os.path.join(folder, "in.lammps")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"variable folder string {folder}\n{self.header()}{loop}")
        command = [*self.command, "-in", path, "-log", "none", "-nocite", "-echo", "none"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace",
                                  stdin=subprocess.DEVNULL, check=False)
        except OSError as error:
            raise MLGrainError(f"{command[0]} can't be run: {error.strerror}") from error
        if not done.returncode:
            return ""
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR")]
        return (errors or lines or [f"status {done.returncode}"])[-1].strip()


# All structures at once: rerun is faster still than a loop.
_LABEL = """\
dump 1 all custom 1 ${folder}/out.dump id type x y z fx fy fz
dump_modify 1 sort id first yes format float %.15g
fix 1 all print 1 "$(step) $(pe:%.15g) $(vol:%.15g) $(pxx:%.15g) $(pyy:%.15g) $(pzz:%.15g) &
$(pxy:%.15g) $(pxz:%.15g) $(pyz:%.15g)" append ${folder}/thermo screen no
thermo 1
thermo_style custom step pe vol pxx pyy pzz pxy pxz pyz
rerun ${folder}/in.dump dump x y z box yes replace no purge yes add yes format native
"""


_WRITE = ("write_dump all custom ${folder}/out.dump id type x y z modify sort id append yes "
          "format float %.15g\n")


def dump_text(number, structure):
    """A structure with a triangular cell as a frame of a dump."""
    cell = structure.cell
    xy, xz, yz = cell[1, 0], cell[2, 0], cell[2, 1]
    low = [min(0.0, xy, xz, xy + xz), min(0.0, yz), 0.0]
    high = [cell[0, 0] + max(0.0, xy, xz, xy + xz), cell[1, 1] + max(0.0, yz), cell[2, 2]]
    lines = [f"ITEM: TIMESTEP\n{number}\nITEM: NUMBER OF ATOMS\n{len(structure)}\n"
             "ITEM: BOX BOUNDS xy xz yz pp pp pp\n"]
    lines += [f"{a:.15g} {b:.15g} {tilt:.15g}\n" for a, b, tilt in zip(low, high, (xy, xz, yz))]
    lines.append("ITEM: ATOMS id type x y z\n")
    lines += [f"{i + 1} {kind + 1} {x:.15g} {y:.15g} {z:.15g}\n" for i, (kind, (x, y, z)) in
              enumerate(zip(structure.species, structure.positions))]
    return "".join(lines)


def read_dump(path):
    """Yields (timestep, cell, columns [atoms, more than 4], the first of them id and type); ends
    where the file does, also within a frame."""
    if os.path.exists(path):
        with open(path, encoding="ascii") as file:
            yield from dump_frames(file.read())


def dump_frames(text):
    """The same, of the text of a dump."""
    lines = text.splitlines()
    at = 0
    while at + 9 <= len(lines):
        step, count = int(lines[at + 1]), int(lines[at + 3])
        bounds = np.array([line.split() for line in lines[at + 5:at + 8]], dtype=float)
        rows = lines[at + 9:at + 9 + count]
        if len(rows) < count:
            return
        low, high = bounds[:, 0].copy(), bounds[:, 1].copy()
        xy, xz, yz = bounds[:, 2] if bounds.shape[1] == 3 else (0.0, 0.0, 0.0)
        low[0] -= min(0.0, xy, xz, xy + xz)
        high[0] -= max(0.0, xy, xz, xy + xz)
        low[1] -= min(0.0, yz)
        high[1] -= max(0.0, yz)
        edge = high - low
        cell = np.array([[edge[0], 0, 0], [xy, edge[1], 0], [xz, yz, edge[2]]])
        values = np.array([row.split() for row in rows], dtype=float).reshape(count, -1)
        values[:, 2:5] -= low
        yield step, cell, values
        at += 9 + count


def _finished(folder):
    """How many structures a run has done with."""
    for name in ("done", "thermo"):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            with open(path, encoding="ascii") as file:
                return file.read().count("\n")
    return 0


def _labeled(folder, structures):
    found = [None] * len(structures)
    path = os.path.join(folder, "thermo")
    if not os.path.exists(path):
        return found
    with open(path, encoding="ascii") as file:
        rows = {int(words[0]): [float(word) for word in words[1:]] for words in map(str.split, file)
                if len(words) == 9}
    for step, _, values in read_dump(os.path.join(folder, "out.dump")):
        if step in rows and len(values) == len(structures[step]):
            energy, volume, xx, yy, zz, xy, xz, yz = rows[step]
            one = dataclasses.replace(structures[step], energy=energy, forces=values[:, 5:8],
                                      virial=BAR * volume * np.array([xx, yy, zz, xy, xz, yz]))
            if np.isfinite(energy) and np.isfinite(
    one.forces).all() and np.isfinite(
        one.virial).all():
                found[step] = one
    return found


def _staged(folder, structures):
    found = [[] for _ in structures]
    for step, cell, values in read_dump(os.path.join(folder, "out.dump")):
        number, place = divmod(step, PER_STRUCTURE)
        before = found[number][-1] if found[number] else structures[number]
        if len(values) == len(before) and place == len(found[number]) and np.isfinite(values).all():
            found[number].append(reduced(before.derived(list(STAGES)[place], cell, values[:, 2:5])))
    return found


def _frames(folder, structures):
    found = [[] for _ in structures]
    for step, cell, values in read_dump(os.path.join(folder, "out.dump")):
        number, moment = divmod(step, PER_STRUCTURE)
        first = structures[number]
        if len(values) == len(first) and np.isfinite(values).all():
            one = Structure(cell, values[:, 2:5], first.species, first.kind,
                            f"{first.ancestry}@{moment}")
            found[number].append(reduced(one))
    return found
