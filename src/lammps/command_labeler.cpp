/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Labels by a command of the shell, which is waited for. */
#include "cell_labeler.h"
#include "cell_xyz.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <sys/wait.h>
#include <unistd.h>

namespace MLGRAIN_NS {

namespace {

class CommandLabeler : public CellLabeler {
 public:
  CommandLabeler(const std::string &command, double seconds, const std::string &stem,
                 const std::vector<std::string> &names) :
      command(command),
      seconds(seconds), stem(stem), names(names)
  {
  }

  Answer label(LearnCell &cell, std::string &why) override
  {
    const std::string in = stem + ".in.xyz", out = stem + ".out.xyz";
    remove(out.c_str());    // an answer of before is none
    try {
      write_text(in, xyz_text(cell, names));
      why = run(command + " '" + in + "' '" + out + "'");
      std::string text;
      if (why.empty() && !read_text(out, text)) why = "the command wrote no " + out;
      if (why.empty()) take_xyz_label(text, cell);
    } catch (const XYZFailure &failure) {
      why = failure.what();
    }
    if (!why.empty()) cell.force.clear();
    return why.empty() ? LABELED : FAILED;
  }

 private:
  std::string command;
  double seconds;
  std::string stem;
  std::vector<std::string> names;

  std::string run(const std::string &line) const;
};

double now()
{
  timespec time = {};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double) time.tv_sec + 1e-9 * (double) time.tv_nsec;
}

/* Why it failed, "" if it didn't. The command has a process group of its own, which is ended as a
   whole when its time is over. */
std::string CommandLabeler::run(const std::string &line) const
{
  const pid_t child = fork();
  if (child < 0) return std::string("no process can be started: ") + strerror(errno);
  if (child == 0) {
    setpgid(0, 0);
    execl("/bin/sh", "sh", "-c", line.c_str(), (char *) nullptr);
    _exit(127);
  }
  const double begun = now();
  int status = 0;
  const timespec pause = {0, 10000000};
  for (pid_t ended = 0; ended != child;) {
    ended = waitpid(child, &status, WNOHANG);
    if (ended < 0 && errno != EINTR) return "the command was lost";
    if (ended == child) break;
    if (now() - begun > seconds) {
      kill(-child, SIGKILL);
      waitpid(child, &status, 0);
      return "the command took more than " + std::to_string((long long) seconds) + " s";
    }
    nanosleep(&pause, nullptr);
  }
  if (WIFSIGNALED(status))
    return "the command was ended by signal " + std::to_string(WTERMSIG(status));
  if (WEXITSTATUS(status))
    return "the command ended with status " + std::to_string(WEXITSTATUS(status));
  return "";
}

}    // namespace

std::unique_ptr<CellLabeler> label_by_command(const std::string &command, double seconds,
                                              const std::string &stem,
                                              const std::vector<std::string> &names)
{
  return std::unique_ptr<CellLabeler>(new CommandLabeler(command, seconds, stem, names));
}

}    // namespace MLGRAIN_NS
