// A machine's clock and disk in the hands of a test: loaded before the C library (LD_PRELOAD), it moves the clock on the
// wall, says whether somebody has set it, lets no file grow while the disk is full, and counts syncs. The file that
// FAKE_MACHINE names holds four 64-bit numbers: nanoseconds to add, whether the clock is set, whether the disk is full, and
// how many syncs there were.
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

static const int64_t NS_IN_S = 1'000'000'000;
static volatile int64_t *control;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("FAKE_MACHINE");
    const int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *mapped = file < 0 ? MAP_FAILED : mmap(nullptr, 4 * sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (mapped != MAP_FAILED)
        control = static_cast<volatile int64_t *>(mapped);
    if (file >= 0)
        close(file);
}

extern "C" int clock_gettime(clockid_t clock, timespec *time) noexcept
{
    static int (*real)(clockid_t, timespec *);
    if (!real)
        real = reinterpret_cast<int (*)(clockid_t, timespec *)>(dlsym(RTLD_NEXT, "clock_gettime"));
    const int result = real(clock, time);
    if (result == 0 && clock == CLOCK_REALTIME && control) {
        const int64_t now_ns = static_cast<int64_t>(time->tv_sec) * NS_IN_S + time->tv_nsec + control[0];
        time->tv_sec = now_ns / NS_IN_S;
        time->tv_nsec = now_ns % NS_IN_S;
    }
    return result;
}

extern "C" int adjtimex(struct timex *timex) noexcept
{
    memset(timex, 0, sizeof *timex);
    const int is_set = control && control[1];
    timex->maxerror = is_set ? 1000 : 16000000;
    return is_set ? TIME_OK : TIME_ERROR;
}

// What a file has already may be written again, as on most file systems.
static bool is_refused(int file, off_t at, size_t count)
{
    struct stat found;
    return control && control[2] && fstat(file, &found) == 0 && S_ISREG(found.st_mode)
        && at + static_cast<off_t>(count) > found.st_size;
}

extern "C" ssize_t write(int file, const void *bytes, size_t count)
{
    static ssize_t (*real)(int, const void *, size_t);
    if (!real)
        real = reinterpret_cast<ssize_t (*)(int, const void *, size_t)>(dlsym(RTLD_NEXT, "write"));
    if (is_refused(file, lseek(file, 0, SEEK_CUR), count)) {
        errno = ENOSPC;
        return -1;
    }
    return real(file, bytes, count);
}

static int refusing_fallocate(const char *name, int file, off_t at, off_t count)
{
    if (is_refused(file, at, static_cast<size_t>(count)))
        return ENOSPC;
    return reinterpret_cast<int (*)(int, off_t, off_t)>(dlsym(RTLD_NEXT, name))(file, at, count);
}

extern "C" int posix_fallocate(int file, off_t at, off_t count)
{
    return refusing_fallocate("posix_fallocate", file, at, count);
}

extern "C" int posix_fallocate64(int file, off_t at, off_t count)
{
    return refusing_fallocate("posix_fallocate64", file, at, count);
}

static int counted_sync(const char *name, int file)
{
    if (control)
        __atomic_add_fetch(&control[3], 1, __ATOMIC_RELAXED);
    return reinterpret_cast<int (*)(int)>(dlsym(RTLD_NEXT, name))(file);
}

extern "C" int fsync(int file)
{
    return counted_sync("fsync", file);
}

extern "C" int fdatasync(int file)
{
    return counted_sync("fdatasync", file);
}

// Nobody else tells that the clock is set.
static int is_timesyncd(const char *path)
{
    return strcmp(path, "/run/systemd/timesync/synchronized") == 0;
}

#define HIDING(name, type)                                                            \
    extern "C" int name(const char *path, struct type *found) noexcept                                  \
    {                                                                                 \
        static int (*real)(const char *, struct type *);                              \
        if (!real)                                                                    \
            real = reinterpret_cast<int (*)(const char *, struct type *)>(dlsym(RTLD_NEXT, #name));     \
        if (is_timesyncd(path)) {                                                     \
            errno = ENOENT;                                                           \
            return -1;                                                                \
        }                                                                             \
        return real(path, found);                                                     \
    }

HIDING(stat, stat)
HIDING(stat64, stat64)
