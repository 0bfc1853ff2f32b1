/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The LAMMPS that opens a plugin, compared with the one that the plugin was compiled for. LAMMPS
   itself checks nothing, and a plugin compiled for another version or integer size would misbehave
   silently. */
#ifndef MLGRAIN_PLUGIN_HOST_H
#define MLGRAIN_PLUGIN_HOST_H

#include <string>

namespace MLGRAIN_NS {

/* What keeps a plugin of this build out of the host, "" if nothing does. */
std::string host_mismatch(void *lmp);

}    // namespace MLGRAIN_NS

#endif
