// How often one address, or one client, may be wrong or ask for something unproven.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace domicile::config {

// So many are free; after each further one the next has to wait, twice as long every time. What was
// used is forgiven with time, one by one.
struct Budget {
    int free = 100;
    double forgiven_per_hour = 60;
    int first_delay_seconds = 1;
    int delay_seconds_max = 900;
};

// Of each client address, over all pools.
struct AddressLimits {
    Budget guesses;   // wrong passwords, codes, client secrets
    Budget requests;  // sign-ups, codes asked for
    // Networks whose addresses stand for many people. Of this machine: a TLS terminator, functions.
    std::vector<std::string> exempt = {"127.0.0.0/8", "::1/128"};
};

// Of a client, over all who use it; without one there is no bound but those of the others.
struct ClientLimits {
    std::optional<Budget> guesses, requests;
};

}  // namespace domicile::config
