#include "fakes/tls_server.h"

#include <mbedtls/ecp.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/pk.h>
#include <sys/socket.h>

#include <array>
#include <stdexcept>
#include <utility>

#include "host/host_machine.h"

namespace frameferry {
namespace {

int fill_random(void*, unsigned char* room, std::size_t size) {
    HostEntropy().fill(Room{room, size});
    return 0;
}

void need(int error) {
    if (error != 0) throw std::runtime_error("mbedTLS: " + std::to_string(error));
}

// mbedTLS's own would raise SIGPIPE where the client has gone.
int send_to(void* handle, const unsigned char* bytes, std::size_t size) {
    const ssize_t count = ::send(*static_cast<int*>(handle), bytes, size, MSG_NOSIGNAL);
    return count < 0 ? MBEDTLS_ERR_NET_CONN_RESET : static_cast<int>(count);
}

int receive_from(void* handle, unsigned char* room, std::size_t size) {
    const ssize_t count = ::recv(*static_cast<int*>(handle), room, size, 0);
    return count < 0 ? MBEDTLS_ERR_NET_CONN_RESET : static_cast<int>(count);
}

class Key {
public:
    Key() { mbedtls_pk_init(&pk); }
    Key(const Key&) = delete;
    Key& operator=(const Key&) = delete;
    ~Key() { mbedtls_pk_free(&pk); }

    void make() {
        need(mbedtls_pk_setup(&pk, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)));
        need(mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(pk), fill_random, nullptr));
    }

    void parse(const std::string& pem) {
        const auto* text = reinterpret_cast<const unsigned char*>(pem.c_str());
        need(mbedtls_pk_parse_key(&pk, text, pem.size() + 1, nullptr, 0));
    }

    std::string pem() {
        std::array<unsigned char, 2000> text{};
        need(mbedtls_pk_write_key_pem(&pk, text.data(), text.size()));
        return reinterpret_cast<const char*>(text.data());
    }

    mbedtls_pk_context pk{};
};

std::string signed_certificate(Key& subject, const std::string& name, Key& issuer, bool is_authority,
                               const std::string& until) {
    mbedtls_x509write_cert writing;
    mbedtls_x509write_crt_init(&writing);
    mbedtls_mpi serial;
    mbedtls_mpi_init(&serial);
    need(mbedtls_mpi_lset(&serial, is_authority ? 1 : 2));
    mbedtls_x509write_crt_set_version(&writing, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(&writing, MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(&writing, &subject.pk);
    mbedtls_x509write_crt_set_issuer_key(&writing, &issuer.pk);
    need(mbedtls_x509write_crt_set_subject_name(&writing, ("CN=" + name).c_str()));
    need(mbedtls_x509write_crt_set_issuer_name(&writing, "CN=Test authority"));
    need(mbedtls_x509write_crt_set_serial(&writing, &serial));
    need(mbedtls_x509write_crt_set_validity(&writing, "20200101000000", until.c_str()));
    need(mbedtls_x509write_crt_set_basic_constraints(&writing, is_authority ? 1 : 0, -1));
    std::array<unsigned char, 2000> text{};
    need(mbedtls_x509write_crt_pem(&writing, text.data(), text.size(), fill_random, nullptr));
    mbedtls_mpi_free(&serial);
    mbedtls_x509write_crt_free(&writing);
    return reinterpret_cast<const char*>(text.data());
}

}  // namespace

Authority::Authority() {
    Key key;
    key.make();
    self_ = TlsIdentity{signed_certificate(key, "Test authority", key, true, "20991231235959"), key.pem()};
}

TlsIdentity Authority::issue(const std::string& host, const std::string& until) const {
    Key issuer;
    issuer.parse(self_.key);
    Key key;
    key.make();
    return TlsIdentity{signed_certificate(key, host, issuer, false, until), key.pem()};
}

std::string TlsServer::Peer::read(std::size_t size) {
    std::string text(size, '\0');
    std::size_t read_bytes = 0;
    while (read_bytes < size) {
        auto* const room = reinterpret_cast<unsigned char*>(text.data() + read_bytes);
        const int count = mbedtls_ssl_read(&tls_, room, size - read_bytes);
        if (count <= 0) break;
        read_bytes += static_cast<std::size_t>(count);
    }
    text.resize(read_bytes);
    return text;
}

void TlsServer::Peer::write(const std::string& text) {
    std::size_t written_bytes = 0;
    while (written_bytes < text.size()) {
        const auto* rest = reinterpret_cast<const unsigned char*>(text.data() + written_bytes);
        const int count = mbedtls_ssl_write(&tls_, rest, text.size() - written_bytes);
        if (count <= 0) return;
        written_bytes += static_cast<std::size_t>(count);
    }
}

void TlsServer::Peer::write_raw(const std::string& text) const {
    (void)::send(handle_, text.data(), text.size(), MSG_NOSIGNAL);
}

TlsServer::TlsServer(const TlsIdentity& identity, Conversation conversation)
    : TlsServer(identity, Options{}, std::move(conversation)) {}

TlsServer::TlsServer(const TlsIdentity& identity, Options options, Conversation conversation)
    : conversation_(std::move(conversation)),
      server_((configure(identity, options), [this](int handle) { converse(handle); })) {}

TlsServer::~TlsServer() {
    server_.stop();
    mbedtls_ssl_config_free(&config_);
    mbedtls_ssl_ticket_free(&tickets_);
    mbedtls_x509_crt_free(&certificate_);
    mbedtls_pk_free(&key_);
}

bool TlsServer::configure(const TlsIdentity& identity, Options options) {
    mbedtls_ssl_config_init(&config_);
    mbedtls_ssl_ticket_init(&tickets_);
    mbedtls_x509_crt_init(&certificate_);
    mbedtls_pk_init(&key_);
    const auto* certificate = reinterpret_cast<const unsigned char*>(identity.certificate.c_str());
    const auto* key = reinterpret_cast<const unsigned char*>(identity.key.c_str());
    need(mbedtls_x509_crt_parse(&certificate_, certificate, identity.certificate.size() + 1));
    need(mbedtls_pk_parse_key(&key_, key, identity.key.size() + 1, nullptr, 0));
    need(mbedtls_ssl_config_defaults(&config_, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM,
                                     MBEDTLS_SSL_PRESET_DEFAULT));
    mbedtls_ssl_conf_rng(&config_, fill_random, nullptr);
    need(mbedtls_ssl_conf_own_cert(&config_, &certificate_, &key_));
    if (options.is_of_tls_1_1) {
        mbedtls_ssl_conf_max_version(&config_, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_2);
    }
    if (options.gives_tickets) {
        need(mbedtls_ssl_ticket_setup(&tickets_, fill_random, nullptr, MBEDTLS_CIPHER_AES_256_GCM, 3600));
        mbedtls_ssl_conf_session_tickets_cb(&config_, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse, &tickets_);
    }
    return true;
}

void TlsServer::converse(int handle) {
    mbedtls_ssl_context tls;
    mbedtls_ssl_init(&tls);
    need(mbedtls_ssl_setup(&tls, &config_));
    mbedtls_ssl_set_bio(&tls, &handle, send_to, receive_from, nullptr);
    if (mbedtls_ssl_handshake(&tls) == 0) {
        Peer peer(tls, handle);
        conversation_(peer);
    }
    mbedtls_ssl_free(&tls);
}

}  // namespace frameferry
