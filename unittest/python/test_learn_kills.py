# SPDX-License-Identifier: GPL-2.0-or-later
"""test_learn_kills.py LMP: runs of fix mtp/learn that are killed (SIGKILL) at any moment, in the
middle of labels, of files and of learning, and begun again, with each kind of labeler.

Atoms stand still, and what is labeled depends on the step alone: so a run asks for the same cells
each time, and in the end the file of labels must be that of a run that was left alone."""

import collections
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time

from mlgrain import MTP
from mlgrain.cli import main
from mlgrain.potentials import configurations, training

LMP = sys.argv[1]
EAM = pathlib.Path(os.environ["MLGRAIN_LAMMPS_POTENTIALS"]) / "Cu_mishin1.eam.alloy"
KILLS = 5  # of each labeler
SYSTEM = f"""units metal
lattice fcc 3.615
region b block 0 4 0 4 0 4
create_box 1 b
create_atoms 1 box
mass 1 63.546
displace_atoms all random 0.08 0.08 0.08 7
"""
DATA = SYSTEM + f"""pair_style eam/alloy
pair_coeff * * {EAM} Cu
compute pe all pe/atom
compute stress all stress/atom NULL virial
fix 1 all nve
dump 1 all custom 5 start.dump id type x y z fx fy fz c_pe c_stress[*]
dump_modify 1 sort id format float %.12g
run 20
"""
RUN = SYSTEM + """pair_style mtp
pair_coeff * * start.almtp Cu
variable s atom "(id*7+step*13)%61+0.001*id"
fix learn all mtp/learn 1 1e-9 start.fit.safetensors start.error.safetensors &
  label LABEL save run.cfg potential run.mtp score v_s most 2 apart 5 edge 9 boxes 4 refit 1.3
thermo 1000000
run 12
"""
LABELS = {"lammps": f'lammps "pair_style eam/alloy" "pair_coeff * * {EAM} Cu"',
          "command": 'command "sh ../label.sh"', "folder": "folder queue"}
# Says which cell it gets; pairs of opposite forces, which learning has to make the best of.
COMMAND = """cksum < "$1" >> calls
awk 'NR==1 {n = $1; print}
  NR==2 {print "energy=-900 stress=\\"0 0 0 0 0 0 0 0 0\\"",
    "Properties=species:S:1:pos:R:3:forces:R:3"}
  NR>2 {s = NR-2 > n - n%2 ? 0 : NR%2*2-1; print $1, $2, $3, $4, 0.1*s, 0, 0}' "$1" > "$2.part"
mv "$2.part" "$2"
"""


def make_start(folder):
    (folder / "in.data").write_text(DATA)
    (folder / "label.sh").write_text(COMMAND)
    subprocess.run([LMP, "-in", "in.data", "-log", "none", "-screen", "none"], cwd=folder,
                   check=True)
    os.chdir(folder)
    assert main(["mtp", "new", "--level", "4", "--species", "Cu", "--cutoff", "5", "-o",
                 "empty.mtp"]) == 0
    assert main(["mtp", "train", "empty.mtp", "start.dump", "--elements", "Cu", "--starts", "1",
                 "--held-out", "0.2", "--iteration-limit", "5", "-o", "start.almtp",
                 "--keep-normal", "start.fit.safetensors", "--error-bars",
                 "start.error.safetensors"]) == 0


def begin(kind, place):
    place.mkdir(exist_ok=True)
    for name in ("start.almtp", "start.fit.safetensors", "start.error.safetensors"):
        if not (place / name).exists():
            (place / name).symlink_to(place.parent / name)
    (place / "in.run").write_text(RUN.replace("LABEL", LABELS[kind]))
    with open(place / "out.txt", "w", encoding="utf-8") as out:
        return subprocess.Popen([LMP, "-in", "in.run", "-log", "none"], cwd=place, stdout=out,
                                stderr=out)


class Queue:
    """Answers in a folder, as long as it is open."""

    def __init__(self, place):
        self.folder, self.over = place / "queue", False
        self.thread = threading.Thread(target=self.serve)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.over = True
        self.thread.join()

    def serve(self):
        while not self.over:
            for path in self.folder.glob("*.in.xyz"):
                answer = path.with_name(path.name.replace(".in.", ".out."))
                if not answer.exists():
                    subprocess.run(["sh", "../label.sh", str(path), str(answer)],
                                   cwd=self.folder.parent, check=True)
            time.sleep(0.01)


def wait_and_kill(run, labels, chance):
    """Ends a run a moment after some more labels are in the file, or some time after it began."""
    size = labels.stat().st_size if labels.exists() else 0
    wanted = size + 1 + chance.randrange(4) * 8000
    deadline = time.monotonic() + 5
    while run.poll() is None and time.monotonic() < deadline:
        if labels.exists() and labels.stat().st_size >= wanted:
            break
        if chance.random() < 0.002:
            break
        time.sleep(0.001)
    time.sleep(chance.uniform(0, 0.02))
    was_running = run.poll() is None
    run.kill()
    run.wait()
    return was_running


def cells(path):
    """What identifies each cell of a file."""
    return [(one.features["timestep"], one.features["center"], one.positions.tobytes())
            for one in configurations.read([path])]


def force_error(path, configs):
    return training.Training(path.read_bytes(), configs).errors().force


def finish(kind, place):
    """Runs that are left alone, until one finds all labels there."""
    for _ in range(10 if kind == "folder" else 1):
        assert begin(kind, place).wait() == 0, (place / "out.txt").read_text()
        if kind != "folder":
            break
        time.sleep(0.3)
    return (place / "run.cfg").read_bytes()


def try_kills(kind, folder, seed):
    chance = random.Random(seed)
    alone, place = folder / f"{kind}-alone", folder / kind
    killed, seen = 0, set()
    with Queue(alone) if kind == "folder" else open(os.devnull):
        whole = finish(kind, alone)
    with Queue(place) if kind == "folder" else open(os.devnull):
        for _ in range(KILLS):
            killed += wait_and_kill(begin(kind, place), place / "run.cfg", chance)
            if (place / "run.mtp").exists():
                MTP(place / "run.mtp", species=["Cu"])  # never half of a file
        contents = finish(kind, place)
    assert killed >= KILLS // 2, f"{killed} runs were killed, others ended before"
    found = cells(place / "run.cfg")
    assert len(found) == len(set(found)) > 15, f"{len(found)} cells, {len(set(found))} different"
    assert set(found) == set(cells(alone / "run.cfg"))
    if kind != "folder":  # whose labels come when they come
        assert contents == whole, "the labels are not those of a run that was left alone"
    assert not (place / "run.cfg.failed").read_bytes()
    if kind != "lammps":  # a label is asked for once more only where a kill was in between
        calls = collections.Counter((place / "calls").read_text().splitlines())
        again = sum(calls.values()) - len(calls)
        assert len(calls) == len(found) and again <= (killed if kind == "command" else 0), \
            f"{len(found)} cells, {len(calls)} asked for, {again} once more"
    configs = list(configurations.read([place / "run.cfg"]))
    errors = [force_error(path, configs) for path in (
        folder / "start.almtp", alone / "run.mtp", place / "run.mtp")]
    print(f"{kind}: {killed} kills, {len(found)} labels; forces off by {errors[0]:.4f} eV/A at the "
          f"start, {errors[1]:.4f} without kills, {errors[2]:.4f} with kills", flush=True)
    assert errors[2] < 1.2 * errors[1] and errors[2] < errors[0]


if __name__ == "__main__":
    SEED = int(time.time())
    print("seed", SEED)
    with tempfile.TemporaryDirectory() as name:
        make_start(pathlib.Path(name).resolve())
        for number, labeler in enumerate(LABELS):
            try_kills(labeler, pathlib.Path(name).resolve(), SEED + number)
        os.chdir("/")
