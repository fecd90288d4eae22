/* A wall clock that is wrong: CLOCK_SHIFT seconds off, and CLOCK_RATE times as fast since the process started.
   Monotonic clocks are left alone, as a wrong date of a machine leaves them. For tests: see test_clocks.py. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static int (*real)(clockid_t, struct timespec *);
static double shift, rate = 1.0, began;

__attribute__((constructor)) static void prepare(void) {
    struct timespec now;
    real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    if (getenv("CLOCK_SHIFT")) shift = atof(getenv("CLOCK_SHIFT"));
    if (getenv("CLOCK_RATE")) rate = atof(getenv("CLOCK_RATE"));
    real(CLOCK_REALTIME, &now);
    began = now.tv_sec + now.tv_nsec / 1e9;
}

int clock_gettime(clockid_t clock, struct timespec *told) {
    int status;
    if (!real) prepare();
    status = real(clock, told);
    if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        double now = told->tv_sec + told->tv_nsec / 1e9;
        now = began + (now - began) * rate + shift;
        told->tv_sec = (time_t)now;
        told->tv_nsec = (long)((now - (double)told->tv_sec) * 1e9);
    }
    return status;
}

int gettimeofday(struct timeval *restrict told, void *restrict zone) {
    struct timespec now;
    int status = clock_gettime(CLOCK_REALTIME, &now);
    (void)zone;
    told->tv_sec = now.tv_sec;
    told->tv_usec = now.tv_nsec / 1000;
    return status;
}

time_t time(time_t *told) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (told) *told = now.tv_sec;
    return now.tv_sec;
}
