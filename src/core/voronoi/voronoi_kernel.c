/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of a Voronoi cell that are plain loops over neighbors, compiled once per SIMD level. */
#include "base/vector.h"
#include "voronoi_private.h"

/* The bits of points that are generators. */
static unsigned keep_generators(const struct voronoi_search *search, uint32_t first, unsigned bits)
{
  unsigned kept = 0;
  for (; bits; bits &= bits - 1) {
    const unsigned lane = (unsigned)__builtin_ctz(bits);
    if (search->generator[search->cells->index[first + lane]])
      kept |= 1u << lane;
  }
  return kept;
}

/* The bits of points within the shell that are neighbors; first .. last-1 is what remains of the
   run. */
static unsigned choose(const struct voronoi_search *search, uint32_t first, uint32_t last,
                       vector r2)
{
  unsigned bits = vector_mask_bits((r2 >= search->inner2) & (r2 < search->outer2));
  if (last - first < WIDTH)
    bits &= (1u << (last - first)) - 1;
  if (search->center - first < WIDTH)
    bits &= ~(1u << (search->center - first));
  return search->generator ? keep_generators(search, first, bits) : bits;
}

void MLGRAIN_KERNEL(voronoi_gather)(const struct voronoi_search *search,
                                    struct voronoi_neighbors *near)
{
  const struct mlgrain_cells *cells = search->cells;
  const uint32_t center = search->center;
  const double x = cells->x[center], y = cells->y[center], z = cells->z[center];
  size_t count = 0;
  for (int r = 0; r < search->run_count; r++) {
    for (uint32_t j = search->run[r].first; j < search->run[r].last; j += WIDTH) {
      const vector dx = (vector_load(cells->x + j) - x) * search->scale;
      const vector dy = (vector_load(cells->y + j) - y) * search->scale;
      const vector dz = (vector_load(cells->z + j) - z) * search->scale;
      const vector r2 = dx * dx + dy * dy + dz * dz;
      const unsigned bits = choose(search, j, search->run[r].last, r2);
      if (!bits)
        continue;
      vector_compress_store(near->x + count, bits, dx);
      vector_compress_store(near->y + count, bits, dy);
      vector_compress_store(near->z + count, bits, dz);
      vector_compress_store(near->r2 + count, bits, r2);
      count += (unsigned)__builtin_popcount(bits);
    }
  }
  near->count = count;
}

/* Neighbors in lanes, one vertex after the other; the sign bit of a lane is set for good by the
   first vertex beyond its plane. */
size_t MLGRAIN_KERNEL(voronoi_filter)(const struct voronoi_neighbors *near, size_t first,
                                      size_t last, const double *vertices, int vertex_count,
                                      uint32_t *found)
{
  size_t count = 0;
  for (size_t j = first; j < last; j += WIDTH) {
    const vector x = vector_load(near->x + j);
    const vector y = vector_load(near->y + j);
    const vector z = vector_load(near->z + j);
    const vector limit = vector_load(near->r2 + j) - 1e-10;
    vector_int beyond = {0};
    for (const double *v = vertices; v < vertices + 3 * vertex_count; v += 3)
      beyond |= (vector_int)(((limit - x * v[0]) - y * v[1]) - z * v[2]);
    unsigned bits = vector_mask_bits(beyond < 0);
    if (last - j < WIDTH)
      bits &= (1u << (last - j)) - 1;
    for (; bits; bits &= bits - 1)
      found[count++] = (uint32_t)j + (unsigned)__builtin_ctz(bits);
  }
  return count;
}
