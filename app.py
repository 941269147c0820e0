"""The entry points that Lambda calls."""

from chalice import Chalice, Rate
from chalice.app import CloudWatchEvent, S3Event

from chalicelib import settings
from chalicelib.api import console_routes, device_routes, functions, owner_routes, public_routes

app = Chalice(app_name=settings.stack_name(), configure_logs=False)
app.api.binary_types = ["image/jpeg"]
app.register_blueprint(device_routes.routes.blueprint)
app.register_blueprint(owner_routes.routes.blueprint)
app.register_blueprint(console_routes.routes.blueprint)
app.register_blueprint(public_routes.routes.blueprint)


@app.on_s3_event(bucket=settings.captures_bucket(), events=["s3:ObjectCreated:*"])
def process_object(event: S3Event) -> None:
    functions.process_objects(event.to_dict())


@app.schedule(Rate(15, unit=Rate.MINUTES))
def reconcile(event: CloudWatchEvent) -> None:
    functions.reconcile(event.context)
