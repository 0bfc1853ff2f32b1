/* -*- c++ -*- SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef PAIR_CLASS
// clang-format off
PairStyle(mtp,PairMTP);
// clang-format on
#else

#ifndef LMP_PAIR_MTP_H
#define LMP_PAIR_MTP_H

#include "pair.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

struct mlgrain_mtp;
struct mlgrain_mtp_file;
struct mlgrain_mtp_result;

namespace MLGRAIN_NS {
struct MTPErrorRequest;
}

namespace LAMMPS_NS {

/* Moment tensor potentials in the files of MLIP-2 and MLIP-3; doc/pair_mtp.md. */
class PairMTP : public Pair {
 public:
  PairMTP(class LAMMPS *);
  ~PairMTP() override;
  void compute(int, int) override;
  void settings(int, char **) override;
  void coeff(int, char **) override;
  void init_style() override;
  void setup() override;
  double init_one(int, int) override;
  void *extract(const char *, int &) override;
  void *extract_peratom(const char *, int &) override;
  double memory_usage() override;
  /* Overrides one that older versions of LAMMPS lack, so that it can't say so. */
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Winconsistent-missing-override"
#endif
  virtual double compute_atomic_energy(int, class NeighList *);
#if defined(__clang__)
#pragma clang diagnostic pop
#endif

  /* Extrapolation grades of the local atoms at the current step, collective: [nlocal], owned by
     this object. Those up to a threshold may be upper bounds that aren't above it. Without an
     active set in the file, an error that names the asking style. */
  const double *grades(const std::string &asked_by, double threshold = 0.0);

  /* Largest of these grades over all ranks. */
  double largest_grade() const;

  /* Error bars for the potential of this pair style, from the contents of their file; collective.
     Errors name `asked_by` and the file. Nothing is done where they were read before. */
  void read_error_bars(const std::string &asked_by, const std::string &name,
                       const std::vector<double> &bytes, size_t size,
                       const std::shared_ptr<MLGRAIN_NS::MTPErrorRequest> &request);

  /* Fills parts of a request for the atoms as they are now, in a pass of its own; collective. */
  void evaluate_errors(MLGRAIN_NS::MTPErrorRequest &request, bool leverages, bool members,
                       const std::string &asked_by);

  double shortest_distance() const;    // min_dist of the potential

  /* For a style that changes the potential during a run. */
  const std::string &potential_path() const;
  uint64_t potential_fingerprint() const;    // of the file that was read
  const std::vector<int> &species_of_types() const
  {
    return species_map();
  }

  /* Goes on with other coefficients of the same potential; on all ranks the same. Error bars that
     were read are those of before, until they are renewed. */
  void replace_coefficients(const mlgrain_mtp_file *file, const std::string &asked_by);

  /* Error bars of a request that are those of the potential now.
       sketch, members   as mlgrain_mtp_error_bars_renew takes them
       factor            what factors of errors are multiplied by */
  void renew_error_bars(MLGRAIN_NS::MTPErrorRequest &request, const mlgrain_mtp_file *file,
                        const std::vector<double> &sketch, size_t rows,
                        const std::vector<double> &members, double factor,
                        const std::string &asked_by);
  virtual bool gives_error_bars() const
  {
    return true;
  }

 protected:
  /* What an accelerated form does in its own way. */
  virtual void potential_read(const mlgrain_mtp_file *, const mlgrain_mtp *) {}
  virtual void types_mapped() {}
  virtual bool offers_mixed_precision() const
  {
    return true;
  }
  virtual void begin_tallies(int eflag, int vflag)
  {
    ev_init(eflag, vflag);
  }
  virtual void evaluate(bool energies_and_forces, bool with_grades);
  virtual void prepare_for_host() {}    // before this class reads the atoms' arrays
  virtual void fetch_grades() {}        // before the grades of atoms are read
  virtual double local_largest_grade() const;
  virtual void sum_gradients(double *sum) const;    // sum: [parameters], zeroed

  /* What it needs for that. */
  struct Centers {
    const int *atom;
    int count;
  };
  Centers remaining_centers(const int *listed, int count);    // collective
  bool exclusions_known() const;                              // and those centers still the same
  const std::vector<int> &species_map() const;                // by type, -1: not seen
  bool grades_of_neighborhoods() const;
  std::vector<double> &host_grades();    // by local atom
  void note_distance(double);
  /* Evaluates them unless they are current, and exact above the threshold. */
  void require_grades(const std::string &asked_by, double threshold);

 private:
  struct Settings;
  struct Core;
  std::unique_ptr<Settings> options;    // what the input lines say
  std::unique_ptr<Core> core;           // the library's objects
  int grade_flag;                       // set to 1 by fix pair when it wants grades

  void allocate();
  int parse_option(int, char **, int);
  void read_file(const std::string &);
  void map_types(int, char **);
  int species_of(const std::string &) const;
  void require_active_set(const std::string &) const;
  bool saves_neighborhoods() const;
  void prepare(int nthreads, bool with_grades);
  void prepare_errors(int nthreads);
  void serve_requests();
  void evaluate_atom(int, class NeighList *, mlgrain_mtp_result *);
  void expect_grades(double);
  void make_bounds(const Centers &);
  void begin_with_highest();
  void find_highest();
  bool bounds_pay();
  void judge_bounds();
  void reduce_members(int nthreads);
  bool sees(int i) const;
  void attach_arrays(int thread);
  void reduce_threads(int nthreads);
  void reduce_grades();
  void act_on_grades();
  void warn_of_lost_configuration(const std::string &);
  void warn_of_line_search();
  void warn_of_short_distances();
};

}    // namespace LAMMPS_NS

#endif
#endif
