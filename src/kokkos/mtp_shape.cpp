/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp_shape.h"

#include <algorithm>
#include <cstdlib>

using namespace MLGRAIN_NS;

/* Memory for lists of near neighbors, and for moments where they are in global memory. */
static constexpr double NEAR_BYTES = 512.0e6, WORKSPACE_BYTES = 2.0e9;

/* Shared memory of a team: with more, a multiprocessor would have too few teams. */
static constexpr size_t MOST_SHARED_BYTES = 48 * 1024;

static int round_up(int n, int unit)
{
  return std::max(1, (n + unit - 1) / unit) * unit;
}

static size_t bytes_of(const MTPProblem &problem, const MTPShape &shape)
{
  return sizeof(real) * (size_t) shape.lanes *
      (size_t) (problem.numbers + problem.numbers_of_row * shape.rows);
}

static void choose_for_gpu(const MTPProblem &problem, int processors, size_t shared_bytes,
                           MTPShape &shape)
{
  constexpr int warp = 32, threads = 128, teams_of_processor = 4;
  shared_bytes = std::min(shared_bytes, MOST_SHARED_BYTES);
  shape.rows = std::min(shape.rows, 4 * ROW_BLOCK);
  while (shape.rows > ROW_BLOCK && bytes_of(problem, shape) > shared_bytes) shape.rows -= ROW_BLOCK;
  if (bytes_of(problem, shape) > shared_bytes) {
    shape.scratch = -1;
    shape.rows = ROW_BLOCK;
    shape.lanes = warp;
    shape.workers = threads / warp;
    return;
  }
  shape.scratch = 0;
  const auto fits = [&](int lanes) {
    MTPShape wider = shape;
    wider.lanes = lanes;
    wider.rows = ROW_BLOCK;
    return bytes_of(problem, wider) <= shared_bytes / 2 &&
        problem.atoms / lanes >= processors * teams_of_processor;
  };
  while (shape.lanes < warp && fits(2 * shape.lanes)) shape.lanes *= 2;
  if (shape.lanes > 1) shape.rows = ROW_BLOCK;
  shape.workers = shape.lanes == warp ? 1 : std::max(warp, threads / 2) / shape.lanes;
}

static void override_by_environment(MTPShape &shape)
{
  const char *text = getenv("MLGRAIN_KOKKOS_TEAM");
  int *const member[] = {&shape.workers, &shape.rows, &shape.lanes, &shape.scratch};
  for (int k = 0; k < 4 && text && *text; k++) {
    char *end;
    const int value = (int) strtol(text, &end, 10);
    if (value != 0) *member[k] = value;
    text = *end == ',' ? end + 1 : nullptr;
  }
  shape.rows = round_up(shape.rows, ROW_BLOCK);
}

MTPShape MLGRAIN_NS::choose_mtp_shape(const MTPProblem &problem, bool gpu, int processors,
                                      size_t shared_bytes)
{
  MTPShape shape;
  shape.lanes = 1;
  shape.workers = 1;
  shape.rows = std::min(round_up(problem.most_near, ROW_BLOCK), 16 * ROW_BLOCK);
  shape.scratch = 1;
  if (gpu) choose_for_gpu(problem, processors, shared_bytes, shape);
  override_by_environment(shape);
  const double near = 4.0 * std::max(1, problem.list_length);
  double chunk = std::min((double) problem.atoms, NEAR_BYTES / near);
  if (shape.scratch < 0)
    chunk = std::min(chunk, WORKSPACE_BYTES / (double) bytes_of(problem, shape) * shape.lanes);
  shape.chunk = std::max(shape.lanes, (int) chunk / shape.lanes * shape.lanes);
  return shape;
}
