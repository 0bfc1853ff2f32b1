/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stands in for libFuzzer where the compiler has none: gives every file of a folder (or every file
   named) to the fuzz target, whole and cut short at a number of places. */
#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CUTS = 64 };

static int try_file(const char *path)
{
  FILE *file = fopen(path, "rb");
  if (!file) {
    perror(path);
    return 1;
  }
  uint8_t *data = NULL;
  size_t size = 0;
  for (;;) {
    uint8_t *larger = realloc(data, size + 65536);
    if (!larger)
      abort();
    data = larger;
    const size_t got = fread(data + size, 1, 65536, file);
    size += got;
    if (got < 65536)
      break;
  }
  fclose(file);
  for (size_t cut = 0; cut <= CUTS; cut++) {
    /* A copy of just that length, so that a sanitizer sees a read past the end. */
    const size_t length = size * cut / CUTS;
    uint8_t *part = malloc(length ? length : 1);
    if (!part)
      abort();
    memcpy(part, data, length);
    LLVMFuzzerTestOneInput(part, length);
    free(part);
  }
  free(data);
  return 0;
}

static int try_folder(const char *path)
{
  DIR *folder = opendir(path);
  if (!folder) {
    perror(path);
    return 1;
  }
  int failures = 0;
  int files = 0;
  for (struct dirent *entry; (entry = readdir(folder));) {
    if (entry->d_name[0] == '.')
      continue;
    char name[4096];
    snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
    failures += try_file(name);
    files++;
  }
  closedir(folder);
  printf("%s: %d files\n", path, files);
  return failures + (files == 0);
}

int main(int argc, char **argv)
{
  int failures = argc < 2;
  for (int i = 1; i < argc; i++) {
    struct stat status;
    const int is_folder = stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode);
    failures += is_folder ? try_folder(argv[i]) : try_file(argv[i]);
  }
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
