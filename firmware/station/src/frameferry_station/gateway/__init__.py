"""The device API of a station, for cameras with Frameferry's own firmware in a place without internet."""
