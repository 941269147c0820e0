"""The peer of `bench.cold_start`: upload-url and ingest as tutorials of Chalice and boto3 build them."""

import os
from typing import Any

import boto3
from chalice.app import Chalice

app = Chalice(app_name="naive")
s3 = boto3.client("s3")
items = boto3.resource("dynamodb").Table(os.environ["FRAMEFERRY_ITEMS_TABLE"])


@app.route("/devices/upload-url", methods=["POST"])
def upload_url() -> dict[str, str]:
    request: Any = app.current_request
    asked = request.json_body
    place = {
        "Bucket": os.environ["FRAMEFERRY_CAPTURES_BUCKET"],
        "Key": asked["filename"],
        "ContentType": asked["content_type"],
    }
    return {"upload_url": s3.generate_presigned_url("put_object", Params=place, ExpiresIn=900)}


@app.route("/devices/ingest", methods=["POST"])
def ingest() -> dict[str, str]:
    request: Any = app.current_request
    told = request.json_body
    names = ("seq", "object_key", "captured_at", "ntp_synced")
    items.put_item(Item={"device_id": "naive", **{name: told[name] for name in names}})
    return {"status": "queued"}
