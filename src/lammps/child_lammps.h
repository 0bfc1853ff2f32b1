/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A second LAMMPS in the process, of this rank alone and without output. */
#ifndef MLGRAIN_CHILD_LAMMPS_H
#define MLGRAIN_CHILD_LAMMPS_H

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace MLGRAIN_NS {

/* What went wrong in it, in one line. */
class ChildFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct DeleteChild {
  void operator()(LAMMPS_NS::LAMMPS *) const noexcept;
};
using ChildLammps = std::unique_ptr<LAMMPS_NS::LAMMPS, DeleteChild>;

/* Throws ChildFailure. */
ChildLammps start_child();

/* The first line of a message, without the words that LAMMPS begins it with. */
std::string plain_message(const std::exception &);

/* Does what may fail in it, with its errors as ChildFailure. */
template <class Work> auto in_child(const Work &work) -> decltype(work())
{
  try {
    return work();
  } catch (const ChildFailure &) {
    throw;
  } catch (const std::exception &failure) {
    throw ChildFailure(plain_message(failure));
  }
}

}    // namespace MLGRAIN_NS

#endif
