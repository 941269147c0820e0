// The power of a device: it goes out before a chosen one of the things that change its card or its store.
#pragma once

struct Power {
    // True while it is on; what is changed only then is changed at all.
    bool spend() {
        if (is_on && ++changes == cut_before) is_on = false;
        return is_on;
    }

    bool is_on = true;
    int changes = 0;
    int cut_before = 0;  // counted from 1; 0: never
};
