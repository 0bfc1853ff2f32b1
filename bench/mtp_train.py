# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a training and keeps what it prints with the CPU time it took; compares two such logs.

  mtp_train.py run LOG COMMAND ...
  mtp_train.py table NAME OWN.log PEER.log
"""

import os
import re
import subprocess
import sys

MILESTONES = (1, 25, 50, 75, 76, 100, 125, 150, 175)  # iterations of the peer


def cpu_time(pid):
    """Seconds so far, of a process that runs; Linux."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        words = file.read().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def run(log, command):
    command = ["stdbuf", "-oL", *command]
    last = 0.0
    with open(log, "w", encoding="utf-8") as file, subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout:
            try:
                last = cpu_time(process.pid)
            except (OSError, IndexError):
                pass  # it has just ended
            file.write(f"{last:.2f} {line}")
            file.flush()
    return process.returncode


def own_losses(log):
    """[(seconds, loss)] on all configurations, and the seconds at the end."""
    found, end, partial = [], 0.0, False
    with open(log, encoding="utf-8") as file:
        for line in file:
            seconds, text = line.split(" ", 1)
            end = float(seconds)
            if "configurations first" in text:
                partial = True
            elif text.startswith("all "):
                partial = False
            match = re.search(r"loss (\S+),", text)
            if match and not partial:
                found.append((end, float(match[1])))
    return found, end


def peer_losses(log):
    """[(seconds, loss)] of its iterations, those of pre-training first."""
    found = []
    if not os.path.exists(log):
        return found
    with open(log, encoding="utf-8") as file:
        for line in file:
            match = re.match(r"(\S+) BFGS iter \d+: f=(\S+)", line)
            if match:
                found.append((float(match[1]), float(match[2])))
    return found


def table(name, own_log, peer_log):
    own, end = own_losses(own_log)
    peer = peer_losses(peer_log)
    print(f"\n{name}: ends at a loss of {min(loss for _, loss in own):.4g} after {end:.1f} s, active "
          "set included\n")
    if not peer:
        return
    print("| iterations of MLIP-3 | its loss | its CPU time (s) | mlgrain mtp train (s) | ratio |")
    print("|--:|--:|--:|--:|--:|")
    for number in sorted({*(k for k in MILESTONES if k <= len(peer)), len(peer)}):
        seconds, loss = peer[number - 1]
        here = next((when for when, value in own if value <= loss), None)
        print(f"| {number} | {loss:.4g} | {seconds:.0f} | "
              + (f"{here:.1f} | {seconds / here:.0f} |" if here else "not reached | |"))


if __name__ == "__main__":
    if len(sys.argv) > 3 and sys.argv[1] == "run":
        sys.exit(run(sys.argv[2], sys.argv[3:]))
    if len(sys.argv) == 5 and sys.argv[1] == "table":
        sys.exit(table(*sys.argv[2:]))
    sys.exit(__doc__)
