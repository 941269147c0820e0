// A server's end of TLS over mbedTLS, and the certificates that it takes.
#pragma once

#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/x509_crt.h>

#include <functional>
#include <string>

#include "fakes/local_server.h"

namespace frameferry {

// A certificate with its key, both as PEM.
struct TlsIdentity {
    std::string certificate;
    std::string key;
};

// Signs for whom it is asked to. Its own certificate is what a client trusts.
class Authority {
public:
    Authority();

    [[nodiscard]] const std::string& certificate() const { return self_.certificate; }
    // Times as mbedTLS writes them: "20200101000000".
    [[nodiscard]] TlsIdentity issue(const std::string& host, const std::string& until = "20991231235959") const;

private:
    TlsIdentity self_;
};

class TlsServer {
public:
    // The server's view of one connection, after the handshake.
    class Peer {
    public:
        Peer(mbedtls_ssl_context& tls, int handle) : tls_(tls), handle_(handle) {}

        // Up to so many bytes; fewer only at the end.
        std::string read(std::size_t size);
        void write(const std::string& text);
        // Past TLS: as somebody on the way would.
        void write_raw(const std::string& text) const;
        void say_end() { mbedtls_ssl_close_notify(&tls_); }

    private:
        mbedtls_ssl_context& tls_;
        int handle_;
    };
    using Conversation = std::function<void(Peer& peer)>;

    struct Options {
        bool gives_tickets = true;
        bool is_of_tls_1_1 = false;
    };

    TlsServer(const TlsIdentity& identity, Conversation conversation);
    TlsServer(const TlsIdentity& identity, Options options, Conversation conversation);
    TlsServer(const TlsServer&) = delete;
    TlsServer& operator=(const TlsServer&) = delete;
    ~TlsServer();

    [[nodiscard]] std::uint16_t port() const { return server_.port(); }

private:
    bool configure(const TlsIdentity& identity, Options options);
    void converse(int handle);

    Conversation conversation_;
    mbedtls_ssl_config config_{};
    mbedtls_ssl_ticket_context tickets_{};
    mbedtls_x509_crt certificate_{};
    mbedtls_pk_context key_{};
    LocalServer server_;
};

}  // namespace frameferry
