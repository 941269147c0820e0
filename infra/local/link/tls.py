"""The link's end of TLS: a certificate authority of its own, and sessions without a socket."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import trustme

from infra.local.link.profile import TlsVersion

_READ_BYTES = 64 * 1024
_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


class Authority:
    """Made anew at each start. `ca_file` is the PEM that clients trust; it is there until `close`."""

    def __init__(self, *hosts: str) -> None:
        root = trustme.CA()
        # Two certificates between root and server, as Amazon's servers send.
        self._server = root.create_child_ca().create_child_ca().issue_cert(*hosts)
        self._folder = TemporaryDirectory(prefix="frameferry-link-")
        self.ca_file = Path(self._folder.name) / "ca.pem"
        root.cert_pem.write_to_path(str(self.ca_file))
        self._contexts: dict[TlsVersion, ssl.SSLContext] = {}

    def context(self, version: TlsVersion) -> ssl.SSLContext:
        """Of a server that speaks this version only. The same for the same version: it knows its sessions."""
        if version not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = context.maximum_version = _VERSIONS[version]
            self._server.configure_cert(context)
            self._contexts[version] = context
        return self._contexts[version]

    def client_context(self) -> ssl.SSLContext:
        """Of a client that trusts this authority and nobody else."""
        return ssl.create_default_context(cafile=str(self.ca_file))

    def close(self) -> None:
        self._folder.cleanup()


class TlsFailed(Exception):
    """The two do not agree on a session, the client does not trust the certificate, or what it sent is damaged."""


class TlsSession:
    """The server's side of one connection. What it wants to be sent is taken with `outgoing` after every call."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.is_established = False
        self._has_begun = False

    @property
    def has_failed(self) -> bool:
        """At the end of a connection: the handshake was begun and did not succeed."""
        return self._has_begun and not self.is_established

    @property
    def is_resumed(self) -> bool:
        """Known as soon as the client's first message is."""
        return bool(self._tls.session_reused)

    def received(self, data: bytes) -> bytes:
        """What the client sent, decrypted. Raises TlsFailed."""
        self._has_begun = True
        self._incoming.write(data)
        try:
            if not self.is_established:
                self._tls.do_handshake()
                self.is_established = True
            return b"".join(self._decrypted())
        except ssl.SSLWantReadError:
            return b""
        except ssl.SSLError as error:
            raise TlsFailed(error.reason) from None

    def encrypt(self, data: bytes) -> None:
        self._tls.write(data)

    def end(self) -> None:
        """Say close_notify (RFC 8446 section 6.1): without it a client takes the end for an attack."""
        with suppress(ssl.SSLError):
            self._tls.unwrap()

    def outgoing(self) -> bytes:
        return self._outgoing.read()

    def _decrypted(self) -> Iterator[bytes]:
        with suppress(ssl.SSLWantReadError, ssl.SSLZeroReturnError):
            while data := self._tls.read(_READ_BYTES):
                yield data
