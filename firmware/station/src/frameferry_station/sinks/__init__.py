"""Where sealed packs go besides the cloud."""
