/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All different structures that a search has found. */
#ifndef MLGRAIN_SEARCH_ARCHIVE_H
#define MLGRAIN_SEARCH_ARCHIVE_H

#include "search_cell.h"

#include "mlgrain/sfd.h"

#include <array>
#include <functional>
#include <stdexcept>
#include <vector>

namespace MLGRAIN_NS {

/* What the core can't do, or has no memory for. */
struct SearchFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using SearchDescriptor = std::array<double, MLGRAIN_SFD_COUNT>;

/* A relaxed structure. Energies are per area. */
struct SearchResult {
  SearchStructure structure;
  double energy = 0.0, volume = 0.0;
  std::array<double, 3> stress = {};    // xx, yy, xy
  SearchDescriptor descriptor = {};    // sum of the descriptors less those in the crystal, per area
  long trial = 0;
  int walker = 0, hits = 1, origin = 0;
};

/* How a structure came about. */
enum SearchOrigin { RANDOM, HOP, SPLICE, STRETCH, ANNEAL, ORIGINS };
extern const char *const ORIGIN_NAMES[ORIGINS];

/* Strain functional descriptors of whole structures. */
class SearchDescriptors {
 public:
  explicit SearchDescriptors(double atom_volume);
  ~SearchDescriptors();
  SearchDescriptors(const SearchDescriptors &) = delete;
  SearchDescriptors &operator=(const SearchDescriptors &) = delete;

  /* From the middle of a crystal with surfaces. */
  void set_crystal(const SearchStructure &crystal);

  SearchDescriptor of(const SearchStructure &) const;
  double cutoff() const { return reach; }

 private:
  mlgrain_sfd *sfd = nullptr;
  double reach = 0.0;
  SearchDescriptor crystal = {};

  std::vector<double> of_atoms(const SearchStructure &) const;
};

class SearchArchive {
 public:
  std::vector<SearchResult> entries;

  /* What counts as the same: this far apart in energy (in parts of it) and volume (length), and in
     this part of the descriptors. */
  double energy_tolerance = 1e-4, volume_tolerance = 0.0, descriptor_tolerance = 0.03;

  /* Adds a result, or counts a hit of the one that is the same, whose structure is replaced if its
     energy is higher or its cell larger. Returns whether it is new. */
  bool add(const SearchResult &);

  /* Of entries, by energy. */
  std::vector<int> order() const;

  /* Of all energies, if there are any. */
  double best() const;

  /* Of entries, by the energy of their cell above that of the best structure in the same area. The
     best one with a defect is so far behind however large its cell. */
  std::vector<int> parents() const;

  /* The place there of an energy in a cell of this area. */
  int rank(double energy, double area) const;

 private:
  bool are_same(const SearchResult &, const SearchResult &) const;
  std::vector<int> sorted(const std::vector<double> &) const;
};

/* Results as numbers, between processes. */
std::vector<double> packed(const std::vector<SearchResult> &);
using CellMaker = std::function<std::shared_ptr<const SearchCell>(const SearchPeriods &)>;
std::vector<SearchResult> unpacked(const std::vector<double> &, const CellMaker &);

}    // namespace MLGRAIN_NS

#endif
