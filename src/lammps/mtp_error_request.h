/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a style wants pair style mtp to give besides forces: leverages, nearest distances, forces of
   members (mlgrain/mtp_error.h). The style owns the request, the pair style fills it. */
#ifndef MLGRAIN_MTP_ERROR_REQUEST_H
#define MLGRAIN_MTP_ERROR_REQUEST_H

#include "lmptype.h"

#include "mlgrain/mtp_error.h"

#include <functional>
#include <memory>
#include <vector>

namespace MLGRAIN_NS {

struct MTPErrorRequest {
  using bigint = LAMMPS_NS::bigint;

  struct Parts {
    bool leverages, members;
  };

  std::unique_ptr<mlgrain_mtp_error_bars, void (*)(mlgrain_mtp_error_bars *)> bars{
      nullptr, mlgrain_mtp_error_bars_free};
  int members = 0;    // even; of the file's, the first so many

  /* Which parts the pass that computes forces at a step should give; the same on all ranks. */
  std::function<Parts(bigint step)> wanted;

  /* What there is, and of which step; -1: nothing. Of local atoms, 0 and infinity for those that
     the potential doesn't see; forces of members also of ghosts, whose parts belong to their
     owners: [atom][members/2][3][2]. */
  bigint leverage_step = -1, member_step = -1;
  std::vector<double> leverage, nearest;
  std::vector<float> member_force;
};

}    // namespace MLGRAIN_NS

#endif
