/* SPDX-License-Identifier: GPL-2.0-or-later */
/* computes soap/atom, soap/mean and ler/atom with the kernels for GPUs against the styles without
   suffix, for the divisions of work that GPUs have: teams of several threads, degrees in bands,
   neighbors in batches, atoms in blocks, the team's memory shared or global. */
#include "kokkos_kernels.h"
#include "models.h"

#include "compute.h"
#include "lammps.h"
#include "modify.h"

using namespace test;

namespace
{

/* Two species, a crowd that doesn't fit a batch, an atom without neighbors, a tilted box. */
std::string atoms(const std::string &more = "")
{
  return "units metal\natom_modify map array\nregion box prism 0 13 0 14 0 30 3 -2 4 units box\n"
         "create_box 3 box\nmass * 50.0\nregion low prism 0 13 0 14 0 13 3 -2 4 units box\n"
         "create_atoms 1 random 170 4711 low\ncreate_atoms 3 single 9 7 22 units box\n"
         "region crowd sphere 5 5 5 2.5\ncreate_atoms 1 random 60 99 crowd\n"
         "set group all type/fraction 2 0.4 5\nset atom 171 type 3\n" +
         more;
}

/* Threads of a team that share a core wait long for each other. */
std::string few_atoms(const std::string &more = "")
{
  return "units metal\natom_modify map array\nregion box block 0 7 0 8 0 8 units box\n"
         "create_box 3 box\nmass * 50.0\ncreate_atoms 1 random 14 4711 NULL\n"
         "set group all type/fraction 2 0.4 5\n" +
         more;
}

/* With what makes LAMMPS evaluate compute s, an array or a vector. */
std::string evaluate(const std::string &lines, bool is_vector = false)
{
  return lines + "compute most all reduce max c_s" + (is_vector ? "" : "[1]") +
         "\nthermo_style custom step c_most\nrun 0\n";
}

/* A per-atom array of compute s. */
std::vector<double> vectors(const std::string &style, int columns,
                            const std::vector<std::string> &arguments, bool few = false)
{
  Session session(arguments);
  session.run(
      evaluate((few ? few_atoms : atoms)("group some type 1 2\ncompute s some " + style + "\n"),
               columns == 1));
  return session.gather("c_s", columns);
}

/* To parts of the largest number. */
void compare(const std::string &what, const std::vector<double> &got,
             const std::vector<double> &wanted, double tolerance)
{
  double size = 0.0;
  for (const double value : wanted)
    size = std::max(size, std::fabs(value));
  check(size > 0.0 && got.size() == wanted.size(), "%s: %zu numbers, expected %zu", what.c_str(),
        got.size(), wanted.size());
  for (size_t i = 0; i < std::min(got.size(), wanted.size()); i++)
    if (!check(std::fabs(got[i] - wanted[i]) <= tolerance * size,
               "%s: number %zu is %.15g, expected %.15g", what.c_str(), i, got[i], wanted[i]))
      return;
}

void compare_vectors(const std::string &style, int columns, double tolerance = 1e-12,
                     bool few = false)
{
  compare(style, vectors(style, columns, with_kokkos(), few), vectors(style, columns, {}, few),
          tolerance);
}

/* THREADS,BATCH,BYTES,BLOCK: see soap_shape.h. The last one fits no shared memory. */
const char *const divisions[] = {"1", "1,7,6000,5", "1,16,4000,3", "1,5,100,40"};

void bases_and_keywords()
{
  const ForGPUs kernels;
  for (const char *division : divisions) {
    const Setting shape("MLGRAIN_KOKKOS_SOAP", division);
    compare_vectors("soap/atom quippy 4.0 5 6 0.5 species 1 2 0 weight 1 0.7 1 width 1.2", 386);
    compare_vectors("soap/atom gto 3.5 3 3 0.4 species 2 1 3 normalise yes", 180);
    compare_vectors("soap/atom quippy 4.0 4 3 0.5 columns 5 41 1*3 normalise yes central 0.3", 5);
    compare_vectors("soap/atom quippy 4.0 4 3 0.5 columns 3 width 0", 1);
    compare_vectors("soap/atom quippy 3.0 1 0 0.5", 2);
    compare_vectors("soap/atom quippy 4.0 4 3 0.5 precision single", 41, 3e-6);
  }
}

/* A library of environments of these atoms; the next one overwrites it. */
std::string library(const std::string &lines)
{
  const std::string path = "test_spectra_" + std::to_string(ranks()) + ".safetensors";
  MPI_Barrier(MPI_COMM_WORLD);
  {
    Session session;
    session.run(lines + "fix l all ler/build 1 0.02 " + path +
                " quippy 4.0 3 4 0.5 seed fcc 3.5\nrun 0\n");
  }
  MPI_Barrier(MPI_COMM_WORLD);
  return path;
}

/* Several threads to an atom, which need barriers. */
void teams()
{
  const ForGPUs kernels;
  if (ranks() > 1)
    throw Skip{"needs more threads"};
  for (const char *division : {"2,16,6000", "4,3,1000,5", "2,4,100"}) {
    const Setting shape("MLGRAIN_KOKKOS_SOAP", division);
    compare_vectors("soap/atom quippy 4.0 3 2 0.5 species 1 2 0 normalise yes", 64, 1e-12, true);
    compare_vectors("ler/atom " + library(few_atoms()), 4, 1e-12, true);
  }
}

/* The paper's vector, in bands that fit the shared memory of a GPU. */
void large_vectors()
{
  const ForGPUs kernels;
  const Setting shape("MLGRAIN_KOKKOS_SOAP", "1,16,48000");
  compare_vectors("soap/atom quippy 5.0 18 18 0.5", 3250, 1e-12, true);
}

/* Rows of compute m: of chunks that change from atom to atom, of atoms of none, of none at all. */
std::vector<double> means(const std::string &more, int rows,
                          const std::vector<std::string> &arguments)
{
  Session session(arguments);
  session.run(atoms("group some type 1 2\nvariable k atom id%5+(id>120)\n"
                    "compute k all chunk/atom v_k nchunk once limit 5 max\n"
                    "compute m some soap/mean quippy 4.0 4 3 0.5 species 1 2 1 " +
                    more + "\n" +
                    (rows ? "fix a all ave/time 1 1 1 c_m[4] mode vector\n"
                          : "thermo_style custom step c_m[3]\n") +
                    "run 0\n"));
  std::vector<double> all;
  if (!rows) {
    const auto *data = static_cast<const double *>(
        lammps_extract_compute(session.handle, "m", LMP_STYLE_GLOBAL, LMP_TYPE_VECTOR));
    if (check(data != nullptr, "no vector"))
      all.assign(data, data + 145);
    return all;
  }
  auto *const *data = static_cast<double **>(
      lammps_extract_compute(session.handle, "m", LMP_STYLE_GLOBAL, LMP_TYPE_ARRAY));
  if (check(data != nullptr, "no array"))
    for (int k = 0; k < rows; k++)
      all.insert(all.end(), data[k], data[k] + 145);
  return all;
}

void means_and_sums()
{
  const ForGPUs kernels;
  for (const char *division : divisions) {
    const Setting shape("MLGRAIN_KOKKOS_SOAP", division);
    for (const std::string more : {"", "sum yes", "normalise yes"})
      compare("mean " + more, means(more, 0, with_kokkos()), means(more, 0, {}), 1e-12);
    for (const std::string more : {"chunk k", "chunk k sum yes"})
      compare("mean " + more, means(more, 5, with_kokkos()), means(more, 5, {}), 1e-12);
  }
}

void nearest_environments()
{
  const ForGPUs kernels;
  const std::string path = library(atoms());
  for (const char *division : divisions) {
    const Setting shape("MLGRAIN_KOKKOS_SOAP", division);
    for (const std::string more : {"", " within 0.2", " weight 0.5 2 1"})
      compare_vectors("ler/atom " + path + more, 4);
  }
}

/* A forest takes vectors and distances where they are, on the device. */
std::vector<double> predictions(const std::string &environments,
                                const std::vector<std::string> &arguments, bool on_device)
{
  plain_forest plain = plain_forest_make(4, 5, 100, 0, 5);
  builder content = {};
  plain_forest_build(&plain, &content);
  builder_metadata(&content, "features", R"(["a", "b", "distance", "second"])");
  const std::string path = write_model(content, "spectra_forest");
  plain_forest_free(&plain);
  Session session(arguments);
  session.run(random_atoms() +
              "compute s all soap/atom quippy 4.0 3 4 0.5 columns 2 9\n"
              "compute e all ler/atom " +
              environments + "\nfix f all forest/atom 1 " + path + " c_s[*] c_e[2*3]\nrun 4\n");
  const auto *lmp = static_cast<LAMMPS_NS::LAMMPS *>(session.handle);
  for (const char *id : {"s", "e"})
    check((lmp->modify->get_compute_by_id(id)->invoked_peratom < 0) == on_device, "copy of %s", id);
  return session.gather("f_f", 4);
}

void no_copies()
{
  const std::string path = library(random_atoms());
  const auto wanted = predictions(path, {}, false);
  const ForGPUs kernels;
  compare("predictions", predictions(path, with_kokkos(), true), wanted, 1e-12);
}

/* Pairs that are taken out of neighbor lists still are neighbors in space. */
void excluded_pairs()
{
  const ForGPUs kernels;
  const std::string lines =
      atoms("pair_style zero 5.0\npair_coeff * *\nneigh_modify exclude type 1 2\n"
            "compute s all soap/atom quippy 4.0 3 4 0.5\n");
  std::vector<double> all[2];
  for (const bool is_kokkos : {false, true}) {
    Session session(is_kokkos ? with_kokkos() : std::vector<std::string>());
    session.run(evaluate(lines));
    all[is_kokkos] = session.gather("c_s", 31);
  }
  compare("with exclusions", all[1], all[0], 1e-12);
}

void bad_input()
{
  {
    Session session;
    for (const char *style : {"soap/atom/kk", "soap/mean/kk"})
      session.must_fail("clear\n" + atoms("compute s all ") + style + " quippy 4 3 3 0.5",
                        "start LAMMPS with -k on");
  }
  const ForGPUs kernels;
  {
    Session session(with_kokkos());
    session.must_fail(evaluate(atoms("compute s all soap/atom quippy 4 18 18 0.5 memory 0.001\n")),
                      "where keyword memory allows 1 MB");
  }
  Session session(with_kokkos(), MPI_COMM_SELF);
  session.run(evaluate(atoms("compute s all soap/atom quippy 4 3 3 0.5\n")));
  auto **x = static_cast<double **>(lammps_extract_atom(session.handle, "x"));
  x[5][1] = NAN;
  session.must_fail("run 0 pre no", "is not finite");
}

} // namespace

int main(int argc, char **argv)
{
  return run_tests(argc, argv,
                   {{"bases and keywords", bases_and_keywords},
                    {"teams", teams},
                    {"large vectors", large_vectors},
                    {"means and sums", means_and_sums},
                    {"nearest environments", nearest_environments},
                    {"no copies", no_copies},
                    {"excluded pairs", excluded_pairs},
                    {"bad input", bad_input}});
}
