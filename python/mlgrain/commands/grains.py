# SPDX-License-Identifier: GPL-2.0-or-later
"""mlgrain grains: the tables of fix grains as sums and graphs."""

from __future__ import annotations

from ..errors import MLGrainError
from ..grains import (EDGE_COLUMNS, NODE_COLUMNS, History, voxels_of_dump, write_graphml,
                      write_npz)
from ..homogenize.writing import write_microstructure
from . import common


def add(subparsers):
    parser = common.command(
        subparsers, "grains", "Grains over time, from the tables of fix grains: a line for each "
        "step, and graphs.\ndoc/python.md says what the files hold.",
        "mlgrain grains grains.txt boundaries.txt --npz graphs.npz --graphml last.graphml", run)
    parser.add_argument("grains", metavar="GRAINS", help="table of grains")
    parser.add_argument("boundaries", metavar="BOUNDARIES", nargs="?", help="table of boundaries")
    parser.add_argument("--events", metavar="EVENTS", help="table of events: they are counted, too")
    parser.add_argument("--lines", metavar="LINES", help="table of triple lines, for the .npz file")
    parser.add_argument("--npz", metavar="FILE.npz", help="graphs of all steps, for NumPy")
    parser.add_argument("--graphml", metavar="FILE", help="graph of one step, as GraphML")
    parser.add_argument("--step", type=int, help="that step (default: the last)")
    parser.add_argument("--voxels", metavar="FILE", help="the same step on voxels, of --dump: .npz "
                        "or .vti or .dream3d or .inl, as `mlgrain homogenize` reads them")
    parser.add_argument("--dump", metavar="DUMP", help="with positions of atoms and their grains")
    parser.add_argument("--column", default="f_g[1]",
                        help="of the dump, with grains (default f_g[1])")
    parser.add_argument("--inner", metavar="COLUMN", help="of the dump, such as f_g[3]: voxels of "
                        "atoms where it is 0 are boundary, label 0")
    parser.add_argument("--size", nargs=3, type=common.whole(1), default=(64, 64, 64),
                        metavar=("NX", "NY", "NZ"), help="numbers of voxels (default 64 64 64)")
    parser.add_argument("--nodes", nargs="+", default=NODE_COLUMNS, metavar="COLUMN",
                        help="columns of nodes in the .npz file")
    parser.add_argument("--edges", nargs="+", default=EDGE_COLUMNS, metavar="COLUMN",
                        help="columns of edges in the .npz file")


def run(args):
    history = History.read(args.grains, args.boundaries, args.events, args.lines)
    if not len(history.steps):
        raise MLGrainError(f"{args.grains} holds no grains")
    if (args.npz or args.graphml) and not args.boundaries:
        raise MLGrainError("graphs need the table of boundaries, too")
    if bool(args.voxels) != bool(args.dump):
        raise MLGrainError("--voxels and --dump go together")
    sizes = history.sizes()
    common.say("step grains volume diameter^2 deviation" + (" events" if args.events else ""))
    for k, step in enumerate(history.steps):
        line = (f"{step} {sizes['grains'][k]} {sizes['volume'][k]:.6g} {sizes['square'][k]:.6g} "
                f"{sizes['deviation'][k]:.4f}")
        if args.events:
            line += f" {(history.events['step'] == step).sum()}"
        common.say(line)
    if args.npz:
        write_npz(args.npz, history, tuple(args.nodes), tuple(args.edges))
    if args.graphml:
        step = history.steps[-1] if args.step is None else args.step
        write_graphml(args.graphml, history.graph(step))
    if args.voxels:
        write_microstructure(args.voxels, voxels_of_dump(args.dump, args.column, args.size, history,
                                                         args.step, args.inner))
