#include "frameferry/identity.h"

#include <doctest/doctest.h>

#include "fakes/memory_ports.h"
#include "frameferry/kept_values.h"

using namespace frameferry;
using namespace memory_ports;

namespace {

struct Run {
    explicit Run(MemoryValues& kept, std::string_view origin = "https://api:443") : scoped(kept) {
        scoped.set_origin(origin);
        store.load();
    }
    ScopedValues scoped;
    SeededEntropy entropy;
    CheckedMutex mutex;
    IdentityStore store{scoped, entropy, mutex};
};

Activation activation() {
    Activation made;
    made.device_id.append("3f8b2c1e-7d4a-4c55-9a0e-2f6b1d9c8e70");
    REQUIRE(parse_uuid(made.device_id, made.device_uuid));
    made.device_token.append("devtok_first");
    made.next_seq = 41;
    PublicKey key{};
    key[0] = 7;
    REQUIRE(made.receipt_keys.add("r1", key));
    return made;
}

}  // namespace

TEST_CASE("a typed code is taken as it is meant") {
    CHECK(pairing_code_of("7zk3m-q9v1a") == "7ZK3MQ9V1A");
    CHECK(pairing_code_of(" OIL oil ") == "011011");
    CHECK(pairing_code_of("7ZK3M_Q9V1A").empty());
    CHECK(pairing_code_of("").empty());
    CHECK(pairing_code_of(std::string(33, 'A')).empty());
}

TEST_CASE("code and nonce survive a reboot, so that a lost answer strands nobody") {
    MemoryValues values;
    Text<32> nonce;
    {
        Run run(values);
        CHECK(run.store.begin("7ZK3M-Q9V1A"));
        nonce = run.store.begun().nonce;
        CHECK(nonce.size() == 32);
        CHECK(run.store.begin("7zk3mq9v1a"));
        CHECK(run.store.begun().nonce == nonce.view());
    }
    Run run(values);
    run.entropy.constant = 9;
    CHECK(run.store.begun().code == "7ZK3MQ9V1A");
    CHECK(run.store.begun().nonce == nonce.view());
    CHECK(run.store.begin("0T5WX-R2D8K"));
    CHECK(run.store.begun().nonce != nonce.view());
}

TEST_CASE("a code that cannot be kept is not used") {
    MemoryValues values;
    Run run(values);
    values.is_full = true;
    CHECK_FALSE(run.store.begin("7ZK3M-Q9V1A"));
    CHECK(run.store.begun().code.empty());
}

TEST_CASE("an activation makes an identity that survives a reboot") {
    MemoryValues values;
    {
        Run run(values);
        run.store.begin("7ZK3M-Q9V1A");
        CHECK(run.store.complete(activation(), run.store.begun().code));
        CHECK(run.store.begun().code.empty());
    }
    Run run(values);
    REQUIRE(run.store.is_paired());
    CHECK(run.store.identity().device_id == "3f8b2c1e-7d4a-4c55-9a0e-2f6b1d9c8e70");
    CHECK(run.store.identity().device_uuid[0] == 0x3f);
    CHECK(run.store.identity().token == "devtok_first");
    CHECK(run.store.identity().next_seq == 41);
    REQUIRE(run.store.identity().receipt_keys.find("r1") != nullptr);
    CHECK(run.store.identity().receipt_keys.find("r1")->key[0] == 7);
}

TEST_CASE("at every power cut of an activation there is the code still, or the identity") {
    for (int write = 1; write <= 3; ++write) {
        for (const bool is_before : {true, false}) {
            MemoryValues values;
            (is_before ? values.cut_before_write : values.cut_after_write) = write;
            bool was_kept = false;
            try {
                Run run(values);
                was_kept = run.store.begin("7ZK3M-Q9V1A");
                run.store.complete(activation(), run.store.begun().code);
            } catch (const PowerCut&) {
            }
            values.cut_before_write = values.cut_after_write = 0;
            Run run(values);
            if (!was_kept) continue;
            CHECK((run.store.is_paired() || !run.store.begun().code.empty()));
            // A code that has done its work is not tried again: it could end the token that it gave.
            CHECK_FALSE((run.store.is_paired() && !run.store.begun().code.empty()));
        }
    }
}

TEST_CASE("a damaged identity is none") {
    MemoryValues values;
    {
        Run run(values);
        run.store.begin("7ZK3M-Q9V1A");
        run.store.complete(activation(), run.store.begun().code);
    }
    values.values.begin()->second[20] ^= 1U;
    Run run(values);
    CHECK_FALSE(run.store.is_paired());
    CHECK(run.store.identity().token.empty());
}

TEST_CASE("a pending token is kept before it is used, and is the only one after") {
    MemoryValues values;
    {
        Run run(values);
        run.store.begin("7ZK3M-Q9V1A");
        run.store.complete(activation(), run.store.begun().code);
        CHECK(run.store.keep_pending(DeviceToken("devtok_second")));
    }
    {
        Run run(values);
        CHECK(run.store.identity().token == "devtok_first");
        CHECK(run.store.identity().pending_token == "devtok_second");
        run.store.accepted(true);
    }
    Run run(values);
    CHECK(run.store.identity().token == "devtok_second");
    CHECK(run.store.identity().pending_token.empty());
}

TEST_CASE("a pending token that is void leaves the old one") {
    MemoryValues values;
    Run run(values);
    run.store.begin("7ZK3M-Q9V1A");
    run.store.complete(activation(), run.store.begun().code);
    run.store.keep_pending(DeviceToken("devtok_second"));
    run.store.accepted(false);
    CHECK(run.store.identity().token == "devtok_first");
    CHECK(run.store.identity().pending_token.empty());
}

TEST_CASE("a token that cannot be kept is not pending") {
    MemoryValues values;
    Run run(values);
    run.store.begin("7ZK3M-Q9V1A");
    run.store.complete(activation(), run.store.begun().code);
    values.is_full = true;
    CHECK_FALSE(run.store.keep_pending(DeviceToken("devtok_second")));
    CHECK(run.store.identity().pending_token.empty());
}

TEST_CASE("each server knows the device by an identity of its own") {
    MemoryValues values;
    {
        Run run(values);
        run.store.begin("7ZK3M-Q9V1A");
        run.store.complete(activation(), run.store.begun().code);
    }
    CHECK_FALSE(Run(values, "http://192.168.1.2:8000").store.is_paired());
    CHECK_FALSE(Run(values, "http://api:443").store.is_paired());
    CHECK(Run(values).store.is_paired());
}

TEST_CASE("an identity changes only while its readers wait") {
    MemoryValues values;
    Run run(values);
    run.store.begin("7ZK3M-Q9V1A");
    const Text<32> code = run.store.begun().code;
    int writes = 0;
    values.before_put = [&] {
        ++writes;
        CHECK(run.mutex.is_taken());
    };
    CHECK(run.store.complete(activation(), code));
    CHECK(run.store.keep_pending(DeviceToken("devtok_second")));
    run.store.accepted(true);
    run.store.keep_receipt_keys(activation().receipt_keys);
    CHECK(writes == 4);
}
