"""The console's way to the user pool, without a browser."""

from __future__ import annotations

import httpx
import pytest

from infra.local.cloud import LocalCloud


def asked(cloud: LocalCloud, action: str, **body: object) -> httpx.Response:
    told = httpx.get(f"{cloud.api_url}/console.json", trust_env=False).json()
    return httpx.post(
        httpx.URL(cloud.api_url).join(told["sign_in_url"]),
        json={"ClientId": told["client_id"]} | body,
        headers={"X-Amz-Target": f"AWSCognitoIdentityProviderService.{action}"},
        trust_env=False,
    )


def signed_in(cloud: LocalCloud, password: str) -> httpx.Response:
    given = {"USERNAME": cloud.owner.username, "PASSWORD": password}
    return asked(cloud, "InitiateAuth", AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given)


def devices(cloud: LocalCloud, token: str) -> httpx.Response:
    return httpx.get(f"{cloud.api_url}/devices", headers={"Authorization": f"Bearer {token}"}, trust_env=False)


def test_an_owner_signs_in_and_later_refreshes_the_token(cloud: LocalCloud) -> None:
    tokens = signed_in(cloud, cloud.owner.password).json()["AuthenticationResult"]
    given = {"REFRESH_TOKEN": tokens["RefreshToken"]}
    fresh = asked(cloud, "InitiateAuth", AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=given)

    assert devices(cloud, tokens["AccessToken"]).status_code == 200
    assert devices(cloud, fresh.json()["AuthenticationResult"]["AccessToken"]).status_code == 200


def test_a_wrong_password_is_refused_by_the_pool(cloud: LocalCloud) -> None:
    refused = signed_in(cloud, "wrong")

    assert refused.status_code == 400
    assert refused.json()["__type"] == "NotAuthorizedException"


@pytest.mark.parametrize("action", ["AdminCreateUser", "ListUsers", ""])
def test_nothing_else_of_the_pool_can_be_reached_so(cloud: LocalCloud, action: str) -> None:
    assert asked(cloud, action).json()["__type"] == "InvalidParameterException"
