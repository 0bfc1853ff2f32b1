/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of the styles that apply models: model files made on the spot, atoms to apply them to.
 */
#ifndef MLGRAIN_TEST_MODELS_H
#define MLGRAIN_TEST_MODELS_H

#include "lammps_session.h"

#include "forest_reference.h"
#include "model_builder.h"

#include "mlgrain/sfd.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace test {

/* A file of this program's run: tests on different numbers of ranks run at the same time. */
inline std::string file_name(const std::string &name)
{
  return name + "." + std::to_string(ranks());
}

/* Written by rank 0, there for all. */
inline std::string write_model(const builder &content, const std::string &name)
{
  const std::string path = file_name(name) + ".safetensors";
  if (rank() == 0) {
    size_t size;
    unsigned char *bytes = builder_finish(&content, &size);
    remove(path.c_str()); /* the old one may still be mapped */
    check(builder_write(path.c_str(), bytes, size), "%s can't be written", path.c_str());
    free(bytes);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  return path;
}

/* JSON list of the first names of descriptors. */
inline std::string sfd_names(int count)
{
  std::string list;
  for (int i = 0; i < count; i++)
    list += std::string(i ? ", \"" : "[\"") + mlgrain_sfd_name(i) + "\"";
  return list + "]";
}

const char *const sfd_descriptor = R"({"style": "sfd/atom", "sigma": 0.909, "rcut": 5.904})";

/* Random atoms at the mean density of copper that move without forces. */
inline std::string random_atoms(int types = 1)
{
  return "units metal\nboundary p p p\nregion box block 0 16 0 17 0 18 units box\ncreate_box " +
      std::to_string(types) + " box\nmass * 63.5\ncreate_atoms 1 random 415 4711 NULL\n" +
      (types > 1 ? "set group all type/fraction 2 0.4 5\n" : "") +
      "comm_modify cutoff 8.0\ntimestep 0.001\nvelocity all create 1000 99\nfix nve all nve\n";
}

}    // namespace test

#endif
