"""All settings that there are: those of a snapshot uploader's `.env` file, some more, and tables of `station.toml`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from frameferry_station import setting_values as values
from frameferry_station.setting_values import Kind

DEFAULT_CAMERA = "camera"
"""The source of the camera that the environment names."""


@dataclass(frozen=True)
class Known:
    """One setting. `default` as it would be written; None where there is none. A value that `is_secret` stands in
    station.toml only where nobody else may read the file; `<name>_env` can name a variable instead.
    """

    kind: Kind
    default: str | None = None
    is_secret: Callable[[str], bool] | None = None
    is_required: bool = False


def _always(_: str) -> bool:
    return True


_FLAG = Known(values.BOOLEAN, "false")
_SECRET = Known(values.TEXT, is_secret=_always)
_PASSWORD = Known(values.PASSWORD, is_secret=_always)
_PRINTABLE = r"[\x21-\x7e]{1,4096}"

ENVIRONMENT: Mapping[str, Known] = {
    "FRAMEFERRY_API_URL": Known(values.url("http", "https", may_have_query=False)),
    "FRAMEFERRY_STATE": Known(values.PATH, "state"),
    "CAMERA_IP": Known(values.ADDRESS),
    "CAMERA_USERNAME": Known(values.TEXT, "admin"),
    "CAMERA_PASSWORD": _SECRET,
    "CAMERA_USE_HTTPS": _FLAG,
    "CAPTURE_INTERVAL": Known(values.seconds(1, 86_400)),
    "STORAGE_BACKEND": Known(values.choices("cloud", "s3", "filesystem", "http"), "cloud"),
    "AWS_ACCESS_KEY_ID": Known(values.matching("an access key's id", r"[A-Za-z0-9_.+-]{1,128}"), is_secret=_always),
    "AWS_SECRET_ACCESS_KEY": Known(values.matching("a secret access key", _PRINTABLE), is_secret=_always),
    "AWS_REGION": Known(values.matching("a region such as eu-central-1", r"[a-z0-9-]{1,40}"), "us-east-1"),
    "S3_BUCKET": Known(values.matching("a bucket's name", r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]")),
    "S3_PREFIX": Known(
        values.matching(
            "folders in the bucket such as snapshots/: letters, digits, dots, dashes and slashes",
            r"(?!/)(?!(?:.*/)?\.{1,2}(?:/|$))(?!.*//)[A-Za-z0-9!_.*'()/=-]{1,500}",
        )
    ),
    "S3_ENDPOINT_URL": Known(values.url("http", "https", may_have_query=False)),
    "LOCAL_STORAGE_PATH": Known(values.PATH),
    "HTTP_UPLOAD_URL": Known(values.url("http", "https")),
    "HTTP_AUTH_TOKEN": Known(values.matching("a token without blanks", _PRINTABLE), is_secret=_always),
    "HEALTH_CHECK_PORT": Known(values.PORT, "8080"),
}

TOP: Mapping[str, Known] = {"advertise": Known(values.BOOLEAN, "true")}

CAMERA: Mapping[str, Known] = {
    "name": Known(values.SOURCE, is_required=True),
    "kind": Known(values.choice("reolink", "snapshot", "rtsp", "usb"), is_required=True),
    "address": Known(values.TEXT, is_required=True, is_secret=values.holds_secret),
    "username": Known(values.TEXT),
    "password": _SECRET,
    "use_https": _FLAG,
    "verify_tls": _FLAG,
    "channel": Known(values.whole_number(0, 255), "0"),
    "interval_s": Known(values.seconds(1, 86_400)),
}
CAMERA_ADDRESSES: Mapping[str, Kind] = {
    "reolink": values.ADDRESS,
    "snapshot": values.url("http", "https"),
    "rtsp": values.url("rtsp", "rtsps"),
    "usb": values.DEVICE_FILE,
}
LAN: Mapping[str, Known] = {
    "host": Known(values.HOST, "0.0.0.0"),  # noqa: S104
    "port": Known(values.PORT, "5000"),
    "upload_image_user": Known(values.TEXT, "esp32"),
    "upload_image_password": _PASSWORD,
    "upload_from": Known(values.NETWORKS),
    "max_photo": Known(values.size("64 KiB"), "8 MiB"),
}
PAGE: Mapping[str, Known] = {
    "host": Known(values.HOST, "0.0.0.0"),  # noqa: S104
    "port": Known(values.PORT, "8080"),
    "password": _PASSWORD,
}
DISK: Mapping[str, Known] = {
    "budget": Known(values.size("64 MiB"), "16 GiB"),
    "keep_free": Known(values.size("0 B"), "512 MiB"),
}
RELAY: Mapping[str, Known] = {
    "name": Known(values.SOURCE, is_required=True),
    "kind": Known(values.choice("rtsp", "hls", "segments"), is_required=True),
    "stream_url": Known(
        values.url("rtsp", "rtsps", may_have_credentials=True), is_required=True, is_secret=values.holds_secret
    ),
    "target": Known(values.TEXT, is_required=True, is_secret=values.holds_secret),
    "segment_s": Known(values.seconds(1, 3600), "60"),
    "keep_segments": Known(values.whole_number(1, 1_000_000), "1440"),
    "clips_to_cloud": _FLAG,
}
RELAY_TARGETS: Mapping[str, Kind] = {
    "rtsp": values.url("rtsp", "rtsps", may_have_credentials=True),
    "hls": values.PATH,
    "segments": values.PATH,
}
TABLES: Mapping[str, Mapping[str, Known]] = {
    "": TOP,
    "[[camera]]": CAMERA,
    "[lan]": LAN,
    "[page]": PAGE,
    "[disk]": DISK,
    "[[relay]]": RELAY,
}
