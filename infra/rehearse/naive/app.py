"""The peer of `infra.rehearse.cold_start`: upload-url and a thumbnail, as tutorials of Chalice and boto3 build them.

It knows one device, `naive`, and asks nobody for a token. What it writes is its own: the tables and buckets are those
of the app that it is compared with.
"""

import io
import os
from typing import Any

import boto3
from chalice.app import Chalice, S3Event
from PIL import Image

CAPTURES = os.environ["FRAMEFERRY_CAPTURES_BUCKET"]
DERIVED = os.environ["FRAMEFERRY_DERIVED_BUCKET"]

app = Chalice(app_name="naive")
s3 = boto3.client("s3")
items = boto3.resource("dynamodb").Table(os.environ["FRAMEFERRY_ITEMS_TABLE"])


@app.route("/devices/upload-url", methods=["POST"])
def upload_url() -> dict[str, str]:
    request: Any = app.current_request
    asked = request.json_body
    key = f"naive/{asked['filename']}"
    items.put_item(Item={"device_id": "naive", "seq": asked["seq"], "object_key": key, "status": "awaiting_object"})
    place = {"Bucket": CAPTURES, "Key": key, "ContentType": asked["content_type"]}
    return {"object_key": key, "upload_url": s3.generate_presigned_url("put_object", Params=place, ExpiresIn=900)}


@app.on_s3_event(bucket=CAPTURES, events=["s3:ObjectCreated:*"])
def process_object(event: S3Event) -> None:
    photo = s3.get_object(Bucket=event.bucket, Key=event.key)["Body"].read()
    image = Image.open(io.BytesIO(photo))
    width, height = image.size
    image.thumbnail((320, 320))
    thumbnail = io.BytesIO()
    image.save(thumbnail, "JPEG")
    thumbnail_key = f"naive/{event.key}"
    s3.put_object(Bucket=DERIVED, Key=thumbnail_key, Body=thumbnail.getvalue(), ContentType="image/jpeg")
    items.update_item(
        Key={"device_id": "naive", "seq": int(event.key.split("/")[-1].split("-")[0])},
        UpdateExpression="SET #status = :status, thumbnail_key = :thumbnail_key, width = :width, height = :height",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={
            ":status": "processed", ":thumbnail_key": thumbnail_key, ":width": width, ":height": height,
        },
    )  # fmt: skip
