"""A userland link between devices and the local cloud: `hotspot.HotspotLink` over a `profile.LinkProfile`."""
