/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Labels by whoever looks into a folder. The run goes on; the folder itself is the memory of what
   was asked for. */
#include "cell_labeler.h"
#include "cell_xyz.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <dirent.h>
#include <map>
#include <sys/stat.h>

namespace MLGRAIN_NS {

namespace {

constexpr double PATIENCE = 60.0;    // seconds that a file may take to become whole

class FolderLabeler : public OneCellLabeler {
 public:
  FolderLabeler(const std::string &folder, const std::vector<std::string> &names) :
      folder(folder), names(names)
  {
    mkdir(folder.c_str(), 0777);
    DIR *open = opendir(folder.c_str());
    if (!open) throw XYZFailure(folder + " is not a folder one can read");
    while (const dirent *entry = readdir(open)) look_at(entry->d_name);
    closedir(open);
  }

  Answer label_one(LearnCell &cell, std::string &why) override
  {
    try {
      write_text(path_of(last + 1, ".in.xyz"), xyz_text(cell, names));
    } catch (const XYZFailure &failure) {
      why = failure.what();
      return FAILED;
    }
    pending[++last] = cell;
    return LATER;
  }

  std::vector<Arrival> arrivals() override;

  size_t waiting() const override { return pending.size(); }

  bool waits_for(const LearnCell &cell) const override
  {
    return std::any_of(
        pending.begin(), pending.end(),
        [&](const std::pair<const long, LearnCell> &one) { return same_cell(one.second, cell); });
  }

 private:
  std::string folder;
  std::vector<std::string> names;
  std::map<long, LearnCell> pending;
  long last = 0;

  std::string path_of(long number, const char *end) const
  {
    return folder + "/" + std::to_string(number) + end;
  }

  void look_at(const std::string &name);
  bool arrived(long number, LearnCell &cell, std::string &why) const;
};

/* Of a run before. */
void FolderLabeler::look_at(const std::string &name)
{
  char *end = nullptr;
  const long number = strtol(name.c_str(), &end, 10);
  std::string text;
  if (number < 1 || std::string(end) != ".in.xyz" || !read_text(folder + "/" + name, text)) return;
  try {
    pending[number] = read_xyz_cell(text);
  } catch (const XYZFailure &failure) {
    throw XYZFailure(folder + "/" + name + ": " + failure.what());
  }
  last = std::max(last, number);
}

bool FolderLabeler::arrived(long number, LearnCell &cell, std::string &why) const
{
  std::string text;
  const std::string out = path_of(number, ".out.xyz");
  if (read_text(path_of(number, ".failed"), text)) {
    why = text.substr(0, text.find('\n'));
    if (why.empty()) why = "no reason is given";
    return true;
  }
  if (!read_text(out, text)) return false;
  try {
    take_xyz_label(text, cell);
  } catch (const XYZFailure &failure) {
    struct stat state = {};
    cell.force.clear();
    why = out + ": " + failure.what();
    return stat(out.c_str(), &state) == 0 &&
        difftime(time(nullptr), state.st_mtime) > PATIENCE;    // else it is being written, perhaps
  }
  return true;
}

std::vector<CellLabeler::Arrival> FolderLabeler::arrivals()
{
  std::vector<Arrival> found;
  for (auto at = pending.begin(); at != pending.end();) {
    Arrival one;
    one.cell = at->second;
    if (arrived(at->first, one.cell, one.why)) {
      found.push_back(one);
      at = pending.erase(at);
    } else {
      ++at;
    }
  }
  return found;
}

}    // namespace

std::unique_ptr<CellLabeler> label_by_folder(const std::string &folder,
                                             const std::vector<std::string> &names)
{
  return std::unique_ptr<CellLabeler>(new FolderLabeler(folder, names));
}

}    // namespace MLGRAIN_NS
