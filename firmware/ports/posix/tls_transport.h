// TLS 1.2 or later over mbedTLS. Its buffers are allocated once; a session is kept for each of the two hosts that a
// device speaks to, because a full handshake takes the board more than a second.
#pragma once

#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

#include <array>
#include <cstdint>

#include "frameferry/bytes.h"
#include "frameferry/ports.h"
#include "posix/socket.h"
#include "posix/socket_transport.h"

namespace frameferry {

class TlsTransport final : public Transport {
public:
    // Whether there is memory to begin: the buffers as well, unless they are there already.
    using HeapGuard = bool (*)(bool has_buffers);

    struct Counts {
        std::uint32_t full_handshakes = 0;
        std::uint32_t resumed_handshakes = 0;
    };

    // `trusted_pem` are the certificates that end a chain, as text; it lives as long as this.
    TlsTransport(Clock& clock, Entropy& entropy, const char* trusted_pem, HeapGuard has_memory = nullptr);
    TlsTransport(const TlsTransport&) = delete;
    TlsTransport& operator=(const TlsTransport&) = delete;
    ~TlsTransport() override;

    // An endpoint without TLS is spoken to in the clear.
    NetResult connect(const Endpoint& endpoint, std::uint64_t deadline_ms) override;
    // After 0 bytes and `again`, the same bytes come again, or more: a record of them may be half sent.
    NetResult write(Bytes bytes, std::uint64_t deadline_ms) override;
    NetResult read(Room room, std::uint64_t deadline_ms) override;
    void close() override;

    // mbedTLS's, of what failed last, for the log: which of its many reasons a handshake had.
    [[nodiscard]] int last_error() const { return last_error_; }
    // MBEDTLS_X509_BADCERT_..., of the last certificate that was looked at.
    [[nodiscard]] std::uint32_t certificate_flags() const { return certificate_flags_; }
    [[nodiscard]] const Counts& counts() const { return counts_; }

private:
    using HostName = Text<253>;
    static constexpr std::size_t kept_hosts = 2;

    struct KeptSession {
        HostName host;
        std::uint16_t port = 0;
        std::uint32_t used = 0;  // the larger, the later
        bool is_kept = false;
        mbedtls_ssl_session session{};
    };

    int set_up();
    int configure();
    int begin(const Endpoint& endpoint);
    NetStatus shake_hands(std::uint64_t deadline_ms);
    // Waits for what the call that gave this error wants. False at the deadline.
    bool wait_for(int error, std::uint64_t deadline_ms);
    NetStatus status_of(int error);
    KeptSession* session_of(std::string_view host, std::uint16_t port);
    void keep_session();
    static void drop(KeptSession& kept);

    static int send(void* transport, const unsigned char* bytes, std::size_t size);
    static int receive(void* transport, unsigned char* room, std::size_t size);
    static int fill_random(void* entropy, unsigned char* room, std::size_t size);
    static int note_certificate(void* transport, mbedtls_x509_crt* certificate, int depth, std::uint32_t* flags);

    Socket socket_;
    SocketTransport plain_;
    Entropy& entropy_;
    const char* trusted_pem_;
    HeapGuard has_memory_;
    mbedtls_ssl_context ssl_{};
    mbedtls_ssl_config config_{};
    mbedtls_x509_crt trusted_{};
    std::array<KeptSession, kept_hosts> sessions_{};
    HostName host_;
    std::uint16_t port_ = 0;
    bool is_set_up_ = false;
    bool stands_ = false;     // after a handshake
    bool is_plain_ = false;
    bool saw_certificate_ = false;
    std::size_t unsent_ = 0;  // bytes of the record that is half sent
    NetStatus socket_status_ = NetStatus::again;
    int last_error_ = 0;
    std::uint32_t certificate_flags_ = 0;
    std::uint32_t uses_ = 0;
    Counts counts_;
};

}  // namespace frameferry
