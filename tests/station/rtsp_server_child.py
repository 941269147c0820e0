"""GStreamer's RTSP server with a generated stream. Run with the Python that has Debian's python3-gi, by rtsp_server.py.

It prints its port, and serves `/camera` until it is killed. It takes one stream that is published to `/record`.
"""

from __future__ import annotations

import argparse

import gi  # type: ignore[import-not-found]

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # type: ignore[import-not-found]  # noqa: E402

_STREAM = (
    # By the time of day: a stream that begins again goes on where a camera's would.
    "( videotestsrc is-live=true pattern={pattern} animation-mode=wall-time"
    " ! video/x-raw,width={width},height={height},framerate={fps}/1"
    " ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max={fps} ! rtph264pay name=pay0 pt=96 )"
)


def serve(options: argparse.Namespace) -> None:
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(options.port))
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(_STREAM.format(**vars(options)))
    factory.set_shared(True)
    if options.user:
        protect(server, factory, options)
    server.get_mount_points().add_factory("/camera", factory)
    if options.record:
        recorder = GstRtspServer.RTSPMediaFactory()
        recorder.set_transport_mode(GstRtspServer.RTSPTransportMode.RECORD)
        form = "video/x-h264,stream-format=byte-stream"
        recorder.set_launch(f"( rtph264depay name=depay0 ! h264parse ! {form} ! filesink location={options.record} )")
        if options.user:
            allow(recorder)
        server.get_mount_points().add_factory("/record", recorder)
    if not server.attach(None):
        raise SystemExit(f"port {options.port} is taken")
    print(server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


def protect(
    server: GstRtspServer.RTSPServer, factory: GstRtspServer.RTSPMediaFactory, options: argparse.Namespace
) -> None:
    """One user may see the stream; others get 401."""
    auth, token = GstRtspServer.RTSPAuth(), GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    if options.digest:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(options.user, options.password, token)
    else:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(options.user, options.password), token)
    server.set_auth(auth)
    allow(factory)


def allow(factory: GstRtspServer.RTSPMediaFactory) -> None:
    roles = GstRtspServer.RTSPPermissions()
    roles.add_permission_for_role("viewer", "media.factory.access", True)
    roles.add_permission_for_role("viewer", "media.factory.construct", True)
    factory.set_permissions(roles)


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--pattern", default="ball", help="of videotestsrc; smpte75 does not move")
    parser.add_argument("--width", type=int, default=320)
    parser.add_argument("--height", type=int, default=240)
    parser.add_argument("--fps", type=int, default=10)
    parser.add_argument("--record", help="a file without blanks: what is published to /record, as bare H.264")
    parser.add_argument("--user")
    parser.add_argument("--password", default="")
    parser.add_argument("--digest", action="store_true")
    return parser


if __name__ == "__main__":
    serve(parser().parse_args())
