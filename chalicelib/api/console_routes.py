"""The console: its page, its modules, and what it must know of the stack."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

from chalicelib import wiring
from chalicelib.api import assets
from chalicelib.api.http import AssetName, Document, OwnPath
from chalicelib.api.routes import Routes
from chalicelib.domain.errors import NotFound
from chalicelib.settings import Settings
from chalicelib.stores.presign import virtual_host
from chalicelib.wire.responses import ConsoleResponse

routes = Routes(__name__)

_FOR_A_YEAR = "public, max-age=31536000, immutable"
_EACH_TIME = "no-cache"


@routes.add("GET", "/", "The console's page")
def read_console(path: OwnPath) -> Document:
    """Its references are relative: without the slash at the end of its path they would lead nowhere."""
    if path.strip("/") and not path.endswith("/"):
        # One slash at the beginning: two would name a host.
        return Document("", "text/html", _EACH_TIME, {"Location": f"/{path.strip('/')}/"}, HTTPStatus.FOUND)
    page = assets.page()
    return Document(page.text, page.media_type, _EACH_TIME, {"Content-Security-Policy": content_policy(_settings())})


@routes.add("GET", "/assets/{name}", "A module or style sheet of the console", raises=(NotFound,))
def read_asset(name: AssetName) -> Document:
    asset = assets.versioned(name)
    if asset is None:
        raise NotFound
    return Document(asset.text, asset.media_type, _FOR_A_YEAR)


@routes.add("GET", "/console.json", "Where owners sign in")
def read_console_settings() -> ConsoleResponse:
    settings = _settings()
    return ConsoleResponse(sign_in_url=settings.sign_in_url, client_id=settings.oidc_client_id)


def content_policy(settings: Settings) -> str:
    """The page may run its own modules, show photos from the stack's buckets, play clips from the one that holds them,
    and ask the API and the user pool.

    W3C Content Security Policy Level 3.
    """
    captures = _bucket_origin(settings, settings.captures_bucket)
    buckets = sorted({captures, _bucket_origin(settings, settings.derived_bucket)})
    policy = {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:", *buckets],
        "media-src": [captures],
        "connect-src": ["'self'", *buckets, *_foreign(settings.sign_in_url)],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
    return "; ".join(f"{directive} {' '.join(sources)}" for directive, sources in policy.items())


def _settings() -> Settings:
    return wiring.current().settings


def _bucket_origin(settings: Settings, bucket: str) -> str:
    return _origin(settings.s3_url or f"https://{virtual_host(bucket, settings.region)}")


def _foreign(url: str) -> list[str]:
    """None where it is relative: that is the page's own host."""
    return [_origin(url)] if urlsplit(url).netloc else []


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
