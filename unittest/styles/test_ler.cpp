/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fix ler/build, compute ler/atom and compute ler/count inside LAMMPS: libraries that don't depend
   on ranks, on the order of atoms or on how a run is divided; classes against a plain search.
   Selection and search themselves are tested in unittest/core/test_environments.c. */
#include "lammps_session.h"

#include "mlgrain/environments.h"

#include <unistd.h>

#include <cstring>
#include <memory>

using namespace test;

namespace {

enum { COMPONENTS = 31 };    // of quippy 3.4 3 4 0.5

/* A name of its own for each number of ranks, the same on all of them. */
std::string scratch(const std::string &name)
{
  int process = (int) getpid();
  MPI_Bcast(&process, 1, MPI_INT, 0, MPI_COMM_WORLD);
  return "test_ler_" + std::to_string(process) + "_" + name + ".safetensors";
}

void remove_file(const std::string &path)
{
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank() == 0) remove(path.c_str());
}

/* Nickel with a hole, displaced at random: some environments near the perfect crystal's. */
std::string nickel(const std::string &more = "")
{
  return "units metal\nboundary p p p\nlattice fcc 3.52\nregion box block 0 4 0 4 0 5\n"
         "create_box 2 box\ncreate_atoms 1 box\nmass * 58.7\n"
         "region hole sphere 2 2 2.5 0.8\ndelete_atoms region hole\nreset_atoms id sort yes\n"
         "set group all type/fraction 2 0.3 91\n"
         "region stirred block INF INF INF INF 2 INF\ngroup stirred region stirred\n"
         "displace_atoms stirred random 0.25 0.25 0.25 712\n" +
      more;
}

std::string build_line(const std::string &path, const std::string &more = "")
{
  return "fix l all ler/build 1 0.1 " + path + " quippy 3.4 3 4 0.5 seed fcc 3.52 " + more + "\n";
}

struct Free {
  void operator()(mlgrain_environments *library) const { mlgrain_environments_free(library); }
};
using Library = std::unique_ptr<mlgrain_environments, Free>;

Library read(const std::string &path)
{
  mlgrain_environments *library = nullptr;
  mlgrain_error text = {""};
  check(!mlgrain_environments_read(path.c_str(), &library, &text), "%s", text.text);
  return Library(library);
}

/* Same environments, from the same atoms. */
void compare(const mlgrain_environments *one, const mlgrain_environments *other, const char *what)
{
  if (!check(one && other, "no library")) return;
  const auto *a = mlgrain_environments_content(one), *b = mlgrain_environments_content(other);
  if (!check(a->unique.count == b->unique.count, "%s: %zu environments, not %zu", what,
             b->unique.count, a->unique.count))
    return;
  const double size =
      mlgrain_distance(COMPONENTS, a->unique.vector, std::vector<double>(COMPONENTS, 0.0).data());
  check(a->coreset.count == b->coreset.count, "%s: sizes of coresets", what);
  for (size_t k = 0; k < a->unique.count; k++) {
    check(a->unique.source[k].atom == b->unique.source[k].atom, "%s: source of %zu", what, k);
    check(a->unique.atoms[k] == b->unique.atoms[k], "%s: atoms of %zu", what, k);
    check(mlgrain_distance(COMPONENTS, a->unique.vector + k * COMPONENTS,
                           b->unique.vector + k * COMPONENTS) <= 1e-12 * size,
          "%s: vector %zu", what, k);
  }
}

/* What a run collects, on all ranks or on each of them alone. */
Library collected(const std::string &lines, const std::string &path, bool alone = false)
{
  {
    Session session({}, alone ? MPI_COMM_SELF : MPI_COMM_WORLD);
    session.run(lines);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  return read(path);
}

/* ---- building ------------------------------------------------------------------------------- */

void library_of_a_run()
{
  const std::string path = scratch("run");
  Session session;
  session.run(nickel() + build_line(path) + "thermo_style custom step f_l[*]\nrun 0\n" +
              "compute s all soap/atom quippy 3.4 3 4 0.5\ncompute r all reduce max c_s[1]\n"
              "thermo_style custom step c_r\nunfix l\nrun 0");
  const auto library = read(path);
  if (!library) return;
  const auto *c = mlgrain_environments_content(library.get());
  const auto vectors = session.gather("c_s", COMPONENTS);
  const long n = session.natoms();
  const double size =
      mlgrain_distance(COMPONENTS, c->unique.vector, std::vector<double>(COMPONENTS, 0.0).data());
  check(c->unique.count > 5 && c->unique.count < (size_t) n / 4, "%zu environments",
        c->unique.count);
  check(close_to(c->epsilon, 0.1 * size, 1e-12), "epsilon");
  check(std::string(c->seed) == "fcc 3.52", "seed %s", c->seed);
  uint64_t atoms = 0, of_coreset = 0;
  for (size_t k = 0; k < c->unique.count; k++) atoms += c->unique.atoms[k];
  for (size_t k = 0; k < c->coreset.count; k++) of_coreset += c->coreset.atoms[k];
  check(atoms == (uint64_t) n && of_coreset == (uint64_t) n, "atoms");
  for (long i = 0; i < n; i++) {    // coverage: epsilon, and that of the coreset
    const auto match = mlgrain_environments_nearest(library.get(), &vectors[i * COMPONENTS]);
    check(match.distance <= 1.25 * c->epsilon, "atom %ld is at %g", i + 1, match.distance);
  }
  for (size_t k = 0; k < c->unique.count; k++)
    for (size_t j = 0; j < k; j++)
      check(mlgrain_distance(COMPONENTS, c->unique.vector + k * COMPONENTS,
                             c->unique.vector + j * COMPONENTS) >= c->epsilon * (1 - 1e-8),
            "environments %zu and %zu are the same", j, k);
  remove_file(path);
}

void ranks_and_order_do_not_matter()
{
  const std::string path = scratch("all"), own = scratch("own"), mixed = scratch("mixed");
  const auto library = collected(nickel() + build_line(path) + "run 0", path);
  /* each rank alone; only the first one's file is looked at */
  const std::string alone = rank() == 0 ? own : own + std::to_string(rank());
  const auto serial = collected(nickel() + build_line(alone) + "run 0", alone, true);
  compare(library.get(), serial.get(), "serial");
  const auto sorted = collected(nickel("atom_modify sort 1 2.0\n") + "comm_style tiled\n" +
                                    "balance 1.0 rcb\n" + build_line(mixed) + "run 0",
                                mixed);
  compare(library.get(), sorted.get(), "other division");
  remove(alone.c_str());
  remove_file(path);
  remove_file(mixed);
}

/* Two runs, in either order, or one with the other's coreset: the same unique environments. */
void merged_libraries()
{
  const std::string first = scratch("first"), second = scratch("second");
  const std::string one = scratch("one"), other = scratch("other");
  const std::string half = "group low id 1:150\ngroup high subtract all low\n";
  auto line = [&](const char *group, const std::string &path, const std::string &more) {
    std::string text = build_line(path, more);
    return text.replace(text.find("all"), 3, group);
  };
  collected(nickel(half) + line("low", first, "") + "run 0", first);
  collected(nickel(half) + line("high", second, "") + "run 0", second);
  const auto a = collected(nickel(half) + line("high", one, "add " + first) + "run 0", one);
  const auto b = collected(nickel(half) + line("low", other, "add " + second) + "run 0", other);
  compare(a.get(), b.get(), "merged");
  Session session;
  session.must_fail(nickel() + "fix l all ler/build 1 0.1 " + one +
                        "x quippy 3.5 3 4 0.5 seed fcc 3.52 add " + one,
                    "other parameters");
  for (const auto &path : {first, second, one, other}) remove_file(path);
}

/* Several steps, and a run that goes on where another ended. */
void several_steps()
{
  const std::string path = scratch("steps");
  Session session;
  session.run(nickel("pair_style zero 5.0\npair_coeff * *\nvelocity all create 3000 17\n"
                     "fix n all nve\ntimestep 0.002\n") +
              "fix l all ler/build 10 0.1 " + path +
              " quippy 3.4 3 4 0.5 seed fcc 3.52\nrun 20\nrun 10\n");
  const auto library = read(path);
  if (!library) return;
  const auto *c = mlgrain_environments_content(library.get());
  uint64_t atoms = 0;
  for (size_t k = 0; k < c->unique.count; k++) atoms += c->unique.atoms[k];
  check(atoms == 4 * (uint64_t) session.natoms(), "%lu atoms of 4 steps", (unsigned long) atoms);
  remove_file(path);
}

/* ---- using ---------------------------------------------------------------------------------- */

void classes_of_atoms()
{
  const std::string path = scratch("classes");
  Session session;
  session.run(nickel("group one type 1\n") + build_line(path) +
              "run 0\nunfix l\ncompute s all soap/atom quippy 3.4 3 4 0.5\n"
              "compute e one ler/atom " +
              path + "\ncompute near all ler/atom " + path +
              " within 0.5\ncompute r all reduce max c_s[1] c_e[1] c_near[1]\n"
              "thermo_style custom step c_r[*]\nrun 0");
  const auto library = read(path);
  if (!library) return;
  const auto *c = mlgrain_environments_content(library.get());
  const auto vectors = session.gather("c_s", COMPONENTS), found = session.gather("c_e", 4);
  const auto near = session.gather("c_near", 4);
  const auto type = session.gather_int("type", 1);
  bool has_far = false;
  for (size_t i = 0; i < type.size(); i++) {
    double best = HUGE_VAL, second = HUGE_VAL, seed = 0.0;
    size_t nearest = 0;
    for (size_t k = 0; k < c->unique.count; k++) {
      const double d =
          mlgrain_distance(COMPONENTS, c->unique.vector + k * COMPONENTS, &vectors[i * COMPONENTS]);
      if (k == 0) seed = d;
      second = d < best ? best : std::min(second, d);
      nearest = d < best ? k : nearest;
      best = std::min(best, d);
    }
    const double wanted[4] = {(double) nearest + 1, best, second, seed};
    for (size_t k = 0; k < 4; k++)
      check(close_to(found[4 * i + k], type[i] == 1 ? wanted[k] : 0.0, 1e-12),
            "column %zu of atom %zu: %g, expected %g", k + 1, i + 1, found[4 * i + k], wanted[k]);
    const bool is_far = best > 0.5 * c->epsilon;
    check(near[4 * i] == (is_far ? 0.0 : wanted[0]), "class of atom %zu within half epsilon",
          i + 1);
    has_far = has_far || is_far;
  }
  check(has_far, "no atom is beyond half epsilon");
  remove_file(path);
}

void fractions()
{
  const std::string path = scratch("fractions");
  setenv("OMP_NUM_THREADS", "2", 1);
  Session session;
  session.run(nickel() + build_line(path) + "run 0\nunfix l\ncompute e all ler/atom " + path +
              "\ncompute f all ler/count " + path +
              "\ncompute k all chunk/atom type\ncompute n all ler/count " + path +
              " chunk k numbers yes\ncompute r all reduce max c_e[1]\n"
              "fix a all ave/time 1 1 1 c_n[1] mode vector\n"
              "thermo_style custom step c_r c_f[1]\nrun 0");
  setenv("OMP_NUM_THREADS", "1", 1);
  const auto library = read(path);
  if (!library) return;
  const size_t count = mlgrain_environments_content(library.get())->unique.count;
  const auto found = session.gather("c_e", 4);
  const auto type = session.gather_int("type", 1);
  std::vector<double> wanted(2 * count, 0.0);
  for (size_t i = 0; i < type.size(); i++)
    wanted[(size_t) (type[i] - 1) * count + (size_t) found[4 * i] - 1] += 1.0;
  const auto *f = static_cast<double *>(
      lammps_extract_compute(session.handle, "f", LMP_STYLE_GLOBAL, LMP_TYPE_VECTOR));
  auto **n = static_cast<double **>(
      lammps_extract_compute(session.handle, "n", LMP_STYLE_GLOBAL, LMP_TYPE_ARRAY));
  if (!check(f && n, "no results")) return;
  for (size_t k = 0; k < count; k++) {
    check(n[0][k] == wanted[k] && n[1][k] == wanted[count + k], "numbers of class %zu", k + 1);
    check(close_to(f[k], (wanted[k] + wanted[count + k]) / (double) type.size(), 1e-14),
          "fraction of class %zu", k + 1);
  }
  remove_file(path);
}

/* Vectors averaged over time by fix ave/atom, for classes and for a library of their own. */
void mean_vectors()
{
  const std::string path = scratch("means"), other = scratch("of_means");
  Session session;
  session.run(nickel("pair_style zero 4.0\npair_coeff * *\nvelocity all create 900 77\n") +
              build_line(path) +
              "run 0\nunfix l\ncompute s all soap/atom quippy 3.4 3 4 0.5\n"
              "fix a all ave/atom 1 3 3 c_s[*]\n" +
              "compute e all ler/atom " + path + " vectors f_a\ncompute f all ler/count " + path +
              " vectors f_a\n"
              "compute r all reduce max c_e[1] c_e[2]\nthermo_style custom step c_r[*] c_f[1]\n"
              "fix n all nve\ntimestep 0.004\nthermo 3\n");
  session.run(std::string("fix l all ler/build 3 0.1 ") + other +
              " quippy 3.4 3 4 0.5 seed fcc 3.52 vectors f_a\nrun 3");
  const auto library = read(path), made = read(other);
  if (!library || !made) return;
  const auto *c = mlgrain_environments_content(library.get());
  const auto means = session.gather("f_a", COMPONENTS), now = session.gather("c_s", COMPONENTS);
  const auto found = session.gather("c_e", 4);
  double change = 0.0;
  for (size_t i = 0; i < found.size() / 4; i++) {
    double best = HUGE_VAL;
    for (size_t k = 0; k < c->unique.count; k++)
      best = std::min(
          best,
          mlgrain_distance(COMPONENTS, c->unique.vector + k * COMPONENTS, &means[i * COMPONENTS]));
    check(found[4 * i] > 0.0 && close_to(found[4 * i + 1], best, 1e-12), "distance of atom %zu",
          i + 1);
    change = std::max(change,
                      mlgrain_distance(COMPONENTS, &means[i * COMPONENTS], &now[i * COMPONENTS]));
  }
  check(change > 1e-3 * c->epsilon, "means are the last vectors");
  const auto *m = mlgrain_environments_content(made.get());
  check(m->unique.count > 1, "%zu environments of means", m->unique.count);
  for (size_t k = 1; k < m->unique.count; k++) {
    const auto id = (size_t) m->unique.source[k].atom - 1;
    check(mlgrain_distance(COMPONENTS, m->unique.vector + k * COMPONENTS,
                           &means[id * COMPONENTS]) == 0.0,
          "environment %zu is no mean", k);
  }
  remove_file(path);
  remove_file(other);
}

/* ---- errors --------------------------------------------------------------------------------- */

void refuse(const std::string &line, const std::string &words)
{
  Session session;
  session.must_fail(nickel() + line, words);
}

void bad_lines()
{
  const std::string fix = "fix l all ler/build ", basis = " x.safetensors quippy 3.4 3 4 0.5 ";
  refuse(fix + "0 0.1" + basis, "N must be positive");
  refuse(fix + "1 -0.1" + basis, "eps must be positive");
  refuse(fix + "1 0.1" + basis, "keyword 'seed'");
  refuse(fix + "1 0.1" + basis + "seed hcp 3", "unknown lattice 'hcp'");
  refuse(fix + "1 0.1" + basis + "seed fcc 0", "lattice constant");
  refuse(fix + "1 0.1" + basis + "seed fcc 3.52 coreset 2", "'coreset'");
  refuse(fix + "1 0.1" + basis + "seed fcc 3.52 most 0", "'most'");
  refuse(fix + "1 0.1" + basis + "seed fcc 3.52 colour red", "unknown keyword 'colour'");
  refuse(fix + "1 0.1" + basis + "seed fcc 3.52 add nothing", "nothing");
  refuse(fix + "1 0.1 /nonexistent/x quippy 3.4 3 4 0.5 seed fcc 3.52", "nonexistent");
  refuse("compute e all ler/atom", "expected a library");
  refuse("compute e all ler/atom nothing", "nothing");
  refuse("compute e all ler/count nothing", "nothing");
  const std::string path = scratch("bad");
  {
    Session session;
    session.run(nickel() + build_line(path));
  }
  MPI_Barrier(MPI_COMM_WORLD);
  refuse("compute e all ler/atom " + path + " width 3", "unknown keyword 'width'");
  refuse("compute e all ler/atom " + path + " within 0", "'within' must be positive");
  refuse("compute e all ler/atom " + path + " species 1 2", "species apart");
  refuse("compute e all ler/count " + path + " chunk x", "no compute chunk/atom");
  refuse("compute e all ler/atom " + path + " vectors c_s", "needs f_ID");
  const std::string after = "\npair_style zero 4.0\npair_coeff * *\n"
                            "compute r all reduce max c_e[1]\nthermo_style custom step c_r\nrun 0";
  refuse("compute e all ler/atom " + path + " vectors f_none" + after, "there is no fix none");
  refuse("fix a all ave/atom 1 1 1 vx vy\ncompute e all ler/atom " + path + " vectors f_a" + after,
         "no per-atom array of 31 columns");
  remove_file(path);
}

/* A file that is cut short, found by all ranks. */
void broken_library()
{
  const std::string path = scratch("broken");
  {
    Session session;
    session.run(nickel() + build_line(path));
  }
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank() == 0) check(truncate(path.c_str(), 1000) == 0, "truncate");
  MPI_Barrier(MPI_COMM_WORLD);
  refuse("compute e all ler/atom " + path, path);
  remove_file(path);
}

}    // namespace

int main(int argc, char **argv)
{
  return run_tests(argc, argv,
                   {{"library of a run", library_of_a_run},
                    {"ranks and order don't matter", ranks_and_order_do_not_matter},
                    {"merged libraries", merged_libraries},
                    {"several steps", several_steps},
                    {"classes of atoms", classes_of_atoms},
                    {"fractions", fractions},
                    {"mean vectors", mean_vectors},
                    {"bad lines", bad_lines},
                    {"broken library", broken_library}});
}
