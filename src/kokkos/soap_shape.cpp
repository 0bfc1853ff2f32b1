/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "soap_shape.h"

#include <algorithm>
#include <cstdlib>

using namespace MLGRAIN_NS;

/* Shared memory of a team: with more, a multiprocessor would have too few teams. */
static constexpr size_t MOST_SHARED_BYTES = 48 * 1024;

/* Vectors and neighbors of the centers that are there at the same time. */
static constexpr double BLOCK_BYTES = 128.0e6;

/* The given number of the environment variable, 0 if it isn't there. */
static long setting(int number)
{
  const char *text = getenv("MLGRAIN_KOKKOS_SOAP");
  long value = 0;
  for (int k = 0; k <= number; k++) {
    if (!text || !*text) return 0;
    char *end;
    value = strtol(text, &end, 10);
    text = *end == ',' ? end + 1 : nullptr;
  }
  return std::max(0L, value);
}

static int pairs_below(int l)    // of l and m >= 0
{
  return l * (l + 1) / 2;
}

static int most_pairs(const SoapShape &shape)
{
  int most = 0;
  for (int b = 0; b < shape.bands; b++)
    most = std::max(most, pairs_below(shape.first_l[b + 1]) - pairs_below(shape.first_l[b]));
  return most;
}

size_t MLGRAIN_NS::soap_team_bytes(const SoapProblem &problem, const SoapShape &shape)
{
  int most_l = 0;
  for (int b = 0; b < shape.bands; b++)
    most_l = std::max(most_l, shape.first_l[b + 1] - shape.first_l[b]);
  const size_t rows = 2 * (size_t) most_pairs(shape), n = (size_t) problem.n_max;
  const size_t numbers =
      (size_t) shape.batch * (rows + n * (size_t) most_l) + rows * n * (size_t) problem.species;
  return (size_t) shape.batch * problem.neighbor_bytes + numbers * problem.number_bytes;
}

/* Divides l among bands, each with about as many pairs of l and m. */
static void divide(const SoapProblem &problem, int bands, SoapShape &shape)
{
  const int end = problem.l_max + 1, all = pairs_below(end);
  shape.bands = bands;
  shape.first_l[0] = 0;
  for (int b = 1; b < bands; b++) {
    int l = shape.first_l[b - 1] + 1;
    while (l < end - (bands - b) && pairs_below(l) * bands < all * b) l++;
    shape.first_l[b] = l;
  }
  shape.first_l[bands] = end;
}

SoapShape MLGRAIN_NS::choose_soap_shape(const SoapProblem &problem, bool gpu, size_t shared_bytes)
{
  constexpr int warp = 32, most_threads = 4 * warp;
  SoapShape shape;
  shared_bytes = std::min(shared_bytes, MOST_SHARED_BYTES);
  if (setting(2)) shared_bytes = std::min(shared_bytes, (size_t) setting(2));
  shape.batch = setting(1) ? (int) setting(1) : warp;
  divide(problem, 1, shape);
  if (!setting(1) && soap_team_bytes(problem, shape) > shared_bytes) shape.batch /= 2;
  int bands = 1;
  while (soap_team_bytes(problem, shape) > shared_bytes && bands <= problem.l_max)
    divide(problem, ++bands, shape);
  if (soap_team_bytes(problem, shape) > shared_bytes) shape.scratch = 1;
  const int together = most_pairs(shape) * problem.species * ((problem.n_max + 3) / 4);
  if (gpu)
    for (shape.threads = warp; shape.threads < most_threads && shape.threads < together;)
      shape.threads *= 2;
  if (setting(0)) shape.threads = (int) setting(0);
  return shape;
}

int MLGRAIN_NS::choose_soap_block(double bytes_of_center)
{
  return setting(3) ? (int) setting(3) : std::max(1, (int) (BLOCK_BYTES / bytes_of_center));
}
