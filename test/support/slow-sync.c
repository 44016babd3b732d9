/* A disk that takes its time: each sync of a file whose path contains SLOW_SYNC_PATH begins so many milliseconds later as the file
   SLOW_SYNC_FILE says at that moment. To be preloaded. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void wait_for(int fd) {
  const char *setting = getenv("SLOW_SYNC_FILE"), *wanted = getenv("SLOW_SYNC_PATH");
  char link[64], path[4096];
  long ms = 0;
  if (setting == NULL || wanted == NULL) return;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return;
  path[length] = '\0';
  if (strstr(path, wanted) == NULL) return;
  FILE *file = fopen(setting, "r");
  if (file == NULL) return;
  if (fscanf(file, "%ld", &ms) != 1) ms = 0;
  fclose(file);
  struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
  nanosleep(&pause, NULL);
}

int fsync(int fd) {
  int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  wait_for(fd);
  return next(fd);
}

int fdatasync(int fd) {
  int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  wait_for(fd);
  return next(fd);
}
