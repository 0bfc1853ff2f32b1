/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Labels by a command of the shell, for several cells at once, which are waited for. */
#include "cell_labeler.h"
#include "cell_xyz.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

namespace MLGRAIN_NS {

namespace {

double now()
{
  timespec time = {};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double) time.tv_sec + 1e-9 * (double) time.tv_nsec;
}

/* A command that runs, in a process group of its own, which is ended as a whole when its time is
   over, or when nobody waits for it any more. */
class Command {
 public:
  explicit Command(const std::string &line) : parent(getpid()), child(fork()), begun(now())
  {
    if (child < 0) {
      why = std::string("no process can be started: ") + strerror(errno);
      ended = true;
    }
    if (child > 0) setpgid(child, child);    // both do, whoever is first
    if (child != 0) return;
    setpgid(0, 0);
#ifdef __linux__
    /* not longer than the run, even where that is killed: the answer would come to another one */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
#endif
    execl("/bin/sh", "sh", "-c", line.c_str(), (char *) nullptr);
    _exit(127);
  }
  ~Command()
  {
    if (!ended) kill_all();
  }
  Command(const Command &) = delete;
  Command &operator=(const Command &) = delete;

  /* Whether it has ended, at the latest after so many seconds. */
  bool done(double seconds);

  /* Why it failed, "" if it didn't. */
  const std::string &failure() const
  {
    return why;
  }

 private:
  pid_t parent, child;
  double begun;
  bool ended = false;
  std::string why;

  void kill_all()
  {
    kill(-child, SIGKILL);
    waitpid(child, nullptr, 0);
    ended = true;
  }
};

bool Command::done(double seconds)
{
  if (ended) return true;
  int status = 0;
  const pid_t found = waitpid(child, &status, WNOHANG);
  if (found < 0 && errno != EINTR) {
    why = "the command was lost";
    ended = true;
  } else if (found == child) {
    ended = true;
    if (WIFSIGNALED(status))
      why = "the command was ended by signal " + std::to_string(WTERMSIG(status));
    else if (WEXITSTATUS(status))
      why = "the command ended with status " + std::to_string(WEXITSTATUS(status));
  } else if (now() - begun > seconds) {
    kill_all();
    why = "the command took more than " + std::to_string((long long) seconds) + " s";
  }
  return ended;
}

class CommandLabeler : public CellLabeler {
 public:
  CommandLabeler(const std::string &command, double seconds, int together, const std::string &stem,
                 const std::vector<std::string> &names) :
      command(command),
      seconds(seconds), together(together), stem(stem), names(names)
  {
  }

  void label(std::vector<LearnCell> &cells, const Taker &take) override;

 private:
  /* A cell whose command runs. */
  struct Place {
    LearnCell *cell = nullptr;
    std::string in, out, why;
    std::unique_ptr<Command> running;
  };

  std::string command;
  double seconds;
  int together;
  std::string stem;
  std::vector<std::string> names;

  void begin(LearnCell &cell, size_t number, Place &place) const;
  bool finish(Place &place, const Taker &take) const;
};

/* Files have the number of their place where there are several. */
void CommandLabeler::begin(LearnCell &cell, size_t number, Place &place) const
{
  const std::string name = together > 1 ? stem + "." + std::to_string(number) : stem;
  place.cell = &cell;
  place.in = name + ".in.xyz";
  place.out = name + ".out.xyz";
  place.why.clear();
  remove(place.out.c_str());    // an answer of before is none
  try {
    write_text(place.in, xyz_text(cell, names));
    place.running.reset(new Command(command + " '" + place.in + "' '" + place.out + "'"));
  } catch (const XYZFailure &failure) {
    place.why = failure.what();
  }
}

/* Whether the place is free again. */
bool CommandLabeler::finish(Place &place, const Taker &take) const
{
  if (!place.cell) return true;
  if (place.running && !place.running->done(seconds)) return false;
  std::string text;
  auto &why = place.why;
  if (place.running) why = place.running->failure();
  place.running.reset();
  try {
    if (why.empty() && !read_text(place.out, text)) why = "the command wrote no " + place.out;
    if (why.empty()) take_xyz_label(text, *place.cell);
  } catch (const XYZFailure &failure) {
    why = failure.what();
  }
  if (!why.empty()) place.cell->force.clear();
  LearnCell &cell = *place.cell;
  place.cell = nullptr;
  take(cell, why.empty() ? LABELED : FAILED, why);
  return true;
}

void CommandLabeler::label(std::vector<LearnCell> &cells, const Taker &take)
{
  std::vector<Place> places(std::min((size_t) together, cells.size()));
  size_t next = 0, free = 0;
  const timespec pause = {0, 10000000};
  while (next < cells.size() || free < places.size()) {
    free = 0;
    for (size_t k = 0; k < places.size(); k++) {
      if (!finish(places[k], take)) continue;
      if (next < cells.size())
        begin(cells[next++], k + 1, places[k]);
      else
        free++;
    }
    if (free < places.size()) nanosleep(&pause, nullptr);
  }
}

}    // namespace

std::unique_ptr<CellLabeler> label_by_command(const std::string &command, double seconds,
                                              int together, const std::string &stem,
                                              const std::vector<std::string> &names)
{
  return std::unique_ptr<CellLabeler>(new CommandLabeler(command, seconds, together, stem, names));
}

}    // namespace MLGRAIN_NS
