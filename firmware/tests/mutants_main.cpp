// Which mutant this program is: FERRY_MUTANT, a number of mutants.cmake; without it, the real core. One that comes to
// no end has failed as well: FERRY_CPU_S is how long it may take.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <sys/time.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string_view>

namespace {

int number_of(const char* name) {
    const char* text = std::getenv(name);
    return text == nullptr ? 0 : std::atoi(text);
}

void end_of_time(int /*signal*/) {
    constexpr std::string_view word = "not held: it comes to no end\n[doctest] Status: FAILURE!\n";
    (void)!::write(STDOUT_FILENO, word.data(), word.size());
    ::_exit(1);
}

int chosen_mutant() {
    itimerval limit{};
    limit.it_value.tv_sec = number_of("FERRY_CPU_S");
    std::signal(SIGPROF, end_of_time);
    ::setitimer(ITIMER_PROF, &limit, nullptr);
    return number_of("FERRY_MUTANT");
}

}  // namespace

extern int ferry_mutant;
int ferry_mutant = chosen_mutant();
