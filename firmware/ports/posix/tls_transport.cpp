#include "posix/tls_transport.h"

#include <mbedtls/bignum.h>
#include <mbedtls/cipher.h>
#include <mbedtls/ecp.h>
#include <mbedtls/md.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/pk.h>

#include <algorithm>
#include <cstring>

#include "posix/mbedtls_versions.h"

namespace frameferry {
namespace {

// Forward secrecy and authenticated encryption, what the board's AES unit is quick at first. A short list is also a
// short first message.
constexpr std::array<int, 7> cipher_suites = {
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    0,
};

// An error of mbedTLS is the negated sum of that of a module and that of what it called (mbedtls/error.h).
bool is_of_memory(int error) {
    constexpr int low_bits = 0x7F;
    const int high = -((-error) & ~low_bits);
    const int low = -((-error) & low_bits);
    const bool is_high = high == MBEDTLS_ERR_SSL_ALLOC_FAILED || high == MBEDTLS_ERR_X509_ALLOC_FAILED ||
                         high == MBEDTLS_ERR_PK_ALLOC_FAILED || high == MBEDTLS_ERR_MD_ALLOC_FAILED ||
                         high == MBEDTLS_ERR_ECP_ALLOC_FAILED || high == MBEDTLS_ERR_CIPHER_ALLOC_FAILED;
    return is_high || low == MBEDTLS_ERR_MPI_ALLOC_FAILED || low == MBEDTLS_ERR_ASN1_ALLOC_FAILED;
}

}  // namespace

TlsTransport::TlsTransport(Clock& clock, Entropy& entropy, const char* trusted_pem, HeapGuard has_memory)
    : socket_(clock), plain_(clock), entropy_(entropy), trusted_pem_(trusted_pem), has_memory_(has_memory) {
    mbedtls_ssl_init(&ssl_);
    mbedtls_ssl_config_init(&config_);
    mbedtls_x509_crt_init(&trusted_);
    for (KeptSession& kept : sessions_) mbedtls_ssl_session_init(&kept.session);
}

TlsTransport::~TlsTransport() {
    for (KeptSession& kept : sessions_) mbedtls_ssl_session_free(&kept.session);
    mbedtls_ssl_free(&ssl_);
    mbedtls_ssl_config_free(&config_);
    mbedtls_x509_crt_free(&trusted_);
}

NetResult TlsTransport::connect(const Endpoint& endpoint, std::uint64_t deadline_ms) {
    close();
    is_plain_ = !endpoint.uses_tls;
    if (is_plain_) return plain_.connect(endpoint, deadline_ms);
    if (has_memory_ != nullptr && !has_memory_(is_set_up_)) return NetResult::dead(NetStatus::no_memory);
    if (const int error = begin(endpoint); error != 0) return NetResult::dead(status_of(error));
    NetStatus status = socket_.connect(endpoint, deadline_ms);
    if (status == NetStatus::again) status = shake_hands(deadline_ms);
    if (status != NetStatus::again) socket_.close();
    return NetResult{status, 0};
}

// All that can be had before there is a connection: what is wrong with it costs no network.
int TlsTransport::begin(const Endpoint& endpoint) {
    if (const int error = set_up(); error != 0) return error;
    host_.clear();
    host_.append(endpoint.host);
    port_ = endpoint.port;
    if (!host_.fits() || host_.empty()) return MBEDTLS_ERR_SSL_BAD_INPUT_DATA;
    if (const int error = mbedtls_ssl_session_reset(&ssl_); error != 0) return error;
    // The name that is asked for is also the one that the certificate must have.
    if (const int error = mbedtls_ssl_set_hostname(&ssl_, host_.c_str()); error != 0) return error;
    KeptSession* kept = session_of(host_, port_);
    // One that cannot be offered costs a full handshake, and nothing else.
    if (kept != nullptr && mbedtls_ssl_set_session(&ssl_, &kept->session) != 0) drop(*kept);
    return 0;
}

int TlsTransport::set_up() {
    if (is_set_up_) return 0;
    int error = configure();
    if (error == 0) error = mbedtls_ssl_setup(&ssl_, &config_);
    if (error == 0) {
        mbedtls_ssl_set_bio(&ssl_, this, &TlsTransport::send, &TlsTransport::receive, nullptr);
        is_set_up_ = true;
        return 0;
    }
    mbedtls_ssl_free(&ssl_);
    mbedtls_ssl_config_free(&config_);
    mbedtls_x509_crt_free(&trusted_);
    return error;
}

int TlsTransport::configure() {
    const auto* pem = reinterpret_cast<const unsigned char*>(trusted_pem_);
    // More than 0: so many could not be read. Those that could are enough, if there is one.
    const int unread = mbedtls_x509_crt_parse(&trusted_, pem, std::strlen(trusted_pem_) + 1);
    if (unread < 0) return unread;
    const int error = mbedtls_ssl_config_defaults(&config_, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                                  MBEDTLS_SSL_PRESET_DEFAULT);
    if (error != 0) return error;
    require_tls_1_2(config_);
    mbedtls_ssl_conf_authmode(&config_, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(&config_, &trusted_, nullptr);
    mbedtls_ssl_conf_ciphersuites(&config_, cipher_suites.data());
    mbedtls_ssl_conf_session_tickets(&config_, MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
    mbedtls_ssl_conf_rng(&config_, &TlsTransport::fill_random, &entropy_);
    mbedtls_ssl_conf_verify(&config_, &TlsTransport::note_certificate, this);
    return 0;
}

NetStatus TlsTransport::shake_hands(std::uint64_t deadline_ms) {
    saw_certificate_ = false;
    certificate_flags_ = 0;
    for (;;) {
        const int error = mbedtls_ssl_handshake(&ssl_);
        if (error == 0) break;
        if (is_to_be_called_again(error) && wait_for(error, deadline_ms)) continue;
        // Whatever it was: the next handshake does not depend on what both sides remember.
        if (KeptSession* kept = session_of(host_, port_)) drop(*kept);
        return is_to_be_called_again(error) ? NetStatus::timed_out : status_of(error);
    }
    stands_ = true;
    ++(saw_certificate_ ? counts_.full_handshakes : counts_.resumed_handshakes);
    keep_session();
    return NetStatus::again;
}

NetResult TlsTransport::write(Bytes bytes, std::uint64_t deadline_ms) {
    if (is_plain_) return plain_.write(bytes, deadline_ms);
    if (!stands_) return NetResult::dead(NetStatus::closed);
    if (bytes.empty()) return NetResult::of(0);
    for (;;) {
        const std::size_t size = unsent_ != 0 ? std::min(unsent_, bytes.size) : bytes.size;
        const int count = mbedtls_ssl_write(&ssl_, bytes.data, size);
        unsent_ = count < 0 ? size : 0;
        if (count >= 0) return NetResult::of(static_cast<std::size_t>(count));
        if (!is_to_be_called_again(count)) return NetResult::dead(status_of(count));
        if (!wait_for(count, deadline_ms)) return NetResult::of(0);
    }
}

NetResult TlsTransport::read(Room room, std::uint64_t deadline_ms) {
    if (is_plain_) return plain_.read(room, deadline_ms);
    if (!stands_) return NetResult::dead(NetStatus::closed);
    if (room.size == 0) return NetResult::of(0);
    for (;;) {
        const int count = mbedtls_ssl_read(&ssl_, room.data, room.size);
        if (count > 0) return NetResult::of(static_cast<std::size_t>(count));
        if (!is_to_be_called_again(count)) return NetResult::dead(status_of(count));
        if (!wait_for(count, deadline_ms)) return NetResult::of(0);
    }
}

void TlsTransport::close() {
    if (stands_ && socket_.is_open()) (void)mbedtls_ssl_close_notify(&ssl_);
    stands_ = false;
    unsent_ = 0;
    socket_status_ = NetStatus::again;
    socket_.close();
    plain_.close();
}

bool TlsTransport::wait_for(int error, std::uint64_t deadline_ms) {
    const auto what = error == MBEDTLS_ERR_SSL_WANT_WRITE ? Socket::For::writing : Socket::For::reading;
    const bool needs_socket = error == MBEDTLS_ERR_SSL_WANT_WRITE || error == MBEDTLS_ERR_SSL_WANT_READ;
    return !needs_socket || socket_.wait(what, deadline_ms);
}

NetStatus TlsTransport::status_of(int error) {
    last_error_ = error;
    stands_ = false;  // mbedTLS allows nothing but a reset after an error
    // An end of the socket without an end of TLS before it may be anybody's.
    if (socket_status_ == NetStatus::closed || error == 0) return NetStatus::reset;
    if (socket_status_ != NetStatus::again) return socket_status_;
    if (error == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) return NetStatus::closed;
    return is_of_memory(error) ? NetStatus::no_memory : NetStatus::tls_failed;
}

TlsTransport::KeptSession* TlsTransport::session_of(std::string_view host, std::uint16_t port) {
    for (KeptSession& kept : sessions_) {
        if (kept.is_kept && kept.port == port && kept.host == host) return &kept;
    }
    return nullptr;
}

void TlsTransport::keep_session() {
    KeptSession* kept = session_of(host_, port_);
    if (kept == nullptr) {
        const auto is_older = [](const KeptSession& one, const KeptSession& other) { return one.used < other.used; };
        kept = std::min_element(sessions_.begin(), sessions_.end(), is_older);
    }
    drop(*kept);
    if (mbedtls_ssl_get_session(&ssl_, &kept->session) != 0) return drop(*kept);
    kept->host = host_;
    kept->port = port_;
    kept->used = ++uses_;
    kept->is_kept = true;
}

void TlsTransport::drop(KeptSession& kept) {
    mbedtls_ssl_session_free(&kept.session);
    mbedtls_ssl_session_init(&kept.session);
    kept.is_kept = false;
    kept.used = 0;
}

int TlsTransport::send(void* transport, const unsigned char* bytes, std::size_t size) {
    auto& self = *static_cast<TlsTransport*>(transport);
    const NetResult sent = self.socket_.send(Bytes{bytes, size});
    if (sent.bytes != 0) return static_cast<int>(sent.bytes);
    if (!sent.is_dead()) return MBEDTLS_ERR_SSL_WANT_WRITE;
    self.socket_status_ = sent.status;
    return MBEDTLS_ERR_NET_CONN_RESET;
}

int TlsTransport::receive(void* transport, unsigned char* room, std::size_t size) {
    auto& self = *static_cast<TlsTransport*>(transport);
    const NetResult received = self.socket_.receive(Room{room, size});
    if (received.bytes != 0) return static_cast<int>(received.bytes);
    if (!received.is_dead()) return MBEDTLS_ERR_SSL_WANT_READ;
    self.socket_status_ = received.status;
    return MBEDTLS_ERR_NET_CONN_RESET;
}

int TlsTransport::fill_random(void* entropy, unsigned char* room, std::size_t size) {
    static_cast<Entropy*>(entropy)->fill(Room{room, size});
    return 0;
}

// Is called only where the server shows its certificates, which it does not when a session is resumed.
int TlsTransport::note_certificate(void* transport, mbedtls_x509_crt*, int, std::uint32_t* flags) {
    auto& self = *static_cast<TlsTransport*>(transport);
    self.saw_certificate_ = true;
    self.certificate_flags_ |= *flags;
    return 0;
}

}  // namespace frameferry
