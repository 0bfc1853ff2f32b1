/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The potential for copper that comes with the package, against the embedded-atom potential it was
   trained on: tolerances are about twice what potentials/Cu_eam_16.md says. */
#include "lammps_session.h"

using namespace test;

namespace {

std::string reference()
{
  return "pair_style eam/alloy\npair_coeff * * " + potentials() + "/Cu_mishin1.eam.alloy Cu\n";
}

std::string fitted()
{
  return "pair_style mtp\npair_coeff * * " + environment("MLGRAIN_SOURCE_DIR") +
      "/potentials/Cu_eam_16.almtp Cu\n";
}

/* 108 atoms of a crystal with this lattice constant, changed by these lines. */
std::string crystal(double constant, const std::string &changes = "")
{
  return "units metal\natom_modify map array\nlattice fcc " + std::to_string(constant) +
      "\nregion box block 0 3 0 3 0 3\ncreate_box 1 box\ncreate_atoms 1 box\nmass 1 63.546\n" +
      changes;
}

struct Numbers {
  double energy, pressure;    // eV, bar
  std::vector<double> force;
};

Numbers compute(const std::string &atoms, const std::string &style)
{
  Session session;
  session.run(atoms + style + "run 0");
  Numbers got = {lammps_get_thermo(session.handle, "pe"),
                 lammps_get_thermo(session.handle, "press"), session.gather("f", 3)};
  return got;
}

const double equilibrium = 3.615;
const std::string no_atom_1 = "group gone id 1\ndelete_atoms group gone compress yes\n";
const std::string shaken = "displace_atoms all random 0.15 0.15 0.15 4711 units box\n";

void crystal_energy_and_pressure()
{
  const Numbers a = compute(crystal(equilibrium), reference());
  const Numbers b = compute(crystal(equilibrium), fitted());
  check(std::fabs(b.energy - a.energy) / 108 < 0.3e-3, "energy %.6f, reference %.6f eV/atom",
        b.energy / 108, a.energy / 108);
  check(std::fabs(b.pressure - a.pressure) < 1500, "pressure %.0f, reference %.0f bar", b.pressure,
        a.pressure);
}

void vacancy()
{
  const double a = compute(crystal(equilibrium, no_atom_1), reference()).energy -
      compute(crystal(equilibrium), reference()).energy * 107 / 108;
  const double b = compute(crystal(equilibrium, no_atom_1), fitted()).energy -
      compute(crystal(equilibrium), fitted()).energy * 107 / 108;
  check(std::fabs(a - b) < 0.05, "unrelaxed vacancy %.4f, reference %.4f eV", b, a);
}

void forces_of_shaken_crystal()
{
  const Numbers a = compute(crystal(equilibrium, shaken), reference());
  const Numbers b = compute(crystal(equilibrium, shaken), fitted());
  double size = 0.0, error = 0.0;
  for (size_t k = 0; k < a.force.size(); k++) {
    size += a.force[k] * a.force[k];
    error += (b.force[k] - a.force[k]) * (b.force[k] - a.force[k]);
  }
  check(size > 0.1 * (double) a.force.size(), "the crystal isn't shaken");
  check(error < 0.04 * 0.04 * size, "forces are %.1f %% off", 100 * std::sqrt(error / size));
}

/* The grade of the worst atom: small where the potential was trained, large elsewhere. */
void grades()
{
  const auto largest = [](const std::string &atoms) {
    Session session;
    session.run(atoms + fitted() +
                "compute g all mtp/grade/atom\nthermo_style custom step c_g\n"
                "run 0");
    return *static_cast<double *>(
        lammps_extract_compute(session.handle, "g", LMP_STYLE_GLOBAL, LMP_TYPE_SCALAR));
  };
  const double still = largest(crystal(equilibrium)), hot = largest(crystal(equilibrium, shaken));
  const double compressed = largest(crystal(3.1));
  check(still > 0 && still < 1, "grade %g in a crystal", still);
  check(hot > 0 && hot < 1.5, "grade %g in a shaken crystal", hot);
  check(compressed > 2, "grade %g in a crystal compressed by a third", compressed);
}

/* Two atoms much nearer than any in the data repel each other. */
void wall()
{
  const auto energy = [](double distance) {
    return compute("units metal\nregion box block 0 20 0 20 0 20\ncreate_box 1 box\n"
                   "create_atoms 1 single 5 5 5\ncreate_atoms 1 single " +
                       std::to_string(5 + distance) + " 5 5\nmass 1 63.546\n",
                   fitted())
        .energy;
  };
  double before = energy(1.8);
  for (double distance = 1.7; distance > 0.95; distance -= 0.1) {
    const double here = energy(distance);
    check(here > before + 1, "%g eV at %g A, %g eV farther away", here, distance, before);
    before = here;
  }
}

}    // namespace

int main(int argc, char **argv)
{
  return run_tests(argc, argv,
                   {{"crystal_energy_and_pressure", crystal_energy_and_pressure},
                    {"vacancy", vacancy},
                    {"forces_of_shaken_crystal", forces_of_shaken_crystal},
                    {"grades", grades},
                    {"wall", wall}});
}
