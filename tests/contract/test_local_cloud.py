"""The local cloud around a tiny app: what the app finds in it, and what is left when it is gone."""

from __future__ import annotations

import json
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import httpx
import jwt
import pytest
from botocore.config import Config
from chalice.app import Chalice

from infra.local.cloud import CannotListen, LocalCloud
from infra.local.network import loopback_host, public_host
from infra.local.owner import Owner
from infra.local.state import CameraCredential, LocalState, write_state


class TinyApp:
    """Stands for app.py: presigns uploads, and keeps what its two other functions were given."""

    def __init__(self) -> None:
        self.processed: list[Any] = []
        self.scheduled: list[Any] = []

    def load(self) -> SimpleNamespace:
        app = Chalice("tiny")
        s3: Any = boto3.client("s3", config=Config(signature_version="s3v4"))

        @app.route("/upload-url", methods=["POST"])
        def upload_url() -> dict[str, Any]:
            place = {"Bucket": os.environ["FRAMEFERRY_CAPTURES_BUCKET"], "Key": "a b.jpg"}
            return {"url": s3.generate_presigned_url("put_object", Params=place)}

        return SimpleNamespace(
            app=app,
            process_object=lambda event, context: self._process(s3, event),
            reconcile=lambda event, context: self.scheduled.append(event),
        )

    def _process(self, s3: Any, event: Any) -> None:
        place = event["Records"][0]["s3"]
        body = s3.get_object(Bucket=place["bucket"]["name"], Key="a b.jpg")["Body"].read()
        self.processed.append(body)


@pytest.fixture(scope="module")
def tiny() -> TinyApp:
    return TinyApp()


@pytest.fixture(scope="module")
def cloud(tiny: TinyApp) -> Iterator[LocalCloud]:
    with LocalCloud(load_app=tiny.load) as cloud:
        yield cloud


def test_uploaded_object_is_processed_and_the_apps_own_s3_calls_pass_the_front(
    cloud: LocalCloud, tiny: TinyApp
) -> None:
    url = httpx.post(f"{cloud.api_url}/upload-url", trust_env=False).json()["url"]
    assert url.startswith(cloud.s3_url + "/")
    assert httpx.put(url, content=b"bytes", trust_env=False).status_code == 200
    cloud.settle()
    assert tiny.processed == [b"bytes"]
    assert cloud.events_dispatched == 1
    assert cloud.dead_letters == []
    requests = cloud.stats.snapshot()["requests"]
    assert requests["api:POST /upload-url"]["count"] == 1
    assert {kind.split()[0] for kind in requests if kind.startswith("s3:")} == {"s3:PUT", "s3:GET"}


def test_schedule_runs_on_demand(cloud: LocalCloud, tiny: TinyApp) -> None:
    cloud.run_schedule()
    assert [event["source"] for event in tiny.scheduled] == ["aws.events"]


def test_owner_token_verifies_against_the_issuer_keys_and_client_that_the_app_is_told(cloud: LocalCloud) -> None:
    keys = httpx.get(os.environ["FRAMEFERRY_OIDC_JWKS_URL"], trust_env=False).json()
    key = jwt.PyJWKSet.from_dict(keys)[jwt.get_unverified_header(cloud.owner.token)["kid"]]
    claims = jwt.decode(cloud.owner.token, key, algorithms=["RS256"], issuer=os.environ["FRAMEFERRY_OIDC_ISSUER"])
    assert claims["client_id"] == os.environ["FRAMEFERRY_OIDC_CLIENT_ID"]
    assert (claims["token_use"], claims["sub"]) == ("access", cloud.owner.sub)


def test_new_owners_are_different_people_and_can_sign_in_again(cloud: LocalCloud) -> None:
    anna, ben = cloud.new_owner("anna"), cloud.new_owner("ben")
    assert len({cloud.owner.sub, anna.sub, ben.sub}) == 3
    assert anna.password != ben.password
    assert cloud.sign_in(anna).sub == anna.sub


def test_app_has_temporary_credentials_and_nothing_of_this_machines_own(cloud: LocalCloud) -> None:
    assert os.environ["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert len(os.environ["AWS_SESSION_TOKEN"]) > 500
    assert os.environ["AWS_CONFIG_FILE"] == os.environ["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert os.environ["AWS_ENDPOINT_URL"] == cloud.moto_url
    assert os.environ["FRAMEFERRY_S3_URL"] == cloud.s3_url


def test_console_may_read_objects_from_the_apis_origin(cloud: LocalCloud) -> None:
    rules = cloud.client("s3").get_bucket_cors(Bucket=cloud.outputs.derived_bucket)["CORSRules"]
    assert cloud.api_url.removesuffix("/api") in rules[0]["AllowedOrigins"]


def test_second_cloud_in_the_process_is_a_new_one_and_leaves_the_environment_as_it_was() -> None:
    before = dict(os.environ)
    first, second = TinyApp(), TinyApp()
    for tiny in (first, second):
        with LocalCloud(load_app=tiny.load) as cloud:
            url = httpx.post(f"{cloud.api_url}/upload-url", trust_env=False).json()["url"]
            assert httpx.put(url, content=b"bytes", trust_env=False).status_code == 200
            cloud.settle()
        assert tiny.processed == [b"bytes"]
    assert dict(os.environ) == before


def test_environment_of_the_machine_does_not_reach_the_app(tiny: TinyApp) -> None:
    os.environ["AWS_PROFILE"] = "of-this-machine"
    try:
        with LocalCloud(load_app=TinyApp().load):
            assert "AWS_PROFILE" not in os.environ
        assert os.environ["AWS_PROFILE"] == "of-this-machine"
    finally:
        del os.environ["AWS_PROFILE"]


@pytest.mark.parametrize(("port_name", "option"), [("api_port", "API_PORT"), ("s3_port", "S3_PORT")])
def test_taken_port_is_told_with_the_setting_that_moves_it(port_name: str, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(CannotListen) as refusal, LocalCloud(**{port_name: port}, load_app=TinyApp().load):
            raise AssertionError("it started")
    assert (refusal.value.port, refusal.value.option, refusal.value.is_port_taken) == (port, option, True)


def test_app_that_does_not_load_leaves_nothing_running() -> None:
    before = dict(os.environ)

    def broken() -> Any:
        raise RuntimeError("no app")

    with pytest.raises(RuntimeError, match="no app"), LocalCloud(load_app=broken):
        raise AssertionError("it started")
    assert dict(os.environ) == before


def test_urls_name_the_lan_address_where_the_servers_listen_on_all() -> None:
    assert public_host("192.0.2.7") == loopback_host("192.0.2.7") == "192.0.2.7"
    assert public_host("0.0.0.0") != "0.0.0.0"
    assert loopback_host("0.0.0.0") == "127.0.0.1"


def test_state_file_is_for_its_user_alone_and_grows_a_device(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state.json"
    owner = Owner("owner", "password", "token", "sub")
    state = LocalState("http://127.0.0.1:8000/api", "http://127.0.0.1:9000", owner)
    write_state(path, state)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text()) == {
        "api_url": "http://127.0.0.1:8000/api",
        "s3_url": "http://127.0.0.1:9000",
        "owner": {"username": "owner", "password": "password", "token": "token", "sub": "sub"},
    }
    camera = CameraCredential("some-id", "devtok")
    write_state(path, LocalState(state.api_url, state.s3_url, owner, camera))
    assert json.loads(path.read_text())["device_token"] == "devtok"
    assert [entry.name for entry in path.parent.iterdir()] == ["state.json"]
