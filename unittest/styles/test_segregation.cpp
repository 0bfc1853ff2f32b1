/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command segregation: energies against those of the whole system with all but the sites' spheres
   held; pair styles; the crystal against a large cell that relaxes as a whole, and against
   isotropic elasticity; another structure of the host; other radii; the same on any number of
   ranks; random sites, resuming, properties; flags; errors. */
#include "mtp_cases.h"

#include <map>

using namespace test;

namespace {

struct Site {
  double type, x[3], energy, correction, drift, host_change, coordination, shift, largest_shift,
      force, evaluations;
  int flag;
};

using Table = std::map<long, Site>;

Table read_table(const std::string &path, std::vector<std::string> *head = nullptr)
{
  MPI_Barrier(MPI_COMM_WORLD);
  Table table;
  std::ifstream file(path);
  long last = 0;
  for (std::string line; std::getline(file, line);) {
    if (line[0] == '#') {
      if (head) head->push_back(line);
      continue;
    }
    std::istringstream words(line);
    long id = 0;
    Site s;
    std::string energy, correction, drift;    // streams can't read "nan"
    words >> id >> s.type >> s.x[0] >> s.x[1] >> s.x[2] >> energy >> correction >> drift >>
        s.host_change >> s.coordination >> s.shift >> s.largest_shift >> s.force >> s.evaluations >>
        s.flag;
    check((bool) words && id > last, "a line of the table: %s", line.c_str());
    s.energy = std::strtod(energy.c_str(), nullptr);
    s.correction = std::strtod(correction.c_str(), nullptr);
    s.drift = std::strtod(drift.c_str(), nullptr);
    table[last = id] = s;
  }
  MPI_Barrier(MPI_COMM_WORLD);
  return table;
}

/* In the second line. */
double in_header(const std::vector<std::string> &head, const std::string &words)
{
  const size_t at = head.size() > 1 ? head[1].find(words) : std::string::npos;
  if (!check(at != std::string::npos, "no %s in the header", words.c_str())) return 0.0;
  return std::stod(head[1].substr(at + words.size()));
}

/* Pair commands as a file, as the input and the command include it. */
struct Commands {
  std::string path;
  Commands(const char *suffix, const std::string &text) : path(scratch_file(suffix))
  {
    write_file(path, text);
  }
  ~Commands() { remove_scratch_file(path); }
};

std::string copper()
{
  return "pair_style eam\npair_coeff 1 1 " + potentials() + "/Cu_u3.eam\npair_coeff 2 2 " +
      potentials() + "/Ag_u3.eam\n";
}

std::string crystal(const std::string &pair, int cells = 5, double shaken = 0.0,
                    const std::string &lattice = "fcc 3.615")
{
  const std::string n = std::to_string(cells);
  return "units metal\natom_modify map array\nlattice " + lattice + "\nregion box block 0 " + n +
      " 0 " + n + " 0 " + n +
      "\ncreate_box 2 box\ncreate_atoms 1 box\nmass 1 63.546\nmass 2 107.87\nreset_atoms id "
      "sort yes\n" +
      (shaken > 0.0 ? "displace_atoms all random " + number(shaken) + " " + number(shaken) + " " +
               number(shaken) + " 77 units box\n"
                    : "") +
      "include " + pair + "\nthermo_modify norm no\n";
}

Table run_sites(const std::string &input, const std::string &words,
                std::vector<std::string> *head = nullptr, MPI_Comm communicator = MPI_COMM_WORLD,
                const std::string &suffix = ".table")
{
  const std::string path = scratch_file(suffix);
  {
    Session session({}, communicator);
    session.run(input + words + " table " + path);
  }
  const auto table = read_table(path, head);
  remove_scratch_file(path);
  return table;
}

/* Energy of the whole system when only atoms within the radius of one move. */
double held(const std::string &input, long id, const Site &site, double radius, bool with_solute)
{
  Session session;
  session.run(input + "region sphere sphere " + number(site.x[0]) + " " + number(site.x[1]) + " " +
              number(site.x[2]) + " " + number(radius) + " units box\n" +
              "group sphere region sphere\ngroup rest subtract all sphere\n"
              "fix hold rest setforce 0 0 0\nminimize 0 1e-5 500 2000\n" +
              (with_solute ? "set atom " + std::to_string(id) + " type 2\n" : "") +
              "minimize 0 1e-5 1000 4000\n");
  return lammps_get_thermo(session.handle, "pe");
}

/* 21.7 Angstrom: clusters of 5 and twice 5.55 Angstrom have images of the site, which are too far
   away to act on what moves. */
void equals_the_whole_system()
{
  const Commands pair(".pair", copper());
  const std::string input = crystal(pair.path, 6, 0.1);
  std::vector<std::string> head;
  const auto table = run_sites(input,
                               "region middle block 7 14 7 14 7 14 units box\ngroup sites region "
                               "middle\nsegregation sites 2 " +
                                   pair.path + " sites random 2 1 radius 5 force 1e-4 correct no",
                               &head);
  const double bulk = in_header(head, "in the crystal ");
  check(table.size() == 2, "%zu sites", table.size());
  for (const auto &one : table) {
    const auto &site = one.second;
    const double whole =
        held(input, one.first, site, 5.0, true) - held(input, one.first, site, 5.0, false);
    check(std::fabs(whole - site.energy - bulk) < 2e-5,
          "site %ld: %.7f, and %.7f in the whole system", one.first, site.energy + bulk, whole);
    check(site.flag == 0 && site.coordination == 12 && site.largest_shift > 0.05,
          "site %ld: flag %d, %g neighbors, shift %g", one.first, site.flag, site.coordination,
          site.largest_shift);
  }
}

/* Without relaxation, for styles of all kinds: energies of swaps. */
void any_pair_style()
{
  const TestPotential potential("segregation.mtp", {});
  const std::string other = "lj/cut 3.9\npair_coeff * * 0.3 2.2\npair_coeff 1 2 0.4 2.3\n";
  const std::string mtp = "mtp\npair_coeff * * " + potential.path + " 0 1\n";
  const std::vector<std::string> styles = {
      other, mtp,
      "hybrid/overlay lj/cut 3.0 mtp\npair_coeff * * lj/cut 0.3 2.2\npair_coeff * * mtp " +
          potential.path + " 0 1\n"};
  for (const auto &style : styles) {
    const Commands pair(".pair", "pair_style " + style);
    const std::string input = crystal(pair.path, 4, 0.1, "fcc 3.7");
    std::vector<std::string> head;
    const auto table = run_sites(
        input, "group sites id 7 100\nsegregation sites 2 " + pair.path + " radius 3 force 1e10",
        &head);
    const double bulk = in_header(head, "in the crystal ");
    check(table.size() == 2, "%zu sites", table.size());
    for (const auto &one : table) {
      Session session;
      session.run(input + "run 0");
      const double before = lammps_get_thermo(session.handle, "pe");
      session.run("set atom " + std::to_string(one.first) + " type 2\nrun 0");
      const double swap = lammps_get_thermo(session.handle, "pe") - before;
      check(std::fabs(swap - bulk - one.second.energy) < 1e-7, "%s: %.9f, expected %.9f",
            style.substr(0, style.find('\n')).c_str(), one.second.energy, swap - bulk);
    }
  }
}

/* A solute in a cell of 2048 atoms that all relax; its images are 29 Angstrom away. Without what
   atoms beyond the radius give the energy is off by what isotropic elasticity says of a sphere that
   is held, P^2/(8 pi (3 K + 4 mu) radius^3), with K = 138 and mu = 46 GPa, and P = 3 K v for
   v = 6.8 Angstrom^3 that silver takes more than copper. */
void the_crystal()
{
  const Commands pair(".pair", copper());
  const std::string words = "group sites id 1\nsegregation sites 2 " + pair.path + " radius 8 ";
  std::vector<std::string> head, raw_head;
  const auto table = run_sites(crystal(pair.path, 5), words, &head);
  run_sites(crystal(pair.path, 5), words + "correct no", &raw_head);
  double energy[2];
  for (int solute : {0, 1}) {
    Session session;
    session.run(crystal(pair.path, 8) + (solute ? "set atom 1 type 2\n" : "") +
                "min_style cg\nminimize 0 1e-3 200 800\n");
    energy[solute] = lammps_get_thermo(session.handle, "pe");
  }
  const double whole = energy[1] - energy[0], bulk = in_header(head, "in the crystal "),
               raw = in_header(raw_head, "in the crystal ");
  check(std::fabs(whole - bulk) < 1.5e-3, "%.6f, and %.6f in a large cell", bulk, whole);
  const double modulus = (3 * 138 + 4 * 46) / 160.21766, pi = 3.14159265358979,
               dipole = 3 * 138 / 160.21766 * 6.8;
  const double wanted = dipole * dipole / (8.0 * pi * modulus * 512.0);
  check(raw - bulk > 0.6 * wanted && raw - bulk < 1.6 * wanted, "%g is lacking, expected %g",
        raw - bulk, wanted);
  check(table.size() == 1 && std::fabs(table.at(1).energy) < 1e-5, "%g in the crystal itself",
        table.empty() ? -1.0 : table.begin()->second.energy);
}

/* An atom half way between two vacancies stays there until a solute comes, and goes to one of them:
   the energy is that of the solute beside the other vacancy, and what the host has won is apart.
   The same in the whole system, in which the solute comes, goes and comes again. */
void the_host_changes()
{
  const Commands pair(".pair", copper());
  const double a = 3.615;
  const auto near = [&](double x, double y, double z) {
    return "sphere " + number(a * x) + " " + number(a * y) + " " + number(a * z) +
        " 0.1 units box\n";
  };
  const std::string input = crystal(pair.path, 6) + "region one " + near(3, 3, 3) + "region two " +
      near(3.5, 3.5, 3) +
      "delete_atoms region one\ndelete_atoms region two\ncreate_atoms 1 single " +
      "3.25 3.25 3\nregion site " + near(4, 3.5, 3.5) +
      "group site region site\nminimize 0 1e-6 1000 4000\n";
  std::vector<std::string> head;
  const auto table = run_sites(
      input, "segregation site 2 " + pair.path + " radius 5 force 1e-4 correct no", &head);
  if (!check(table.size() == 1, "%zu sites", table.size())) return;
  const long id = table.begin()->first;
  const auto &site = table.begin()->second;
  check(site.flag == 16, "flag %d, shift %g", site.flag, site.largest_shift);
  Session session;
  const std::string atom = "set atom " + std::to_string(id) + " type ";
  const std::string relax = "minimize 0 1e-5 1000 4000\n";
  session.run(input + "region sphere sphere " + number(site.x[0]) + " " + number(site.x[1]) + " " +
              number(site.x[2]) +
              " 5 units box\ngroup sphere region sphere\n"
              "group rest subtract all sphere\nfix hold rest setforce 0 0 0\n" +
              relax);
  double energy[4];    // host, solute, host, solute
  for (int k = 0; k < 4; k++) {
    session.run((k ? atom + (k % 2 ? "2\n" : "1\n") : "") + relax);
    energy[k] = lammps_get_thermo(session.handle, "pe");
  }
  check(energy[2] < energy[0] - 0.1, "the host has won %g", energy[0] - energy[2]);
  check(std::fabs(energy[2] - energy[0] - site.host_change) < 5e-5,
        "%.6f of the host, expected %.6f", site.host_change, energy[2] - energy[0]);
  const double wanted = energy[3] - energy[2] - in_header(head, "in the crystal ");
  check(std::fabs(wanted - site.energy) < 5e-5, "%.6f, and %.6f in the whole system", site.energy,
        wanted);
}

/* The drift is what another run with the radius of a stage gives; `check` does such a run. */
void other_radii()
{
  const Commands pair(".pair", copper());
  const std::string path = scratch_file(".log");
  const std::string input = crystal(pair.path, 5) + "group lost id 20 220 310\n" +
      "delete_atoms group lost compress no\nminimize 0 1e-5 1000 4000\n",
                    words = "group sites id 19 21 219 221 309\nsegregation sites 2 " + pair.path +
      " force 1e-4 radius ";
  const auto small = run_sites(input, words + "4.8"), large = run_sites(input, words + "6");
  double sum[4] = {0.0, 0.0, 0.0, 0.0};    // differences, squares; the same without correction
  for (const auto &one : large) {
    if (!check(small.count(one.first), "no site %ld", one.first)) return;
    const auto &other = small.at(one.first);
    const double drift = one.second.energy - other.energy, raw = -drift - other.correction;
    check(std::fabs(one.second.drift - drift) < 5e-5, "site %ld drifts by %.6f, expected %.6f",
          one.first, one.second.drift, drift);
    sum[0] -= drift;
    sum[1] += drift * drift;
    sum[2] += raw;
    sum[3] += raw * raw;
  }
  for (const bool is_soft : {false, true}) {
    run_sites(input + "log " + path + "\n",
              words + "4.8 check 5 6 drift " + (is_soft ? "1e-9" : "1"));
    const auto lines = lines_with(path, "sites at radius 6:");
    if (is_soft) {    // all sites have a flag: there are none to check
      check(lines.empty(), "%zu lines of soft sites", lines.size());
      continue;
    }
    double found[4] = {};
    int count = 0, others = -1;
    if (!check(
            lines.size() == 1 &&
                sscanf(lines[0].c_str(),
                       " %d sites at radius 6: this run's energies are off by %lf (rms; mean %lf), "
                       "without correction by %lf (%lf); %d others have a flag there",
                       &count, &found[1], &found[0], &found[3], &found[2], &others) == 6,
            "the lines of a check: %s", lines.empty() ? "none" : lines[0].c_str()))
      continue;
    check(count == 5 && others == 0, "%d sites, %d others", count, others);
    for (int k : {0, 2}) {
      check(std::fabs(found[k] - sum[k] / 5) < 3e-5, "mean %g, expected %g", found[k], sum[k] / 5);
      const double rms = std::sqrt(sum[k + 1] / 5);
      check(rms > 1e-3 && std::fabs(found[k + 1] - rms) < 3e-5, "rms %g, expected %g", found[k + 1],
            rms);
    }
  }
  for (const auto &one : run_sites(input, words + "4.8 drift 1e-9"))
    check(one.second.flag == 32, "site %ld: flag %d", one.first, one.second.flag);
  remove_scratch_file(path);
}

void check_equal(const Table &a, const Table &b, double tolerance)
{
  if (!check(a.size() == b.size(), "%zu and %zu sites", a.size(), b.size())) return;
  for (const auto &one : a) {
    if (!check(b.count(one.first), "no site %ld", one.first)) return;
    const auto &other = b.at(one.first);
    check(std::fabs(one.second.energy - other.energy) < tolerance, "site %ld: %.8f and %.8f",
          one.first, one.second.energy, other.energy);
    check(one.second.flag == other.flag && one.second.coordination == other.coordination,
          "site %ld: flags %d and %d", one.first, one.second.flag, other.flag);
  }
}

/* All together and each alone; the sites on few of the ranks, and in rounds. */
void same_for_any_ranks()
{
  const Commands pair(".pair", copper());
  const std::string input = crystal(pair.path, 5, 0.05);
  const std::string words = "region corner block 0 2 0 2 0 2\ngroup sites region corner\n"
                            "segregation sites 2 " +
      pair.path + " radius 4 write 3 sites random 12 5";
  const auto together = run_sites(input, words);
  const auto alone =
      run_sites(input, words, nullptr, MPI_COMM_SELF, ".alone" + std::to_string(rank()));
  check(together.size() == 12, "%zu sites", together.size());
  check_equal(together, alone, 2e-6);
  /* atoms elsewhere in memory and in the box; the perfect site is an atom of another system */
  const auto moved = run_sites(
      input + "displace_atoms all move 3.0 9.0 -2.0\natom_modify sort 1 2.0\nrun 0\n",
      "group sites id " +
          [&] {
            std::string ids;
            for (const auto &one : together) ids += " " + std::to_string(one.first);
            return ids;
          }() +
          "\nsegregation sites 2 " + pair.path + " radius 4");
  check_equal(together, moved, 2e-6);
}

void the_site_of_an_atom()
{
  const Commands pair(".pair", copper());
  std::vector<std::string> head, other;
  const std::string words = "group sites id 3\nsegregation sites 2 " + pair.path + " radius 5";
  const auto lattice = run_sites(crystal(pair.path), words, &head);
  const auto atom = run_sites(crystal(pair.path), words + " bulk atom 100", &other);
  check_equal(lattice, atom, 1e-5);
  for (const char *what : {"in the crystal ", "within "})
    check(close_to(in_header(head, what), in_header(other, what), 1e-6), "%s differs", what);
}

/* Draws of fewer are part of draws of more; what is in the table stays. */
void resumes()
{
  const Commands pair(".pair", copper());
  const std::string path = scratch_file(".resumed");
  const std::string input = crystal(pair.path, 5, 0.05);
  const std::string words =
      "segregation all 2 " + pair.path + " radius 4 drift 9 resume yes table " + path;
  Session session;
  session.run(input + words + " sites random 3 11");
  const auto few = read_table(path);
  check(few.size() == 3, "%zu sites", few.size());
  /* a mark in one row, and a line that has no end */
  std::string text = read_file(path);
  MPI_Barrier(MPI_COMM_WORLD);
  const size_t at = text.rfind(" 0\n");
  text.replace(at, 2, " 4");
  write_file(path, text + "77 1 0.5 ");
  session.run(words + " sites random 6 11");
  const auto more = read_table(path);
  check(more.size() == 6, "%zu sites", more.size());
  int marks = 0;
  for (const auto &one : more) marks += one.second.flag == 4;
  check(marks == 1, "%d of the marked row", marks);
  for (const auto &one : few)
    check(more.count(one.first) && more.at(one.first).energy == one.second.energy,
          "site %ld is not kept", one.first);
  session.must_fail(words + " sites random 6 11 force 0.01", "force 0.01");
  session.run("displace_atoms all random 0.5 0.5 0.5 3 units box\n");
  session.must_fail(words + " sites random 6 11", "has moved since the file");
  write_file(path, text.substr(0, text.find("\n# id")) + "\n1 2 3\n");
  session.must_fail(words + " sites random 6 11", "line 3 of the file");
  remove_scratch_file(path);
}

void sets_a_property()
{
  const Commands pair(".pair", copper());
  const std::string path = scratch_file(".property");
  Session session;
  session.run(crystal(pair.path, 5, 0.05) +
              "fix p all property/atom d_energy\nset group all d_energy 9.0\n"
              "group sites id 5 50 200\nsegregation sites 2 " +
              pair.path + " radius 4 property d_energy table " + path +
              "\ncompute e all property/atom d_energy\nrun 0");
  const auto table = read_table(path);
  remove_scratch_file(path);
  const auto energy = session.gather("c_e", 1);
  for (long id = 1; id <= session.natoms(); id++) {
    const double wanted = table.count(id) ? table.at(id).energy : 9.0;
    check(std::fabs(energy[id - 1] - wanted) < 1e-7, "atom %ld has %g", id, energy[id - 1]);
  }
}

/* An atom on top of another spoils its own site, and no other. */
void flags()
{
  const Commands pair(".pair", copper());
  const auto table =
      run_sites(crystal(pair.path, 5, 0.02) + "create_atoms 1 single 9.2 9.1 9.0 units box\n",
                "region near sphere 9.2 9.1 9.0 1.0 units box\ngroup sites region near\n"
                "group sites id 20\nsegregation sites 2 " +
                    pair.path + " radius 4 drift 9 bulk lattice evaluations 60");
  if (!check(table.size() >= 2, "%zu sites", table.size())) return;
  for (const auto &one : table)
    check((one.first == 20) == (one.second.flag == 0), "site %ld has flag %d", one.first,
          one.second.flag);
}

/* Variables and type labels of the run. */
void names_of_the_run()
{
  const Commands pair(".pair",
                      "pair_style lj/cut ${reach}\npair_coeff Cu Cu 0.3 & # both\n  2.2\n"
                      "pair_coeff Ag Ag $(0.2+0.2) 2.4\n");
  const Commands plain(".plain",
                       "pair_style lj/cut 5.0\npair_coeff 1 1 0.3 2.2\n"
                       "pair_coeff 2 2 0.4 2.4\n");
  const std::string input = crystal(plain.path, 5, 0.05, "fcc 3.5");
  const std::string words = " radius 4 force 1e-4", sites = "group sites id 9\nsegregation sites ";
  const auto named = run_sites(input + "labelmap atom 1 Cu 2 Ag\nvariable reach equal 4+1\n",
                               sites + "Ag " + pair.path + words);
  check_equal(named, run_sites(input, sites + "2 " + plain.path + words), 1e-7);
  check(named.size() == 1 && std::fabs(named.begin()->second.energy) > 1e-4, "no energy");
}

void errors()
{
  const Commands pair(".pair", copper());
  const std::string input = crystal(pair.path) +
      "group sites id 1:20\ngroup none empty\n"
      "group both id 1 2\nset atom 1 type 1\n";
  const std::string good = "segregation sites 2 " + pair.path;
  {
    Session session;
    session.must_fail(good, "before the simulation box");
    session.run(input);
    session.must_fail("segregation sites 2", "are needed");
    session.must_fail("segregation nosuch 2 " + pair.path, "no group nosuch");
    session.must_fail("segregation sites 3 " + pair.path, "no atom type 3");
    session.must_fail("segregation none 2 " + pair.path, "the group has no atoms");
    session.must_fail("segregation sites 1 " + pair.path, "type of the solute");
    session.must_fail("segregation sites 2 nosuchfile", "cannot read the file nosuchfile");
    session.must_fail(good + " radius -1", "radius cannot be -1");
    session.must_fail(good + " radius nan", "radius");
    session.must_fail(good + " sites some", "all or random");
    session.must_fail(good + " sites random 0 1", "cannot be 0");
    session.must_fail(good + " sites random 5", "too few words after 'sites'");
    session.must_fail(good + " bulk atom 99999", "no atom 99999");
    session.must_fail(good + " property d_nosuch", "d_nosuch");
    session.must_fail(good + " resume yes", "'resume'");
    session.must_fail(good + " drift 0", "drift cannot be 0");
    session.must_fail(good + " check 0 9", "cannot be 0");
    session.must_fail(good + " check 3", "too few words after 'check'");
    session.must_fail(good + " check 3 -2", "radius cannot be -2");
    session.must_fail(good + " nosuch 1", "unknown keyword 'nosuch'");
    session.must_fail(good + " table /nosuchfolder/x", "cannot write the file");
    session.must_fail(good + " radius 5 evaluations 2", "did not converge");
    session.run("set atom 2 type 2");
    session.must_fail("segregation both 2 " + pair.path, "types 1 to 2");
    session.must_fail(good + " bulk atom 2", "types 1 to 2");
    session.run("neighbor 1.0 multi\ncomm_modify mode multi");
    session.must_fail("group ones type 1\nsegregation ones 2 " + pair.path, "comm_modify mode");
  }
  const std::vector<std::pair<std::string, std::string>> files = {
      {"# nothing\n\n", "no pair_style"},
      {"pair_style nosuch\n", "line 1 of the file"},
      {"pair_style eam\n\npair_coeff 1 1 &\n nosuch.eam\n", "line 3 of the file"},
      {"pair_style eam\npair_coeff 1 1 " + potentials() + "/Cu_u3.eam\n", "coeffs are not set"},
      {"pair_style zero 5.0\npair_coeff * *\nfix 1 all nve\n", "needs fixes"}};
  for (const auto &file : files) {
    const Commands wrong(".wrong", file.first);
    Session session;
    session.run(input);
    session.must_fail("segregation sites 2 " + wrong.path, file.second);
  }
}

}    // namespace

int main(int argc, char **argv)
{
  return run_tests(argc, argv,
                   {{"equals the whole system", equals_the_whole_system},
                    {"any pair style", any_pair_style},
                    {"the crystal", the_crystal},
                    {"the host changes", the_host_changes},
                    {"other radii", other_radii},
                    {"the same for any ranks", same_for_any_ranks},
                    {"the site of an atom", the_site_of_an_atom},
                    {"resumes", resumes},
                    {"sets a property", sets_a_property},
                    {"flags", flags},
                    {"names of the run", names_of_the_run},
                    {"errors", errors}});
}
