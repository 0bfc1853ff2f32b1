/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MLGRAIN_PLUGIN_REGISTRAR_H
#define MLGRAIN_PLUGIN_REGISTRAR_H

#include "lammpsplugin.h"

#include "mlgrain_build_config.h"

namespace MLGRAIN_NS {

/* Tells LAMMPS about the styles of a plugin. */
struct Registrar {
  void *lmp, *handle;
  lammpsplugin_regfunc register_style;

  void pair(const char *name, const char *info, lammpsplugin_factory1 *creator) const
  {
    simple("pair", name, info, creator);
  }

  void command(const char *name, const char *info, lammpsplugin_factory1 *creator) const
  {
    simple("command", name, info, creator);
  }

  void minimizer(const char *name, const char *info, lammpsplugin_factory1 *creator) const
  {
    simple("min", name, info, creator);
  }

  void compute(const char *name, const char *info, lammpsplugin_factory2 *creator) const
  {
    with_words("compute", name, info, creator);
  }

  void fix(const char *name, const char *info, lammpsplugin_factory2 *creator) const
  {
    with_words("fix", name, info, creator);
  }

 private:
  void simple(const char *style, const char *name, const char *info,
              lammpsplugin_factory1 *creator) const
  {
    auto plugin = description(style, name, info);
    plugin.creator.v1 = creator;
    register_style(&plugin, lmp);
  }

  void with_words(const char *style, const char *name, const char *info,
                  lammpsplugin_factory2 *creator) const
  {
    auto plugin = description(style, name, info);
    plugin.creator.v2 = creator;
    register_style(&plugin, lmp);
  }

  lammpsplugin_t description(const char *style, const char *name, const char *info) const
  {
    lammpsplugin_t plugin;
    plugin.version = MLGRAIN_LAMMPS_VERSION;
    plugin.style = style;
    plugin.name = name;
    plugin.info = info;
    plugin.author = "the ML-GRAIN developers";
    plugin.handle = handle;
    return plugin;
  }
};

}    // namespace MLGRAIN_NS

#endif
