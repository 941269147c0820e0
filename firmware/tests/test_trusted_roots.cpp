#include <doctest/doctest.h>
#include <mbedtls/x509_crt.h>
#include <sodium.h>

#include <string>
#include <utility>
#include <vector>

#include "esp32/trusted_roots.h"
#include "frameferry/bytes.h"

using frameferry::Bytes;
using frameferry::Sha256;
using frameferry::Text;

namespace {

// Of https://www.amazontrust.com/repository/: the SHA-256 of each root's SubjectPublicKeyInfo.
const std::vector<std::pair<std::string, std::string>> published = {
    {"Amazon Root CA 1", "fbe3018031f9586bcbf41727e417b7d1c45c2f47f93be372a17b96b50757d5a2"},
    {"Amazon Root CA 2", "7f4296fc5b6a4e3b35d3c369623e364ab1af381d8fa7121533c9d6c633ea2461"},
    {"Amazon Root CA 3", "36abc32656acfc645c61b71613c4bf21c787f5cabbee48348d58597803d7abc9"},
    {"Amazon Root CA 4", "f7ecded5c66047d28ed6466b543c40e0743abe81d109254dcf845d4c2c7853c5"},
    {"Starfield Services Root Certificate Authority - G2",
     "2b071c59a0a0ae76b0eadb2bad23bad4580b69c3601b630c2eaf0613afa83f92"},
};

std::string common_name(const mbedtls_x509_crt& certificate) {
    for (const mbedtls_x509_name* part = &certificate.subject; part != nullptr; part = part->next) {
        const std::string oid(reinterpret_cast<const char*>(part->oid.p), part->oid.len);
        if (oid == "\x55\x04\x03") return {reinterpret_cast<const char*>(part->val.p), part->val.len};
    }
    return {};
}

std::string key_hash(const mbedtls_x509_crt& certificate) {
    Sha256 hash{};
    crypto_hash_sha256(hash.data(), certificate.pk_raw.p, certificate.pk_raw.len);
    return std::string(Text<64>().append_hex(hash).view());
}

}  // namespace

TEST_CASE("the roots are those of Amazon Trust Services, each with the key that is published, and no others") {
    mbedtls_x509_crt roots;
    mbedtls_x509_crt_init(&roots);
    REQUIRE(mbedtls_x509_crt_parse(&roots, reinterpret_cast<const unsigned char*>(frameferry::trusted_roots_pem),
                                   sizeof frameferry::trusted_roots_pem) == 0);
    std::vector<std::pair<std::string, std::string>> found;
    for (const mbedtls_x509_crt* root = &roots; root != nullptr; root = root->next) {
        found.emplace_back(common_name(*root), key_hash(*root));
    }
    mbedtls_x509_crt_free(&roots);
    CHECK(found == published);
}
