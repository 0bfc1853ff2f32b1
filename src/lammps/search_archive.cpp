/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "search_archive.h"

#include "mlgrain/images.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

namespace MLGRAIN_NS {

const char *const ORIGIN_NAMES[ORIGINS] = {"random", "hop", "splice", "stretch", "anneal"};

/* --- descriptors --- */

SearchDescriptors::SearchDescriptors(double atom_volume)
{
  const double sigma = mlgrain_sfd_automatic_sigma(1.0 / atom_volume);
  mlgrain_error text;
  reach = mlgrain_sfd_automatic_cutoff(sigma);
  if (mlgrain_sfd_create(sigma, reach, mlgrain_simd_best(), &sfd, &text))
    throw SearchFailure(text.text);
}

SearchDescriptors::~SearchDescriptors()
{
  mlgrain_sfd_free(sfd);
}

/* [atoms][19] */
std::vector<double> SearchDescriptors::of_atoms(const SearchStructure &structure) const
{
  const auto &cell = *structure.cell;
  mlgrain_box box = {};
  for (int k = 0; k < 2; k++) std::copy(cell.edge[k], cell.edge[k] + 3, box.edge[k]);
  box.bounded[2] = 1;
  mlgrain_images *images = nullptr;
  mlgrain_cells *cells = nullptr;
  mlgrain_error text;
  const auto *x = reinterpret_cast<const double(*)[3]>(structure.x.data());
  if (mlgrain_images_create(structure.atoms(), x, &box, reach, &images, nullptr, &text))
    throw SearchFailure(text.text);
  std::vector<double> result(images->count * MLGRAIN_SFD_COUNT);
  std::vector<unsigned char> chosen(images->count, 0);
  std::fill_n(chosen.begin(), structure.atoms(), (unsigned char) 1);
  int status = mlgrain_cells_create(images->count, images->x, reach, &cells, nullptr, &text);
  if (!status)
    status = mlgrain_sfd_compute(sfd, cells, 0, mlgrain_cells_count(cells), chosen.data(), nullptr,
                                 result.data(), &text);
  mlgrain_cells_free(cells);
  mlgrain_images_free(images);
  if (status) throw SearchFailure(text.text);
  result.resize(structure.atoms() * MLGRAIN_SFD_COUNT);
  return result;
}

void SearchDescriptors::set_crystal(const SearchStructure &structure)
{
  const auto all = of_atoms(structure);
  const auto &site = structure.cell->site;
  double low = 1e300, high = -1e300;
  for (const int s : structure.site) {
    low = std::min(low, site[s].x[2]);
    high = std::max(high, site[s].x[2]);
  }
  /* one lattice plane in the middle has all sites of the basis */
  const double middle = 0.5 * (low + high), half = 0.5 * structure.cell->normal_step;
  double count = 0.0;
  crystal.fill(0.0);
  for (size_t i = 0; i < structure.atoms(); i++) {
    const double z = structure.x[3 * i + 2] - middle;
    if (z < -half - 1e-6 || z >= half - 1e-6) continue;
    count += 1.0;
    for (int k = 0; k < MLGRAIN_SFD_COUNT; k++) crystal[k] += all[i * MLGRAIN_SFD_COUNT + k];
  }
  for (auto &value : crystal) value /= count;
}

SearchDescriptor SearchDescriptors::of(const SearchStructure &structure) const
{
  const auto all = of_atoms(structure);
  SearchDescriptor sum = {};
  for (size_t i = 0; i < structure.atoms(); i++) {
    if (structure.cell->site[structure.site[i]].layer != MOBILE) continue;
    for (int k = 0; k < MLGRAIN_SFD_COUNT; k++)
      sum[k] += all[i * MLGRAIN_SFD_COUNT + k] - crystal[k];
  }
  for (auto &value : sum) value /= structure.cell->area;
  return sum;
}

/* --- the archive --- */

bool SearchArchive::are_same(const SearchResult &a, const SearchResult &b) const
{
  if (std::fabs(a.energy - b.energy) >
      energy_tolerance * std::max(std::fabs(a.energy), std::fabs(b.energy)))
    return false;
  if (std::fabs(a.volume - b.volume) > volume_tolerance) return false;
  double difference = 0.0, size = 0.0;
  for (int k = 0; k < MLGRAIN_SFD_COUNT; k++) {
    difference += std::pow(a.descriptor[k] - b.descriptor[k], 2);
    size += std::pow(a.descriptor[k], 2) + std::pow(b.descriptor[k], 2);
  }
  return difference <= descriptor_tolerance * descriptor_tolerance * 0.5 * size;
}

bool SearchArchive::add(const SearchResult &result)
{
  for (auto &known : entries) {
    if (!are_same(known, result)) continue;
    known.hits += result.hits;
    const double larger = result.structure.cell->area - known.structure.cell->area;
    if (larger < -1e-9 || (larger < 1e-9 && result.energy < known.energy)) {
      const int hits = known.hits;
      known = result;
      known.hits = hits;
    }
    return false;
  }
  entries.push_back(result);
  return true;
}

double SearchArchive::best() const
{
  double least = entries.front().energy;
  for (const auto &e : entries) least = std::min(least, e.energy);
  return least;
}

int SearchArchive::rank(double energy, double area) const
{
  const double least = best(), above = (energy - least) * area;
  return (int) std::count_if(entries.begin(), entries.end(), [=](const SearchResult &e) {
    return (e.energy - least) * e.structure.cell->area < above;
  });
}

std::vector<int> SearchArchive::sorted(const std::vector<double> &key) const
{
  std::vector<int> result(entries.size());
  std::iota(result.begin(), result.end(), 0);
  std::stable_sort(result.begin(), result.end(), [&key](int i, int j) { return key[i] < key[j]; });
  return result;
}

std::vector<int> SearchArchive::order() const
{
  std::vector<double> energy;
  for (const auto &e : entries) energy.push_back(e.energy);
  return sorted(energy);
}

std::vector<int> SearchArchive::parents() const
{
  std::vector<double> above;
  const double least = entries.empty() ? 0.0 : best();
  for (const auto &e : entries) above.push_back((e.energy - least) * e.structure.cell->area);
  return sorted(above);
}

/* --- as numbers --- */

std::vector<double> packed(const std::vector<SearchResult> &results)
{
  std::vector<double> all = {(double) results.size()};
  for (const auto &e : results) {
    const auto &s = e.structure;
    all.insert(all.end(),
               {(double) s.cell->periods.along[0], (double) s.cell->periods.along[1],
                (double) s.cell->periods.shear, (double) s.atoms(), s.translation[0],
                s.translation[1], s.translation[2], e.energy, e.volume, e.stress[0], e.stress[1],
                e.stress[2], (double) e.trial, (double) e.walker, (double) e.hits,
                (double) e.origin});
    all.insert(all.end(), e.descriptor.begin(), e.descriptor.end());
    all.insert(all.end(), s.site.begin(), s.site.end());
    all.insert(all.end(), s.x.begin(), s.x.end());
  }
  return all;
}

std::vector<SearchResult> unpacked(const std::vector<double> &all, const CellMaker &make_cell)
{
  std::vector<SearchResult> results;
  const double *p = all.data();
  const auto count = (size_t) *p++;
  for (size_t n = 0; n < count; n++) {
    SearchResult e;
    auto &s = e.structure;
    s.cell = make_cell({{(int) p[0], (int) p[1]}, (int) p[2]});
    p++;
    const auto atoms = (size_t) p[2];
    std::copy(p + 3, p + 6, s.translation);
    e.energy = p[6];
    e.volume = p[7];
    std::copy(p + 8, p + 11, e.stress.begin());
    e.trial = (long) p[11];
    e.walker = (int) p[12];
    e.hits = (int) p[13];
    e.origin = (int) p[14];
    p += 15;
    std::copy(p, p + MLGRAIN_SFD_COUNT, e.descriptor.begin());
    p += MLGRAIN_SFD_COUNT;
    for (size_t i = 0; i < atoms; i++) s.site.push_back((int) *p++);
    s.x.assign(p, p + 3 * atoms);
    p += 3 * atoms;
    results.push_back(e);
  }
  return results;
}

}    // namespace MLGRAIN_NS
