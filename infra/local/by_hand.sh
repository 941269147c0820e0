field() { python3 -c 'import functools,json,sys; print(functools.reduce(lambda v, k: v[k], sys.argv[1:], json.load(sys.stdin)))' "$@"; }
API_BASE=API_URL; USER_TOKEN=$(field owner token < STATE_PATH)
: 1 pair
PAIRED=$(curl -sS -X POST "$API_BASE/devices/pair" -H "Authorization: Bearer $USER_TOKEN" -H "Content-Type: application/json" -d '{"name":"esp32-proto"}'); echo "$PAIRED"
: 2 activate
ACTIVATED=$(curl -sS -X POST "$API_BASE/devices/activate" -H "Content-Type: application/json" -d "{\"pairing_code\":\"$(echo "$PAIRED" | field pairing_code)\"}"); echo "$ACTIVATED"
DEVICE_ID=$(echo "$ACTIVATED" | field device_id); DEVICE_TOKEN=$(echo "$ACTIVATED" | field device_token)
: 3 ask for an upload URL
TARGET=$(curl -sS -X POST "$API_BASE/devices/upload-url" -H "X-Device-Token: $DEVICE_TOKEN" -H "Content-Type: application/json" -d '{"filename":"2025-12-26T10-15-30Z_000123.jpg","content_type":"image/jpeg","seq":123}'); echo "$TARGET"
UPLOAD_HOST=$(echo "$TARGET" | field upload_host); UPLOAD_PORT=$(echo "$TARGET" | field upload_port); UPLOAD_PATH=$(echo "$TARGET" | field upload_path); OBJECT_KEY=$(echo "$TARGET" | field object_key)
: 4 upload
curl -sS -X PUT "http://$UPLOAD_HOST:$UPLOAD_PORT$UPLOAD_PATH" -H "Content-Type: image/jpeg" --data-binary "@photo.jpg"
: 5 ingest
curl -sS -X POST "$API_BASE/devices/ingest" -H "X-Device-Token: $DEVICE_TOKEN" -H "Content-Type: application/json" -d "{\"object_key\":\"$OBJECT_KEY\",\"captured_at\":\"2025-12-26T10:15:30Z\",\"seq\":123,\"ntp_synced\":true}"
: 6 list items, when processing has had its second
sleep 1; curl -sS "$API_BASE/items?device_id=$DEVICE_ID" -H "Authorization: Bearer $USER_TOKEN"
: 7 fetch the thumbnail
ITEM=$(curl -sS "$API_BASE/items/$DEVICE_ID/123" -H "Authorization: Bearer $USER_TOKEN"); echo "$ITEM"
curl -sS -o thumbnail.jpg "$(echo "$ITEM" | field thumbnail url)"
