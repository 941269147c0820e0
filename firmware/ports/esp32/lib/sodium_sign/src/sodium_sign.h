// Included by the port's main, so that PlatformIO finds this library and libsodium with it.
#pragma once

#include <sodium.h>
